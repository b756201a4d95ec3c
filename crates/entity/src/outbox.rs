//! Messages written in the transaction that causes them, sent afterwards.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

/// A row of `outbox`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// Made by the application, ordered by time.
    #[sea_orm(
        primary_key,
        auto_increment = false,
        default_expr = "Expr::cust(\"gen_random_uuid()\")"
    )]
    pub id: Uuid,
    /// `email` or `sms`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Address or number.
    #[sea_orm(column_type = "Text")]
    pub recipient: String,
    /// Which message it is.
    #[sea_orm(column_type = "Text")]
    pub template: String,
    /// Language of the message.
    #[sea_orm(column_type = "String(StringLen::N(2))", default_value = "en")]
    pub locale: String,
    /// What the template needs, sealed under the master key; erased once sent or expired. Of no bytes where the message
    /// tells its recipient something that has no secret.
    #[sea_orm(column_type = "VarBinary(StringLen::None)", nullable)]
    pub sealed_body: Option<Vec<u8>>,
    /// Master key the body is sealed under.
    #[sea_orm(column_type = "Text")]
    pub key_id: String,
    /// When it was written.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTime<Utc>,
    /// When it is no longer worth sending.
    pub expires_at: DateTime<Utc>,
    /// How often sending was tried.
    #[sea_orm(default_value = 0)]
    pub attempts: i32,
    /// When sending is tried next.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub next_attempt_at: DateTime<Utc>,
    /// When it was sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed; never the body.
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
}

/// None: the service reads the table by key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
