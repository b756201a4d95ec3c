//! What the API has to know about users beyond their columns.

use crate::catalogue::Consequence::{
    Address, Audit, Elevation, EndSessions, Factors, ForgetTokens, KeepAdministrator, KeepDefaultRole,
    KeepWayIn,
};
use crate::catalogue::{Describe, Description};
use crate::users::{Column, Entity};
use crate::{
    contacts, langs, members, refresh_tokens, roles, user_apps, user_providers, user_roles,
    user_security_keys,
};

impl Describe for Entity {
    fn describe(table: Description<Self>) -> Description<Self> {
        let table = table
            .named("users", "user", "users")
            .comment("User accounts: who they are and the state of their account.")
            .renamed(Column::WebauthnCurrentChallenge, "currentChallenge")
            .computed([Column::Active, Column::Deleted])
            .set_afterwards([Column::UpdatedAt])
            .secret([
                Column::PasswordHash,
                Column::OtpHash,
                Column::TotpSecret,
                Column::Ticket,
                Column::WebauthnCurrentChallenge,
            ])
            .unique("users_pkey", [Column::Id])
            .unique("users_email_key", [Column::Email])
            .unique("users_phone_number_key", [Column::PhoneNumber])
            .unique("users_username_key", [Column::Username])
            .unique("users_external_id_key", [Column::ExternalId]);
        consequences(relationships(table))
    }
}

fn relationships(table: Description<Entity>) -> Description<Entity> {
    table
        .object(
            "defaultRoleByRole",
            Column::DefaultRole,
            "authRoles",
            roles::Column::Role,
        )
        // Neither is a foreign key: a locale may have no row, and a user need not have a contact.
        .optional_object("lang", Column::Locale, "langs", langs::Column::Code)
        .optional_object("contact", Column::Id, "contacts", contacts::Column::UserId)
        .object("invitedByUser", Column::InvitedBy, "users", Column::Id)
        .object("createdByUser", Column::CreatedBy, "users", Column::Id)
        .object("updatedByUser", Column::UpdatedBy, "users", Column::Id)
        .object("deletedByUser", Column::DeletedBy, "users", Column::Id)
        .array("roles", Column::Id, "authUserRoles", user_roles::Column::UserId)
        .array(
            "refreshTokens",
            Column::Id,
            "authRefreshTokens",
            refresh_tokens::Column::UserId,
        )
        .array(
            "tokens",
            Column::Id,
            "authRefreshTokens",
            refresh_tokens::Column::UserId,
        )
        .array(
            "securityKeys",
            Column::Id,
            "authUserSecurityKeys",
            user_security_keys::Column::UserId,
        )
        .array(
            "userProviders",
            Column::Id,
            "authUserProviders",
            user_providers::Column::UserId,
        )
        .array("apps", Column::Id, "apps", user_apps::Column::UserId)
        .array("members", Column::Id, "members", members::Column::UserId)
}

fn consequences(table: Description<Entity>) -> Description<Entity> {
    access(profile(table))
        .consequence(
            [
                Column::Id,
                Column::Disabled,
                Column::ActivatedAt,
                Column::IsLocked,
                Column::DeletedAt,
            ],
            &[EndSessions, ForgetTokens, Audit, KeepAdministrator],
        )
        .consequence(
            [Column::DefaultRole],
            &[ForgetTokens, Audit, KeepAdministrator, KeepDefaultRole],
        )
        // Claims of these are renewed with the token.
        .consequence(
            [
                Column::IsAnonymous,
                Column::AllProjects,
                Column::LockedUntil,
                Column::ExternalId,
                Column::ImportedFrom,
            ],
            &[Audit],
        )
        .consequence(
            [
                Column::CreatedAt,
                Column::UpdatedAt,
                Column::LastSeen,
                Column::LastProjectId,
                Column::InvitedBy,
                Column::InvitedAt,
                Column::CreatedBy,
                Column::UpdatedBy,
                Column::DeletedBy,
            ],
            &[],
        )
}

/// What proves the user, and what counts the proofs.
fn access(table: Description<Entity>) -> Description<Entity> {
    table
        .consequence(
            [Column::PasswordHash],
            &[EndSessions, ForgetTokens, Audit, KeepWayIn, Elevation],
        )
        .consequence([Column::Email], &[Audit, KeepWayIn, Elevation, Address])
        .consequence(
            [Column::PhoneNumber, Column::Username],
            &[Audit, KeepWayIn, Elevation],
        )
        .consequence(
            [Column::TotpSecret, Column::ActiveMfaType],
            &[Audit, Elevation, Factors],
        )
        .consequence(
            [
                Column::EmailVerified,
                Column::PhoneNumberVerified,
                Column::NewEmail,
            ],
            &[Audit],
        )
        .consequence(
            [
                Column::OtpMethodLastUsed,
                Column::OtpHash,
                Column::OtpHashExpiresAt,
                Column::Ticket,
                Column::TicketExpiresAt,
                Column::WebauthnCurrentChallenge,
                Column::AttemptNumber,
                Column::LastAttempt,
                Column::ActivationCodeExpiresAt,
                Column::PasscodeResendLastAttempt,
                Column::PasscodeResendAttemptNumber,
            ],
            &[],
        )
}

fn profile(table: Description<Entity>) -> Description<Entity> {
    table.consequence(
        [
            Column::DisplayName,
            Column::AvatarUrl,
            Column::Locale,
            Column::Metadata,
            Column::Gender,
            Column::ProfilePictureId,
        ],
        &[],
    )
}
