-- What the service keeps for itself; no role of the API meets these tables.

CREATE TABLE limits (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    window_start TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 0,
    expires_at TEXT NOT NULL,
    CONSTRAINT limits_pkey PRIMARY KEY (bucket, key)
) STRICT;

CREATE INDEX limits_expires_at_idx ON limits (expires_at);

CREATE TABLE signing_keys (
    kid TEXT NOT NULL CONSTRAINT signing_keys_pkey PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public_key TEXT CHECK (public_key IS NULL OR json_valid(public_key)),
    sealed_private_key BLOB NOT NULL,
    key_id TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    retires_at TEXT
) STRICT;

CREATE TABLE settings (
    name TEXT NOT NULL CONSTRAINT settings_pkey PRIMARY KEY,
    value TEXT NOT NULL CHECK (json_valid(value)),
    updated_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+'))
) STRICT;

CREATE TRIGGER set_auth_settings_updated_at
    AFTER UPDATE ON settings
    WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE settings SET updated_at = replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')
    WHERE name = NEW.name;
END;

CREATE TABLE outbox (
    id BLOB NOT NULL DEFAULT (unhex(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) ||
        substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6))
    )) CONSTRAINT outbox_pkey PRIMARY KEY,
    kind TEXT NOT NULL CONSTRAINT outbox_kind_check CHECK (kind IN ('email', 'sms')),
    recipient TEXT NOT NULL,
    template TEXT NOT NULL,
    locale TEXT NOT NULL DEFAULT 'en' CHECK (length(locale) <= 2),
    sealed_body BLOB,
    key_id TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    expires_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    sent_at TEXT,
    last_error TEXT
) STRICT;

-- The sender asks for what is due and not sent; the purge for what has expired.
CREATE INDEX outbox_next_attempt_at_idx ON outbox (next_attempt_at) WHERE sent_at IS NULL;
CREATE INDEX outbox_expires_at_idx ON outbox (expires_at);
