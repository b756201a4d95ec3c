//! Everything an operator may tune, with defaults a person never notices.

use chrono::TimeDelta;
use uuid::Uuid;

use crate::elevation::ElevatedOperation;
use crate::email_access::EmailAccess;
use crate::factor::Factor;
use crate::password::PasswordCost;

/// Whether an address must be confirmed before its first session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailVerification {
    /// Sign-up returns a session at once.
    Optional,
    /// Sign-up returns no session and tells nobody whether the address is taken.
    Required,
}

/// How access tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA over P-256.
    Es256,
    /// RSA with 2,048 bits.
    Rs256,
    /// A secret shared with whoever verifies.
    Hs256,
}

impl SigningAlgorithm {
    /// The name in the header of a token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }

    /// Reads the name in the header of a token.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::EdDsa, Self::Es256, Self::Rs256, Self::Hs256]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
    }
}

/// How often something may be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Sign-ins per IP and minute.
    pub sign_ins: u32,
    /// Sign-ups per IP and minute.
    pub sign_ups: u32,
    /// Refreshes per IP and minute, on each node.
    pub refreshes: u32,
    /// Mails asked for per IP and minute.
    pub mail_requests: u32,
    /// Mails asked for to one address per hour; also notices of one kind.
    pub mails: u32,
    /// Wrong admin secrets per IP and minute.
    pub admin_secrets: u32,
    /// Failed sign-ins of one account before delays begin.
    pub failures: u32,
    /// Personal access tokens of one user that are good at a time.
    pub pats: u32,
    /// Passkeys of one user.
    pub passkeys: u32,
}

impl Limits {
    /// Refusals per IP and minute that are written down, on each node: as many as there are attempts.
    pub(crate) fn refusals(&self) -> u32 {
        let attempts = [
            self.sign_ins,
            self.sign_ups,
            self.mail_requests,
            self.admin_secrets,
        ];
        attempts.into_iter().fold(0, u32::saturating_add)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sign_ins: 30,
            sign_ups: 20,
            refreshes: 300,
            mail_requests: 20,
            mails: 10,
            admin_secrets: 10,
            failures: 10,
            pats: 100,
            passkeys: 20,
        }
    }
}

/// Whether an authenticator has to make sure who uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserVerification {
    /// By a PIN, a finger, a face; one that cannot is refused.
    Required,
    /// Where it can.
    Preferred,
}

/// What authenticators are asked to tell of themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttestationPreference {
    /// Nothing.
    None,
    /// What the browser makes anonymous.
    Indirect,
    /// What they are.
    Direct,
}

/// Which passkeys are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyPolicy {
    /// The domain that passkeys are for; without one that of the application.
    pub relying_party_id: Option<String>,
    /// What authenticators call the application.
    pub relying_party_name: String,
    /// Origins of further pages that may ask for a passkey, beside the application.
    pub origins: Vec<String>,
    /// Whether an authenticator has to make sure who uses it.
    pub user_verification: UserVerification,
    /// What authenticators are asked to tell of themselves.
    pub attestation: AttestationPreference,
    /// Models by their AAGUID; empty for every one.
    pub allowed_models: Vec<Uuid>,
}

impl Default for PasskeyPolicy {
    fn default() -> Self {
        Self {
            relying_party_id: None,
            relying_party_name: "Portico".to_owned(),
            origins: Vec::new(),
            user_verification: UserVerification::Required,
            attestation: AttestationPreference::None,
            allowed_models: Vec::new(),
        }
    }
}

