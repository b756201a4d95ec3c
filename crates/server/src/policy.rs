//! Settings as the other packages take them.

use chrono::TimeDelta;
use portico_auth::{EmailAccess, Limits, MailFacts, PasskeyPolicy, Policy};
use portico_gateway::{DocumentLimits, GraphqlSettings, TrustedDocuments};
use portico_query::execute::ExecutorSettings;
use portico_query::permission::metadata::Metadata;

use crate::Settings;
use crate::start::StartError;

/// What the auth core allows and for how long.
pub(crate) fn policy(settings: &Settings) -> Policy {
    // The longest time that a setting allows is far from the longest there is.
    let delta = |time: std::time::Duration| TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    Policy {
        issuer: settings
            .issuer
            .clone()
            .unwrap_or_else(|| settings.public_address()),
        algorithm: settings.signing_algorithm,
        access_token_lifetime: delta(settings.access_token_lifetime),
        session_idle_lifetime: delta(settings.session_idle_lifetime),
        session_lifetime: delta(settings.session_lifetime),
        app_session_idle_lifetime: delta(settings.app_session_idle_lifetime),
        app_session_lifetime: delta(settings.app_session_lifetime),
        pat_lifetime: delta(settings.pat_lifetime),
        signing_key_lifetime: delta(settings.signing_key_lifetime),
        email_verification: settings.email_verification,
        verification_lifetime: delta(settings.verification_lifetime),
        email_sign_in_lifetime: delta(settings.email_sign_in_lifetime),
        password_reset_lifetime: delta(settings.password_reset_lifetime),
        email_change_lifetime: delta(settings.email_change_lifetime),
        email_undo_lifetime: delta(settings.email_undo_lifetime),
        email_sign_up: settings.email_sign_up,
        anonymous_users: settings.anonymous_users,
        email_access: EmailAccess {
            allowed_emails: settings.allowed_emails.clone(),
            allowed_domains: settings.allowed_email_domains.clone(),
            blocked_emails: settings.blocked_emails.clone(),
            blocked_domains: settings.blocked_email_domains.clone(),
        },
        activation_required: settings.activation_required,
        activation_digits: settings.activation_digits,
        activation_lifetime: delta(settings.activation_lifetime),
        new_users_disabled: settings.new_users_disabled,
        new_device_notices: settings.new_device_notices,
        sign_up_disabled: settings.sign_up_disabled,
        allowed_roles: settings.allowed_roles.clone(),
        default_role: settings.default_role.clone(),
        locales: settings.locales.clone(),
        default_locale: settings.default_locale.clone(),
        public_url: settings.public_address(),
        client_url: settings.client_url.clone(),
        redirect_urls: settings.redirect_urls.clone(),
        password_history: settings.password_history,
        breached_passwords_required: settings.breached_passwords_required,
        second_factors: settings.second_factors.to_vec(),
        second_factor_roles: settings.second_factor_roles.clone(),
        second_factor_grace: delta(settings.second_factor_grace),
        totp_issuer: settings
            .totp_issuer
            .clone()
            .unwrap_or_else(|| mail_sender(settings)),
        totp_earlier_steps: settings.totp_earlier_steps,
        factor_change_ends_sessions: settings.factor_change_ends_sessions,
        second_factor_lifetime: delta(settings.second_factor_lifetime),
        elevation_lifetime: delta(settings.elevation_lifetime),
        elevated_operations: settings.elevated_operations.clone(),
        password_words: settings.password_words.clone(),
        passkeys: PasskeyPolicy {
            relying_party_id: settings.passkey_domain.clone(),
            relying_party_name: settings.passkey_name.clone(),
            origins: settings.passkey_origins.clone(),
            user_verification: settings.passkey_user_verification,
            attestation: settings.passkey_attestation,
            allowed_models: settings.passkey_models.clone(),
        },
        limits: Limits {
            sign_ins: settings.limit_sign_ins,
            sign_ups: settings.limit_sign_ups,
            refreshes: settings.limit_refreshes,
            mail_requests: settings.limit_mail_requests,
            mails: settings.limit_mails,
            admin_secrets: settings.limit_admin_secrets,
            failures: settings.limit_failures,
            pats: settings.limit_pats,
            passkeys: settings.limit_passkeys,
        },
        password_cost: settings.password_cost(),
        hashing_threads: settings.hashing_threads as usize,
        hashing_queue: settings.hashing_queue as usize,
        token_cache: settings.token_cache as usize,
    }
}

/// What all mails share.
pub(crate) fn mail(settings: &Settings) -> MailFacts {
    MailFacts {
        sender: mail_sender(settings),
        server_url: settings.public_address(),
        client_url: settings
            .client_url
            .clone()
            .unwrap_or_else(|| settings.public_address()),
        default_locale: settings.default_locale.clone(),
    }
}

fn mail_sender(settings: &Settings) -> String {
    let sender = &settings.mail_from;
    sender.name.clone().unwrap_or_else(|| sender.email.to_string())
}

/// How GraphQL is served.
pub(crate) fn graphql(settings: &Settings, metadata: Metadata) -> Result<GraphqlSettings, StartError> {
    let mut trusted = TrustedDocuments::new(settings.trusted_roles.iter().cloned());
    for document in &metadata.documents {
        trusted
            .add(&document.text, document.roles.as_ref())
            .map_err(|reason| StartError::Document {
                name: document.name.clone(),
                reason,
            })?;
    }
    Ok(GraphqlSettings {
        limits: DocumentLimits {
            tokens: settings.limit_tokens as usize,
            depth: settings.limit_depth as usize,
            aliases: settings.limit_aliases as usize,
            complexity: settings.limit_complexity as usize,
        },
        plan_cache: settings.plan_cache.into(),
        batch: settings.limit_batch as usize,
        body: settings.limit_body as usize,
        answer: settings.limit_answer as usize,
        introspection: settings.introspection,
        origins: settings.cors_origins.clone(),
        without_introspection: metadata.without_introspection,
        persisted_queries: settings.persisted_queries.into(),
        trusted,
    })
}

/// How the data path uses the database.
pub(crate) fn executor(settings: &Settings) -> ExecutorSettings {
    ExecutorSettings {
        read_connections: settings.database_read_connections as usize,
        heavy_connections: match settings.database_heavy_connections {
            0 => std::thread::available_parallelism().map_or(4, |cores| (cores.get() * 2).clamp(4, 32)),
            connections => connections as usize,
        },
        write_connections: settings.database_write_connections as usize,
        statement_timeout: settings.database_statement_timeout,
        lock_timeout: settings.database_lock_timeout,
        acquire_timeout: settings.database_acquire_timeout,
    }
}
