//! Sign-ins at a provider that have begun and wait for the callback.

use sea_orm::entity::prelude::*;

use crate::catalogue::{Describe, Description, documented};

documented! {
    /// A row of `provider_requests`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "provider_requests")]
    pub struct Model {
        /// Made by the application.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// What the client asked for.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub options: Option<Json>,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        table
            .named(
                "authProviderRequests",
                "authProviderRequest",
                "authProviderRequests",
            )
            .comment("Sign-ins at a provider that have begun.")
            .unique("provider_requests_pkey", [Column::Id])
    }
}
