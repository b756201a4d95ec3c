//! Personal details of a user.

use sea_orm::entity::prelude::*;

use crate::catalogue::{Describe, Description, documented};
use crate::users;

documented! {
    /// A row of `contacts`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "contacts")]
    pub struct Model {
        /// Whose details they are.
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: Uuid,
        /// Given name.
        #[sea_orm(column_type = "Text", default_value = "")]
        pub first_name: String,
        /// Family name.
        #[sea_orm(column_type = "Text", default_value = "")]
        pub last_name: String,
        /// Computed: both names, trimmed.
        #[sea_orm(column_type = "Text")]
        pub name: String,
        /// Address to write to; proves nothing.
        #[sea_orm(column_type = "custom(\"citext\")", save_as = "citext", nullable)]
        pub email: Option<String>,
        /// Number to call; proves nothing.
        #[sea_orm(column_type = "Text", nullable)]
        pub phone: Option<String>,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        table
            .named("contacts", "contact", "contacts")
            .comment("Personal details of a user.")
            .computed([Column::Name])
            .unique("contacts_pkey", [Column::UserId])
            .object("user", Column::UserId, "users", users::Column::Id)
    }
}
