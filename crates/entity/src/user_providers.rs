//! Accounts at identity providers that are linked to a user.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use crate::catalogue::Consequence::{Audit, Elevation, KeepWayIn};
use crate::catalogue::{Describe, Description, documented};
use crate::{providers, users};

documented! {
    /// A row of `user_providers`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user_providers")]
    pub struct Model {
        /// Made by the application, ordered by time.
        #[sea_orm(
            primary_key,
            auto_increment = false,
            default_expr = "Expr::cust(\"gen_random_uuid()\")"
        )]
        pub id: Uuid,
        /// When the account was linked.
        #[sea_orm(default_expr = "Expr::current_timestamp()")]
        pub created_at: DateTime<Utc>,
        /// When the row last changed; kept by the database.
        #[sea_orm(default_expr = "Expr::current_timestamp()")]
        pub updated_at: DateTime<Utc>,
        /// Whose account it is.
        pub user_id: Uuid,
        /// Token of the provider, sealed under the master key; `unset` where none is kept.
        #[sea_orm(column_type = "Text")]
        pub access_token: String,
        /// Token of the provider, sealed under the master key.
        #[sea_orm(column_type = "Text", nullable)]
        pub refresh_token: Option<String>,
        /// The provider.
        #[sea_orm(column_type = "Text")]
        pub provider_id: String,
        /// Subject: who the user is at the provider.
        #[sea_orm(column_type = "Text")]
        pub provider_user_id: String,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        table
            .named("authUserProviders", "authUserProvider", "authUserProviders")
            .comment("Accounts at identity providers that are linked to a user.")
            .secret([Column::AccessToken, Column::RefreshToken])
            .blank(Column::AccessToken, "unset")
            .set_afterwards([Column::UpdatedAt])
            .unique("user_providers_pkey", [Column::Id])
            .unique(
                "user_providers_provider_id_provider_user_id_key",
                [Column::ProviderId, Column::ProviderUserId],
            )
            .object("user", Column::UserId, "users", users::Column::Id)
            .object(
                "provider",
                Column::ProviderId,
                "authProviders",
                providers::Column::Id,
            )
            .consequence(
                [Column::UserId, Column::ProviderId, Column::ProviderUserId],
                &[Audit, KeepWayIn, Elevation],
            )
            .consequence([Column::Id, Column::CreatedAt, Column::UpdatedAt], &[])
            .consequence([Column::AccessToken, Column::RefreshToken], &[])
    }
}
