//! The parameters that an address of PostgreSQL may have, and those that have a name elsewhere.

/// All that is heeded.
pub(super) const PARAMETERS: [&str; 8] = [
    "dbname",
    "host",
    "options",
    "password",
    "port",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Others that libpq or one of the drivers knows. All connections are called the same, and one driver knows no address beside
/// the name of a host.
const ELSEWHERE: &[&str] = &[
    "application_name",
    "authtype",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "passfile",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "scram_client_key",
    "scram_server_key",
    "service",
    "servicefile",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslkeylogfile",
    "sslnegotiation",
    "sslpassword",
    "sslsni",
    "statement-cache-capacity",
    "target_session_attrs",
    "tcp_user_timeout",
    "tty",
];

/// What is no name of a parameter may be a part of a password with a `&` in it.
pub(super) fn shown(name: &str) -> &'static str {
    let known = ELSEWHERE.iter().find(|known| **known == name);
    known
        .copied()
        .unwrap_or("(not shown: it may be a part of a value)")
}
