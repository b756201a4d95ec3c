//! `signInPasswordlessEmail`, `signInOtpEmail` and `verifySignInOtpEmail`: whoever reads the mail signs in.

use crate::audit::recorded;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::mailed::{Ask, ask, enter, open, present, take};
use crate::mail::Template;
use crate::session::SignIn;
use crate::ticket::{Presented, Purpose};
use crate::value::{Email, LinkOptions, SignUpOptions, SignUpOptionsInput};

/// Which of the two the mail is about; it holds both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInEmailForm {
    /// The link.
    Link,
    /// The code.
    Code,
}

/// Who wants to sign in.
pub struct SignInEmailInput {
    /// The address.
    pub email: Email,
    /// What the mail is about.
    pub form: SignInEmailForm,
    /// What a new user says of themselves.
    pub options: SignUpOptionsInput,
}

/// Mails a link and a code that sign in, and sign up whom the service does not know where that is allowed. The
/// answer and the work are the same for everybody.
pub async fn sign_in_email(ctx: &Ctx<'_>, input: SignInEmailInput) -> Result<(), Error> {
    let policy = &ctx.auth.policy;
    policy.email_access.admit(&input.email)?;
    // Checked now, so that whoever asks is told; what is mailed is checked again when it is used.
    let options = SignUpOptions::parse(input.options.clone(), policy)?;
    let link = LinkOptions {
        redirect_to: options.redirect_to,
        code_challenge: options.code_challenge,
    };
    let (action, template) = match input.form {
        SignInEmailForm::Link => ("signInPasswordlessEmail", Template::SigninPasswordless),
        SignInEmailForm::Code => ("signInOtpEmail", Template::SigninOtp),
    };
    let signs_up = policy.email_sign_up && !policy.sign_up_disabled;
    let wanted = Ask {
        action,
        purpose: Purpose::SignIn,
        template,
        email: &input.email,
        link: &link,
        new_user: signs_up.then_some(&input.options),
        locale: options.locale.as_str(),
        // Whoever may not sign in is told once the address is proved.
        refuses: |_| None,
    };
    ask(ctx, wanted).await
}

/// The code of a mail.
pub struct VerifySignInOtpEmailInput {
    /// The address it was mailed to.
    pub email: Email,
    /// The digits.
    pub otp: String,
}

/// Opens a session for whoever read the code.
pub async fn verify_sign_in_otp_email(
    ctx: &Ctx<'_>,
    input: VerifySignInOtpEmailInput,
) -> Result<SignIn, Error> {
    const ACTION: &str = "verifySignInOtpEmail";
    let entered = async {
        let presented = Presented::new(input.otp, Some(input.email))?;
        let found = present(ctx, presented, Purpose::SignIn).await?;
        let transaction = ctx.auth.database.begin().await?;
        let used = take(ctx, &*transaction, found, &[Purpose::SignIn]).await?;
        let proved = enter(ctx, &*transaction, used).await?;
        let sign_in = open(ctx, &*transaction, ACTION, proved).await?;
        transaction.commit().await?;
        Ok(sign_in)
    };
    let done = entered.await;
    if done.is_ok() {
        ctx.auth.after_change().await;
    }
    recorded(ctx, ACTION, None, done).await
}
