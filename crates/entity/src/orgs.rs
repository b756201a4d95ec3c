//! Organisations.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use crate::catalogue::{Describe, Description, documented};
use crate::members;

documented! {
    /// A row of `orgs`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "orgs")]
    pub struct Model {
        /// Made by the application, ordered by time.
        #[sea_orm(
            primary_key,
            auto_increment = false,
            default_expr = "Expr::cust(\"gen_random_uuid()\")"
        )]
        pub id: Uuid,
        /// Name as shown.
        #[sea_orm(column_type = "Text")]
        pub name: String,
        /// Name for addresses.
        #[sea_orm(column_type = "Text", nullable, unique)]
        pub slug: Option<String>,
        /// Whether it is kept for the record only.
        #[sea_orm(default_value = false)]
        pub archived: bool,
        /// When it was made.
        #[sea_orm(default_expr = "Expr::current_timestamp()")]
        pub created_at: DateTime<Utc>,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        table
            .named("orgs", "org", "orgs")
            .comment("Organisations that users, or people invited, are members of.")
            .unique("orgs_pkey", [Column::Id])
            .unique("orgs_slug_key", [Column::Slug])
            .array("members", Column::Id, "members", members::Column::OrgId)
    }
}
