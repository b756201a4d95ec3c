-- What is asked of a user after the first proof.

-- Codes for whoever lost the other factor, each good once; only keyed hashes are kept.
CREATE TABLE auth.recovery_codes (
    user_id uuid NOT NULL
        CONSTRAINT fk_user REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, code_hash)
);

-- The latest time step whose code a user sent: no code is good twice.
CREATE TABLE auth.totp_steps (
    user_id uuid NOT NULL CONSTRAINT totp_steps_pkey PRIMARY KEY
        CONSTRAINT fk_user REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    step bigint NOT NULL
);

-- What proved the user already, where another proof is awaited.
ALTER TABLE auth.tickets ADD COLUMN authentication_methods jsonb;
