-- What an authenticator was asked to sign: found by its hash, used up by whoever presents it first.

CREATE TABLE challenges (
    hash BLOB NOT NULL CONSTRAINT challenges_pkey PRIMARY KEY,
    ceremony TEXT NOT NULL,
    sealed_state BLOB NOT NULL,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    expires_at TEXT NOT NULL
) STRICT;

CREATE INDEX challenges_expires_at_idx ON challenges (expires_at);

ALTER TABLE user_security_keys ADD COLUMN authenticator_name TEXT;
