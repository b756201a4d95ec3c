-- Who may no longer do what an access token says: read by every process, so that what it remembers of tokens
-- ends with the session, the user or the role. Written by triggers, hence also when somebody else writes.

CREATE TABLE change_notices (
    id INTEGER NOT NULL CONSTRAINT change_notices_pkey PRIMARY KEY AUTOINCREMENT,
    -- The id: transactions that write come one after another here. Set by the trigger below.
    position INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    kind TEXT NOT NULL CONSTRAINT change_notices_kind_check CHECK (kind IN ('session', 'user', 'all')),
    subject BLOB NOT NULL
) STRICT;

CREATE INDEX change_notices_position_idx ON change_notices (position);

CREATE TRIGGER set_change_notices_position
    AFTER INSERT ON change_notices
BEGIN
    UPDATE change_notices SET position = NEW.id WHERE id = NEW.id;
END;

-- An ordinary refresh moves the end of a session away and is no news.
CREATE TRIGGER notice_auth_refresh_tokens_update
    AFTER UPDATE ON refresh_tokens
    WHEN OLD.id <> NEW.id
        OR OLD.user_id <> NEW.user_id
        OR OLD.type <> NEW.type
        OR OLD.revoked_at IS NOT NEW.revoked_at
        OR NEW.expires_at < OLD.expires_at
        OR (NEW.session_expires_at IS NOT NULL
            AND (OLD.session_expires_at IS NULL OR NEW.session_expires_at < OLD.session_expires_at))
BEGIN
    INSERT INTO change_notices (kind, subject) VALUES ('session', OLD.id);
END;

CREATE TRIGGER notice_auth_refresh_tokens_delete
    AFTER DELETE ON refresh_tokens
BEGIN
    INSERT INTO change_notices (kind, subject) VALUES ('session', OLD.id);
END;

CREATE TRIGGER notice_auth_users_update
    AFTER UPDATE ON users
    WHEN OLD.id <> NEW.id
        OR OLD.disabled <> NEW.disabled
        OR OLD.is_locked <> NEW.is_locked
        OR OLD.default_role <> NEW.default_role
        OR OLD.deleted_at IS NOT NEW.deleted_at
        OR OLD.activated_at IS NOT NEW.activated_at
BEGIN
    INSERT INTO change_notices (kind, subject) VALUES ('user', OLD.id);
END;

CREATE TRIGGER notice_auth_users_delete
    AFTER DELETE ON users
BEGIN
    INSERT INTO change_notices (kind, subject) VALUES ('user', OLD.id);
END;

CREATE TRIGGER notice_auth_user_roles_insert
    AFTER INSERT ON user_roles
BEGIN
    INSERT INTO change_notices (kind, subject) VALUES ('user', NEW.user_id);
END;

CREATE TRIGGER notice_auth_user_roles_update
    AFTER UPDATE ON user_roles
BEGIN
    INSERT INTO change_notices (kind, subject) VALUES ('user', OLD.user_id);
    INSERT INTO change_notices (kind, subject) SELECT 'user', NEW.user_id WHERE NEW.user_id <> OLD.user_id;
END;

CREATE TRIGGER notice_auth_user_roles_delete
    AFTER DELETE ON user_roles
BEGIN
    INSERT INTO change_notices (kind, subject) VALUES ('user', OLD.user_id);
END;
