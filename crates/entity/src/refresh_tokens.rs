//! Sessions: one row each, whose id is the session id.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use crate::catalogue::Consequence::{AdminSecret, Audit, ForgetTokens};
use crate::catalogue::{Describe, Description, documented};
use crate::users;

documented! {
    /// A row of `refresh_tokens`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "refresh_tokens")]
    pub struct Model {
        /// Id of the session; made by the application, ordered by time.
        #[sea_orm(
            primary_key,
            auto_increment = false,
            default_expr = "Expr::cust(\"gen_random_uuid()\")"
        )]
        pub id: Uuid,
        /// When the session began.
        #[sea_orm(default_expr = "Expr::current_timestamp()")]
        pub created_at: DateTime<Utc>,
        /// When the current token ends if nobody uses it (idle lifetime).
        pub expires_at: DateTime<Utc>,
        /// Whose session it is.
        pub user_id: Uuid,
        /// Whatever the application keeps about a session.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub metadata: Option<Json>,
        /// `regular`, `pat` or `app`.
        #[sea_orm(column_type = "Text", default_value = "regular")]
        pub r#type: String,
        /// Hash of the current token; empty once the session ended.
        #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
        pub refresh_token_hash: Option<String>,
        /// Counts rotations; the current token bears it.
        #[sea_orm(default_value = 0)]
        pub generation: i64,
        /// Hash of the token before the current one, in the form of `refresh_token_hash`.
        #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
        pub previous_token_hash: Option<String>,
        /// The current token, sealed under a key derived from the previous one.
        #[sea_orm(column_type = "VarBinary(StringLen::None)", nullable)]
        pub sealed_successor: Option<Vec<u8>>,
        /// When the current token replaced the previous one.
        pub rotated_at: Option<DateTime<Utc>>,
        /// Name given by the user, as for a personal access token.
        #[sea_orm(column_type = "Text", nullable)]
        pub name: Option<String>,
        /// What proved the user, as `["pwd", "otp", "mfa"]`; `amr` in the token says it in the values of RFC 8176.
        #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
        pub authentication_methods: Json,
        /// Address the session was last used from.
        #[sea_orm(column_type = "Text", nullable)]
        pub ip: Option<String>,
        /// Client the session was last used with.
        #[sea_orm(column_type = "Text", nullable)]
        pub user_agent: Option<String>,
        /// When the session was last used.
        pub last_used_at: Option<DateTime<Utc>>,
        /// When the session ends however much it is used (absolute lifetime); empty for none.
        pub session_expires_at: Option<DateTime<Utc>>,
        /// When the session was ended.
        pub revoked_at: Option<DateTime<Utc>>,
        /// Until when the user counts as proved anew.
        pub elevated_until: Option<DateTime<Utc>>,
        /// List of the roles that a personal access token acts in; empty for all that its user holds.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub allowed_roles: Option<Json>,
        /// What proved the user anew: `password`, `totp`, `webauthn` or `recovery-code`.
        #[sea_orm(column_type = "Text", nullable)]
        pub elevated_by: Option<String>,
        /// When the user was proved anew.
        pub elevated_at: Option<DateTime<Utc>>,
        /// Address the user signed in from, which no refresh changes.
        #[sea_orm(column_type = "Text", nullable)]
        pub signed_in_from: Option<String>,
        /// Hash of the token of Hasura Auth that was exchanged for the first of ours, in the form of
        /// `refresh_token_hash`; no refresh changes it.
        #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
        pub adopted_token_hash: Option<String>,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        table
            .named("authRefreshTokens", "authRefreshToken", "authRefreshTokens")
            .comment("Sessions and personal access tokens; the id is the session id.")
            .enumerated(Column::Type, "authRefreshTokenTypes")
            .secret([
                Column::RefreshTokenHash,
                Column::PreviousTokenHash,
                Column::SealedSuccessor,
                Column::AdoptedTokenHash,
                // The networks it tells of are spared where others guess: nobody may give it.
                Column::SignedInFrom,
            ])
            .own([
                Column::Generation,
                Column::RotatedAt,
                Column::AuthenticationMethods,
                Column::Ip,
                Column::UserAgent,
                Column::LastUsedAt,
                Column::SessionExpiresAt,
                Column::ElevatedUntil,
                Column::ElevatedBy,
                Column::ElevatedAt,
                Column::AllowedRoles,
            ])
            .unique("refresh_tokens_pkey", [Column::Id])
            .object("user", Column::UserId, "users", users::Column::Id)
            // Whose session it is, and for how long: whoever could write that in one would be anybody, forever.
            .consequence(
                [Column::Id, Column::UserId, Column::Type, Column::ExpiresAt],
                &[ForgetTokens, Audit, AdminSecret],
            )
            .consequence([Column::RevokedAt], &[ForgetTokens, Audit])
            .consequence(
                [
                    Column::RefreshTokenHash,
                    Column::PreviousTokenHash,
                    Column::SealedSuccessor,
                    Column::AdoptedTokenHash,
                    Column::SignedInFrom,
                    Column::CreatedAt,
                    Column::Metadata,
                    Column::Name,
                ],
                &[],
            )
    }
}
