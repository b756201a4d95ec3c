//! `regenerateRecoveryCodes`: ten new ones.

use async_graphql::dynamic::Field;
use portico_auth::flow::regenerate_recovery_codes;

use super::{operation, output};

/// The mutation.
pub(super) fn field() -> Field {
    operation(
        "regenerateRecoveryCodes",
        output::texts_type(),
        |asking, _| async move { Ok(output::texts(&regenerate_recovery_codes(&asking.auth()).await?)) },
    )
    .description("makes ten recovery codes in the place of all others, shown here and never again")
}
