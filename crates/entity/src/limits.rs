//! Counters of attempts that every node has to agree on.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A row of `limits`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "limits")]
pub struct Model {
    /// What is limited, as in `sign-in-ip`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub bucket: String,
    /// Hash of whom the limit is about: an account, an address, an IP.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub key: String,
    /// When the window began.
    pub window_start: DateTime<Utc>,
    /// Attempts within the window.
    #[sea_orm(default_value = 0)]
    pub count: i64,
    /// When the row tells nothing any more.
    pub expires_at: DateTime<Utc>,
}

/// None: the service reads the table by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
