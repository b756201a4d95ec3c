-- What is mailed to prove an address: one row for each purpose of whom it is for, and never what was mailed itself.

CREATE TABLE tickets (
    id BLOB NOT NULL DEFAULT (unhex(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) ||
        substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6))
    )) CONSTRAINT tickets_pkey PRIMARY KEY,
    purpose TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BLOB CONSTRAINT tickets_user_id_fkey
        REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    address TEXT NOT NULL,
    ticket_hash BLOB NOT NULL CONSTRAINT tickets_ticket_hash_key UNIQUE,
    code_hash BLOB,
    attempts INTEGER NOT NULL DEFAULT 0,
    redirect_to TEXT,
    code_challenge TEXT,
    sealed_options BLOB,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    expires_at TEXT NOT NULL,
    CONSTRAINT tickets_purpose_subject_key UNIQUE (purpose, subject)
) STRICT;

CREATE INDEX tickets_user_id_idx ON tickets (user_id);
CREATE INDEX tickets_expires_at_idx ON tickets (expires_at);
