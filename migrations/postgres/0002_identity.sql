-- Tables, columns and constraints that Hasura Auth has too, under its names.

CREATE TABLE IF NOT EXISTS auth.roles (
    role text NOT NULL CONSTRAINT roles_pkey PRIMARY KEY
);

CREATE TABLE IF NOT EXISTS auth.users (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT users_pkey PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz,
    disabled boolean NOT NULL DEFAULT false,
    display_name text NOT NULL DEFAULT '',
    avatar_url text NOT NULL DEFAULT '',
    locale varchar(2) NOT NULL,
    email auth.email CONSTRAINT users_email_key UNIQUE,
    phone_number text CONSTRAINT users_phone_number_key UNIQUE,
    password_hash text,
    email_verified boolean NOT NULL DEFAULT false,
    phone_number_verified boolean NOT NULL DEFAULT false,
    new_email auth.email,
    otp_method_last_used text,
    otp_hash text,
    otp_hash_expires_at timestamptz NOT NULL DEFAULT now(),
    default_role text NOT NULL DEFAULT 'user'
        CONSTRAINT fk_default_role REFERENCES auth.roles (role) ON UPDATE CASCADE ON DELETE RESTRICT,
    is_anonymous boolean NOT NULL DEFAULT false,
    totp_secret text,
    active_mfa_type text CONSTRAINT active_mfa_types_check CHECK (active_mfa_type IN ('totp', 'sms')),
    ticket text,
    ticket_expires_at timestamptz NOT NULL DEFAULT now(),
    metadata jsonb,
    webauthn_current_challenge text
);

CREATE TABLE IF NOT EXISTS auth.user_roles (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT user_roles_pkey PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    user_id uuid NOT NULL
        CONSTRAINT fk_user REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    role text NOT NULL
        CONSTRAINT fk_role REFERENCES auth.roles (role) ON UPDATE CASCADE ON DELETE RESTRICT,
    CONSTRAINT user_roles_user_id_role_key UNIQUE (user_id, role)
);

CREATE TABLE IF NOT EXISTS auth.refresh_token_types (
    value text NOT NULL CONSTRAINT refresh_token_types_pkey PRIMARY KEY,
    comment text
);

CREATE TABLE IF NOT EXISTS auth.refresh_tokens (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT refresh_tokens_pkey PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    user_id uuid NOT NULL
        CONSTRAINT fk_user REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    metadata jsonb,
    type text NOT NULL DEFAULT 'regular'
        CONSTRAINT refresh_tokens_types_fkey REFERENCES auth.refresh_token_types (value)
            ON UPDATE RESTRICT ON DELETE RESTRICT,
    refresh_token_hash varchar(255)
);

CREATE INDEX IF NOT EXISTS refresh_tokens_refresh_token_hash_expires_at_user_id_idx
    ON auth.refresh_tokens (refresh_token_hash, expires_at, user_id);

CREATE TABLE IF NOT EXISTS auth.providers (
    id text NOT NULL CONSTRAINT providers_pkey PRIMARY KEY
);

CREATE TABLE IF NOT EXISTS auth.user_providers (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT user_providers_pkey PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    user_id uuid NOT NULL
        CONSTRAINT fk_user REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    access_token text NOT NULL,
    refresh_token text,
    provider_id text NOT NULL
        CONSTRAINT fk_provider REFERENCES auth.providers (id) ON UPDATE CASCADE ON DELETE RESTRICT,
    provider_user_id text NOT NULL,
    CONSTRAINT user_providers_provider_id_provider_user_id_key UNIQUE (provider_id, provider_user_id)
);

CREATE TABLE IF NOT EXISTS auth.provider_requests (
    id uuid NOT NULL CONSTRAINT provider_requests_pkey PRIMARY KEY,
    options jsonb
);

CREATE TABLE IF NOT EXISTS auth.user_security_keys (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT user_security_keys_pkey PRIMARY KEY,
    user_id uuid NOT NULL
        CONSTRAINT fk_user REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    credential_id text NOT NULL CONSTRAINT user_security_key_credential_id_key UNIQUE,
    credential_public_key bytea,
    counter bigint NOT NULL DEFAULT 0,
    transports varchar(255) NOT NULL DEFAULT '',
    nickname text
);

CREATE OR REPLACE TRIGGER set_auth_users_updated_at
    BEFORE UPDATE ON auth.users
    FOR EACH ROW EXECUTE FUNCTION auth.set_current_timestamp_updated_at();

CREATE OR REPLACE TRIGGER set_auth_user_providers_updated_at
    BEFORE UPDATE ON auth.user_providers
    FOR EACH ROW EXECUTE FUNCTION auth.set_current_timestamp_updated_at();

INSERT INTO auth.roles (role) VALUES ('user'), ('anonymous'), ('me'), ('admin')
ON CONFLICT DO NOTHING;

INSERT INTO auth.refresh_token_types (value, comment) VALUES
    ('regular', 'Session of a client'),
    ('pat', 'Personal access token'),
    ('app', 'Long-lived session of a mobile application')
ON CONFLICT DO NOTHING;

INSERT INTO auth.providers (id) VALUES
    ('github'), ('facebook'), ('twitter'), ('google'), ('apple'), ('linkedin'), ('windowslive'),
    ('spotify'), ('strava'), ('gitlab'), ('bitbucket'), ('discord'), ('twitch'), ('workos'),
    ('azuread'), ('entraid')
ON CONFLICT DO NOTHING;
