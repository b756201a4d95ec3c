-- Whoever lifts the lock of an account lets it be tried again: what was counted goes with it.

CREATE TRIGGER forget_auth_failures
    AFTER UPDATE ON users
    WHEN (OLD.attempt_number <> 0 AND NEW.attempt_number = 0)
        OR (OLD.locked_until IS NOT NULL AND NEW.locked_until IS NULL)
        OR (OLD.is_locked AND NOT NEW.is_locked)
BEGIN
    DELETE FROM limits
    WHERE (bucket = 'sign-in-account' AND key = lower(hex(NEW.id)))
        OR (bucket = 'sign-in-network' AND key > lower(hex(NEW.id)) || ' ' AND key < lower(hex(NEW.id)) || '!');
END;
