//! What settings must satisfy together.

use std::net::IpAddr;

use portico_auth::{AttestationPreference, ElevatedOperation, EmailVerification};
use portico_query::execute::PostgresAddress;

use super::Settings;
use super::source::Problem;
use super::types::{DatabaseUrl, Environment, SmtpTls};

/// The fewest characters of an admin secret that others could try to guess.
pub const ADMIN_SECRET_LENGTH: usize = 32;

/// Every contradiction between settings.
pub(super) fn check(settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut demand = |fits: bool, text: &str| {
        if !fits {
            problems.push(Problem::Together(text.to_owned()));
        }
    };
    if settings.env == Environment::Production {
        let long = |secret: &super::Secret| secret.reveal().chars().count() >= ADMIN_SECRET_LENGTH;
        demand(
            settings.master_key_file.is_some(),
            "PORTICO_MASTER_KEY_FILE must be given in production",
        );
        demand(
            settings.admin_secret.is_some(),
            "PORTICO_ADMIN_SECRET must be given in production",
        );
        demand(
            settings.admin_secret.as_ref().is_none_or(long),
            "PORTICO_ADMIN_SECRET must have at least 32 characters in production",
        );
        demand(
            settings.password_cost().is_safe(),
            "PORTICO_PASSWORD_MEMORY with PORTICO_PASSWORD_PASSES must be at least 47104 with 1, 19456 with 2, \
             12288 with 3, 9216 with 4 or 7168 with 5 in production",
        );
    } else {
        demand(
            settings.listen.ip().is_loopback() || settings.expose_development,
            "PORTICO_LISTEN reaches beyond this machine, which PORTICO_ENV=development does not allow; \
             set PORTICO_ENV=production, or PORTICO_EXPOSE_DEVELOPMENT=true if this is meant",
        );
    }
    demand(
        settings.allowed_roles.contains(&settings.default_role),
        "PORTICO_DEFAULT_ROLE must be one of PORTICO_ALLOWED_ROLES",
    );
    demand(
        !settings
            .allowed_roles
            .iter()
            .any(|role| role == "admin" || role == "public"),
        "PORTICO_ALLOWED_ROLES must not contain admin or public: nobody becomes one of these by signing up",
    );
    demand(
        settings.locales.is_empty() || settings.locales.contains(&settings.default_locale),
        "PORTICO_DEFAULT_LOCALE must be one of PORTICO_LOCALES",
    );
    demand(
        settings.session_idle_lifetime <= settings.session_lifetime,
        "PORTICO_SESSION_IDLE_LIFETIME must not be longer than PORTICO_SESSION_LIFETIME",
    );
    demand(
        settings.app_session_idle_lifetime <= settings.app_session_lifetime,
        "PORTICO_APP_SESSION_IDLE_LIFETIME must not be longer than PORTICO_APP_SESSION_LIFETIME",
    );
    demand(
        settings.access_token_lifetime <= settings.app_session_idle_lifetime,
        "PORTICO_ACCESS_TOKEN_LIFETIME must not be longer than PORTICO_APP_SESSION_IDLE_LIFETIME",
    );
    demand(
        settings.access_token_lifetime <= settings.session_idle_lifetime,
        "PORTICO_ACCESS_TOKEN_LIFETIME must not be longer than PORTICO_SESSION_IDLE_LIFETIME",
    );
    demand(
        settings.password_cost().is_bounded(),
        "PORTICO_PASSWORD_MEMORY times PORTICO_PASSWORD_PASSES must not be more than 1048576",
    );
    demand(
        settings.passkey_models.is_empty() || settings.passkey_attestation != AttestationPreference::None,
        "PORTICO_PASSKEY_MODELS need PORTICO_PASSKEY_ATTESTATION to be indirect or direct: else no model is told",
    );
    check_mail(settings, &mut demand);
    problems.extend(listed_twice(&settings.elevated_operations));
    problems.extend(postgres_address(&settings.database_url));
    problems
}

/// What keeps an address of PostgreSQL from being used. What it says may be a secret.
fn postgres_address(url: &DatabaseUrl) -> Option<Problem> {
    let DatabaseUrl::Postgres(url) = url else {
        return None;
    };
    let error = PostgresAddress::read(url.reveal()).err()?;
    Some(Problem::Together(format!("PORTICO_DATABASE_URL {error}")))
}

/// Of two entries for one operation only one could count.
fn listed_twice(operations: &[ElevatedOperation]) -> Vec<Problem> {
    let mut names: Vec<&str> = operations.iter().map(|listed| listed.name.as_str()).collect();
    names.sort_unstable();
    let counted = names.chunk_by(|one, other| one == other);
    let twice = counted.filter_map(|same| Some(*same.first()?).filter(|_| same.len() > 1));
    let told = twice.map(|name| {
        Problem::Together(format!(
            "PORTICO_ELEVATED_OPERATIONS names {name} more than once; several proofs of one operation are joined \
             by +, as {name}=totp+webauthn"
        ))
    });
    told.collect()
}

fn check_mail(settings: &Settings, demand: &mut impl FnMut(bool, &str)) {
    let Some(url) = &settings.smtp_url else { return };
    demand(
        !url.secure || settings.smtp_tls() == SmtpTls::Implicit,
        "PORTICO_SMTP_TLS must be implicit for an smtps:// address",
    );
    let here = url.host == "localhost" || url.host.parse().is_ok_and(|host: IpAddr| host.is_loopback());
    demand(
        url.credentials.is_none() || settings.smtp_tls() != SmtpTls::None || here,
        "PORTICO_SMTP_URL has a password, which PORTICO_SMTP_TLS=none would send for everybody to read",
    );
    demand(
        !settings.is_production() || settings.mail_from.email.domain() != "localhost",
        "PORTICO_MAIL_FROM must be given in production where mail is sent",
    );
}

/// What is allowed but may surprise.
pub(crate) fn warnings(settings: &Settings) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if settings.email_verification == EmailVerification::Required && settings.smtp_url.is_none() {
        warnings.push(
            "email verification is required, but PORTICO_SMTP_URL is not set: mail stays in the outbox",
        );
    }
    if settings.env == Environment::Production && settings.public_url.is_none() {
        warnings.push("PORTICO_PUBLIC_URL is not set: tokens and links name the listener");
    }
    if !settings.password_cost().is_safe() {
        warnings.push(
            "PORTICO_PASSWORD_MEMORY with PORTICO_PASSWORD_PASSES is less than is safe: passwords are soon \
             found by whoever has the database",
        );
    }
    warnings
}
