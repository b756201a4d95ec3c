-- Everything of the service lives in the schema auth. Statements of this and the next file do nothing
-- where their object exists: the database of an older Hasura Auth is taken over as it stands.

CREATE SCHEMA IF NOT EXISTS auth;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;

-- The address form of the HTML standard: what a browser accepts in a field for one address.
DO $$
BEGIN
    IF to_regtype('auth.email') IS NULL THEN
        CREATE DOMAIN auth.email AS public.citext
            CONSTRAINT email_check CHECK (
                VALUE::text ~ '^[a-zA-Z0-9.!#$%&''*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$'
            );
    END IF;
END
$$;

-- A time that the statement itself sets is kept, as on SQLite.
CREATE OR REPLACE FUNCTION auth.set_current_timestamp_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END
$$;
