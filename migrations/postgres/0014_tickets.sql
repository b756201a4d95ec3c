-- What is mailed to prove an address: one row for each purpose of whom it is for, and never what was mailed itself.

CREATE TABLE auth.tickets (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT tickets_pkey PRIMARY KEY,
    purpose text NOT NULL,
    subject text NOT NULL,
    user_id uuid CONSTRAINT tickets_user_id_fkey
        REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    address text NOT NULL,
    ticket_hash bytea NOT NULL CONSTRAINT tickets_ticket_hash_key UNIQUE,
    code_hash bytea,
    attempts integer NOT NULL DEFAULT 0,
    redirect_to text,
    code_challenge text,
    sealed_options bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT tickets_purpose_subject_key UNIQUE (purpose, subject)
);

CREATE INDEX tickets_user_id_idx ON auth.tickets (user_id);
CREATE INDEX tickets_expires_at_idx ON auth.tickets (expires_at);
