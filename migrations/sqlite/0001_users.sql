-- Storage of all tables: ids are blobs of 16 bytes, times RFC 3339 text in UTC with as many of 3 or 6
-- decimals as they need, booleans 0 and 1, JSON text. Names equal those of PostgreSQL, without a schema.

CREATE TABLE roles (
    role TEXT NOT NULL CONSTRAINT roles_pkey PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    description TEXT
) STRICT;

-- A default cannot refer to another column.
CREATE TRIGGER set_auth_roles_name
    AFTER INSERT ON roles
    WHEN NEW.name = ''
BEGIN
    UPDATE roles SET name = role WHERE role = NEW.role;
END;

INSERT INTO roles (role) VALUES ('user'), ('anonymous'), ('me'), ('admin');

-- The shape of an address is that of the HTML standard: what a browser accepts in a field for one address.
CREATE TABLE users (
    id BLOB NOT NULL DEFAULT (unhex(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) ||
        substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6))
    )) CONSTRAINT users_pkey PRIMARY KEY,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    updated_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    last_seen TEXT,
    disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    display_name TEXT NOT NULL DEFAULT '',
    avatar_url TEXT NOT NULL DEFAULT '',
    locale TEXT NOT NULL DEFAULT 'en' CHECK (length(locale) <= 2),
    email TEXT COLLATE NOCASE CONSTRAINT users_email_key UNIQUE
        CONSTRAINT email_check CHECK (
            email GLOB '?*@?*'
            AND length(email) - length(replace(email, '@', '')) = 1
            AND substr(email, 1, instr(email, '@') - 1) NOT GLOB '*[^a-zA-Z0-9.!#$%&''*+/=?^_`{|}~-]*'
            AND substr(email, instr(email, '@') + 1) NOT GLOB '*[^a-zA-Z0-9.-]*'
            AND '.' || substr(email, instr(email, '@') + 1) || '.' NOT GLOB '*..*'
            AND '.' || substr(email, instr(email, '@') + 1) || '.' NOT GLOB '*.-*'
            AND '.' || substr(email, instr(email, '@') + 1) || '.' NOT GLOB '*-.*'
            AND substr(email, instr(email, '@') + 1) NOT GLOB
                '*[^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.]*'
        ),
    phone_number TEXT CONSTRAINT users_phone_number_key UNIQUE,
    password_hash TEXT,
    email_verified INTEGER NOT NULL DEFAULT 0 CHECK (email_verified IN (0, 1)),
    phone_number_verified INTEGER NOT NULL DEFAULT 0 CHECK (phone_number_verified IN (0, 1)),
    new_email TEXT COLLATE NOCASE
        CONSTRAINT email_check CHECK (
            new_email GLOB '?*@?*'
            AND length(new_email) - length(replace(new_email, '@', '')) = 1
            AND substr(new_email, 1, instr(new_email, '@') - 1) NOT GLOB '*[^a-zA-Z0-9.!#$%&''*+/=?^_`{|}~-]*'
            AND substr(new_email, instr(new_email, '@') + 1) NOT GLOB '*[^a-zA-Z0-9.-]*'
            AND '.' || substr(new_email, instr(new_email, '@') + 1) || '.' NOT GLOB '*..*'
            AND '.' || substr(new_email, instr(new_email, '@') + 1) || '.' NOT GLOB '*.-*'
            AND '.' || substr(new_email, instr(new_email, '@') + 1) || '.' NOT GLOB '*-.*'
            AND substr(new_email, instr(new_email, '@') + 1) NOT GLOB
                '*[^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.][^.]*'
        ),
    otp_method_last_used TEXT,
    otp_hash TEXT,
    otp_hash_expires_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    default_role TEXT NOT NULL DEFAULT 'user'
        CONSTRAINT fk_default_role REFERENCES roles (role) ON UPDATE CASCADE ON DELETE RESTRICT,
    is_anonymous INTEGER NOT NULL DEFAULT 0 CHECK (is_anonymous IN (0, 1)),
    totp_secret TEXT,
    active_mfa_type TEXT CONSTRAINT active_mfa_types_check CHECK (active_mfa_type IN ('totp', 'sms')),
    ticket TEXT,
    ticket_expires_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    metadata TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
    webauthn_current_challenge TEXT,
    username TEXT COLLATE NOCASE CONSTRAINT users_username_key UNIQUE,
    gender TEXT
        CONSTRAINT users_gender_check CHECK (gender IN ('male', 'female', 'other', 'prefer_not_to_say')),
    profile_picture_id BLOB,
    activated_at TEXT DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    active INTEGER NOT NULL
        GENERATED ALWAYS AS (activated_at IS NOT NULL AND NOT disabled AND deleted_at IS NULL) VIRTUAL,
    is_locked INTEGER NOT NULL DEFAULT 0 CHECK (is_locked IN (0, 1)),
    locked_until TEXT,
    attempt_number INTEGER NOT NULL DEFAULT 0,
    last_attempt TEXT,
    activation_code_expires_at TEXT,
    passcode_resend_last_attempt TEXT,
    passcode_resend_attempt_number INTEGER NOT NULL DEFAULT 0,
    all_projects INTEGER NOT NULL DEFAULT 0 CHECK (all_projects IN (0, 1)),
    last_project_id BLOB,
    invited_by BLOB
        CONSTRAINT fk_invited_by REFERENCES users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    invited_at TEXT,
    created_by BLOB
        CONSTRAINT fk_created_by REFERENCES users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    updated_by BLOB
        CONSTRAINT fk_updated_by REFERENCES users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    deleted INTEGER NOT NULL GENERATED ALWAYS AS (deleted_at IS NOT NULL) VIRTUAL,
    deleted_at TEXT,
    deleted_by BLOB
        CONSTRAINT fk_deleted_by REFERENCES users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    external_id TEXT CONSTRAINT users_external_id_key UNIQUE,
    imported_from TEXT CHECK (imported_from IS NULL OR json_valid(imported_from))
) STRICT;

CREATE INDEX users_created_at_idx ON users (created_at);
CREATE INDEX users_default_role_idx ON users (default_role);
CREATE INDEX users_locale_idx ON users (locale);
CREATE INDEX users_invited_by_idx ON users (invited_by);
CREATE INDEX users_created_by_idx ON users (created_by);
CREATE INDEX users_updated_by_idx ON users (updated_by);
CREATE INDEX users_deleted_by_idx ON users (deleted_by);

-- A time that the statement itself sets is kept; the condition also ends the recursion.
CREATE TRIGGER set_auth_users_updated_at
    AFTER UPDATE ON users
    WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE users SET updated_at = replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')
    WHERE id = NEW.id;
END;

CREATE TABLE user_roles (
    id BLOB NOT NULL DEFAULT (unhex(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) ||
        substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6))
    )) CONSTRAINT user_roles_pkey PRIMARY KEY,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    user_id BLOB NOT NULL
        CONSTRAINT fk_user REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    role TEXT NOT NULL
        CONSTRAINT fk_role REFERENCES roles (role) ON UPDATE CASCADE ON DELETE RESTRICT,
    CONSTRAINT user_roles_user_id_role_key UNIQUE (user_id, role)
) STRICT;

CREATE INDEX user_roles_role_idx ON user_roles (role);
