//! Keys that sign access tokens.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

/// A row of `signing_keys`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub struct Model {
    /// Id in the header of tokens and in the published set.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub kid: String,
    /// `EdDSA`, `ES256`, `RS256` or `HS256`.
    #[sea_orm(column_type = "Text")]
    pub algorithm: String,
    /// JSON Web Key as published; empty for a symmetric key.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub public_key: Option<Json>,
    /// Private key, sealed under the master key.
    #[sea_orm(column_type = "VarBinary(StringLen::None)")]
    pub sealed_private_key: Vec<u8>,
    /// Master key it is sealed under.
    #[sea_orm(column_type = "Text")]
    pub key_id: String,
    /// When it was made.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTime<Utc>,
    /// When tokens signed with it are no longer accepted.
    pub retires_at: Option<DateTime<Utc>>,
}

/// None: the service reads the table by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
