//! Table `settings`.

use portico_entity::settings::{ActiveModel, Column, Entity};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, JsonValue};

/// States a fact unless it is stated already; returns what stands there now.
pub(crate) async fn get_or_set<C: ConnectionTrait>(
    connection: &C,
    name: &str,
    value: JsonValue,
) -> Result<JsonValue, DbErr> {
    let row = ActiveModel {
        name: Set(name.to_owned()),
        value: Set(value.clone()),
        ..Default::default()
    };
    Entity::insert(row)
        .on_conflict(OnConflict::column(Column::Name).do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
    let stored = Entity::find_by_id(name.to_owned()).one(connection).await?;
    Ok(stored.map_or(value, |row| row.value))
}
