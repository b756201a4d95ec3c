-- A sign-in looks at the latest sessions of a user only, however many there are.

CREATE INDEX refresh_tokens_user_id_created_at_idx ON refresh_tokens (user_id, created_at);
DROP INDEX refresh_tokens_user_id_idx;
