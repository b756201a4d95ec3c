//! `sendVerificationEmail`.

use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::mailed::{Ask, ask};
use crate::mail::Template;
use crate::refusal::Refusal;
use crate::ticket::Purpose;
use crate::value::{Email, LinkOptions};

/// Whose address is to be confirmed.
pub struct SendVerificationEmailInput {
    /// The address.
    pub email: Email,
    /// Where the link leads.
    pub link: LinkOptions,
}

/// Mails a link and a code that confirm an address. Nobody is told whether anybody has it, or has confirmed it.
pub async fn send_verification_email(ctx: &Ctx<'_>, input: SendVerificationEmailInput) -> Result<(), Error> {
    let wanted = Ask {
        action: "sendVerificationEmail",
        purpose: Purpose::VerifyEmail,
        template: Template::EmailVerify,
        email: &input.email,
        link: &input.link,
        new_user: None,
        locale: &ctx.auth.policy.default_locale,
        refuses: |found| found.email_verified.then_some(Refusal::AlreadyVerified),
    };
    ask(ctx, wanted).await
}
