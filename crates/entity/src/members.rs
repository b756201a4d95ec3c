//! Members of organisations; some have no user yet, or no longer.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use crate::catalogue::{Describe, Description, documented};
use crate::{orgs, users};

documented! {
    /// A row of `members`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "members")]
    pub struct Model {
        /// Made by the application, ordered by time.
        #[sea_orm(
            primary_key,
            auto_increment = false,
            default_expr = "Expr::cust(\"gen_random_uuid()\")"
        )]
        pub id: Uuid,
        /// The organisation.
        pub org_id: Uuid,
        /// The user, once there is one.
        pub user_id: Option<Uuid>,
        /// Name as shown in the organisation.
        #[sea_orm(column_type = "Text")]
        pub name: String,
        /// What the member does.
        #[sea_orm(column_type = "Text", default_value = "")]
        pub description: String,
        /// Address of a picture.
        #[sea_orm(column_type = "Text", nullable)]
        pub picture: Option<String>,
        /// `Owner`, `Admin`, `Member` or `Readonly`.
        #[sea_orm(column_type = "Text", default_value = "Member")]
        pub role: String,
        /// Address invited.
        #[sea_orm(column_type = "Text", nullable)]
        pub invite_email: Option<String>,
        /// When the invitation was sent.
        pub invite_date: Option<DateTime<Utc>>,
        /// Whether the member left.
        #[sea_orm(default_value = false)]
        pub archived: bool,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        table
            .named("members", "member", "members")
            .comment("Members of organisations; some have no user yet, or no longer.")
            .unique("members_pkey", [Column::Id])
            .unique("members_org_id_user_id_key", [Column::OrgId, Column::UserId])
            .object("org", Column::OrgId, "orgs", orgs::Column::Id)
            .object("user", Column::UserId, "users", users::Column::Id)
    }
}
