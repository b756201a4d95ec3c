//! The closed list of what a client is told.

/// Gives each code its text on the wire and in words, in one place.
macro_rules! codes {
    ($($code:ident $wire:literal: $message:literal,)+) => {
        /// What a client is told: the wire code in `extensions.code`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $wire, "`")] $code,)+
        }

        impl Code {
            /// The code as it stands on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $wire,)+
                }
            }

            /// What a client is told in words.
            pub fn message(self) -> &'static str {
                match self {
                    $(Self::$code => $message,)+
                }
            }
        }
    };
}

codes! {
    InvalidRequest "invalid-request": "The request is incorrect",
    PasswordTooShort "password-too-short": "The password needs at least 8 characters",
    PasswordTooLong "password-too-long": "The password may have 256 characters at most",
    PasswordTooCommon "password-too-common": "The password is one of the commonest",
    PasswordTooSimilar "password-too-similar": "The password is made of names of the user or of the service",
    UserNotFound "user-not-found": "No such user",
    LastAdministrator "last-administrator": "The last administrator cannot be taken away",
    PasswordBreached "password-in-hibp-database": "The password was seen in a breach of another service",
    Unavailable "unavailable": "The password cannot be checked now, try again later",
    PasswordUsedBefore "password-used-before": "The password was used before",
    InvalidPassword "invalid-password": "The current password is incorrect",
    ElevatedClaimRequired "elevated-claim-required": "The user has to be proved anew: elevate the session first",
    RoleNotAllowed "role-not-allowed": "The role is not allowed",
    DefaultRoleNotAllowed "default-role-must-be-in-allowed-roles": "The default role must be among the allowed roles",
    RedirectNotAllowed "redirectTo-not-allowed": "The value of redirectTo is not allowed",
    SignUpDisabled "signup-disabled": "Sign-up is disabled",
    EmailAlreadyInUse "email-already-in-use": "The email is already in use",
    UsernameAlreadyInUse "username-already-in-use": "The username is already in use",
    InvalidEmailPassword "invalid-email-password": "The email or the password is incorrect",
    InvalidUsernamePassword "invalid-username-password": "The username or the password is incorrect",
    DisabledUser "disabled-user": "The user is disabled",
    LockedUser "locked-user": "The user is locked",
    InactiveUser "inactive-user": "The user is not activated yet",
    UnverifiedUser "unverified-user": "The email is not verified yet",
    InvalidTicket "invalid-ticket": "The ticket or code is invalid or expired",
    InvalidPasskey "invalid-passkey": "The passkey was not accepted",
    SecurityKeyNotFound "security-key-not-found": "No such passkey",
    TooManySecurityKeys "too-many-security-keys": "The user has too many passkeys: remove one first",
    LastWayIn "last-way-in": "The last way to sign in cannot be taken away",
    DisabledEndpoint "disabled-endpoint": "This operation is disabled",
    AccountAlreadyActive "account-already-active": "The account is activated already",
    EmailAlreadyVerified "email-already-verified": "The email is verified already",
    DisabledMfaTotp "disabled-mfa-totp": "The user has no authenticator application",
    NoTotpSecret "no-totp-secret": "No new secret waits for its first code: generate one first",
    InvalidTotp "invalid-totp": "The code is wrong, too old, or was used before",
    InvalidRecoveryCode "invalid-recovery-code": "The recovery code is wrong or was used before",
    FactorNotAsked "factor-not-asked": "This factor is not asked for: prove one of those that the challenge names",
    SecondFactorRequired "second-factor-required": "The roles of the user need a second factor",
    NoSecondFactor "no-second-factor": "The user has no second factor",
    InvalidRefreshToken "invalid-refresh-token": "The refresh token is invalid or expired",
    InvalidPat "invalid-pat": "The personal access token is invalid or expired",
    TooManyPats "too-many-pats": "The user has too many personal access tokens: revoke one first",
    ForbiddenPat "forbidden-pat": "Forbidden with a personal access token: the user has to sign in",
    InvalidJwt "invalid-jwt": "The access token is invalid or its session ended",
    Unauthenticated "unauthenticated": "The operation needs a signed-in user",
    EmailNotAllowed "email-not-allowed": "The email is not among those that may be used",
    UserNotAnonymous "user-not-anonymous": "The user is not anonymous",
    ForbiddenAnonymous "forbidden-anonymous": "Forbidden, the user is anonymous",
    SessionNotFound "session-not-found": "No such session",
    AccessDenied "access-denied": "invalid \"x-hasura-admin-secret\"/\"x-hasura-access-key\"",
    TooManyRequests "too-many-requests": "Too many requests, try again later",
    InternalServerError "internal-server-error": "Internal server error",
}
