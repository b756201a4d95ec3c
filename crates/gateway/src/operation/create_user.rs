//! `createUser`.

use async_graphql::dynamic::{InputObject, InputValue, TypeRef};
use portico_auth::flow::{CreateUserInput, NewPassword, Welcome, create_user};
use portico_auth::value::{ImportedHash, Password, SignUpOptionsInput, Username};

use super::output::Outcome;
use super::{Arguments, Operation, input, invalid, operation, parsed};
use crate::error::WireError;

/// The mutation; for administrators alone.
pub(super) fn field() -> Operation {
    let string = || TypeRef::named(TypeRef::STRING);
    operation(
        "createUser",
        TypeRef::named("users"),
        |asking, arguments| async move {
            let input = read(arguments)?;
            Ok(Outcome::User(create_user(&asking.auth(), input).await?))
        },
    )
    .description("makes a user, who needs an email, or a username with a password")
    .argument(InputValue::new("email", TypeRef::named("citext")).description("the address"))
    .argument(InputValue::new("username", string()).description("a name to sign in with"))
    .argument(
        InputValue::new("password", string())
            .description("8 to 256 characters; without one the user signs in by mail or sets one"),
    )
    .argument(
        InputValue::new("importedHash", string()).description("the hash of a password from another service"),
    )
    .argument(
        InputValue::new("options", TypeRef::named("CreateUserOptions"))
            .description("what else is known of the user"),
    )
}

/// The input `CreateUserOptions`.
pub(super) fn options_type() -> InputObject {
    let string = || TypeRef::named(TypeRef::STRING);
    let flag = || TypeRef::named(TypeRef::BOOLEAN);
    [
        (
            "defaultRole",
            string(),
            "role of requests that ask for none, among the roles",
        ),
        (
            "disabled",
            flag(),
            "whether the account is switched off until it is enabled",
        ),
        ("displayName", string(), "name as shown"),
        (
            "emailVerified",
            flag(),
            "whether the address is known to be the user's",
        ),
        ("firstName", string(), "given name"),
        ("gender", string(), "male, female, other or prefer_not_to_say"),
        ("lastName", string(), "family name"),
        ("locale", string(), "language, two letters"),
        (
            "metadata",
            TypeRef::named("jsonb"),
            "an object of the application's own",
        ),
        ("redirectTo", string(), "where a mailed link leads in the end"),
        (
            "roles",
            TypeRef::named_nn_list(TypeRef::STRING),
            "every role the user holds; without them those that sign-up gives",
        ),
        (
            "sendPasswordResetEmail",
            flag(),
            "mails a link and a code that set the first password and confirm the address",
        ),
        (
            "sendVerificationEmail",
            flag(),
            "mails a link and a code that confirm the address",
        ),
    ]
    .into_iter()
    .fold(
        InputObject::new("CreateUserOptions").description("what an administrator says of a new user"),
        |input, (name, type_ref, description)| {
            input.field(InputValue::new(name, type_ref).description(description))
        },
    )
}

fn read(mut arguments: Arguments) -> Result<CreateUserInput, WireError> {
    let email = input::optional_email(&mut arguments)?;
    let username = arguments.text("username")?;
    let username = parsed(username.as_deref().map(Username::parse).transpose())?;
    let password = match (arguments.text("password")?, arguments.text("importedHash")?) {
        (None, None) => None,
        (Some(text), None) => Some(NewPassword::Chosen(parsed(Password::parse(&text))?)),
        (None, Some(text)) => Some(NewPassword::Imported(parsed(ImportedHash::parse(&text))?)),
        (Some(_), Some(_)) => return Err(invalid("importedHash", "cannot be given beside a password")),
    };
    let mut given = arguments.members("options")?.unwrap_or_default();
    let welcome = match (
        given.flag("sendVerificationEmail"),
        given.flag("sendPasswordResetEmail"),
    ) {
        (false, false) => None,
        (true, false) => Some(Welcome::Verification),
        (false, true) => Some(Welcome::PasswordReset),
        (true, true) => {
            let rule = "cannot be asked for beside sendPasswordResetEmail, which confirms the address, too";
            return Err(invalid("sendVerificationEmail", rule));
        }
    };
    Ok(CreateUserInput {
        email,
        username,
        password,
        email_verified: given.flag("emailVerified"),
        disabled: given.flag("disabled"),
        welcome,
        options: SignUpOptionsInput {
            allowed_roles: given.texts("roles")?,
            ..input::profile(&mut given)?
        },
    })
}
