-- By what a token of Hasura Auth is found once it was exchanged, however often its session was refreshed since.
ALTER TABLE auth.refresh_tokens ADD COLUMN adopted_token_hash varchar(255);
UPDATE auth.refresh_tokens SET adopted_token_hash = previous_token_hash
    WHERE generation = 1 AND session_expires_at IS NULL AND type = 'regular';
CREATE UNIQUE INDEX refresh_tokens_adopted_token_hash_idx ON auth.refresh_tokens (adopted_token_hash)
    WHERE adopted_token_hash IS NOT NULL;
DROP INDEX auth.refresh_tokens_adopted_idx;
