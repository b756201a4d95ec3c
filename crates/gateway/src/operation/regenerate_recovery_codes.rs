//! `regenerateRecoveryCodes`: ten new ones.

use portico_auth::flow::regenerate_recovery_codes;

use super::{Operation, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "regenerateRecoveryCodes",
        output::texts_type(),
        |asking, _| async move { Ok(output::texts(&regenerate_recovery_codes(&asking.auth()).await?)) },
    )
    .description("makes ten recovery codes in the place of all others, shown here and never again")
}
