//! The table of settings.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use portico_auth::value::Email;
use portico_auth::{
    AttestationPreference, ElevatedOperation, EmailVerification, Factor, SigningAlgorithm, UserVerification,
};
use portico_gateway::http::Network;
use uuid::Uuid;

use super::rule::{
    database_url, domain, elevated_operation, email, email_domain, list, locale, log_filter, mail_url,
    mailbox, model, network, number, one_of, optional, origin, page_url, path, redirect_url, role, secret,
    socket_address, switch, time, web_url, words,
};
use super::setting::Default::{Always, ByEnvironment, Unset};
use super::setting::{Row, settings};
use super::source::Reader;
use super::types::{DatabaseUrl, Environment, LogFormat, Secret, SmtpTls, SmtpUrl};

const DAY: u64 = 86_400;

settings! {
    /// The file with settings; not itself settable in that file.
    config: PathBuf = Always("portico.toml"), path();
    /// Where the service runs: in development what is missing is made, production demands it.
    env: Environment = Always("development"),
        one_of(&[("development", Environment::Development), ("production", Environment::Production)]);
    /// The address to serve HTTP on.
    listen: SocketAddr = Always("127.0.0.1:8080"), socket_address();
    /// Lets a service in development listen beyond this machine; turns the outbox page off.
    expose_development: bool = Always("false"), switch();
    /// The folder for everything the service keeps itself.
    data_dir: PathBuf = Always("data"), path();
    /// The database; of parameters, an address of PostgreSQL may have `dbname`, `host`, `options`, `password`, `port`,
    /// `sslmode`, `sslrootcert` and `user`, and says nothing twice.
    database_url: DatabaseUrl = Always("sqlite:"), database_url();
    /// Connections for accounts and sessions (PostgreSQL; SQLite has one writer).
    database_connections: u32 = Always("10"), number(2, 1_000);
    /// Connections for quick reads of data; on SQLite so many are kept open for data, and for accounts.
    database_read_connections: u32 = Always("4"), number(1, 256);
    /// Connections for reads of data that touch many rows and are not known to be quick, one read each; 0 is two for each core, from 4 to 32.
    database_heavy_connections: u32 = Always("0"), number(0, 256);
    /// Connections for writes of data and sign-ins, and as many for refreshes of sessions and counters of attempts that have to wait; quick writes share two more (PostgreSQL).
    database_write_connections: u32 = Always("12"), number(1, 256);
    /// How long a request waits for a connection.
    database_acquire_timeout: Duration = Always("2s"), time(1, 60);
    /// How long one statement may run; a connection to PostgreSQL that answers nothing for five seconds more is given up.
    database_statement_timeout: Duration = Always("10s"), time(1, 3_600);
    /// How long a statement waits for a lock (PostgreSQL).
    database_lock_timeout: Duration = Always("5s"), time(1, 3_600);
    /// The secret that makes a request an administrator's.
    admin_secret: Option<Secret> = Unset("made in development, demanded in production"), optional(secret());
    /// A file with the key that everything secret in the database is sealed under: 32 bytes in base64.
    master_key_file: Option<PathBuf> =
        Unset("`master.key` in the data directory, made in development; demanded in production"), optional(path());
    /// The address under which the world reaches the service.
    public_url: Option<String> = Unset("`http://` and the listener"), optional(web_url());
    /// The address of the application that users come from; where links in mails lead.
    client_url: Option<String> = Unset("the public address"), optional(page_url());
    /// Further addresses that links may lead to.
    redirect_urls: Vec<String> = Unset("none"), list(redirect_url());
    /// Web pages that may call the service from a browser, and keep a session in a cookie.
    cors_origins: Vec<String> = Unset("none"), list(origin());
    /// Proxies whose `X-Forwarded-For` is believed.
    trusted_proxies: Vec<Network> = Unset("none"), list(network());
    /// The server that mail is handed to.
    smtp_url: Option<SmtpUrl> = Unset("mail stays in the outbox"), optional(mail_url());
    /// How the way there is protected; `starttls` and `implicit` demand a certificate that is valid for the host.
    smtp_tls: Option<SmtpTls> = Unset("`implicit` for `smtps://`, else `starttls`"),
        optional(one_of(&[
            ("none", SmtpTls::None), ("starttls", SmtpTls::StartTls), ("implicit", SmtpTls::Implicit),
        ]));
    /// The authority (PEM) that the mail server's certificate comes from, in place of the public ones.
    smtp_ca_file: Option<PathBuf> = Unset("the public ones"), optional(path());
    /// Connections to the mail server.
    smtp_connections: u32 = Always("4"), number(1, 64);
    /// How long handing one mail over may take.
    smtp_timeout: Duration = Always("20s"), time(1, 30);
    /// Who sends mail.
    mail_from: Mailbox = Always("Portico <no-reply@localhost>"), mailbox();
    /// Who gets the answers to mail.
    mail_reply_to: Option<Mailbox> = Unset("the sender"), optional(mailbox());
    /// A folder with texts and forms of mails, before which the built-in ones give way.
    mail_templates: Option<PathBuf> = Unset("the built-in ones"), optional(path());
    /// A folder with permissions in the layout of Hasura, before which the built-in ones give way.
    metadata: Option<PathBuf> = Unset("the built-in permissions"), optional(path());
    /// Whether a new user has to confirm the email address before the first session.
    email_verification: EmailVerification = ByEnvironment("optional", "required"),
        one_of(&[("optional", EmailVerification::Optional), ("required", EmailVerification::Required)]);
    /// The roles of a new user; a sign-up may ask for fewer.
    allowed_roles: Vec<String> = Always("user,me"), list(role());
    /// The role of a new user's requests that name none.
    default_role: String = Always("user"), role();
    /// The languages a user may choose.
    locales: Vec<String> = Unset("any of two letters"), list(locale());
    /// The language of a new user who names none.
    default_locale: String = Always("en"), locale();
    /// Whether somebody may be a user before anything identifies them (`signInAnonymous`).
    anonymous_users: bool = Always("false"), switch();
    /// Addresses that may be used, whatever is said of their domain; where these or the domains are set, no others.
    allowed_emails: Vec<Email> = Unset("every address"), list(email());
    /// Domains whose addresses may be used.
    allowed_email_domains: Vec<String> = Unset("every domain"), list(email_domain());
    /// Addresses that may not be used.
    blocked_emails: Vec<Email> = Unset("none"), list(email());
    /// Domains whose addresses may not be used.
    blocked_email_domains: Vec<String> = Unset("none"), list(email_domain());
    /// Whether a new account has to be activated by a mailed code.
    activation_required: bool = Always("false"), switch();
    /// Digits of an activation code.
    activation_digits: u32 = Always("6"), number(4, 8);
    /// How long the link and the code of a mail work that activates an account.
    activation_lifetime: Duration = Always("1d"), time(60, 30 * DAY);
    /// Whether a new account is switched off until an administrator enables it.
    new_users_disabled: bool = Always("false"), switch();
    /// Whether the owner of an account is told of a sign-in from a device that was not seen within 30 days.
    new_device_notices: bool = Always("true"), switch();
    /// Whether nobody can sign up.
    sign_up_disabled: bool = Always("false"), switch();
    /// How long the link and the code of a verification mail work.
    verification_lifetime: Duration = Always("1d"), time(60, 30 * DAY);
    /// Names of the product and whatever else passwords must not be made of, beside the names of their users.
    password_words: Vec<String> = Unset("none"), list(words());
    /// How many passwords of a user, the present one among them, may not be set again; 0 for none.
    password_history: u32 = Always("5"), number(0, 24);
    /// A service in the form of Have I Been Pwned (as https://api.pwnedpasswords.com/range) that is asked whether a
    /// new password was seen in a breach; it is told five characters of a hash.
    breached_passwords_url: Option<String> = Unset("nobody is asked"), optional(web_url());
    /// Whether a new password is refused while that service does not answer.
    breached_passwords_required: bool = Always("false"), switch();
    /// Private networks that requests of the service's own may go to.
    outgoing_networks: Vec<Network> = Unset("none"), list(network());
    /// Factors that are asked for after another proof, of whoever has one of them.
    second_factors: &'static [Factor] = Always("totp,webauthn"),
        one_of::<&[Factor]>(&[
            ("totp,webauthn", &[Factor::Totp, Factor::Webauthn]), ("totp", &[Factor::Totp]),
            ("webauthn", &[Factor::Webauthn]), ("none", &[]),
        ]);
    /// Roles in which nobody acts who did not prove a second factor; `none` for no role.
    second_factor_roles: Vec<String> = Always("admin"), list(role());
    /// How long after it was granted such a role does without.
    second_factor_grace: Duration = Always("14d"), time(0, 365 * DAY);
    /// What authenticator applications call the service.
    totp_issuer: Option<String> = Unset("the name that mail comes from"), optional(words());
    /// How many codes of an authenticator application before the present one are accepted, for clocks that go slow.
    totp_earlier_steps: u32 = Always("1"), number(0, 10);
    /// Whether a change of the factors of a user ends the other sessions.
    factor_change_ends_sessions: bool = Always("true"), switch();
    /// How long the second proof may take.
    second_factor_lifetime: Duration = Always("5m"), time(30, 3_600);
    /// How long a session stays elevated after its user was proved anew.
    elevation_lifetime: Duration = Always("10m"), time(60, DAY);
    /// Operations that need an elevated session where there is one; by any proof, or by those named.
    elevated_operations: Vec<ElevatedOperation> = Unset("none"), list(elevated_operation());
    /// The domain that passkeys are for; it and its subdomains can use them. Not to be changed later.
    passkey_domain: Option<String> = Unset("that of the application"), optional(domain());
    /// What authenticators call the application.
    passkey_name: String = Always("Portico"), words();
    /// Further pages that may ask for a passkey; those of other domains are told to browsers at `/.well-known/webauthn`.
    passkey_origins: Vec<String> = Unset("none"), list(origin());
    /// Whether an authenticator has to make sure who uses it, by a PIN, a finger or a face.
    passkey_user_verification: UserVerification = Always("required"),
        one_of(&[("required", UserVerification::Required), ("preferred", UserVerification::Preferred)]);
    /// What authenticators are asked to tell of themselves.
    passkey_attestation: AttestationPreference = Always("none"),
        one_of(&[
            ("none", AttestationPreference::None), ("indirect", AttestationPreference::Indirect),
            ("direct", AttestationPreference::Direct),
        ]);
    /// The only models of authenticators that are taken, by their AAGUID, which is what they say of themselves.
    passkey_models: Vec<Uuid> = Unset("any"), list(model());
    /// How long the link and the code of a mail work that signs in.
    email_sign_in_lifetime: Duration = Always("15m"), time(60, DAY);
    /// How long the link and the code of a mail work that sets a new password.
    password_reset_lifetime: Duration = Always("1h"), time(60, DAY);
    /// How long the link and the code of a mail work that changes an address.
    email_change_lifetime: Duration = Always("1h"), time(60, DAY);
    /// How long an account can be given the address back that it had, which nobody else gets meanwhile.
    email_undo_lifetime: Duration = Always("7d"), time(3_600, 30 * DAY);
    /// Whether signing in by mail with an address that no user has makes a user.
    email_sign_up: bool = Always("true"), switch();
    /// How access tokens are signed.
    signing_algorithm: SigningAlgorithm = Always("EdDSA"),
        one_of(&[
            ("EdDSA", SigningAlgorithm::EdDsa), ("ES256", SigningAlgorithm::Es256),
            ("RS256", SigningAlgorithm::Rs256), ("HS256", SigningAlgorithm::Hs256),
        ]);
    /// The `iss` of access tokens.
    issuer: Option<String> = Unset("the public address"), optional(web_url());
    /// How long an access token is good.
    access_token_lifetime: Duration = Always("15m"), time(60, DAY);
    /// How long a session lives without being used.
    session_idle_lifetime: Duration = Always("30d"), time(3_600, 730 * DAY);
    /// How long a session lives at most.
    session_lifetime: Duration = Always("90d"), time(3_600, 3_650 * DAY);
    /// How long the session of a mobile application lives without being used.
    app_session_idle_lifetime: Duration = Always("180d"), time(3_600, 3_650 * DAY);
    /// How long the session of a mobile application lives at most.
    app_session_lifetime: Duration = Always("730d"), time(3_600, 3_650 * DAY);
    /// How long a personal access token may live.
    pat_lifetime: Duration = Always("365d"), time(3_600, 3_650 * DAY);
    /// After how long a new key signs access tokens.
    signing_key_lifetime: Duration = Always("90d"), time(DAY, 3_650 * DAY);
    /// Memory for a new hash of a password (Argon2id) in KiB.
    password_memory: u32 = Always("19456"), number(8, 262_144);
    /// How often that memory is passed over; more of one makes up for less of the other.
    password_passes: u32 = Always("2"), number(1, 16);
    /// Threads that hash passwords; 0 is one less than the processor has cores.
    hashing_threads: u32 = Always("0"), number(0, 1_024);
    /// Passwords that may wait to be hashed; more are refused.
    hashing_queue: u32 = Always("128"), number(1, 100_000);
    /// Sign-ins per address and minute.
    limit_sign_ins: u32 = Always("30"), number(1, 1_000_000);
    /// Sign-ups per address and minute.
    limit_sign_ups: u32 = Always("20"), number(1, 1_000_000);
    /// Refreshes per address and minute.
    limit_refreshes: u32 = Always("300"), number(1, 1_000_000);
    /// Mails asked for per address and minute.
    limit_mail_requests: u32 = Always("20"), number(1, 1_000_000);
    /// Mails asked for to one mail address per hour; also notices of one kind.
    limit_mails: u32 = Always("10"), number(1, 1_000_000);
    /// Wrong admin secrets per address and minute.
    limit_admin_secrets: u32 = Always("10"), number(1, 1_000_000);
    /// Failed sign-ins of one account before delays begin.
    limit_failures: u32 = Always("10"), number(1, 1_000_000);
    /// Personal access tokens of one user that are good at a time.
    limit_pats: u32 = Always("100"), number(1, 10_000);
    /// Passkeys of one user.
    limit_passkeys: u32 = Always("20"), number(1, 1_000);
    /// The size of a request's body in bytes.
    limit_body: u32 = Always("2097152"), number(1_024, 1_073_741_824);
    /// The size of all data answered to one request, or one array of them, in bytes.
    limit_answer: u32 = Always("67108864"), number(65_536, 4_000_000_000);
    /// The levels of a GraphQL document.
    limit_depth: u32 = Always("20"), number(1, 1_000);
    /// The aliases in a GraphQL document.
    limit_aliases: u32 = Always("100"), number(0, 100_000);
    /// The tokens of a GraphQL document.
    limit_tokens: u32 = Always("10000"), number(100, 10_000_000);
    /// The fields of a GraphQL document once its fragments are spread.
    limit_complexity: u32 = Always("5000"), number(10, 10_000_000);
    /// The requests in one array.
    limit_batch: u32 = Always("20"), number(1, 1_000);
    /// Memory for prepared GraphQL documents in bytes, for each role.
    plan_cache: u32 = Always("8388608"), number(65_536, 4_000_000_000);
    /// Memory for documents that clients name by their hash in bytes; 0 for none.
    persisted_queries: u32 = Always("8388608"), number(0, 4_000_000_000);
    /// Roles that may send the documents of the metadata's allow list and no others.
    trusted_roles: Vec<String> = Unset("none"), list(role());
    /// Access tokens that each node remembers as verified.
    token_cache: u32 = Always("100000"), number(0, 10_000_000);
    /// How long a request may take.
    request_timeout: Duration = Always("30s"), time(1, 3_600);
    /// How long a connection may wait for a request, the head of a request may take, and a client may read nothing of
    /// its answer; more than a proxy keeps an idle connection.
    idle_timeout: Duration = Always("75s"), time(1, 3_600);
    /// How long requests under way and everything else may take to end after the service was told to stop.
    shutdown_timeout: Duration = Always("20s"), time(0, 3_600);
    /// Whether the page `/graphiql` exists.
    graphiql: bool = ByEnvironment("true", "false"), switch();
    /// Whether roles but `admin` may ask for the schema.
    introspection: bool = ByEnvironment("true", "false"), switch();
    /// What is logged.
    log: String = Always("info"), log_filter();
    /// How log lines look.
    log_format: LogFormat = ByEnvironment("text", "json"),
        one_of(&[("text", LogFormat::Text), ("json", LogFormat::Json)]);
}
