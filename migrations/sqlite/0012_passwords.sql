-- Passwords that were replaced, so that they are not used again.

CREATE TABLE password_history (
    id BLOB NOT NULL DEFAULT (unhex(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) ||
        substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6))
    )) CONSTRAINT password_history_pkey PRIMARY KEY,
    user_id BLOB NOT NULL
        CONSTRAINT fk_user REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    password_hash TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+'))
) STRICT;

CREATE INDEX password_history_user_id_idx ON password_history (user_id, created_at);

-- Until when a session counts as one whose user was proved anew a moment ago.
ALTER TABLE refresh_tokens ADD COLUMN elevated_until TEXT;
