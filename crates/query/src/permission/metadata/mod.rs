//! Permissions in Hasura's metadata format: one YAML file a table, columns and filters by SQL names.

mod condition;
mod grant;
mod node;
mod table;

use std::collections::BTreeMap;
use std::fmt;

use portico_entity::catalogue::Catalogue;

use super::role::Role;
use node::{Mistake, Node};

/// The files of this build.
pub const EMBEDDED: [(&str, &str); 14] = [
    ("apps.yaml", include_str!("../../../metadata/apps.yaml")),
    (
        "audit_events.yaml",
        include_str!("../../../metadata/audit_events.yaml"),
    ),
    ("contacts.yaml", include_str!("../../../metadata/contacts.yaml")),
    ("langs.yaml", include_str!("../../../metadata/langs.yaml")),
    ("members.yaml", include_str!("../../../metadata/members.yaml")),
    ("orgs.yaml", include_str!("../../../metadata/orgs.yaml")),
    ("providers.yaml", include_str!("../../../metadata/providers.yaml")),
    (
        "refresh_token_types.yaml",
        include_str!("../../../metadata/refresh_token_types.yaml"),
    ),
    (
        "refresh_tokens.yaml",
        include_str!("../../../metadata/refresh_tokens.yaml"),
    ),
    ("roles.yaml", include_str!("../../../metadata/roles.yaml")),
    (
        "user_providers.yaml",
        include_str!("../../../metadata/user_providers.yaml"),
    ),
    (
        "user_roles.yaml",
        include_str!("../../../metadata/user_roles.yaml"),
    ),
    (
        "user_security_keys.yaml",
        include_str!("../../../metadata/user_security_keys.yaml"),
    ),
    ("users.yaml", include_str!("../../../metadata/users.yaml")),
];

/// Why permission data was refused.
#[derive(Debug)]
pub struct MetadataError {
    /// The file.
    pub file: String,
    /// Where in it, counted from 1; 0 where it is unknown.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for MetadataError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.file, self.reason),
            line => write!(formatter, "{}, line {line}: {}", self.file, self.reason),
        }
    }
}

impl std::error::Error for MetadataError {}

impl Mistake {
    fn within(self, file: &str) -> MetadataError {
        MetadataError {
            file: file.to_owned(),
            line: self.line,
            reason: self.reason,
        }
    }
}

/// Reads files, one a table, each with its name, and tells what they grant to which roles.
pub(super) fn read(
    catalogue: &'static Catalogue,
    files: &[(String, String)],
) -> Result<BTreeMap<String, Role>, MetadataError> {
    let mut roles = BTreeMap::new();
    for (file, text) in files {
        Node::parse(text)
            .and_then(|node| table::read(catalogue, &node, &mut roles))
            .map_err(|mistake| mistake.within(file))?;
    }
    Ok(roles)
}

#[cfg(test)]
mod tests;