/// What the service allows and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Who access tokens say they are from.
    pub issuer: String,
    /// How access tokens are signed.
    pub algorithm: SigningAlgorithm,
    /// Life of an access token.
    pub access_token_lifetime: TimeDelta,
    /// A session ends after this long without a refresh.
    pub session_idle_lifetime: TimeDelta,
    /// A session ends after this long however much it is used.
    pub session_lifetime: TimeDelta,
    /// The session of a mobile application ends after this long without a refresh.
    pub app_session_idle_lifetime: TimeDelta,
    /// The session of a mobile application ends after this long however much it is used.
    pub app_session_lifetime: TimeDelta,
    /// A personal access token lives this long at most.
    pub pat_lifetime: TimeDelta,
    /// A new signing key is made after this long.
    pub signing_key_lifetime: TimeDelta,
    /// Whether an address must be confirmed first.
    pub email_verification: EmailVerification,
    /// How long the link and the code of a verification mail work.
    pub verification_lifetime: TimeDelta,
    /// How long the link and the code of a mail work that signs in.
    pub email_sign_in_lifetime: TimeDelta,
    /// How long the link and the code of a mail work that sets a new password.
    pub password_reset_lifetime: TimeDelta,
    /// How long the link and the code of a mail work that makes an address that of an account.
    pub email_change_lifetime: TimeDelta,
    /// How long an account can be given the address back that it had, which nobody else gets meanwhile.
    pub email_undo_lifetime: TimeDelta,
    /// Whether proving an address that no user has makes a user.
    pub email_sign_up: bool,
    /// Whether somebody may be a user before anything identifies them.
    pub anonymous_users: bool,
    /// Which addresses may be used.
    pub email_access: EmailAccess,
    /// Whether a new account has to be activated by a mailed code.
    pub activation_required: bool,
    /// Digits of an activation code, from 4 to 8.
    pub activation_digits: u32,
    /// How long the link and the code of a mail work that activates an account.
    pub activation_lifetime: TimeDelta,
    /// Whether a new account is switched off until an administrator enables it.
    pub new_users_disabled: bool,
    /// Whether the owner of an account is told of a sign-in from a device that was not seen lately.
    pub new_device_notices: bool,
    /// Nobody can sign up.
    pub sign_up_disabled: bool,
    /// Roles offered at sign-up, and given where the client asks for none.
    pub allowed_roles: Vec<String>,
    /// Role of a user who asks for none.
    pub default_role: String,
    /// Languages offered; empty for every code of two letters.
    pub locales: Vec<String>,
    /// Language of a user who names none.
    pub default_locale: String,
    /// Address of this service as the world sees it; links in mails start with it.
    pub public_url: String,
    /// Address of the application.
    pub client_url: Option<String>,
    /// Further addresses a user may be sent to.
    pub redirect_urls: Vec<String>,
    /// How many passwords of a user, the present one among them, are not to be set again.
    pub password_history: u32,
    /// Whether a new password is refused while nobody knows whether it was breached.
    pub breached_passwords_required: bool,
    /// Factors that are asked for after another proof, of whoever has one of them.
    pub second_factors: Vec<Factor>,
    /// Roles in which nobody acts who did not prove one of these.
    pub second_factor_roles: Vec<String>,
    /// How long after it was granted such a role does without.
    pub second_factor_grace: TimeDelta,
    /// What authenticator applications call the service.
    pub totp_issuer: String,
    /// How many codes before the present one are accepted.
    pub totp_earlier_steps: u32,
    /// Whether a change of the factors of a user ends the other sessions.
    pub factor_change_ends_sessions: bool,
    /// How long the second proof may take.
    pub second_factor_lifetime: TimeDelta,
    /// How long a session stays elevated after its user was proved anew.
    pub elevation_lifetime: TimeDelta,
    /// Operations for which a signed-in user has to be proved anew.
    pub elevated_operations: Vec<ElevatedOperation>,
    /// Names of the product and whatever else no password may be made of.
    pub password_words: Vec<String>,
    /// Which passkeys are taken.
    pub passkeys: PasskeyPolicy,
    /// How often something may be tried.
    pub limits: Limits,
    /// What it costs to hash a password.
    pub password_cost: PasswordCost,
    /// Threads that hash passwords; 0 for one less than the processor has cores.
    pub hashing_threads: usize,
    /// Passwords that may wait to be hashed.
    pub hashing_queue: usize,
    /// Access tokens each node remembers as verified; 0 for none.
    pub token_cache: usize,
}

impl Policy {
    /// Whether whoever signs up with an address has to prove it before the first session; then nobody is told whether
    /// it is taken.
    pub(crate) fn proves_address_first(&self) -> bool {
        self.email_verification == EmailVerification::Required || self.activation_required
    }

    /// Roles in which nobody acts who did not prove a second factor: none where there is no factor to prove.
    pub(crate) fn guarded_roles(&self) -> &[String] {
        match self.second_factors.is_empty() {
            true => &[],
            false => &self.second_factor_roles,
        }
    }

    /// Where the application is; without one, this service.
    pub(crate) fn client_address(&self) -> &str {
        self.client_url.as_deref().unwrap_or(&self.public_url)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            issuer: "portico".to_owned(),
            algorithm: SigningAlgorithm::EdDsa,
            access_token_lifetime: TimeDelta::minutes(15),
            session_idle_lifetime: TimeDelta::days(30),
            session_lifetime: TimeDelta::days(90),
            app_session_idle_lifetime: TimeDelta::days(180),
            app_session_lifetime: TimeDelta::days(730),
            pat_lifetime: TimeDelta::days(365),
            signing_key_lifetime: TimeDelta::days(90),
            email_verification: EmailVerification::Optional,
            verification_lifetime: TimeDelta::days(1),
            email_sign_in_lifetime: TimeDelta::minutes(15),
            password_reset_lifetime: TimeDelta::hours(1),
            email_change_lifetime: TimeDelta::hours(1),
            email_undo_lifetime: TimeDelta::days(7),
            email_sign_up: true,
            anonymous_users: false,
            email_access: EmailAccess::default(),
            activation_required: false,
            activation_digits: 6,
            activation_lifetime: TimeDelta::days(1),
            new_users_disabled: false,
            new_device_notices: true,
            sign_up_disabled: false,
            allowed_roles: vec!["user".to_owned(), "me".to_owned()],
            default_role: "user".to_owned(),
            locales: Vec::new(),
            default_locale: "en".to_owned(),
            public_url: "http://127.0.0.1:8080".to_owned(),
            client_url: None,
            redirect_urls: Vec::new(),
            password_history: 5,
            breached_passwords_required: false,
            second_factors: vec![Factor::Totp, Factor::Webauthn],
            second_factor_roles: vec!["admin".to_owned()],
            second_factor_grace: TimeDelta::days(14),
            totp_issuer: "Portico".to_owned(),
            totp_earlier_steps: 1,
            factor_change_ends_sessions: true,
            second_factor_lifetime: TimeDelta::minutes(5),
            elevation_lifetime: TimeDelta::minutes(10),
            elevated_operations: Vec::new(),
            password_words: Vec::new(),
            passkeys: PasskeyPolicy::default(),
            limits: Limits::default(),
            password_cost: PasswordCost::default(),
            hashing_threads: 0,
            hashing_queue: 128,
            token_cache: 100_000,
        }
    }
}
