-- Who may no longer do what an access token says: read by every node, so that what it remembers of tokens ends
-- with the session, the user or the role. Written by triggers, hence also when somebody else writes.

CREATE TABLE auth.change_notices (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT change_notices_pkey PRIMARY KEY,
    -- The transaction. A reader asks for all from the oldest transaction that was still under way when it read
    -- last: neither clocks nor the order of commits can make it miss one.
    position bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL CONSTRAINT change_notices_kind_check CHECK (kind IN ('session', 'user', 'all')),
    subject uuid NOT NULL
);

CREATE INDEX change_notices_position_idx ON auth.change_notices (position);

-- With the rights of their owner: whoever may write a table need not have a right to this one.

CREATE FUNCTION auth.notice_session_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO auth.change_notices (kind, subject) VALUES ('session', OLD.id);
    RETURN NULL;
END
$$;

CREATE FUNCTION auth.notice_user_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO auth.change_notices (kind, subject) VALUES ('user', OLD.id);
    RETURN NULL;
END
$$;

CREATE FUNCTION auth.notice_role_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO auth.change_notices (kind, subject) VALUES ('user', OLD.user_id);
    END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.user_id <> OLD.user_id) THEN
        INSERT INTO auth.change_notices (kind, subject) VALUES ('user', NEW.user_id);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION auth.notice_truncation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO auth.change_notices (kind, subject) VALUES ('all', '00000000-0000-0000-0000-000000000000');
    RETURN NULL;
END
$$;

-- An ordinary refresh moves the end of a session away and is no news.
CREATE TRIGGER notice_auth_refresh_tokens_update
    AFTER UPDATE ON auth.refresh_tokens
    FOR EACH ROW
    WHEN (OLD.id <> NEW.id
        OR OLD.user_id <> NEW.user_id
        OR OLD.type <> NEW.type
        OR OLD.revoked_at IS DISTINCT FROM NEW.revoked_at
        OR NEW.expires_at < OLD.expires_at
        OR NEW.session_expires_at < COALESCE(OLD.session_expires_at, 'infinity'))
    EXECUTE FUNCTION auth.notice_session_change();

CREATE TRIGGER notice_auth_refresh_tokens_delete
    AFTER DELETE ON auth.refresh_tokens
    FOR EACH ROW EXECUTE FUNCTION auth.notice_session_change();

CREATE TRIGGER notice_auth_users_update
    AFTER UPDATE ON auth.users
    FOR EACH ROW
    WHEN (OLD.id <> NEW.id
        OR OLD.disabled <> NEW.disabled
        OR OLD.is_locked <> NEW.is_locked
        OR OLD.default_role <> NEW.default_role
        OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at
        OR OLD.activated_at IS DISTINCT FROM NEW.activated_at)
    EXECUTE FUNCTION auth.notice_user_change();

CREATE TRIGGER notice_auth_users_delete
    AFTER DELETE ON auth.users
    FOR EACH ROW EXECUTE FUNCTION auth.notice_user_change();

CREATE TRIGGER notice_auth_user_roles_change
    AFTER INSERT OR UPDATE OR DELETE ON auth.user_roles
    FOR EACH ROW EXECUTE FUNCTION auth.notice_role_change();

CREATE TRIGGER notice_auth_refresh_tokens_truncation
    AFTER TRUNCATE ON auth.refresh_tokens
    FOR EACH STATEMENT EXECUTE FUNCTION auth.notice_truncation();

CREATE TRIGGER notice_auth_users_truncation
    AFTER TRUNCATE ON auth.users
    FOR EACH STATEMENT EXECUTE FUNCTION auth.notice_truncation();

CREATE TRIGGER notice_auth_user_roles_truncation
    AFTER TRUNCATE ON auth.user_roles
    FOR EACH STATEMENT EXECUTE FUNCTION auth.notice_truncation();
