-- What the identity tables have beyond Hasura Auth. Each column is nullable or has a default, so that
-- inserts which do not know it still work.

UPDATE auth.users SET metadata = '{}' WHERE metadata IS NULL;

ALTER TABLE auth.users
    ALTER COLUMN locale SET DEFAULT 'en',
    ALTER COLUMN metadata SET DEFAULT '{}',
    ALTER COLUMN metadata SET NOT NULL,
    ADD COLUMN username public.citext CONSTRAINT users_username_key UNIQUE,
    ADD COLUMN gender text
        CONSTRAINT users_gender_check CHECK (gender IN ('male', 'female', 'other', 'prefer_not_to_say')),
    ADD COLUMN profile_picture_id uuid,
    ADD COLUMN activated_at timestamptz DEFAULT now(),
    ADD COLUMN is_locked boolean NOT NULL DEFAULT false,
    ADD COLUMN locked_until timestamptz,
    ADD COLUMN attempt_number integer NOT NULL DEFAULT 0,
    ADD COLUMN last_attempt timestamptz,
    ADD COLUMN activation_code_expires_at timestamptz,
    ADD COLUMN passcode_resend_last_attempt timestamptz,
    ADD COLUMN passcode_resend_attempt_number integer NOT NULL DEFAULT 0,
    ADD COLUMN all_projects boolean NOT NULL DEFAULT false,
    ADD COLUMN last_project_id uuid,
    ADD COLUMN invited_by uuid
        CONSTRAINT fk_invited_by REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    ADD COLUMN invited_at timestamptz,
    ADD COLUMN created_by uuid
        CONSTRAINT fk_created_by REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    ADD COLUMN updated_by uuid
        CONSTRAINT fk_updated_by REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN deleted_by uuid
        CONSTRAINT fk_deleted_by REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    ADD COLUMN external_id text CONSTRAINT users_external_id_key UNIQUE,
    ADD COLUMN imported_from jsonb;

-- A generated column cannot name a column that the same statement adds.
ALTER TABLE auth.users
    ADD COLUMN active boolean NOT NULL
        GENERATED ALWAYS AS (activated_at IS NOT NULL AND NOT disabled AND deleted_at IS NULL) STORED,
    ADD COLUMN deleted boolean NOT NULL GENERATED ALWAYS AS (deleted_at IS NOT NULL) STORED;

CREATE INDEX users_created_at_idx ON auth.users (created_at);
CREATE INDEX users_default_role_idx ON auth.users (default_role);
CREATE INDEX users_locale_idx ON auth.users (locale);
CREATE INDEX users_invited_by_idx ON auth.users (invited_by);
CREATE INDEX users_created_by_idx ON auth.users (created_by);
CREATE INDEX users_updated_by_idx ON auth.users (updated_by);
CREATE INDEX users_deleted_by_idx ON auth.users (deleted_by);

ALTER TABLE auth.roles
    ADD COLUMN name text NOT NULL DEFAULT '',
    ADD COLUMN description text;

UPDATE auth.roles SET name = role;

-- A default cannot refer to another column.
CREATE FUNCTION auth.set_role_name() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.name = '' THEN
        NEW.name := NEW.role;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER set_auth_roles_name
    BEFORE INSERT ON auth.roles
    FOR EACH ROW EXECUTE FUNCTION auth.set_role_name();

CREATE INDEX user_roles_role_idx ON auth.user_roles (role);

ALTER TABLE auth.refresh_tokens
    ADD COLUMN generation bigint NOT NULL DEFAULT 0,
    ADD COLUMN previous_token_hash varchar(255),
    ADD COLUMN sealed_successor bytea,
    ADD COLUMN rotated_at timestamptz,
    ADD COLUMN name text,
    ADD COLUMN authentication_methods jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN ip text,
    ADD COLUMN user_agent text,
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN session_expires_at timestamptz,
    ADD COLUMN revoked_at timestamptz;

CREATE INDEX refresh_tokens_user_id_idx ON auth.refresh_tokens (user_id);
CREATE INDEX refresh_tokens_type_idx ON auth.refresh_tokens (type);
CREATE INDEX refresh_tokens_expires_at_idx ON auth.refresh_tokens (expires_at);

CREATE INDEX user_providers_user_id_idx ON auth.user_providers (user_id);

ALTER TABLE auth.user_security_keys
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN aaguid uuid,
    ADD COLUMN backed_up boolean NOT NULL DEFAULT false,
    ADD COLUMN passkey bytea;

CREATE INDEX user_security_keys_user_id_idx ON auth.user_security_keys (user_id);
