-- The roles that a personal access token acts in; null for all that its user holds.

ALTER TABLE auth.refresh_tokens ADD COLUMN allowed_roles jsonb;
