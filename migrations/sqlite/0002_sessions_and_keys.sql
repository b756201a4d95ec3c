-- Sessions, and whatever else proves a user.

CREATE TABLE refresh_token_types (
    value TEXT NOT NULL CONSTRAINT refresh_token_types_pkey PRIMARY KEY,
    comment TEXT
) STRICT;

INSERT INTO refresh_token_types (value, comment) VALUES
    ('regular', 'Session of a client'),
    ('pat', 'Personal access token'),
    ('app', 'Long-lived session of a mobile application');

CREATE TABLE refresh_tokens (
    id BLOB NOT NULL DEFAULT (unhex(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) ||
        substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6))
    )) CONSTRAINT refresh_tokens_pkey PRIMARY KEY,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    expires_at TEXT NOT NULL,
    user_id BLOB NOT NULL
        CONSTRAINT fk_user REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    metadata TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    type TEXT NOT NULL DEFAULT 'regular'
        CONSTRAINT refresh_tokens_types_fkey REFERENCES refresh_token_types (value)
            ON UPDATE RESTRICT ON DELETE RESTRICT,
    refresh_token_hash TEXT CHECK (length(refresh_token_hash) <= 255),
    generation INTEGER NOT NULL DEFAULT 0,
    previous_token_hash TEXT CHECK (length(previous_token_hash) <= 255),
    sealed_successor BLOB,
    rotated_at TEXT,
    name TEXT,
    authentication_methods TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(authentication_methods)),
    ip TEXT,
    user_agent TEXT,
    last_used_at TEXT,
    session_expires_at TEXT,
    revoked_at TEXT
) STRICT;

CREATE INDEX refresh_tokens_refresh_token_hash_expires_at_user_id_idx
    ON refresh_tokens (refresh_token_hash, expires_at, user_id);
CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_type_idx ON refresh_tokens (type);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);

CREATE TABLE providers (
    id TEXT NOT NULL CONSTRAINT providers_pkey PRIMARY KEY
) STRICT;

INSERT INTO providers (id) VALUES
    ('github'), ('facebook'), ('twitter'), ('google'), ('apple'), ('linkedin'), ('windowslive'),
    ('spotify'), ('strava'), ('gitlab'), ('bitbucket'), ('discord'), ('twitch'), ('workos'),
    ('azuread'), ('entraid');

CREATE TABLE user_providers (
    id BLOB NOT NULL DEFAULT (unhex(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) ||
        substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6))
    )) CONSTRAINT user_providers_pkey PRIMARY KEY,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    updated_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    user_id BLOB NOT NULL
        CONSTRAINT fk_user REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    access_token TEXT NOT NULL,
    refresh_token TEXT,
    provider_id TEXT NOT NULL
        CONSTRAINT fk_provider REFERENCES providers (id) ON UPDATE CASCADE ON DELETE RESTRICT,
    provider_user_id TEXT NOT NULL,
    CONSTRAINT user_providers_provider_id_provider_user_id_key UNIQUE (provider_id, provider_user_id)
) STRICT;

CREATE INDEX user_providers_user_id_idx ON user_providers (user_id);

CREATE TRIGGER set_auth_user_providers_updated_at
    AFTER UPDATE ON user_providers
    WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE user_providers SET updated_at = replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')
    WHERE id = NEW.id;
END;

CREATE TABLE provider_requests (
    id BLOB NOT NULL CONSTRAINT provider_requests_pkey PRIMARY KEY,
    options TEXT CHECK (options IS NULL OR json_valid(options))
) STRICT;

CREATE TABLE user_security_keys (
    id BLOB NOT NULL DEFAULT (unhex(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) ||
        substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6))
    )) CONSTRAINT user_security_keys_pkey PRIMARY KEY,
    user_id BLOB NOT NULL
        CONSTRAINT fk_user REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    credential_id TEXT NOT NULL CONSTRAINT user_security_key_credential_id_key UNIQUE,
    credential_public_key BLOB,
    counter INTEGER NOT NULL DEFAULT 0,
    transports TEXT NOT NULL DEFAULT '' CHECK (length(transports) <= 255),
    nickname TEXT,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    last_used_at TEXT,
    aaguid BLOB,
    backed_up INTEGER NOT NULL DEFAULT 0 CHECK (backed_up IN (0, 1)),
    passkey BLOB
) STRICT;

CREATE INDEX user_security_keys_user_id_idx ON user_security_keys (user_id);
