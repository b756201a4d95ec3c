-- By what and when the user of a session was proved anew.
ALTER TABLE refresh_tokens ADD COLUMN elevated_by TEXT;
ALTER TABLE refresh_tokens ADD COLUMN elevated_at TEXT;
