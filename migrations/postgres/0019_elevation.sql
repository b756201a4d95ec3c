-- By what and when the user of a session was proved anew.
ALTER TABLE auth.refresh_tokens ADD COLUMN elevated_by text;
ALTER TABLE auth.refresh_tokens ADD COLUMN elevated_at timestamptz;
