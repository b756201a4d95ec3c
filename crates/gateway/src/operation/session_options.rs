//! The argument `session` of whatever opens one: how long it is to last, and where its refresh token is kept.

use async_graphql::dynamic::{Enum, EnumItem, InputObject, InputValue, TypeRef};
use portico_auth::value::SessionName;
use portico_auth::{SessionKind, SessionWish};

use super::{Arguments, parsed};
use crate::error::WireError;
use crate::schema::Types;

/// Registers the types.
pub(super) fn types(types: Types) -> Types {
    let string = || TypeRef::named(TypeRef::STRING);
    let options = InputObject::new("SessionOptions")
        .description("what a client wants of the session that it opens")
        .field(
            InputValue::new("cookie", TypeRef::named(TypeRef::BOOLEAN)).description(
                "keep the refresh token in a cookie that the web page cannot read, instead of answering it",
            ),
        )
        .field(InputValue::new("name", string()).description("what the user calls it, as the device"))
        .field(InputValue::new("type", TypeRef::named("SessionType")).description("regular unless said"));
    let kinds = Enum::new("SessionType")
        .description("how a session is used, which decides how long it lasts")
        .item(EnumItem::new("app").description("in a mobile application: used seldom and for long"))
        .item(EnumItem::new("regular").description("in a browser, or anywhere"));
    types.with(options).with(kinds)
}

/// The argument.
pub(super) fn argument() -> InputValue {
    InputValue::new("session", TypeRef::named("SessionOptions")).description("what the session is to be like")
}

/// Reads it, if it was given: what is wanted, and whether the refresh token goes into a cookie.
pub(super) fn read(arguments: &mut Arguments) -> Result<Option<(SessionWish, bool)>, WireError> {
    let Some(mut given) = arguments.members("session")? else {
        return Ok(None);
    };
    let name = given.text("name")?;
    let wish = SessionWish {
        kind: match given.text("type")?.as_deref() {
            Some("app") => SessionKind::App,
            _ => SessionKind::Regular,
        },
        name: parsed(
            name.map(|name| SessionName::parse("session.name", &name))
                .transpose(),
        )?,
    };
    Ok(Some((wish, given.flag("cookie"))))
}
