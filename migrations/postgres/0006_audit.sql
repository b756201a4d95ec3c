-- The record of what was done. No foreign keys: it outlives the users it tells of.

CREATE TABLE auth.audit_events (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT audit_events_pkey PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    action text NOT NULL,
    outcome text NOT NULL
        CONSTRAINT audit_events_outcome_check CHECK (outcome IN ('success', 'refused', 'failure')),
    code text,
    user_id uuid,
    actor_id uuid,
    actor_role text,
    session_id uuid,
    request_id text,
    ip text,
    user_agent text,
    details jsonb NOT NULL DEFAULT '{}'
);

CREATE INDEX audit_events_created_at_idx ON auth.audit_events (created_at);
CREATE INDEX audit_events_user_id_created_at_idx ON auth.audit_events (user_id, created_at);
CREATE INDEX audit_events_actor_id_created_at_idx ON auth.audit_events (actor_id, created_at);

CREATE FUNCTION auth.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER refuse_auth_audit_events_change
    BEFORE UPDATE OR DELETE OR TRUNCATE ON auth.audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse_change();
