//! Table `contacts`.

use portico_entity::contacts::{ActiveModel, Entity};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};
use uuid::Uuid;

use crate::value::{Email, PersonName};

/// Personal details of a new user.
pub(crate) struct NewContact {
    pub(crate) user_id: Uuid,
    pub(crate) first_name: Option<PersonName>,
    pub(crate) last_name: Option<PersonName>,
    pub(crate) email: Option<Email>,
}

/// Writes them.
pub(crate) async fn insert<C: ConnectionTrait>(connection: &C, contact: NewContact) -> Result<(), DbErr> {
    let text = |name: Option<PersonName>| name.map(|name| name.as_str().to_owned()).unwrap_or_default();
    let row = ActiveModel {
        user_id: Set(contact.user_id),
        first_name: Set(text(contact.first_name)),
        last_name: Set(text(contact.last_name)),
        email: Set(contact.email.map(|email| email.as_str().to_owned())),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(connection).await?;
    Ok(())
}
