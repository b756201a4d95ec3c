//! Who may pass the door, and what they proved. Each constructor takes the proof, which only the mechanism makes.

use crate::account::Account;
use crate::method::{Method, Methods};
use crate::password::Matched;
use crate::second_factor::Answered;
use crate::store::tickets::Used;

/// A user who proved who they are.
pub(crate) struct Verified {
    pub(super) account: Account,
    pub(super) methods: Methods,
}

impl Verified {
    /// By the password of the account.
    pub(crate) fn by_password(account: Account, _proof: Matched) -> Self {
        Self::by(account, Method::Password)
    }

    /// By what was mailed to the account's address.
    pub(crate) fn by_mail(account: Account, _proof: &Used) -> Self {
        Self::by(account, Method::Email)
    }

    /// By having made the account, with this password, in this transaction.
    pub(crate) fn by_sign_up(created: crate::flow::Created) -> Self {
        Self::by(created.into_account(), Method::Password)
    }

    fn by(account: Account, method: Method) -> Self {
        Self {
            account,
            methods: Methods::new(&[method]),
        }
    }

    /// By a second factor after the first, as the challenge asked.
    #[expect(dead_code, reason = "each factor brings its own step")]
    fn by_second(answered: Answered, method: Method) -> Self {
        Self {
            account: answered.account,
            methods: answered.first.and(&[method, Method::MultipleFactors]),
        }
    }
}

/// A signed-in user who proved anew who they are.
pub(crate) struct Fresh {
    pub(super) account: Account,
}

impl Fresh {
    /// By the password of the account.
    pub(crate) fn by_password(account: Account, _proof: Matched) -> Self {
        Self { account }
    }
}
