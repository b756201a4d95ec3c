//! `signInPasswordlessEmail`: a mail whose link signs in.

use async_graphql::dynamic::{Field, FieldValue};
use portico_auth::flow::{SignInEmailForm, SignInEmailInput, sign_in_email};
use portico_auth::value::Email;

use super::{input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Field {
    operation("signInPasswordlessEmail", output::boolean_type(), |asking, mut arguments| async move {
        let input = SignInEmailInput {
            email: parsed(Email::parse(&arguments.required("email")?))?,
            form: SignInEmailForm::Link,
            options: input::take_options(&mut arguments)?,
        };
        sign_in_email(&asking.auth(), input).await?;
        Ok(FieldValue::value(true))
    })
    .description("mails a link that signs in, and a code that does the same; true whether or not anybody has the address")
    .argument(input::email())
    .argument(input::options())
}
