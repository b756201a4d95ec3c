//! Roles that need a second factor: nobody acts in them who did not prove one, once the time to get one is over.

use crate::account::Account;
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::factor::Factor;
use crate::method::{Method, Methods};
use crate::refusal::Refusal;
use crate::{second_factor, store};

/// Leaves out the roles for which more would have to be proved. The user keeps them, and gets them back with the
/// next token once a second factor is proved; whoever has no other role gets no session.
pub(super) async fn allowed<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    mut account: Account,
    methods: &Methods,
) -> Result<Account, Error> {
    let policy = &ctx.auth.policy;
    let guarded = |role: &String| policy.guarded_roles().contains(role);
    if methods.are_several_factors() || !account.roles.iter().any(guarded) {
        return Ok(account);
    }
    let since = ctx.now() - policy.second_factor_grace;
    let new = store::user_roles::granted_since(connection, account.id, since).await?;
    account.roles.retain(|role| !guarded(role) || new.contains(role));
    if !account.roles.contains(&account.default_role) {
        let usual = account.roles.iter().find(|role| **role == policy.default_role);
        let other = usual.or(account.roles.first()).cloned();
        let refusal = || Refusal::SecondFactorRequired {
            enrol: to_enrol(&policy.second_factors),
        };
        account.default_role = other.ok_or_else(refusal)?;
    }
    Ok(account)
}

/// What gets the roles back, in words.
fn to_enrol(asked: &[Factor]) -> &'static str {
    match (asked.contains(&Factor::Totp), asked.contains(&Factor::Webauthn)) {
        (true, false) => "an authenticator application",
        (false, true) => "a passkey",
        _ => "an authenticator application or a passkey",
    }
}

/// The same for a personal access token: it proves nothing, but its user is asked for a factor everywhere
/// else.
pub(super) async fn allowed_to_programs(ctx: &Ctx<'_>, account: Account) -> Result<Account, Error> {
    let policy = &ctx.auth.policy;
    let guarded = |role: &String| policy.guarded_roles().contains(role);
    if !account.roles.iter().any(guarded) {
        return Ok(account);
    }
    let connection = &ctx.auth.database.connection;
    let held = second_factor::provable(ctx, connection, account.id).await?;
    let proved = match held.asked(&policy.second_factors).is_empty() {
        true => Methods::default(),
        false => Methods::new(&[Method::MultipleFactors]),
    };
    allowed(ctx, connection, account, &proved).await
}
