//! How a user comes to be.

use chrono::{DateTime, Utc};
use portico_entity::users::{ActiveModel, Entity};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, SqlErr};
use uuid::Uuid;

use crate::value::{DisplayName, Email, Gender, Locale, Metadata, Username};

/// A user about to be made.
pub(crate) struct NewUser {
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) email: Option<Email>,
    pub(crate) username: Option<Username>,
    pub(crate) password_hash: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) display_name: Option<DisplayName>,
    pub(crate) gender: Option<Gender>,
    pub(crate) locale: Locale,
    pub(crate) metadata: Metadata,
    pub(crate) default_role: String,
    pub(crate) anonymous: bool,
    pub(crate) disabled: bool,
    /// When the account becomes usable; empty where it has to be activated.
    pub(crate) activated_at: Option<DateTime<Utc>>,
    /// The administrator who makes the user.
    pub(crate) created_by: Option<Uuid>,
    /// Until when the mailed link and code work, if one is mailed.
    pub(crate) ticket_expires_at: Option<DateTime<Utc>>,
}

/// Why a user was not made.
pub(crate) enum InsertError {
    EmailTaken,
    UsernameTaken,
    /// A role that there is not, or not any more.
    NoSuchRole,
    Database(DbErr),
}

/// Makes a user.
pub(crate) async fn insert<C: ConnectionTrait>(connection: &C, user: NewUser) -> Result<(), InsertError> {
    let email = user.email.map(|email| email.as_str().to_owned());
    let username = user.username.map(|username| username.as_str().to_owned());
    let shown = user.display_name.map(|name| name.as_str().to_owned());
    let ticket_expires_at = user.ticket_expires_at.unwrap_or(user.created_at);
    let row = ActiveModel {
        id: Set(user.id),
        created_at: Set(user.created_at),
        updated_at: Set(user.created_at),
        activated_at: Set(user.activated_at),
        last_seen: Set(None),
        display_name: Set(shown
            .or_else(|| email.clone())
            .or_else(|| username.clone())
            .unwrap_or_default()),
        email: Set(email),
        username: Set(username),
        password_hash: Set(user.password_hash),
        email_verified: Set(user.email_verified),
        gender: Set(user.gender.map(|gender| gender.as_str().to_owned())),
        locale: Set(user.locale.as_str().to_owned()),
        metadata: Set(user.metadata.into_value()),
        default_role: Set(user.default_role),
        is_anonymous: Set(user.anonymous),
        disabled: Set(user.disabled),
        created_by: Set(user.created_by),
        ticket_expires_at: Set(ticket_expires_at),
        otp_hash_expires_at: Set(ticket_expires_at),
        ..Default::default()
    };
    Entity::insert(row)
        .exec_without_returning(connection)
        .await
        .map_err(classify)?;
    Ok(())
}

/// PostgreSQL names the constraint, SQLite the column. A new user refers to a role alone.
pub(crate) fn classify(error: DbErr) -> InsertError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(text)) if names(&text, "email") => InsertError::EmailTaken,
        Some(SqlErr::UniqueConstraintViolation(text)) if names(&text, "username") => {
            InsertError::UsernameTaken
        }
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => InsertError::NoSuchRole,
        _ => InsertError::Database(error),
    }
}

fn names(text: &str, column: &str) -> bool {
    text.contains(&format!("users_{column}_key")) || text.contains(&format!("users.{column}"))
}
