//! Who did what to whom, when, from where, with what outcome. Rows are never changed.
//!
//! Ids are plain values without foreign keys: the record outlives what it tells of.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use crate::catalogue::{Describe, Description, documented};

documented! {
    /// A row of `audit_events`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_events")]
    pub struct Model {
        /// Made by the application, ordered by time.
        #[sea_orm(
            primary_key,
            auto_increment = false,
            default_expr = "Expr::cust(\"gen_random_uuid()\")"
        )]
        pub id: Uuid,
        /// When it happened.
        #[sea_orm(default_expr = "Expr::current_timestamp()")]
        pub created_at: DateTime<Utc>,
        /// What was done, named like the operation.
        #[sea_orm(column_type = "Text")]
        pub action: String,
        /// `success`, `refused` or `failure`.
        #[sea_orm(column_type = "Text")]
        pub outcome: String,
        /// Error code that the caller was told.
        #[sea_orm(column_type = "Text", nullable)]
        pub code: Option<String>,
        /// Whose account it concerns.
        pub user_id: Option<Uuid>,
        /// Who did it; empty for the service and for callers unknown.
        pub actor_id: Option<Uuid>,
        /// Role of the caller; `command-line` for commands on the machine of the service.
        #[sea_orm(column_type = "Text", nullable)]
        pub actor_role: Option<String>,
        /// Session of the caller.
        pub session_id: Option<Uuid>,
        /// Request in the log.
        #[sea_orm(column_type = "Text", nullable)]
        pub request_id: Option<String>,
        /// Address of the caller.
        #[sea_orm(column_type = "Text", nullable)]
        pub ip: Option<String>,
        /// Client of the caller.
        #[sea_orm(column_type = "Text", nullable)]
        pub user_agent: Option<String>,
        /// What else the action has to tell; never a secret.
        #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
        pub details: Json,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        table
            .named("auditEvents", "auditEvent", "auditEvents")
            .comment("Who did what to whom, when, from where, with what outcome.")
            .append_only()
            .unique("audit_events_pkey", [Column::Id])
    }
}
