//! A new password for whoever reads the mail of an account, asked for by whoever runs the service.

use uuid::Uuid;

use crate::audit::Event;
use crate::caller::Ctx;
use crate::error::Error;
use crate::flow::administer::refuse;
use crate::mail::Template;
use crate::message::{self, Mailing};
use crate::refusal::Refusal;
use crate::store;
use crate::ticket::Purpose;
use crate::value::LinkOptions;

const ACTION: &str = "sendPasswordResetEmail";

/// Who is mailed.
pub struct MailPasswordResetInput {
    /// The user.
    pub id: Uuid,
    /// Where the link leads.
    pub link: LinkOptions,
}

/// Mails a link and a code that set a new password. Unlike the operation of this name it says where there is nobody to
/// be mailed.
pub async fn mail_password_reset(ctx: &Ctx<'_>, input: MailPasswordResetInput) -> Result<(), Error> {
    let id = input.id;
    match mail(ctx, input).await {
        Err(Error::Refused(refusal)) => Err(refuse(ctx, ACTION, Some(id), refusal).await?),
        other => other,
    }
}

async fn mail(ctx: &Ctx<'_>, input: MailPasswordResetInput) -> Result<(), Error> {
    let transaction = ctx.auth.database.begin().await?;
    let holder = store::users::holder(&*transaction, input.id).await?;
    let holder = holder.ok_or(Refusal::UnknownAccount)?;
    let email = holder.email().ok_or(Refusal::InvalidInput {
        field: "email",
        rule: "is needed to send a mail",
    })?;
    let locale = holder.locale(&ctx.auth.policy);
    let mailing = Mailing {
        purpose: Purpose::ResetPassword,
        template: Template::PasswordReset,
        email: &email,
        locale: locale.as_str(),
        user: Some(input.id),
        subject: message::subject(Some(input.id), &email),
        session: None,
        link: &input.link,
        sealed_options: None,
    };
    message::mail_ticket(ctx, &*transaction, mailing).await?;
    Event::success(ACTION, input.id, None)
        .by_administrator()
        .append(ctx, &*transaction)
        .await?;
    Ok(transaction.commit().await?)
}
