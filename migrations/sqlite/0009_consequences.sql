-- What follows when rows that tell who a user is change, whoever changes them: sessions end, and nobody loses
-- the last administrator, the last way to sign in or the role that a user has by default.

-- A password is left to the operations that change it: a hash is also renewed when its user signs in.
CREATE TRIGGER end_auth_sessions
    AFTER UPDATE ON users
    WHEN OLD.id <> NEW.id
        OR OLD.disabled <> NEW.disabled
        OR OLD.is_locked <> NEW.is_locked
        OR OLD.deleted_at IS NOT NEW.deleted_at
        OR OLD.activated_at IS NOT NEW.activated_at
BEGIN
    UPDATE refresh_tokens
    SET revoked_at = replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+'),
        refresh_token_hash = NULL, previous_token_hash = NULL, sealed_successor = NULL
    WHERE user_id = NEW.id AND revoked_at IS NULL AND type IN ('regular', 'app');
END;

CREATE TRIGGER keep_auth_administrator_update
    AFTER UPDATE ON users
    WHEN OLD.active AND NOT OLD.is_locked AND (NOT NEW.active OR NEW.is_locked)
        AND EXISTS (SELECT 1 FROM user_roles r WHERE r.user_id = NEW.id AND r.role = 'admin')
BEGIN
    SELECT RAISE(ABORT, 'the last administrator cannot be taken away')
    WHERE NOT EXISTS (
        SELECT 1 FROM user_roles r JOIN users u ON u.id = r.user_id
        WHERE r.role = 'admin' AND u.active AND NOT u.is_locked
    );
END;

-- Before: afterwards the roles of the user are gone.
CREATE TRIGGER keep_auth_administrator_delete
    BEFORE DELETE ON users
    WHEN OLD.active AND NOT OLD.is_locked
        AND EXISTS (SELECT 1 FROM user_roles r WHERE r.user_id = OLD.id AND r.role = 'admin')
BEGIN
    SELECT RAISE(ABORT, 'the last administrator cannot be taken away')
    WHERE NOT EXISTS (
        SELECT 1 FROM user_roles r JOIN users u ON u.id = r.user_id
        WHERE r.role = 'admin' AND u.active AND NOT u.is_locked AND u.id <> OLD.id
    );
END;

CREATE TRIGGER keep_auth_administrator_role_update
    AFTER UPDATE ON user_roles
    WHEN OLD.role = 'admin'
        AND EXISTS (SELECT 1 FROM users u WHERE u.id = OLD.user_id AND u.active AND NOT u.is_locked)
BEGIN
    SELECT RAISE(ABORT, 'the last administrator cannot be taken away')
    WHERE NOT EXISTS (
        SELECT 1 FROM user_roles r JOIN users u ON u.id = r.user_id
        WHERE r.role = 'admin' AND u.active AND NOT u.is_locked
    );
END;

CREATE TRIGGER keep_auth_administrator_role_delete
    AFTER DELETE ON user_roles
    WHEN OLD.role = 'admin'
        AND EXISTS (SELECT 1 FROM users u WHERE u.id = OLD.user_id AND u.active AND NOT u.is_locked)
BEGIN
    SELECT RAISE(ABORT, 'the last administrator cannot be taken away')
    WHERE NOT EXISTS (
        SELECT 1 FROM user_roles r JOIN users u ON u.id = r.user_id
        WHERE r.role = 'admin' AND u.active AND NOT u.is_locked
    );
END;

-- Where the role itself gets another name, the rows that refer to it follow one after the other.
CREATE TRIGGER keep_auth_default_role_update
    AFTER UPDATE ON user_roles
BEGIN
    SELECT RAISE(ABORT, 'the default role of a user cannot be taken away')
    WHERE EXISTS (
        SELECT 1 FROM users u JOIN roles r ON r.role = u.default_role
        WHERE u.id = OLD.user_id AND u.default_role = OLD.role AND NOT EXISTS (
            SELECT 1 FROM user_roles g WHERE g.user_id = u.id AND g.role = u.default_role
        )
    );
END;

CREATE TRIGGER keep_auth_default_role_delete
    AFTER DELETE ON user_roles
BEGIN
    SELECT RAISE(ABORT, 'the default role of a user cannot be taken away')
    WHERE EXISTS (
        SELECT 1 FROM users u JOIN roles r ON r.role = u.default_role
        WHERE u.id = OLD.user_id AND u.default_role = OLD.role AND NOT EXISTS (
            SELECT 1 FROM user_roles g WHERE g.user_id = u.id AND g.role = u.default_role
        )
    );
