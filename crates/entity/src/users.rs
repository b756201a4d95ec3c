//! Users: who they are and the state of their account.

mod describe;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use crate::catalogue::documented;

documented! {
    /// A row of `users`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        /// Made by the application, ordered by time.
        #[sea_orm(
            primary_key,
            auto_increment = false,
            default_expr = "Expr::cust(\"gen_random_uuid()\")"
        )]
        pub id: Uuid,
        /// When the account was made.
        #[sea_orm(default_expr = "Expr::current_timestamp()")]
        pub created_at: DateTime<Utc>,
        /// When the row last changed; kept by the database.
        #[sea_orm(default_expr = "Expr::current_timestamp()")]
        pub updated_at: DateTime<Utc>,
        /// Last activity, written at most every few minutes.
        pub last_seen: Option<DateTime<Utc>>,
        /// Switched off by an administrator.
        #[sea_orm(default_value = false)]
        pub disabled: bool,
        /// Name as shown to others.
        #[sea_orm(column_type = "Text", default_value = "")]
        pub display_name: String,
        /// Address of a picture; set by an upload or a provider only.
        #[sea_orm(column_type = "Text", default_value = "")]
        pub avatar_url: String,
        /// Two letters, a key of `langs`.
        #[sea_orm(column_type = "String(StringLen::N(2))", default_value = "en")]
        pub locale: String,
        /// Unique without regard to case.
        #[sea_orm(column_type = "custom(\"citext\")", save_as = "citext", nullable, unique)]
        pub email: Option<String>,
        /// Unique, in international form.
        #[sea_orm(column_type = "Text", nullable, unique)]
        pub phone_number: Option<String>,
        /// Hash in the form of the method that made it.
        #[sea_orm(column_type = "Text", nullable)]
        pub password_hash: Option<String>,
        /// Whether the owner of the address confirmed it.
        #[sea_orm(default_value = false)]
        pub email_verified: bool,
        /// Whether the owner of the number confirmed it.
        #[sea_orm(default_value = false)]
        pub phone_number_verified: bool,
        /// Address that waits for confirmation.
        #[sea_orm(column_type = "custom(\"citext\")", save_as = "citext", nullable)]
        pub new_email: Option<String>,
        /// How the last one-time code was sent.
        #[sea_orm(column_type = "Text", nullable)]
        pub otp_method_last_used: Option<String>,
        /// Stays empty: codes have rows of their own.
        #[sea_orm(column_type = "Text", nullable)]
        pub otp_hash: Option<String>,
        /// Latest expiry of an open code.
        #[sea_orm(default_expr = "Expr::current_timestamp()")]
        pub otp_hash_expires_at: DateTime<Utc>,
        /// Role of a request that asks for none; always among the user's roles.
        #[sea_orm(column_type = "Text", default_value = "user")]
        pub default_role: String,
        /// Whether nothing identifies the user yet.
        #[sea_orm(default_value = false)]
        pub is_anonymous: bool,
        /// Secret of the authenticator app, sealed under the master key.
        #[sea_orm(column_type = "Text", nullable)]
        pub totp_secret: Option<String>,
        /// `totp` or `sms`.
        #[sea_orm(column_type = "Text", nullable)]
        pub active_mfa_type: Option<String>,
        /// Stays empty: tickets have rows of their own.
        #[sea_orm(column_type = "Text", nullable)]
        pub ticket: Option<String>,
        /// Latest expiry of an open ticket.
        #[sea_orm(default_expr = "Expr::current_timestamp()")]
        pub ticket_expires_at: DateTime<Utc>,
        /// Whatever the application keeps about its user.
        #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
        pub metadata: Json,
        /// Stays empty: challenges have rows of their own.
        #[sea_orm(column_type = "Text", nullable)]
        pub webauthn_current_challenge: Option<String>,
        /// Unique without regard to case.
        #[sea_orm(column_type = "custom(\"citext\")", save_as = "citext", nullable, unique)]
        pub username: Option<String>,
        /// `male`, `female`, `other` or `prefer_not_to_say`.
        #[sea_orm(column_type = "Text", nullable)]
        pub gender: Option<String>,
        /// Uploaded picture.
        pub profile_picture_id: Option<Uuid>,
        /// When the account became usable; empty until then.
        #[sea_orm(default_expr = "Expr::current_timestamp()", nullable)]
        pub activated_at: Option<DateTime<Utc>>,
        /// Computed: activated, not disabled, not deleted.
        pub active: bool,
        /// Locked by an administrator, until unlocked.
        #[sea_orm(default_value = false)]
        pub is_locked: bool,
        /// Locked after failed attempts; ends by itself.
        pub locked_until: Option<DateTime<Utc>>,
        /// Failed attempts since the last success.
        #[sea_orm(default_value = 0)]
        pub attempt_number: i32,
        /// When the last attempt failed.
        pub last_attempt: Option<DateTime<Utc>>,
        /// Latest expiry of an open activation code.
        pub activation_code_expires_at: Option<DateTime<Utc>>,
        /// When an activation code was last sent again.
        pub passcode_resend_last_attempt: Option<DateTime<Utc>>,
        /// How often activation codes were sent again.
        #[sea_orm(default_value = 0)]
        pub passcode_resend_attempt_number: i32,
        /// Whether every project is open to the user.
        #[sea_orm(default_value = false)]
        pub all_projects: bool,
        /// Project opened last.
        pub last_project_id: Option<Uuid>,
        /// Who invited the user.
        pub invited_by: Option<Uuid>,
        /// When the user was invited.
        pub invited_at: Option<DateTime<Utc>>,
        /// Who made the account; empty if the user did.
        pub created_by: Option<Uuid>,
        /// Who changed the account last.
        pub updated_by: Option<Uuid>,
        /// Computed: whether `deleted_at` is set.
        pub deleted: bool,
        /// When the account was deleted; the row stays until purged.
        pub deleted_at: Option<DateTime<Utc>>,
        /// Who deleted the account.
        pub deleted_by: Option<Uuid>,
        /// Id in an imported system.
        #[sea_orm(column_type = "Text", nullable, unique)]
        pub external_id: Option<String>,
        /// Ids and names of an imported system.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub imported_from: Option<Json>,
    }
}

/// Relationships of the API are in the description.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
