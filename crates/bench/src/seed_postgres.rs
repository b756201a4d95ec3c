//! Filling PostgreSQL.

use crate::cluster::Cluster;
use crate::error::BenchError;
use crate::ids::USERS_OF_AN_ORG;
use crate::seed::{FIRST, LOCALES, SPACING, password_hash};

/// Makes the numbered users with two roles, a contact and a membership each, and those who sign in; the first of
/// these is an administrator.
pub(crate) fn seed(cluster: &Cluster, users: u32, callers: usize) -> Result<(), BenchError> {
    let locales = LOCALES.map(|locale| format!("'{locale}'")).join(", ");
    let hash = password_hash()?;
    cluster.run(&format!(
        "INSERT INTO auth.users (id, created_at, updated_at, display_name, avatar_url, locale, email, \
             email_verified, metadata) \
         SELECT md5('u' || n)::uuid, at, at, 'User ' || n, 'https://example.org/picture/' || n || '.png', \
             (ARRAY[{locales}])[n % 10 + 1], 'user-' || n || '@example.org', true, '{{\"theme\": \"dark\"}}' \
         FROM (SELECT n, to_timestamp({FIRST} + n * {SPACING}) AS at FROM generate_series(1, {users}) n) numbered; \
         INSERT INTO auth.user_roles (user_id, role) \
         SELECT md5('u' || n)::uuid, role FROM generate_series(1, {users}) n, unnest(ARRAY['user', 'me']) role; \
         INSERT INTO auth.users (id, created_at, display_name, locale, email, email_verified, password_hash) \
         SELECT md5('b' || n)::uuid, to_timestamp({FIRST} - n), 'Caller ' || n, 'en', \
             'bench-' || n || '@example.org', true, '{hash}' \
         FROM generate_series(0, {callers} - 1) n; \
         INSERT INTO auth.user_roles (user_id, role) \
         SELECT md5('b' || n)::uuid, role FROM generate_series(0, {callers} - 1) n, unnest(ARRAY['user', 'me']) role; \
         INSERT INTO auth.user_roles (user_id, role) VALUES (md5('b0')::uuid, 'admin'); \
         INSERT INTO auth.refresh_tokens (id, user_id, expires_at, session_expires_at, refresh_token_hash) \
         SELECT md5('s' || n)::uuid, md5('b' || n)::uuid, now() + interval '30 days', now() + interval '90 days', \
             encode(sha256(convert_to('s' || n, 'UTF8')), 'hex') \
         FROM generate_series(0, {callers} - 1) n"
    ))?;
    cluster.run(&format!(
        "INSERT INTO auth.orgs (id, name) \
         SELECT md5('o' || n)::uuid, 'Org ' || n FROM generate_series(1, {users} / {USERS_OF_AN_ORG}) n; \
         INSERT INTO auth.members (id, org_id, user_id, name) \
         SELECT md5('m' || n)::uuid, md5('o' || (n - 1) / {USERS_OF_AN_ORG} + 1)::uuid, md5('u' || n)::uuid, \
             'User ' || n FROM generate_series(1, {users}) n; \
         INSERT INTO auth.contacts (user_id, first_name, last_name) \
         SELECT md5('u' || n)::uuid, 'User', n::text FROM generate_series(1, {users}) n"
    ))?;
    cluster.run("VACUUM ANALYZE")?;
    cluster.run("CHECKPOINT")
}
