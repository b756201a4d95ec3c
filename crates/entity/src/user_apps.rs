//! Applications a user connected.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use crate::catalogue::{Describe, Description, documented};
use crate::users;

documented! {
    /// A row of `user_apps`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user_apps")]
    pub struct Model {
        /// Made by the application, ordered by time.
        #[sea_orm(
            primary_key,
            auto_increment = false,
            default_expr = "Expr::cust(\"gen_random_uuid()\")"
        )]
        pub id: Uuid,
        /// Who connected it.
        pub user_id: Uuid,
        /// Which application it is.
        #[sea_orm(column_type = "Text")]
        pub r#type: String,
        /// Settings the user may see.
        #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
        pub config: Json,
        /// Credentials, sealed under the master key.
        #[sea_orm(column_type = "VarBinary(StringLen::None)", nullable)]
        pub secret_config: Option<Vec<u8>>,
        /// When it was connected.
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
            .named("apps", "app", "apps")
            .comment("Applications a user connected.")
            .secret([Column::SecretConfig])
            .unique("user_apps_pkey", [Column::Id])
            .unique("user_apps_user_id_type_key", [Column::UserId, Column::Type])
            .object("user", Column::UserId, "users", users::Column::Id)
    }
}
