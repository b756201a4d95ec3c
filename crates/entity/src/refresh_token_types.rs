//! Kinds of sessions: an enum table.

use sea_orm::entity::prelude::*;

use crate::catalogue::{Describe, Description, documented};
use crate::refresh_tokens;

documented! {
    /// A row of `refresh_token_types`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "refresh_token_types")]
    pub struct Model {
        /// Name of the kind.
        #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
        pub value: String,
        /// What the kind is for.
        #[sea_orm(column_type = "Text", nullable)]
        pub comment: Option<String>,
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
                "authRefreshTokenTypes",
                "authRefreshTokenType",
                "authRefreshTokenTypes",
            )
            .comment("Kinds of sessions.")
            .unique("refresh_token_types_pkey", [Column::Value])
            .values(&[
                ("regular", "Session of a client"),
                ("pat", "Personal access token"),
                ("app", "Long-lived session of a mobile application"),
            ])
            .array(
                "refreshTokens",
                Column::Value,
                "authRefreshTokens",
                refresh_tokens::Column::Type,
            )
    }
}
