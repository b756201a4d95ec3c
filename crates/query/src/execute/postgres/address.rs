//! The one reading of an address of PostgreSQL. Connections for accounts and those for data are made by two drivers,
//! which understand some addresses differently: each is told what was read here.

mod error;
mod parameter;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use form_urlencoded::Serializer;
use percent_encoding::percent_decode_str;

pub use error::AddressError;
use parameter::{PARAMETERS, shown};

/// The port where none is named.
const PORT: u16 = 5432;

/// Where a database is, and as whom it is reached. It may hold a password, and is not to be shown.
pub struct PostgresAddress {
    /// The user; none is the one who runs the service.
    pub user: Option<String>,
    /// The password, where there is one.
    pub password: Option<String>,
    /// A name, an IP address, or the folder of a socket.
    pub host: String,
    /// The port, which a socket has, too.
    pub port: u16,
    /// The database; none is the one with the name of the user.
    pub database: Option<String>,
    /// What the server is to be told of settings.
    pub options: Option<String>,
    /// Whether everything is encrypted and the server's certificate verified, or nothing.
    pub encrypted: bool,
    /// A file with the authorities that may vouch for the server; none are the public ones.
    pub authorities: Option<String>,
}

impl PostgresAddress {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETER=…`. What could be meant in two ways is refused.
    pub fn read(url: &str) -> Result<Self, AddressError> {
        let mut schemes = ["postgres://", "postgresql://"].into_iter();
        let rest = schemes.find_map(|scheme| url.strip_prefix(scheme));
        let mut said = Said::of(rest.ok_or(AddressError::Scheme)?)?;
        let host = said.take("host").ok_or(AddressError::NoHost)?;
        if host.contains(',') {
            return Err(AddressError::Several);
        }
        let port = said.take("port").map_or(Ok(PORT), |port| {
            port.parse()
                .ok()
                .filter(|port| *port > 0)
                .ok_or(AddressError::Port)
        });
        // Encryption towards whoever answers would protect from nobody.
        let encrypted = match said.take("sslmode").as_deref() {
            None | Some("disable" | "allow" | "prefer") => false,
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(_) => return Err(AddressError::Mode),
        };
        Ok(Self {
            user: said.take("user"),
            password: said.take("password"),
            host,
            port: port?,
            database: said.take("dbname"),
            options: said.take("options"),
            encrypted,
            authorities: said.take("sslrootcert"),
        })
    }

    /// The same for a driver that can be told of options by an address alone: everything is a parameter, and nothing is
    /// left to what it would take otherwise. The password stands there even where it is empty: from a file of passwords
    /// one of the two drivers would read.
    pub fn as_parameters(&self) -> String {
        let (port, empty) = (self.port.to_string(), String::new());
        let mode = if self.encrypted { "verify-full" } else { "disable" };
        let mut text = Serializer::new("postgres:///?".to_owned());
        text.append_pair("host", &self.host)
            .append_pair("port", &port)
            .append_pair("password", self.password.as_ref().unwrap_or(&empty))
            .append_pair("sslmode", mode);
        for (name, value) in [
            ("user", &self.user),
            ("dbname", &self.database),
            ("options", &self.options),
            ("sslrootcert", &self.authorities),
        ] {
            if let Some(value) = value {
                text.append_pair(name, value);
            }
        }
        text.finish()
    }
}

/// What an address says, by the names of parameters. What is empty says nothing.
#[derive(Default)]
struct Said(BTreeMap<&'static str, String>);

impl Said {
    fn of(rest: &str) -> Result<Self, AddressError> {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        let (who, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = who.split_once(':').unwrap_or((who, ""));
        // Where one of these is a part of a name or a password, others would end that elsewhere.
        if who.contains('@') || database.contains(['@', '/']) || rest.contains('#') {
            return Err(AddressError::Sign);
        }
        if host.contains(',') {
            return Err(AddressError::Several);
        }
        let (host, port) = host_and_port(host).ok_or(AddressError::Port)?;
        let mut said = Self::default();
        for (name, value) in [
            ("user", user),
            ("password", password),
            ("host", host),
            ("port", port),
            ("dbname", database),
        ] {
            let value = percent_decode_str(value).decode_utf8();
            said.add(name, value.map_err(|_| AddressError::Text)?.into_owned())?;
        }
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let known = PARAMETERS.into_iter().find(|known| *known == name);
            let known = known.ok_or_else(|| AddressError::Parameter(shown(&name)))?;
            // Where a variable that was to fill it is missing, less would be protected than was meant.
            if value.is_empty() && known.starts_with("ssl") {
                return Err(AddressError::Empty(known));
            }
            said.add(known, value.into_owned())?;
        }
        Ok(said)
    }

    fn add(&mut self, name: &'static str, value: String) -> Result<(), AddressError> {
        // It would end what is sent to the server.
        if value.contains('\0') {
            return Err(AddressError::Text);
        }
        if !value.is_empty() && self.0.insert(name, value).is_some() {
            return Err(AddressError::Twice(name));
        }
        Ok(())
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }
}

/// An IP address of version 6 has colons of its own, and stands in brackets.
fn host_and_port(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('[') {
        None => Some(text.split_once(':').unwrap_or((text, ""))),
        Some(rest) => match rest.split_once(']')? {
            (host, "") => Some((host, "")),
            (host, port) => Some((host, port.strip_prefix(':')?)),
        },
    }
}
