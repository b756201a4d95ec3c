//! The latest time step whose code a user sent.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A row of `totp_steps`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "totp_steps")]
pub struct Model {
    /// Whose authenticator it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// Periods since 1970, as RFC 6238 counts them.
    pub step: i64,
    /// When its secret came; unknown of an adopted one.
    pub enabled_at: Option<DateTime<Utc>>,
}

/// None: the service reads the table by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
