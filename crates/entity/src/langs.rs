//! Languages a user can prefer.

use sea_orm::entity::prelude::*;

use crate::catalogue::{Describe, Description, documented};
use crate::users;

documented! {
    /// A row of `langs`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "langs")]
    pub struct Model {
        /// Two letters of ISO 639-1.
        #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(2))")]
        pub code: String,
        /// Name in English.
        #[sea_orm(column_type = "Text")]
        pub name: String,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        table
            .named("langs", "lang", "langs")
            .comment("Languages a user can prefer.")
            .unique("langs_pkey", [Column::Code])
            .array("users", Column::Code, "users", users::Column::Locale)
    }
}
