//! `signOutOthers`: every session of the user ends but this one.

use async_graphql::dynamic::{Field, FieldValue};
use portico_auth::flow::sign_out_others;

use super::{operation, output};

/// The mutation.
pub(super) fn field() -> Field {
    operation("signOutOthers", output::boolean_type(), |asking, _| async move {
        sign_out_others(&asking.auth()).await?;
        Ok(FieldValue::value(true))
    })
    .description("ends every other session of the caller; personal access tokens stay")
}
