-- Organisations and the applications of users.

CREATE TABLE auth.orgs (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT orgs_pkey PRIMARY KEY,
    name text NOT NULL,
    slug text CONSTRAINT orgs_slug_key UNIQUE,
    archived boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE auth.members (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT members_pkey PRIMARY KEY,
    org_id uuid NOT NULL
        CONSTRAINT fk_org REFERENCES auth.orgs (id) ON UPDATE CASCADE ON DELETE CASCADE,
    user_id uuid
        CONSTRAINT fk_user REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    picture text,
    role text NOT NULL DEFAULT 'Member'
        CONSTRAINT members_role_check CHECK (role IN ('Owner', 'Admin', 'Member', 'Readonly')),
    invite_email text,
    invite_date timestamptz,
    archived boolean NOT NULL DEFAULT false,
    CONSTRAINT members_org_id_user_id_key UNIQUE (org_id, user_id)
);

CREATE INDEX members_user_id_idx ON auth.members (user_id);

CREATE TABLE auth.user_apps (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT user_apps_pkey PRIMARY KEY,
    user_id uuid NOT NULL
        CONSTRAINT fk_user REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    type text NOT NULL,
    config jsonb NOT NULL DEFAULT '{}',
    secret_config bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_apps_user_id_type_key UNIQUE (user_id, type)
);
