//! Identity providers known by name.

use sea_orm::entity::prelude::*;

use crate::catalogue::{Describe, Description, documented};
use crate::user_providers;

documented! {
    /// A row of `providers`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "providers")]
    pub struct Model {
        /// Name of the provider.
        #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
        pub id: String,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        table
            .named("authProviders", "authProvider", "authProviders")
            .comment("Identity providers known by name.")
            .unique("providers_pkey", [Column::Id])
            .array(
                "userProviders",
                Column::Id,
                "authUserProviders",
                user_providers::Column::ProviderId,
            )
    }
}
