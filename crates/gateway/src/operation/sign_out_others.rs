//! `signOutOthers`: every session of the user ends but this one.

use portico_auth::flow::sign_out_others;

use super::{Operation, operation, output};

/// The mutation.
pub(super) fn field() -> Operation {
    operation("signOutOthers", output::boolean_type(), |asking, _| async move {
        sign_out_others(&asking.auth()).await?;
        Ok(output::done())
    })
    .description("ends every other session of the caller; personal access tokens stay")
}
