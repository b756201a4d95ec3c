//! The settings that tests start the service with, given like an operator gives them: by environment variables.

use portico_server::Settings;

use super::database::TestDatabase;

/// The admin secret of every service under test.
pub(crate) const ADMIN_SECRET: &str = "the-admin-secret-of-the-tests-long-enough";

/// Settings with some variables set.
pub(crate) fn load(database: &TestDatabase, variables: &[(&str, &str)]) -> Settings {
    let folder = database.folder();
    let own = [
        ("PORTICO_LISTEN", "127.0.0.1:0"),
        ("PORTICO_DATABASE_URL", &database.url),
        ("PORTICO_DATA_DIR", folder.to_str().unwrap()),
        ("PORTICO_ADMIN_SECRET", ADMIN_SECRET),
        // Many services run beside each other against one server.
        ("PORTICO_DATABASE_CONNECTIONS", "4"),
        ("PORTICO_DATABASE_READ_CONNECTIONS", "2"),
        ("PORTICO_DATABASE_HEAVY_CONNECTIONS", "1"),
        ("PORTICO_DATABASE_WRITE_CONNECTIONS", "2"),
    ];
    let variables = own
        .iter()
        .chain(variables)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(["portico"], variables, None).unwrap_or_else(|error| panic!("{error}"))
}
