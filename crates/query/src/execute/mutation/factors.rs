//! What follows where that by which users are proved was changed.

use std::collections::BTreeSet;

use portico_entity::catalogue::Table;
use uuid::Uuid;

use super::{Channel, owner};
use crate::error::Failure;
use crate::execute::{Actor, Origin};

/// The secret of an authenticator application whose codes are not asked for any more.
const FORGET_TOTP: &str = "UPDATE {auth}users SET totp_secret = NULL WHERE id IN ({users}) \
    AND totp_secret IS NOT NULL AND active_mfa_type IS DISTINCT FROM 'totp'";

/// Recovery codes stand in for another factor: without one they are good for nothing.
const FORGET_RECOVERY_CODES: &str = "DELETE FROM {auth}recovery_codes WHERE user_id IN ({users}) \
    AND NOT EXISTS (SELECT 1 FROM {auth}users u WHERE u.id = recovery_codes.user_id \
    AND u.active_mfa_type = 'totp' AND u.totp_secret IS NOT NULL) \
    AND NOT EXISTS (SELECT 1 FROM {auth}user_security_keys k WHERE k.user_id = recovery_codes.user_id \
    AND (k.passkey IS NOT NULL OR k.credential_public_key IS NOT NULL))";

/// Ends what the factors of these users were good for, and tells the users.
pub(super) async fn follow<C: Channel>(
    channel: &mut C,
    table: &Table,
    users: &BTreeSet<Uuid>,
    (actor, origin): (&Actor, &dyn Origin),
) -> Result<(), Failure> {
    if users.is_empty() {
        return Ok(());
    }
    if origin.factor_change_ends_sessions() {
        owner::end_sessions(channel, users, (actor, origin)).await?;
    }
    if table.sql == "users" {
        owner::of_users(channel, FORGET_TOTP, users, Vec::new()).await?;
    }
    owner::of_users(channel, FORGET_RECOVERY_CODES, users, Vec::new()).await?;
    let readers = users.iter().map(|user| (*user, None));
    owner::tell(channel, "factors-changed", readers, origin).await
}
