//! Security keys and passkeys of a user.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use crate::catalogue::Consequence::{Audit, Elevation, Factors, KeepWayIn};
use crate::catalogue::{Describe, Description, documented};
use crate::users;

documented! {
    /// A row of `user_security_keys`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user_security_keys")]
    pub struct Model {
        /// Made by the application, ordered by time.
        #[sea_orm(
            primary_key,
            auto_increment = false,
            default_expr = "Expr::cust(\"gen_random_uuid()\")"
        )]
        pub id: Uuid,
        /// Whose key it is.
        pub user_id: Uuid,
        /// Id given by the authenticator, in base64url.
        #[sea_orm(column_type = "Text", unique)]
        pub credential_id: String,
        /// Public key in COSE form; kept for keys of an adopted database.
        #[sea_orm(column_type = "VarBinary(StringLen::None)", nullable)]
        pub credential_public_key: Option<Vec<u8>>,
        /// Signature counter of the authenticator.
        #[sea_orm(default_value = 0)]
        pub counter: i64,
        /// How the authenticator is reached, separated by commas.
        #[sea_orm(column_type = "String(StringLen::N(255))", default_value = "")]
        pub transports: String,
        /// Name given by the user.
        #[sea_orm(column_type = "Text", nullable)]
        pub nickname: Option<String>,
        /// When the key was added.
        #[sea_orm(default_expr = "Expr::current_timestamp()")]
        pub created_at: DateTime<Utc>,
        /// When the key last signed in.
        pub last_used_at: Option<DateTime<Utc>>,
        /// Model of the authenticator.
        pub aaguid: Option<Uuid>,
        /// Whether the key is synchronised to other devices.
        #[sea_orm(default_value = false)]
        pub backed_up: bool,
        /// What the model of the authenticator is called, if that is known.
        #[sea_orm(column_type = "Text", nullable)]
        pub authenticator_name: Option<String>,
        /// Everything the verification needs, sealed under the master key.
        #[sea_orm(column_type = "VarBinary(StringLen::None)", nullable)]
        pub passkey: Option<Vec<u8>>,
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
                "authUserSecurityKeys",
                "authUserSecurityKey",
                "authUserSecurityKeys",
            )
            .comment("Security keys and passkeys of a user.")
            .secret([Column::Passkey])
            .unique("user_security_keys_pkey", [Column::Id])
            .unique("user_security_key_credential_id_key", [Column::CredentialId])
            .object("user", Column::UserId, "users", users::Column::Id)
            .consequence(
                [
                    Column::UserId,
                    Column::CredentialId,
                    Column::CredentialPublicKey,
                    Column::Passkey,
                ],
                &[Audit, KeepWayIn, Elevation, Factors],
            )
            // By which of its names the owner knows a passkey is no small thing to change.
            .consequence([Column::Nickname], &[Audit])
            .consequence([Column::Id, Column::Counter, Column::Transports], &[])
            .consequence(
                [
                    Column::CreatedAt,
                    Column::LastUsedAt,
                    Column::Aaguid,
                    Column::AuthenticatorName,
                    Column::BackedUp,
                ],
                &[],
            )
    }
}
