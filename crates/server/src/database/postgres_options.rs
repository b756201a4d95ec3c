//! How connections for accounts are made to PostgreSQL: by what those for data are made by.

use std::env;
use std::ffi::OsString;
use std::str::FromStr;

use portico_query::execute::PostgresAddress;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use super::DatabaseError;
use crate::configuration::Secret;

pub(super) fn base_options(url: &Secret) -> Result<PgConnectOptions, DatabaseError> {
    let address = PostgresAddress::read(url.reveal())?;
    if let Some(name) = variable_that_counts(&address, |name| env::var_os(name)) {
        return Err(DatabaseError::Variable(name));
    }
    let options = PgConnectOptions::from_str(&address.as_parameters()).map_err(DatabaseError::Connect)?;
    Ok(options
        .application_name("portico")
        .options([
            ("search_path", "auth,public"),
            ("TimeZone", "UTC"),
            ("client_min_messages", "warning"),
        ])
        .disable_statement_logging())
}

/// A variable of libpq's for what the address leaves open: this driver would heed it, the one for data would not. A
/// password would not count here either, but whoever sets one believes that it does. An empty one of those that may be
/// empty says nothing.
fn variable_that_counts(
    address: &PostgresAddress,
    set: impl Fn(&str) -> Option<OsString>,
) -> Option<&'static str> {
    let is_set = |name: &str| {
        let may_be_empty = matches!(name, "PGPASSWORD" | "PGOPTIONS");
        set(name).is_some_and(|value| !(may_be_empty && value.is_empty()))
    };
    let variables = [
        ("PGUSER", address.user.is_none()),
        ("PGPASSWORD", address.password.is_none()),
        ("PGDATABASE", address.database.is_none()),
        ("PGOPTIONS", true),
        (
            "PGSSLROOTCERT",
            address.encrypted && address.authorities.is_none(),
        ),
        ("PGSSLCERT", address.encrypted),
        ("PGSSLKEY", address.encrypted),
    ];
    let mut counting = variables
        .into_iter()
        .filter(|(name, counts)| *counts && is_set(name));
    counting.next().map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sqlx::postgres::PgSslMode;

    use super::*;

    fn options(url: &str) -> PgConnectOptions {
        base_options(&Secret::new(url)).unwrap()
    }

    #[test]
    fn the_driver_is_told_what_was_read() {
        for (url, host, port) in [
            ("postgres://me@127.0.0.1:18994/x", "127.0.0.1", 18994),
            ("postgres://me@127.0.0.1/x?port=18994", "127.0.0.1", 18994),
            ("postgres://[::1]/x?user=me", "::1", 5432),
            ("postgres://?host=there&user=me&dbname=x", "there", 5432),
        ] {
            let options = options(url);
            assert_eq!((options.get_host(), options.get_port()), (host, port), "{url}");
            assert_eq!(
                (options.get_username(), options.get_database()),
                ("me", Some("x")),
                "{url}"
            );
            assert!(options.get_socket().is_none(), "{url}");
            assert!(matches!(options.get_ssl_mode(), PgSslMode::Disable), "{url}");
        }
        let options = options(
            "postgres://m%C3%A9@%2Frun%2Fpg/a%26b?options=-c%20jit%3Doff%20-c%20a%3Db\\%20c&sslmode=require",
        );
        assert_eq!(
            options.get_socket().map(|socket| socket.as_path()),
            Some(Path::new("/run/pg"))
        );
        assert_eq!(
            (options.get_username(), options.get_database()),
            ("mé", Some("a&b"))
        );
        let told = options.get_options().unwrap();
        assert!(
            told.starts_with("-c jit=off -c a=b\\ c -c search_path=auth,public"),
            "{told}"
        );
        assert!(matches!(options.get_ssl_mode(), PgSslMode::VerifyFull));
    }

    #[test]
    fn a_variable_counts_where_the_address_leaves_something_open() {
        for (url, name, counts) in [
            ("postgres://me@there/x", "PGPASSWORD", true),
            ("postgres://me:p@there/x", "PGPASSWORD", false),
            ("postgres://there/x", "PGUSER", true),
            ("postgres://me@there", "PGDATABASE", true),
            ("postgres://me@there/x?options=-c%20a%3Db", "PGOPTIONS", true),
            ("postgres://me@there/x", "PGSSLROOTCERT", false),
            ("postgres://me@there/x?sslmode=require", "PGSSLROOTCERT", true),
            (
                "postgres://me@there/x?sslmode=require&sslrootcert=/a",
                "PGSSLROOTCERT",
                false,
            ),
            ("postgres://me@there/x?sslmode=require", "PGSSLCERT", true),
            ("postgres://me@there/x", "PGPORT", false),
        ] {
            let address = PostgresAddress::read(url).ok().unwrap();
            let found = variable_that_counts(&address, |set| (set == name).then(|| OsString::from("a")));
            assert_eq!(found.is_some(), counts, "{url} {name}");
            let empty = variable_that_counts(&address, |set| (set == name).then(OsString::new));
            let may_be_empty = matches!(name, "PGPASSWORD" | "PGOPTIONS");
            assert_eq!(empty.is_some(), counts && !may_be_empty, "{url} {name}");
        }
    }
}
