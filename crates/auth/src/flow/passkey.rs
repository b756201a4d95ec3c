//! What every flow with passkeys does: read what is there, check what was signed, write down what follows.

use portico_entity::user_security_keys::{ActiveModel, Model};
use sea_orm::ActiveValue::Set;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tokio::try_join;
use uuid::Uuid;
use webauthn_rs_core::proto::{AuthenticationState, Credential};

use crate::account::Account;
use crate::caller::Ctx;
use crate::connection::Connection;
use crate::error::Error;
use crate::passkey::{
    self, Allowed, Asked, Assertion, Ceremony, PasskeyFault, Proof, Registered, authenticator_name,
};
use crate::refusal::Refusal;
use crate::store;
use crate::store::user_security_keys::{InsertError, Use};
use crate::store::users::Lock;
use crate::value::Nickname;

/// Browsers are told of so many passkeys, where more were there before or an administrator wrote them: of those used
/// last.
const MOST_ASKED: u32 = 64;

/// The passkeys of a user, as browsers are told of them.
pub(super) async fn allowed<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
) -> Result<Vec<Allowed>, Error> {
    let maximum = ctx.auth.policy.limits.passkeys.max(MOST_ASKED);
    Ok(store::user_security_keys::allowed(connection, user, maximum).await?)
}

/// Refuses one more passkey of whoever has as many as are allowed.
pub(super) fn refuse_more(ctx: &Ctx<'_>, count: u64) -> Result<(), Refusal> {
    match count < u64::from(ctx.auth.policy.limits.passkeys) {
        true => Ok(()),
        false => Err(Refusal::TooManySecurityKeys),
    }
}

/// Writes down a new passkey.
pub(super) async fn add<C: ConnectionTrait>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
    registered: Registered,
    nickname: Option<Nickname>,
) -> Result<(Uuid, Proof), Error> {
    let id = ctx.new_id()?;
    let Registered {
        credential,
        credential_id,
        transports,
        aaguid,
        proof,
    } = registered;
    let row = ActiveModel {
        id: Set(id),
        user_id: Set(user),
        credential_id: Set(credential_id),
        counter: Set(proof.counter()),
        transports: Set(transports),
        nickname: Set(nickname.map(Nickname::into_string)),
        created_at: Set(ctx.now()),
        aaguid: Set(aaguid),
        authenticator_name: Set(aaguid.and_then(authenticator_name).map(str::to_owned)),
        backed_up: Set(proof.backed_up()),
        passkey: Set(Some(passkey::seal(ctx.auth, id, &credential)?)),
        ..Default::default()
    };
    match store::user_security_keys::insert(connection, row).await {
        Ok(()) => Ok((id, proof)),
        Err(InsertError::Taken) => Err(Refusal::Passkey(PasskeyFault::Taken).into()),
        Err(InsertError::Database(error)) => Err(error.into()),
    }
}

/// Refuses a passkey that somebody has.
pub(super) async fn refuse_taken<C: Connection>(
    connection: &C,
    registered: &Registered,
) -> Result<(), Error> {
    match store::user_security_keys::by_credential(connection, &registered.credential_id).await? {
        Some(_) => Err(Refusal::Passkey(PasskeyFault::Taken).into()),
        None => Ok(()),
    }
}

/// Asks for a signature as the second proof of a user, within what else is asked for.
pub(crate) async fn ask_for_second<C: Connection>(
    ctx: &Ctx<'_>,
    connection: &C,
    user: Uuid,
    within: Uuid,
) -> Result<Value, Error> {
    let party = ctx.auth.relying_party()?;
    let question = party.ask_for_signature(&allowed(ctx, connection, user).await?)?;
    let asked = Asked {
        user: Some(user),
        within: Some(within),
        state: question.state,
    };
    passkey::ask(
        ctx,
        connection,
        Ceremony::SecondFactor,
        &question.challenge,
        &asked,
    )
    .await?;
    Ok(question.options)
}

/// An answer whose challenge was used up for it.
pub(super) struct Presented {
    pub(super) asked: Asked<AuthenticationState>,
    assertion: Assertion,
    row: Option<Model>,
}

/// Uses the challenge up and looks for the passkey.
pub(super) async fn present(
    ctx: &Ctx<'_>,
    ceremony: Ceremony,
    assertion: Assertion,
) -> Result<Presented, Error> {
    ctx.auth.relying_party()?;
    let asked = passkey::take(ctx, ceremony, assertion.challenge()).await?;
    let connection = ctx.auth.database.reads();
    let row = store::user_security_keys::by_credential(&connection, &assertion.credential_id()).await?;
    Ok(Presented {
        asked,
        assertion,
        row,
    })
}

/// A passkey whose signature was checked; not written down yet.
pub(super) struct Checked {
    row: Model,
    credential: Credential,
    proof: Proof,
}

impl Presented {
    /// Whose passkey it is, if anybody's.
    pub(super) fn user(&self) -> Option<Uuid> {
        self.row.as_ref().map(|row| row.user_id)
    }

    /// Checks the signature, and that it is of whom was asked.
    pub(super) fn check(self, ctx: &Ctx<'_>) -> Result<Checked, Error> {
        let fault = |fault| Error::from(Refusal::Passkey(fault));
        let row = self.row.ok_or_else(|| fault(PasskeyFault::Unknown))?;
        let named = self.assertion.user();
        let known = match self.asked.user {
            Some(asked) => asked == row.user_id,
            // Nobody was named, so the passkey has to.
            None => self.assertion.names_user(),
        };
        if !known || (self.assertion.names_user() && named != Some(row.user_id)) {
            return Err(fault(PasskeyFault::OtherUser));
        }
        let mut credential = passkey::open(ctx.auth, &row, &self.assertion)?;
        let party = ctx.auth.relying_party()?;
        let proof = party.verify(&self.assertion, &self.asked.state, &mut credential)?;
        Ok(Checked {
            row,
            credential,
            proof,
        })
    }
}

impl Checked {
    /// Whose passkey it is.
    pub(super) fn user(&self) -> Uuid {
        self.row.user_id
    }

    /// Writes down that the passkey was used, and reads its user, whose state stays as it is meanwhile.
    pub(super) async fn enter<C: Connection>(
        mut self,
        ctx: &Ctx<'_>,
        connection: &C,
    ) -> Result<(Account, Proof), Error> {
        // One of Hasura Auth is ours from now on.
        let passkey = match self.row.passkey {
            Some(_) => None,
            None => {
                self.credential.user_verified = self.proof.user_verified();
                Some(passkey::seal(ctx.auth, self.row.id, &self.credential)?)
            }
        };
        let used = Use {
            counter: self.proof.counter(),
            backed_up: self.proof.backed_up(),
            passkey,
            at: ctx.now(),
        };
        let (account, marked) = try_join!(
            biased;
            store::users::held(connection, self.row.user_id, Lock::Read),
            store::user_security_keys::mark_used(connection, &self.row, used),
        )?;
        let account = account.ok_or(Refusal::Passkey(PasskeyFault::Unknown))?;
        match marked {
            true => Ok((account, self.proof)),
            false => Err(Refusal::Passkey(PasskeyFault::Counter).into()),
        }
    }
}
