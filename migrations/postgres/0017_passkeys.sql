-- What an authenticator was asked to sign: found by its hash, used up by whoever presents it first.

CREATE TABLE auth.challenges (
    hash bytea NOT NULL CONSTRAINT challenges_pkey PRIMARY KEY,
    ceremony text NOT NULL,
    sealed_state bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE INDEX challenges_expires_at_idx ON auth.challenges (expires_at);

ALTER TABLE auth.user_security_keys ADD COLUMN authenticator_name text;
