//! `generateTotp`: a new secret for an authenticator application.

use async_graphql::dynamic::{Object, TypeRef};
use portico_auth::flow::generate_totp;
use serde_json::json;

use super::output::Outcome;
use super::{Operation, operation};
use crate::schema::json_field;

/// The mutation.
pub(super) fn field() -> Operation {
    operation("generateTotp", TypeRef::named_nn("GeneratedTotp"), |asking, _| async move {
        let new = generate_totp(&asking.auth()).await?;
        Ok(Outcome::Object(json!({
            "totpSecret": new.secret.reveal(),
            "uri": new.uri.reveal(),
            "imageUrl": new.image.reveal(),
        })))
    })
    .description("makes a secret for an authenticator application, shown here and never again; it counts from `enableTotp` on, and until then an older one does")
}

/// What it answers with.
pub(super) fn answer_type() -> Object {
    let text = |name: &str| json_field(name, TypeRef::named_nn(TypeRef::STRING));
    Object::new("GeneratedTotp")
        .description("a secret for an authenticator application, good for fifteen minutes")
        .field(text("totpSecret").description("to be typed, in base32"))
        .field(text("uri").description("for an application on this device: an `otpauth:` address"))
        .field(text("imageUrl").description("the address as a QR code: a `data:` address of a PNG picture"))
}
