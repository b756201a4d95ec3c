//! `confirmTicket`: what a mailed link is for, without the page behind it.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::Presented;
use portico_auth::flow::{ConfirmTicketInput, confirm_ticket};

use super::{Operation, input, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation("confirmTicket", output::session_payload_type(), |asking, mut arguments| async move {
        let text = arguments.required("ticket")?;
        let email = input::optional_email(&mut arguments)?;
        let presented = parsed(Presented::new(text, email))?;
        let input = ConfirmTicketInput {
            presented,
            code_verifier: input::code_verifier(&mut arguments)?,
        };
        Ok(output::sign_in(confirm_ticket(&asking.auth(), input).await?))
    })
    .description("does what a mailed link is for: confirms an address, makes it that of an account, or signs in; a session where the link signs in or the verifier proves who asked")
    .argument(InputValue::new("codeVerifier", TypeRef::named(TypeRef::STRING)).description("proves that the mail was asked for here (PKCE)"))
    .argument(InputValue::new("email", TypeRef::named("citext")).description("the address that a code was mailed to; goes with a code. The code of a change of address is entered by whoever asked, signed in"))
    .argument(InputValue::new("ticket", TypeRef::named_nn(TypeRef::STRING)).description("what the link holds, or the code beside it"))
}
