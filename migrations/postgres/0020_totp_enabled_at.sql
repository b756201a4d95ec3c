-- When the authenticator application came; unknown of those that were there before.
ALTER TABLE auth.totp_steps ADD COLUMN enabled_at timestamptz;
