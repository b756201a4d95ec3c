//! Who may pass the door, and what they proved. Each constructor takes the proof, which only the mechanism makes.

use uuid::Uuid;

use crate::account::Account;
use crate::elevation;
use crate::factor::Held;
use crate::method::{Method, Methods};
use crate::passkey::Proof;
use crate::password::Matched;
use crate::prove_factor::Accepted;
use crate::refusal::Refusal;
use crate::second_factor::Answered;
use crate::store::tickets::Used;

/// A user who proved who they are.
pub(crate) struct Verified {
    pub(super) account: Account,
    pub(super) methods: Methods,
    /// What was proved after that, if it counts.
    pub(super) second: Option<Method>,
}

impl Verified {
    /// By the password of the account.
    pub(crate) fn by_password(account: Account, _proof: Matched) -> Self {
        Self::by(account, Methods::new(&[Method::Password]))
    }

    /// By what was mailed to the account's address.
    pub(crate) fn by_mail(account: Account, _proof: &Used) -> Self {
        Self::by(account, Methods::new(&[Method::Email]))
    }

    /// By having made the account in this transaction, with a password unless it is anonymous: then nothing proves
    /// who it is.
    pub(crate) fn by_sign_up(created: crate::flow::Created) -> Self {
        let account = created.into_account();
        match account.anonymous {
            true => Self::by(account, Methods::default()),
            false => Self::by(account, Methods::new(&[Method::Password])),
        }
    }

    /// By a passkey of the account.
    pub(crate) fn by_passkey(account: Account, proof: &Proof) -> Self {
        Self::by(account, proof.methods())
    }

    /// Who it is.
    pub(crate) fn user_id(&self) -> Uuid {
        self.account.id
    }

    fn by(account: Account, methods: Methods) -> Self {
        Self {
            account,
            methods,
            second: None,
        }
    }

    /// By a passkey after the first proof.
    pub(crate) fn by_second_passkey(
        answered: Answered,
        account: Account,
        proof: &Proof,
    ) -> Result<Self, Refusal> {
        Self::by_second(answered, account, proof.key())
    }

    /// By a code after the first proof.
    pub(crate) fn by_code(answered: Answered, accepted: Accepted) -> Result<Self, Refusal> {
        let (account, method) = accepted.into_parts();
        Self::by_second(answered, account, method)
    }

    fn by_second(answered: Answered, account: Account, method: Method) -> Result<Self, Refusal> {
        let methods = answered.first_of(&account)?;
        Ok(Self {
            account,
            methods,
            second: Some(method),
        })
    }
}

/// A signed-in user who proved anew who they are.
pub(crate) struct Fresh {
    pub(super) account: Account,
    pub(super) by: elevation::Proof,
    pub(super) methods: Methods,
    /// What the user has, where that is known.
    pub(super) held: Option<Held>,
}

impl Fresh {
    /// By the password of the account.
    pub(crate) fn by_password(account: Account, _proof: Matched) -> Self {
        Self {
            account,
            by: elevation::Proof::Password,
            methods: Methods::new(&[Method::Password]),
            held: None,
        }
    }

    /// By a code of the account.
    pub(crate) fn by_code(accepted: Accepted) -> Self {
        let held = Some(accepted.held());
        let (account, method) = accepted.into_parts();
        let by = match method {
            Method::RecoveryCode => elevation::Proof::RecoveryCode,
            _ => elevation::Proof::Totp,
        };
        Self {
            account,
            by,
            methods: Methods::new(&[method]),
            held,
        }
    }

    /// By a passkey of the account.
    pub(crate) fn by_passkey(account: Account, proof: &Proof) -> Self {
        Self {
            account,
            by: elevation::Proof::Webauthn,
            methods: proof.methods(),
            held: None,
        }
    }
}
