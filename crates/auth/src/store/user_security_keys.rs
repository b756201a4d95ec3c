//! Table `user_security_keys`.

use chrono::{DateTime, Utc};
use portico_entity::user_security_keys::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, SqlErr};
use uuid::Uuid;

/// Why a key was not added.
pub(crate) enum InsertError {
    /// Somebody has this credential.
    Taken,
    Database(DbErr),
}

/// Adds a key.
pub(crate) async fn insert<C: ConnectionTrait>(connection: &C, row: ActiveModel) -> Result<(), InsertError> {
    let inserted = Entity::insert(row).exec_without_returning(connection).await;
    inserted.map(|_| ()).map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => InsertError::Taken,
        _ => InsertError::Database(error),
    })
}

/// The keys of a user, the oldest first.
pub(crate) async fn of_user<C: ConnectionTrait>(connection: &C, user: Uuid) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .all(connection)
        .await
}

/// The key with this credential id.
pub(crate) async fn by_credential<C: ConnectionTrait>(
    connection: &C,
    credential_id: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::CredentialId.eq(credential_id))
        .one(connection)
        .await
}

/// What a key said when it was used.
pub(crate) struct Use {
    pub(crate) counter: i64,
    pub(crate) backed_up: bool,
    /// The sealed credential, where it has to be written anew.
    pub(crate) passkey: Option<Vec<u8>>,
    pub(crate) at: DateTime<Utc>,
}

/// Writes down that a key was used, if its counter and its user are still those that the signature was checked
/// with; tells whether they were. Of two that say the same, one is a copy.
pub(crate) async fn mark_used<C: ConnectionTrait>(
    connection: &C,
    checked: &Model,
    used: Use,
) -> Result<bool, DbErr> {
    let mut update = Entity::update_many()
        .col_expr(Column::Counter, Expr::value(used.counter))
        .col_expr(Column::BackedUp, Expr::value(used.backed_up))
        .col_expr(Column::LastUsedAt, Expr::value(used.at))
        .filter(Column::Id.eq(checked.id))
        .filter(Column::UserId.eq(checked.user_id))
        .filter(Column::Counter.eq(checked.counter));
    if let Some(passkey) = used.passkey {
        update = update.col_expr(Column::Passkey, Expr::value(passkey));
    }
    Ok(update.exec(connection).await?.rows_affected == 1)
}

/// Gives a key of this user another name, or none; tells whether there is such a key.
pub(crate) async fn rename<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    id: Uuid,
    nickname: Option<&str>,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Nickname, Expr::value(nickname.map(str::to_owned)))
        .filter(Column::Id.eq(id))
        .filter(Column::UserId.eq(user))
        .exec(connection)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Takes a key of this user away; tells whether there was such a key. The database keeps the last way in.
pub(crate) async fn remove<C: ConnectionTrait>(connection: &C, user: Uuid, id: Uuid) -> Result<bool, DbErr> {
    let done = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(Column::UserId.eq(user))
        .exec(connection)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Takes the keys of a user away that came since then, or all; tells how many. The database keeps the last way in.
pub(crate) async fn remove_all<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    since: Option<DateTime<Utc>>,
) -> Result<u64, DbErr> {
    let keys = Entity::delete_many().filter(Column::UserId.eq(user));
    let keys = match since {
        Some(since) => keys.filter(Column::CreatedAt.gte(since)),
        None => keys,
    };
    Ok(keys.exec(connection).await?.rows_affected)
}
