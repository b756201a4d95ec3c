-- What follows when rows that tell who a user is change, whoever changes them: sessions end, and nobody loses
-- the last administrator, the last way to sign in or the role that a user has by default.

CREATE FUNCTION auth.end_sessions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE auth.refresh_tokens
    SET revoked_at = now(), refresh_token_hash = NULL, previous_token_hash = NULL, sealed_successor = NULL
    WHERE user_id = NEW.id AND revoked_at IS NULL AND type IN ('regular', 'app');
    RETURN NULL;
END
$$;

-- A password is left to the operations that change it: a hash is also renewed when its user signs in.
CREATE TRIGGER end_auth_sessions
    AFTER UPDATE ON auth.users
    FOR EACH ROW
    WHEN (OLD.id <> NEW.id
        OR OLD.disabled <> NEW.disabled
        OR OLD.is_locked <> NEW.is_locked
        OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at
        OR OLD.activated_at IS DISTINCT FROM NEW.activated_at)
    EXECUTE FUNCTION auth.end_sessions();

CREATE FUNCTION auth.refuse_without_administrator(who uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- One after the other: two administrators must not remove each other.
    PERFORM 1 FROM auth.roles WHERE role = 'admin' FOR NO KEY UPDATE;
    IF NOT EXISTS (
        SELECT 1 FROM auth.user_roles r JOIN auth.users u ON u.id = r.user_id
        WHERE r.role = 'admin' AND u.active AND NOT u.is_locked AND u.id IS DISTINCT FROM who
    ) THEN
        RAISE EXCEPTION 'the last administrator cannot be taken away' USING ERRCODE = 'check_violation';
    END IF;
END
$$;

CREATE FUNCTION auth.keep_administrator() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM auth.user_roles r WHERE r.user_id = OLD.id AND r.role = 'admin') THEN
        PERFORM auth.refuse_without_administrator(OLD.id);
    END IF;
    RETURN OLD;
END
$$;

CREATE TRIGGER keep_auth_administrator_update
    AFTER UPDATE ON auth.users
    FOR EACH ROW
    WHEN (OLD.active AND NOT OLD.is_locked AND (NOT NEW.active OR NEW.is_locked))
    EXECUTE FUNCTION auth.keep_administrator();

-- Before: afterwards the roles of the user are gone.
CREATE TRIGGER keep_auth_administrator_delete
    BEFORE DELETE ON auth.users
    FOR EACH ROW
    WHEN (OLD.active AND NOT OLD.is_locked)
    EXECUTE FUNCTION auth.keep_administrator();

CREATE FUNCTION auth.keep_administrator_role() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM auth.users u WHERE u.id = OLD.user_id AND u.active AND NOT u.is_locked) THEN
        PERFORM auth.refuse_without_administrator(NULL);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER keep_auth_administrator_role
    AFTER UPDATE OR DELETE ON auth.user_roles
    FOR EACH ROW
    WHEN (OLD.role = 'admin')
    EXECUTE FUNCTION auth.keep_administrator_role();

-- Where the role itself gets another name, the rows that refer to it follow one after the other.
CREATE FUNCTION auth.keep_default_role() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM auth.users u JOIN auth.roles r ON r.role = u.default_role
        WHERE u.id = OLD.user_id AND u.default_role = OLD.role AND NOT EXISTS (
            SELECT 1 FROM auth.user_roles g WHERE g.user_id = u.id AND g.role = u.default_role
        )
    ) THEN
        RAISE EXCEPTION 'the default role of a user cannot be taken away' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER keep_auth_default_role
    AFTER UPDATE OR DELETE ON auth.user_roles
    FOR EACH ROW EXECUTE FUNCTION auth.keep_default_role();

CREATE FUNCTION auth.keep_held_default_role() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM auth.roles r WHERE r.role = OLD.default_role) AND NOT EXISTS (
        SELECT 1 FROM auth.user_roles g WHERE g.user_id = NEW.id AND g.role = NEW.default_role
    ) THEN
        RAISE EXCEPTION 'the default role has to be among the roles of the user' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER keep_auth_held_default_role
    AFTER UPDATE ON auth.users
    FOR EACH ROW
    WHEN (OLD.default_role <> NEW.default_role)
    EXECUTE FUNCTION auth.keep_held_default_role();

-- Ways in: an address or a number that codes are sent to, a name with a password, a provider, a key.
CREATE FUNCTION auth.refuse_without_way_in(who uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM auth.users u
        WHERE u.id = who AND u.email IS NULL AND u.phone_number IS NULL
            AND (u.username IS NULL OR u.password_hash IS NULL)
    )
        AND NOT EXISTS (SELECT 1 FROM auth.user_providers p WHERE p.user_id = who)
        AND NOT EXISTS (SELECT 1 FROM auth.user_security_keys k WHERE k.user_id = who)
    THEN
        RAISE EXCEPTION 'the last way to sign in cannot be taken away' USING ERRCODE = 'check_violation';
    END IF;
END
$$;

CREATE FUNCTION auth.keep_way_in() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM auth.refuse_without_way_in(NEW.id);
    RETURN NULL;
END
$$;

CREATE FUNCTION auth.keep_other_way_in() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM auth.refuse_without_way_in(OLD.user_id);
    RETURN NULL;
END
$$;

CREATE TRIGGER keep_auth_way_in
    AFTER UPDATE ON auth.users
    FOR EACH ROW
    WHEN ((OLD.email IS NOT NULL AND NEW.email IS NULL)
        OR (OLD.phone_number IS NOT NULL AND NEW.phone_number IS NULL)
        OR (OLD.username IS NOT NULL AND OLD.password_hash IS NOT NULL
            AND (NEW.username IS NULL OR NEW.password_hash IS NULL)))
    EXECUTE FUNCTION auth.keep_way_in();

CREATE TRIGGER keep_auth_way_in_provider
    AFTER DELETE OR UPDATE OF user_id ON auth.user_providers
    FOR EACH ROW EXECUTE FUNCTION auth.keep_other_way_in();

CREATE TRIGGER keep_auth_way_in_key
    AFTER DELETE OR UPDATE OF user_id ON auth.user_security_keys
    FOR EACH ROW EXECUTE FUNCTION auth.keep_other_way_in();
