-- Where a session was begun. Whoever refreshes one writes another address over the one where it was last used: that
-- must not make a network one of the user's.
ALTER TABLE auth.refresh_tokens ADD COLUMN signed_in_from text;
UPDATE auth.refresh_tokens SET signed_in_from = ip WHERE ip IS NOT NULL AND type IN ('regular', 'app');
