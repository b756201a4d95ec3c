-- By what a token of Hasura Auth is found once it was exchanged: its sessions alone have no end.
CREATE INDEX refresh_tokens_adopted_idx ON auth.refresh_tokens (previous_token_hash)
    WHERE generation = 1 AND session_expires_at IS NULL;
