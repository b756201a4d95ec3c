//! What was mailed to prove an address, or handed out until a second factor is proved; as hashes.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

/// A row of `tickets`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tickets")]
pub struct Model {
    /// Made by the application, ordered by time.
    #[sea_orm(
        primary_key,
        auto_increment = false,
        default_expr = "Expr::cust(\"gen_random_uuid()\")"
    )]
    pub id: Uuid,
    /// What it is good for.
    #[sea_orm(column_type = "Text")]
    pub purpose: String,
    /// Whom it is for: a user, or an address that no user has. One row for each purpose.
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    /// The user; empty where nobody has the address. Without options, too, it is good for nothing.
    pub user_id: Option<Uuid>,
    /// The address it was mailed to; empty for what was handed out.
    #[sea_orm(column_type = "Text")]
    pub address: String,
    /// Hash of the secret in the link.
    #[sea_orm(column_type = "VarBinary(StringLen::None)")]
    pub ticket_hash: Vec<u8>,
    /// Keyed hash of the code.
    #[sea_orm(column_type = "VarBinary(StringLen::None)", nullable)]
    pub code_hash: Option<Vec<u8>>,
    /// How often the code was guessed.
    #[sea_orm(default_value = 0)]
    pub attempts: i32,
    /// Where the link leads in the end.
    #[sea_orm(column_type = "Text", nullable)]
    pub redirect_to: Option<String>,
    /// What whoever asked can prove (PKCE).
    #[sea_orm(column_type = "Text", nullable)]
    pub code_challenge: Option<String>,
    /// What somebody who has no account yet says of themselves, sealed under the master key.
    #[sea_orm(column_type = "VarBinary(StringLen::None)", nullable)]
    pub sealed_options: Option<Vec<u8>>,
    /// What proved the user already, where another proof is awaited.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub authentication_methods: Option<Json>,
    /// When it was made.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The session that asked, where it goes on after what the ticket does.
    pub session_id: Option<Uuid>,
}

/// None: the service reads the table by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
