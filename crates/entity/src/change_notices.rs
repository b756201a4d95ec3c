//! What ended a session or changed a user's rights lately, for every node that remembers tokens.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

/// A row of `change_notices`, written by triggers.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_notices")]
pub struct Model {
    /// Given by the database.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Where a reader goes on: the transaction on PostgreSQL, the id on SQLite.
    #[sea_orm(default_value = 0)]
    pub position: i64,
    /// When it was written.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTime<Utc>,
    /// `session`, `user`, or `all` for everything.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Id of the session or the user.
    pub subject: Uuid,
}

/// None: the service reads the table by position.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
