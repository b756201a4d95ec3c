-- Passwords that were replaced, so that they are not used again.

CREATE TABLE auth.password_history (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT password_history_pkey PRIMARY KEY,
    user_id uuid NOT NULL
        CONSTRAINT fk_user REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX password_history_user_id_idx ON auth.password_history (user_id, created_at);

-- Until when a session counts as one whose user was proved anew a moment ago.
ALTER TABLE auth.refresh_tokens ADD COLUMN elevated_until timestamptz;
