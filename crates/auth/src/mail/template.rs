//! The messages there are.

/// Which message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Template {
    /// Asks the owner of an address to confirm it.
    EmailVerify,
    /// Tells the owner of an address that somebody tried to sign up with it.
    EmailTaken,
    /// Signs in by its link.
    SigninPasswordless,
    /// Signs in by its code.
    SigninOtp,
    /// Sets a new password.
    PasswordReset,
    /// Tells the owner of an address that an administrator made an account for it, and sets its first password.
    AccountCreated,
    /// Tells the owner of an account that its password is another now.
    PasswordChanged,
    /// Tells the owner of an account that its password is gone: it was set before the address was confirmed.
    PasswordRemoved,
    /// Asks the owner of an address to make it that of an account.
    EmailConfirmChange,
    /// Tells who has the former address of an account that it is another now, and how to take that back.
    EmailChanged,
    /// Tells who has the former address of an account that it is another now, where that is not theirs to take back.
    EmailReplaced,
    /// Tells that an account has its former address again.
    EmailRestored,
    /// Tells the owner of an account that there is a new personal access token.
    PatCreated,
    /// Makes a new account usable.
    AccountActivate,
    /// Tells the owner of an account that somebody signed in from a new device.
    SigninNewDevice,
    /// Tells the owner of an account that its passkeys or second factors are others now.
    FactorsChanged,
    /// Tells the owner of an account that a recovery code was used.
    RecoveryCodeUsed,
}

impl Template {
    /// All of them.
    pub(crate) const ALL: [Self; 17] = [
        Self::EmailVerify,
        Self::EmailTaken,
        Self::SigninPasswordless,
        Self::SigninOtp,
        Self::PasswordReset,
        Self::AccountCreated,
        Self::PasswordChanged,
        Self::PasswordRemoved,
        Self::EmailConfirmChange,
        Self::EmailChanged,
        Self::EmailReplaced,
        Self::EmailRestored,
        Self::PatCreated,
        Self::AccountActivate,
        Self::SigninNewDevice,
        Self::FactorsChanged,
        Self::RecoveryCodeUsed,
    ];

    /// The name in the outbox and of the folder with its files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EmailVerify => "email-verify",
            Self::EmailTaken => "email-taken",
            Self::SigninPasswordless => "signin-passwordless",
            Self::SigninOtp => "signin-otp",
            Self::PasswordReset => "password-reset",
            Self::AccountCreated => "account-created",
            Self::PasswordChanged => "password-changed",
            Self::PasswordRemoved => "password-removed",
            Self::EmailConfirmChange => "email-confirm-change",
            Self::EmailChanged => "email-changed",
            Self::EmailReplaced => "email-replaced",
            Self::EmailRestored => "email-restored",
            Self::PatCreated => "pat-created",
            Self::AccountActivate => "account-activate",
            Self::SigninNewDevice => "signin-new-device",
            Self::FactorsChanged => "factors-changed",
            Self::RecoveryCodeUsed => "recovery-code-used",
        }
    }

    /// The template of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.name() == name)
    }

    /// Whether it carries a code beside the link.
    pub(crate) fn has_code(self) -> bool {
        match self {
            Self::EmailVerify
            | Self::SigninPasswordless
            | Self::SigninOtp
            | Self::PasswordReset
            | Self::AccountCreated
            | Self::EmailConfirmChange
            | Self::AccountActivate => true,
            Self::EmailTaken
            | Self::PasswordChanged
            | Self::PasswordRemoved
            | Self::EmailChanged
            | Self::EmailReplaced
            | Self::EmailRestored
            | Self::PatCreated
            | Self::SigninNewDevice
            | Self::FactorsChanged
            | Self::RecoveryCodeUsed => false,
        }
    }
}
