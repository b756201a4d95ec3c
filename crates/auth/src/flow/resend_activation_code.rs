//! `resendActivationCode`.

use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::mailed::{Ask, ask};
use crate::mail::Template;
use crate::refusal::Refusal;
use crate::ticket::Purpose;
use crate::value::{Email, LinkOptions};

/// Whose account is to be activated.
pub struct ResendActivationCodeInput {
    /// The address.
    pub email: Email,
    /// Where the link leads.
    pub link: LinkOptions,
}

/// Mails another link and code that activate an account, in the place of the former ones. Nobody is told whether
/// anybody has the address, or waits for a code.
pub async fn resend_activation_code(ctx: &Ctx<'_>, input: ResendActivationCodeInput) -> Result<(), Error> {
    let wanted = Ask {
        action: "resendActivationCode",
        purpose: Purpose::ActivateAccount,
        template: Template::AccountActivate,
        email: &input.email,
        link: &input.link,
        new_user: None,
        locale: &ctx.auth.policy.default_locale,
        refuses: |found| found.activated.then_some(Refusal::AlreadyActivated),
    };
    ask(ctx, wanted).await
}
