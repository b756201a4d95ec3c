-- What is asked of a user after the first proof.

-- Codes for whoever lost the other factor, each good once; only keyed hashes are kept.
CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL
        CONSTRAINT fk_user REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, code_hash)
) STRICT;

-- The latest time step whose code a user sent: no code is good twice.
CREATE TABLE totp_steps (
    user_id BLOB NOT NULL CONSTRAINT totp_steps_pkey PRIMARY KEY
        CONSTRAINT fk_user REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    step INTEGER NOT NULL
) STRICT;

-- What proved the user already, where another proof is awaited.
ALTER TABLE tickets ADD COLUMN authentication_methods TEXT
    CHECK (authentication_methods IS NULL OR json_valid(authentication_methods));
