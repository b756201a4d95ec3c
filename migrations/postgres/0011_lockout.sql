-- Whoever lifts the lock of an account lets it be tried again: what was counted goes with it.

CREATE FUNCTION auth.forget_failures() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account text := replace(NEW.id::text, '-', '');
BEGIN
    DELETE FROM auth.limits
    WHERE (bucket = 'sign-in-account' AND key = account)
        OR (bucket = 'sign-in-network' AND key > account || ' ' AND key < account || '!');
    RETURN NULL;
END
$$;

CREATE TRIGGER forget_auth_failures
    AFTER UPDATE ON auth.users
    FOR EACH ROW
    WHEN ((OLD.attempt_number <> 0 AND NEW.attempt_number = 0)
        OR (OLD.locked_until IS NOT NULL AND NEW.locked_until IS NULL)
        OR (OLD.is_locked AND NOT NEW.is_locked))
    EXECUTE FUNCTION auth.forget_failures();