END;

CREATE TRIGGER keep_auth_held_default_role
    AFTER UPDATE ON users
    WHEN OLD.default_role <> NEW.default_role
BEGIN
    SELECT RAISE(ABORT, 'the default role has to be among the roles of the user')
    WHERE EXISTS (SELECT 1 FROM roles r WHERE r.role = OLD.default_role) AND NOT EXISTS (
        SELECT 1 FROM user_roles g WHERE g.user_id = NEW.id AND g.role = NEW.default_role
    );
END;

-- Ways in: an address or a number that codes are sent to, a name with a password, a provider, a key.
CREATE TRIGGER keep_auth_way_in
    AFTER UPDATE ON users
    WHEN ((OLD.email IS NOT NULL AND NEW.email IS NULL)
            OR (OLD.phone_number IS NOT NULL AND NEW.phone_number IS NULL)
            OR (OLD.username IS NOT NULL AND OLD.password_hash IS NOT NULL
                AND (NEW.username IS NULL OR NEW.password_hash IS NULL)))
        AND NEW.email IS NULL AND NEW.phone_number IS NULL
        AND (NEW.username IS NULL OR NEW.password_hash IS NULL)
BEGIN
    SELECT RAISE(ABORT, 'the last way to sign in cannot be taken away')
    WHERE NOT EXISTS (SELECT 1 FROM user_providers p WHERE p.user_id = NEW.id)
        AND NOT EXISTS (SELECT 1 FROM user_security_keys k WHERE k.user_id = NEW.id);
END;

CREATE TRIGGER keep_auth_way_in_provider_update
    AFTER UPDATE OF user_id ON user_providers
BEGIN
    SELECT RAISE(ABORT, 'the last way to sign in cannot be taken away')
    WHERE EXISTS (
        SELECT 1 FROM users u
        WHERE u.id = OLD.user_id AND u.email IS NULL AND u.phone_number IS NULL
            AND (u.username IS NULL OR u.password_hash IS NULL)
    )
        AND NOT EXISTS (SELECT 1 FROM user_providers p WHERE p.user_id = OLD.user_id)
        AND NOT EXISTS (SELECT 1 FROM user_security_keys k WHERE k.user_id = OLD.user_id);
END;

CREATE TRIGGER keep_auth_way_in_provider_delete
    AFTER DELETE ON user_providers
BEGIN
    SELECT RAISE(ABORT, 'the last way to sign in cannot be taken away')
    WHERE EXISTS (
        SELECT 1 FROM users u
        WHERE u.id = OLD.user_id AND u.email IS NULL AND u.phone_number IS NULL
            AND (u.username IS NULL OR u.password_hash IS NULL)
    )
        AND NOT EXISTS (SELECT 1 FROM user_providers p WHERE p.user_id = OLD.user_id)
        AND NOT EXISTS (SELECT 1 FROM user_security_keys k WHERE k.user_id = OLD.user_id);
END;

CREATE TRIGGER keep_auth_way_in_key_update
    AFTER UPDATE OF user_id ON user_security_keys
BEGIN
    SELECT RAISE(ABORT, 'the last way to sign in cannot be taken away')
    WHERE EXISTS (
        SELECT 1 FROM users u
        WHERE u.id = OLD.user_id AND u.email IS NULL AND u.phone_number IS NULL
            AND (u.username IS NULL OR u.password_hash IS NULL)
    )
        AND NOT EXISTS (SELECT 1 FROM user_providers p WHERE p.user_id = OLD.user_id)
        AND NOT EXISTS (SELECT 1 FROM user_security_keys k WHERE k.user_id = OLD.user_id);
END;

CREATE TRIGGER keep_auth_way_in_key_delete
    AFTER DELETE ON user_security_keys
BEGIN
    SELECT RAISE(ABORT, 'the last way to sign in cannot be taken away')
    WHERE EXISTS (
        SELECT 1 FROM users u
        WHERE u.id = OLD.user_id AND u.email IS NULL AND u.phone_number IS NULL
            AND (u.username IS NULL OR u.password_hash IS NULL)
    )
        AND NOT EXISTS (SELECT 1 FROM user_providers p WHERE p.user_id = OLD.user_id)
        AND NOT EXISTS (SELECT 1 FROM user_security_keys k WHERE k.user_id = OLD.user_id);
END;
