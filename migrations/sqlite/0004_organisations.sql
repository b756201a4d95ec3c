-- Organisations and the applications of users.

CREATE TABLE orgs (
    id BLOB NOT NULL DEFAULT (unhex(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) ||
        substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6))
    )) CONSTRAINT orgs_pkey PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT CONSTRAINT orgs_slug_key UNIQUE,
    archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+'))
) STRICT;

CREATE TABLE members (
    id BLOB NOT NULL DEFAULT (unhex(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) ||
        substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6))
    )) CONSTRAINT members_pkey PRIMARY KEY,
    org_id BLOB NOT NULL
        CONSTRAINT fk_org REFERENCES orgs (id) ON UPDATE CASCADE ON DELETE CASCADE,
    user_id BLOB
        CONSTRAINT fk_user REFERENCES users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    picture TEXT,
    role TEXT NOT NULL DEFAULT 'Member'
        CONSTRAINT members_role_check CHECK (role IN ('Owner', 'Admin', 'Member', 'Readonly')),
    invite_email TEXT,
    invite_date TEXT,
    archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
    CONSTRAINT members_org_id_user_id_key UNIQUE (org_id, user_id)
) STRICT;

CREATE INDEX members_user_id_idx ON members (user_id);

CREATE TABLE user_apps (
    id BLOB NOT NULL DEFAULT (unhex(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) ||
        substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || hex(randomblob(6))
    )) CONSTRAINT user_apps_pkey PRIMARY KEY,
    user_id BLOB NOT NULL
        CONSTRAINT fk_user REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    type TEXT NOT NULL,
    config TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config)),
    secret_config BLOB,
    created_at TEXT NOT NULL DEFAULT (replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+')),
    CONSTRAINT user_apps_user_id_type_key UNIQUE (user_id, type)
) STRICT;
