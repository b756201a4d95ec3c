//! `myFactors` and `userFactors`: which second factors somebody has. `resetFactors`: none any more.

use async_graphql::dynamic::{InputValue, Object, TypeRef};
use portico_auth::flow::{Factors, my_factors, reset_factors, user_factors};
use serde_json::json;

use super::output::Outcome;
use super::{Operation, operation, output};
use crate::schema::json_field;

/// The query of a user.
pub(super) fn my_field() -> Operation {
    operation(
        "myFactors",
        TypeRef::named_nn("Factors"),
        |asking, _| async move { Ok(value(my_factors(&asking.auth()).await?)) },
    )
    .description("the second factors of the signed-in user")
}

/// The query of an administrator.
pub(super) fn user_field() -> Operation {
    operation(
        "userFactors",
        TypeRef::named_nn("Factors"),
        |asking, mut arguments| async move {
            let id = arguments.id()?;
            Ok(value(user_factors(&asking.auth(), id).await?))
        },
    )
    .description("the second factors of a user")
    .argument(argument())
}

/// The mutation of an administrator.
pub(super) fn reset_field() -> Operation {
    operation("resetFactors", output::boolean_type(), |asking, mut arguments| async move {
        let id = arguments.id()?;
        reset_factors(&asking.auth(), id).await?;
        Ok(output::done())
    })
    .description("takes every second factor and recovery code of a user away, as after a loss; the sessions of the user end, and the user is told")
    .argument(argument())
}

fn argument() -> InputValue {
    InputValue::new("id", TypeRef::named_nn("uuid")).description("the user")
}

fn value(factors: Factors) -> Outcome {
    Outcome::Object(json!({
        "totp": factors.totp,
        "securityKeys": factors.security_keys,
        "recoveryCodesLeft": factors.recovery_codes_left,
    }))
}

/// What the queries answer with.
pub(super) fn answer_type() -> Object {
    let number = |name: &str| json_field(name, TypeRef::named_nn(TypeRef::INT));
    Object::new("Factors")
        .description("what can be asked for after the first proof")
        .field(
            json_field("totp", output::boolean_type())
                .description("whether there is an authenticator application"),
        )
        .field(number("securityKeys").description("security keys and passkeys"))
        .field(number("recoveryCodesLeft").description("recovery codes that were not used yet"))
}
