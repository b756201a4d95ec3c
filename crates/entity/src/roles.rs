//! Roles a user can hold; those configured are added at start.

use sea_orm::entity::prelude::*;

use crate::catalogue::Consequence::{Audit, ForgetTokens, KeepAdministrator, KeepDefaultRole};
use crate::catalogue::{Describe, Description, documented};
use crate::{user_roles, users};

documented! {
    /// A row of `roles`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "roles")]
    pub struct Model {
        /// Name as it stands in tokens and permissions.
        #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
        pub role: String,
        /// Name as shown; the database fills in the role where it is left out.
        #[sea_orm(column_type = "Text", default_value = "")]
        pub name: String,
        /// What the role is for.
        #[sea_orm(column_type = "Text", nullable)]
        pub description: Option<String>,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        table
            .named("authRoles", "authRole", "authRoles")
            .comment("Roles a user can hold.")
            .set_afterwards([Column::Name])
            .unique("roles_pkey", [Column::Role])
            .array(
                "userRoles",
                Column::Role,
                "authUserRoles",
                user_roles::Column::Role,
            )
            .array(
                "usersByDefaultRole",
                Column::Role,
                "users",
                users::Column::DefaultRole,
            )
            .consequence(
                [Column::Role],
                &[ForgetTokens, Audit, KeepAdministrator, KeepDefaultRole],
            )
            .consequence([Column::Name, Column::Description], &[])
    }
}
