//! Filling PostgreSQL.

use crate::cluster::Cluster;
use crate::error::BenchError;
use crate::ids::USERS_OF_AN_ORG;
use crate::seed::{CHEAP, FIRST, LOCALES, SPACING, STATES, USUAL, password_hash};

/// Triggers tell nodes that do not run yet, and references are right here.
const QUIET: &str = "SET session_replication_role = replica;";

/// Makes the numbered users with two roles, a session, a contact and a membership each, those who sign in, the first of
/// whom is an administrator, and as many of each state that keeps an account from being used.
pub(crate) fn seed(cluster: &Cluster, users: u32, callers: usize) -> Result<(), BenchError> {
    let locales = LOCALES.map(|locale| format!("'{locale}'")).join(", ");
    let (hash, cheap) = (password_hash(USUAL)?, password_hash(CHEAP)?);
    cluster.run(&format!(
        "{QUIET} \
         INSERT INTO auth.users (id, created_at, updated_at, display_name, avatar_url, locale, email, \
             email_verified, metadata, password_hash) \
         SELECT md5('u' || n)::uuid, at, at, 'User ' || n, 'https://example.org/picture/' || n || '.png', \
             (ARRAY[{locales}])[n % 10 + 1], 'user-' || n || '@example.org', true, '{{\"theme\": \"dark\"}}', '{cheap}' \
         FROM (SELECT n, to_timestamp({FIRST} + n::float8 * {SPACING}) AS at FROM generate_series(1, {users}) n) numbered; \
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
    let states = STATES.map(|state| format!("'{state}'")).join(", ");
    cluster.run(&format!(
        "{QUIET} \
         INSERT INTO auth.users (id, created_at, display_name, locale, email, email_verified, disabled, is_locked, \
             password_hash) \
         SELECT md5(state || n)::uuid, to_timestamp({FIRST} - n), state || ' ' || n, 'en', \
             state || '-' || n || '@example.org', state <> 'unverified', state = 'disabled', state = 'locked', '{cheap}' \
         FROM generate_series(0, {callers} - 1) n, unnest(ARRAY[{states}]) state; \
         INSERT INTO auth.refresh_tokens (id, user_id, created_at, expires_at, session_expires_at, last_used_at, \
             refresh_token_hash, ip, user_agent, authentication_methods) \
         SELECT md5('t' || n)::uuid, md5('u' || n)::uuid, now(), now() + interval '30 days', \
             now() + interval '90 days', now(), encode(sha256(convert_to('t' || n, 'UTF8')), 'hex'), '127.0.0.1', \
             'bench', '[\"pwd\"]' \
         FROM generate_series(1, {users}) n"
    ))?;
    cluster.run(&format!(
        "{QUIET} \
         INSERT INTO auth.orgs (id, name) \
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
