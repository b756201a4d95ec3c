//! The state of an account, as far as the door asks for it.

use sea_orm::DbErr;
use uuid::Uuid;

use crate::policy::{EmailVerification, Policy};
use crate::refusal::Refusal;
use crate::row::{FromRow, Row};

/// A user as the door sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) default_role: String,
    /// Every role the user holds, the default role among them; sorted.
    pub(crate) roles: Vec<String>,
    pub(crate) anonymous: bool,
    pub(crate) disabled: bool,
    pub(crate) deleted: bool,
    pub(crate) activated: bool,
    pub(crate) locked: bool,
    pub(crate) has_email: bool,
    pub(crate) email_verified: bool,
}

impl Account {
    /// An account as it is when it has just been made.
    pub(crate) fn new(id: Uuid, default_role: String, roles: Vec<String>, has_email: bool) -> Self {
        Self {
            id,
            default_role,
            roles,
            anonymous: false,
            disabled: false,
            deleted: false,
            activated: true,
            locked: false,
            has_email,
            email_verified: false,
        }
    }

    /// Whether this account may have a session now. Whoever asks must have proved who they are.
    pub(crate) fn admit(&self, policy: &Policy) -> Result<(), Refusal> {
        if self.deleted {
            return Err(Refusal::DeletedUser);
        }
        if self.disabled {
            return Err(Refusal::DisabledUser);
        }
        if self.locked {
            return Err(Refusal::LockedUser);
        }
        if !self.activated {
            return Err(Refusal::InactiveUser);
        }
        let required = policy.email_verification == EmailVerification::Required;
        if required && self.has_email && !self.email_verified {
            return Err(Refusal::UnverifiedUser);
        }
        Ok(())
    }

    /// The account as it acts in these of its roles alone; in the first of them, unless the default role is among
    /// them. Without any left it may not act.
    pub(crate) fn restricted_to(self, allowed: &[String]) -> Result<Self, Refusal> {
        let held = |role: &&String| self.roles.contains(*role);
        let first = allowed.iter().find(held).ok_or(Refusal::RoleNotAllowed)?;
        let default_role = match allowed.contains(&self.default_role) {
            true => self.default_role.clone(),
            false => first.clone(),
        };
        let mut roles: Vec<String> = allowed.iter().filter(held).cloned().collect();
        roles.sort_unstable();
        Ok(Self {
            roles,
            default_role,
            ..self
        })
    }

    /// Sorts the roles and adds the default role, which a user always holds.
    pub(crate) fn all_roles(mut roles: Vec<String>, default_role: &str) -> Vec<String> {
        roles.push(default_role.to_owned());
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}

/// The roles a user holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles {
    pub(crate) default_role: String,
    /// Every one of them, the default role among them; sorted.
    pub(crate) roles: Vec<String>,
}

impl FromRow for Roles {
    /// Reads the default role and [`crate::store::users::granted_roles`].
    fn from_row(row: &Row) -> Result<Self, DbErr> {
        let default_role: String = row.get("default_role")?;
        let granted: sea_orm::JsonValue = row.get("roles")?;
        let granted: Vec<String> =
            serde_json::from_value(granted).map_err(|error| DbErr::Json(error.to_string()))?;
        Ok(Self {
            roles: Account::all_roles(granted, &default_role),
            default_role,
        })
    }
}

impl FromRow for Account {
    /// Reads the columns of [`crate::store::users::account_columns`].
    fn from_row(row: &Row) -> Result<Self, DbErr> {
        let Roles { default_role, roles } = Roles::from_row(row)?;
        Ok(Self {
            id: row.get("user_id")?,
            default_role,
            roles,
            anonymous: row.get("is_anonymous")?,
            disabled: row.get("disabled")?,
            deleted: row.get("is_deleted")?,
            activated: row.get("is_activated")?,
            locked: row.get("is_locked")?,
            has_email: row.get("has_email")?,
            email_verified: row.get("email_verified")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account::new(Uuid::from_u128(1), "user".into(), vec!["user".into()], true)
    }

    #[test]
    fn each_state_has_its_refusal() {
        let optional = Policy::default();
        let required = Policy {
            email_verification: EmailVerification::Required,
            ..Policy::default()
        };
        let cases = [
            (account(), &optional, Ok(())),
            (account(), &required, Err(Refusal::UnverifiedUser)),
            (
                Account {
                    email_verified: true,
                    ..account()
                },
                &required,
                Ok(()),
            ),
            (
                Account {
                    has_email: false,
                    ..account()
                },
                &required,
                Ok(()),
            ),
            (
                Account {
                    deleted: true,
                    ..account()
                },
                &optional,
                Err(Refusal::DeletedUser),
            ),
            (
                Account {
                    disabled: true,
                    ..account()
                },
                &optional,
                Err(Refusal::DisabledUser),
            ),
            (
                Account {
                    activated: false,
                    ..account()
                },
                &optional,
                Err(Refusal::InactiveUser),
            ),
            (
                Account {
                    locked: true,
                    ..account()
                },
                &optional,
                Err(Refusal::LockedUser),
            ),
        ];
        for (account, policy, expected) in cases {
            assert_eq!(account.admit(policy), expected, "{account:?}");
        }
    }
}
