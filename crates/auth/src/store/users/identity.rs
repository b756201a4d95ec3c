//! What makes an anonymous user one that is known.

use portico_entity::users::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{InsertError, classify};
use crate::value::{DisplayName, Email, Gender, Locale, Metadata, Username};

/// What an anonymous user is called that gave no name.
pub(crate) const ANONYMOUS_NAME: &str = "Anonymous User";

/// Who a user is; what is not said stays as it is.
pub(crate) struct Identity {
    pub(crate) email: Email,
    pub(crate) email_verified: bool,
    pub(crate) password_hash: Option<String>,
    pub(crate) username: Option<Username>,
    /// Without one, a user that gave none before is called by the address.
    pub(crate) display_name: Option<DisplayName>,
    pub(crate) gender: Option<Gender>,
    pub(crate) locale: Option<Locale>,
    pub(crate) metadata: Option<Metadata>,
}

/// Writes it. The row of the user has to be locked.
pub(crate) async fn identify<C: ConnectionTrait>(
    connection: &C,
    id: Uuid,
    identity: Identity,
) -> Result<(), InsertError> {
    let email = identity.email.as_str().to_owned();
    let name: Expr = match identity.display_name {
        Some(name) => Expr::value(name.as_str()),
        None => Expr::case(Column::DisplayName.eq(ANONYMOUS_NAME), email.as_str())
            .finally(Expr::col(Column::DisplayName))
            .into(),
    };
    let mut update = Entity::update_many()
        .filter(Column::Id.eq(id))
        .col_expr(Column::IsAnonymous, Expr::value(false))
        .col_expr(Column::Email, Column::Email.save_as(Expr::value(email)))
        .col_expr(Column::EmailVerified, Expr::value(identity.email_verified))
        .col_expr(Column::DisplayName, name);
    if let Some(hash) = identity.password_hash {
        update = update.col_expr(Column::PasswordHash, Expr::value(hash));
    }
    if let Some(username) = identity.username {
        let username = Expr::value(username.as_str());
        update = update.col_expr(Column::Username, Column::Username.save_as(username));
    }
    if let Some(gender) = identity.gender {
        update = update.col_expr(Column::Gender, Expr::value(gender.as_str()));
    }
    if let Some(locale) = identity.locale {
        update = update.col_expr(Column::Locale, Expr::value(locale.as_str()));
    }
    if let Some(metadata) = identity.metadata {
        update = update.col_expr(Column::Metadata, Expr::value(metadata.into_value()));
    }
    update.exec(connection).await.map_err(classify)?;
    Ok(())
}
