-- What the service keeps for itself; no role of the API meets these tables.

-- Counters may be lost in a crash of the database, and are not worth a log record each.
CREATE UNLOGGED TABLE auth.limits (
    bucket text NOT NULL,
    key text NOT NULL,
    window_start timestamptz NOT NULL,
    count bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL,
    CONSTRAINT limits_pkey PRIMARY KEY (bucket, key)
);

CREATE INDEX limits_expires_at_idx ON auth.limits (expires_at);

CREATE TABLE auth.signing_keys (
    kid text NOT NULL CONSTRAINT signing_keys_pkey PRIMARY KEY,
    algorithm text NOT NULL,
    public_key jsonb,
    sealed_private_key bytea NOT NULL,
    key_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retires_at timestamptz
);

CREATE TABLE auth.settings (
    name text NOT NULL CONSTRAINT settings_pkey PRIMARY KEY,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TRIGGER set_auth_settings_updated_at
    BEFORE UPDATE ON auth.settings
    FOR EACH ROW EXECUTE FUNCTION auth.set_current_timestamp_updated_at();

CREATE TABLE auth.outbox (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT outbox_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT outbox_kind_check CHECK (kind IN ('email', 'sms')),
    recipient text NOT NULL,
    template text NOT NULL,
    locale varchar(2) NOT NULL DEFAULT 'en',
    sealed_body bytea,
    key_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    last_error text
);

-- The sender asks for what is due and not sent; the purge for what has expired.
CREATE INDEX outbox_next_attempt_at_idx ON auth.outbox (next_attempt_at) WHERE sent_at IS NULL;
CREATE INDEX outbox_expires_at_idx ON auth.outbox (expires_at);
