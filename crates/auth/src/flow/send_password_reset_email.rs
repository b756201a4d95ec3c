//! `sendPasswordResetEmail`.

use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::mailed::{Ask, ask};
use crate::mail::Template;
use crate::ticket::Purpose;
use crate::value::{Email, LinkOptions};

/// Whose password is forgotten.
pub struct SendPasswordResetEmailInput {
    /// The address.
    pub email: Email,
    /// Where the link leads.
    pub link: LinkOptions,
}

/// Mails a link and a code that set a new password. Nobody is told whether anybody has the address.
pub async fn send_password_reset_email(
    ctx: &Ctx<'_>,
    input: SendPasswordResetEmailInput,
) -> Result<(), Error> {
    let wanted = Ask {
        action: "sendPasswordResetEmail",
        purpose: Purpose::ResetPassword,
        template: Template::PasswordReset,
        email: &input.email,
        link: &input.link,
        new_user: None,
        locale: &ctx.auth.policy.default_locale,
        refuses: |_| None,
    };
    ask(ctx, wanted).await
}
