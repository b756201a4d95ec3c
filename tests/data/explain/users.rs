//! Enough users that an index pays.

/// A user in the middle of all others.
pub(super) const SOMEONE: &str = "00000000-0000-0000-0000-0000000009c4";

/// The tables that have a row for every user or more.
pub(super) const LARGE: [&str; 5] = ["users", "user_roles", "refresh_tokens", "members", "contacts"];

/// An organisation that has members.
pub(super) const SOME_ORG: &str = "00000000-0000-0000-0000-000000000007";

pub(super) const USERS_IN_POSTGRES: &str = "
    INSERT INTO auth.users (id, created_at, display_name, locale, email)
        SELECT lpad(to_hex(n), 32, '0')::uuid, timestamptz '2020-01-01' + n * interval '1 minute', 'User ' || n,
            CASE n % 10 WHEN 0 THEN 'de' ELSE 'en' END,
            'user-' || n || '@example.org' FROM generate_series(1, 5000) n;
    INSERT INTO auth.user_roles (user_id, role)
        SELECT lpad(to_hex(n), 32, '0')::uuid, unnest(ARRAY['user', 'me']) FROM generate_series(1, 5000) n;
    INSERT INTO auth.refresh_tokens (id, user_id, expires_at, refresh_token_hash)
        SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, now() + interval '30 days', md5(n::text)
        FROM generate_series(1, 5000) n;
    INSERT INTO auth.orgs (id, name) SELECT lpad(to_hex(n), 32, '0')::uuid, 'Org ' || n FROM generate_series(0, 50) n;
    INSERT INTO auth.members (id, org_id, user_id, name)
        SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n / 100), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, 'User ' || n
        FROM generate_series(1, 5000) n;
    INSERT INTO auth.contacts (user_id) SELECT lpad(to_hex(n), 32, '0')::uuid FROM generate_series(1, 5000) n;
    ANALYZE;";

pub(super) const USERS_IN_SQLITE: &str = "
    CREATE TEMP TABLE numbers AS
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
        SELECT n, unhex(printf('%032x', n)) AS id FROM n;
    INSERT INTO users (id, created_at, display_name, locale, email)
        SELECT id, strftime('%Y-%m-%dT%H:%M:%S+00:00', 1577836800 + n * 60, 'unixepoch'), 'User ' || n,
            CASE n % 10 WHEN 0 THEN 'de' ELSE 'en' END,
            'user-' || n || '@example.org' FROM numbers;
    INSERT INTO user_roles (user_id, role) SELECT id, 'user' FROM numbers;
    INSERT INTO user_roles (user_id, role) SELECT id, 'me' FROM numbers;
    INSERT INTO refresh_tokens (id, user_id, expires_at, refresh_token_hash)
        SELECT id, id, '2040-01-01T00:00:00+00:00', hex(id) FROM numbers;
    INSERT INTO orgs (id, name) SELECT id, 'Org ' || n FROM numbers WHERE n <= 51;
    INSERT INTO members (id, org_id, user_id, name) SELECT id, unhex(printf('%032x', n / 100 + 1)), id, 'User ' || n FROM numbers;
    INSERT INTO contacts (user_id) SELECT id FROM numbers;";
