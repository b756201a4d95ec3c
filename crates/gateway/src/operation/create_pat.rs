//! `createPat`: a personal access token.

use async_graphql::dynamic::{InputValue, TypeRef};
use portico_auth::flow::{CreatePatInput, create_pat};
use portico_auth::value::{Metadata, SessionName, time};

use super::{Operation, operation, output, parsed};

/// The mutation.
pub(super) fn field() -> Operation {
    operation(
        "createPat",
        output::pat_type(),
        |asking, mut arguments| async move {
            let name = arguments.text("name")?;
            let metadata = arguments.json("metadata").map(Metadata::parse);
            let expires_at = arguments.required("expiresAt")?;
            let input = CreatePatInput {
                name: parsed(name.map(|name| SessionName::parse("name", &name)).transpose())?,
                expires_at: parsed(time("expiresAt", &expires_at))?,
                metadata: parsed(metadata.transpose())?,
                allowed_roles: arguments.texts("allowedRoles")?,
            };
            let created = create_pat(&asking.auth(), input).await?;
            Ok(output::created_pat(&created))
        },
    )
    .description(
        "makes a personal access token, with which programs sign in as the caller; it is shown this once",
    )
    .argument(
        InputValue::new("allowedRoles", TypeRef::named_nn_list(TypeRef::STRING)).description(
            "the roles it acts in, among those of the caller; without them all the caller holds",
        ),
    )
    .argument(InputValue::new("expiresAt", TypeRef::named_nn("timestamptz")).description("when it ends"))
    .argument(
        InputValue::new("metadata", TypeRef::named("jsonb"))
            .description("an object of the application's own"),
    )
    .argument(
        InputValue::new("name", TypeRef::named(TypeRef::STRING))
            .description("what it is for, as shown to the user"),
    )
}
