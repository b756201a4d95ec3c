//! `exchangeCode`: a session for the code of a redirection.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{ExchangeCodeInput, exchange_code};
use portico_auth::value::CodeVerifier;

use super::{Operation, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "exchangeCode",
        output::session_payload_type(),
        |asking, mut arguments| async move {
            let input = ExchangeCodeInput {
                code: arguments.required("code")?,
                code_verifier: parsed(CodeVerifier::parse(&arguments.required("codeVerifier")?))?,
            };
            Ok(output::sign_in(exchange_code(&asking.auth(), input).await?))
        },
    )
    .description(
        "opens a session for the code that came with a redirection; once, and for whoever asked for the link",
    )
    .argument(
        InputValue::new("code", TypeRef::named_nn(TypeRef::STRING))
            .description("the parameter `code` of the redirection"),
    )
    .argument(
        InputValue::new("codeVerifier", TypeRef::named_nn(TypeRef::STRING))
            .description("the text whose SHA-256 was the code challenge (PKCE)"),
    )
}
