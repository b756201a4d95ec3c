//! What an address of PostgreSQL may say: connections for accounts and those for data are made by two drivers.

use portico_query::execute::takes_postgres_url;
use sqlx::postgres::PgConnectOptions;

/// The parameters that both drivers heed.
pub(super) const PARAMETERS: [&str; 10] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Whether both drivers can read it, but for parameters that not both know.
pub(super) fn is_readable(url: &str) -> bool {
    let base = url.split_once('?').map_or(url, |(base, _)| base);
    let read = match unknown_parameter(url) {
        None => url,
        Some(_) => base,
    };
    read.parse::<PgConnectOptions>().is_ok() && takes_postgres_url(read)
}

/// The first parameter that would count for some connections only, or for none.
pub(super) fn unknown_parameter(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let names = url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    let mut unknown = names.filter(|name| !PARAMETERS.contains(&name.as_ref()));
    unknown.next().map(|name| shown(&name))
}

/// What looks like no name may be a part of a password with a `&` in it.
fn shown(name: &str) -> String {
    let letter = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-' | b'[' | b']');
    match name.bytes().all(letter) {
        true => format!("{name:?}"),
        false => "(not shown: it may be a part of a value)".to_owned(),
    }
}
