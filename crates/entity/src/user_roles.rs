//! Which user holds which role.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use crate::catalogue::Consequence::{Audit, Elevation, ForgetTokens, KeepAdministrator, KeepDefaultRole};
use crate::catalogue::{Describe, Description, documented};
use crate::{roles, users};

documented! {
    /// A row of `user_roles`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user_roles")]
    pub struct Model {
        /// Made by the application, ordered by time.
        #[sea_orm(
            primary_key,
            auto_increment = false,
            default_expr = "Expr::cust(\"gen_random_uuid()\")"
        )]
        pub id: Uuid,
        /// When the role was granted.
        #[sea_orm(default_expr = "Expr::current_timestamp()")]
        pub created_at: DateTime<Utc>,
        /// Who holds the role.
        pub user_id: Uuid,
        /// The role held.
        #[sea_orm(column_type = "Text")]
        pub role: String,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        table
            .named("authUserRoles", "authUserRole", "authUserRoles")
            .comment("Which user holds which role.")
            .unique("user_roles_pkey", [Column::Id])
            .unique("user_roles_user_id_role_key", [Column::UserId, Column::Role])
            .object("user", Column::UserId, "users", users::Column::Id)
            .object("roleByRole", Column::Role, "authRoles", roles::Column::Role)
            .consequence(
                [Column::UserId, Column::Role],
                &[ForgetTokens, Audit, KeepAdministrator, KeepDefaultRole, Elevation],
            )
            .consequence([Column::Id, Column::CreatedAt], &[])
    }
}
