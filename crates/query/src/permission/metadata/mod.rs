//! Permissions in Hasura's metadata format: one YAML file a table, columns and filters by SQL names.

mod condition;
mod directory;
mod document;
mod grant;
mod node;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use portico_entity::catalogue::Catalogue;

use super::role::Role;
use node::{Mistake, Node};

pub use directory::Metadata;
pub use document::TrustedDocument;

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

/// What files grant.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// The roles with their permissions.
    pub(super) roles: BTreeMap<String, Role>,
    /// Types of the tables of which nothing else is to hold.
    pub(super) alone: BTreeSet<&'static str>,
}

/// Reads files, one a table, each with its name, and tells what they grant.
pub(super) fn read(catalogue: &'static Catalogue, files: &[(&str, &str)]) -> Result<Grants, MetadataError> {
    let mut grants = Grants::default();
    for (file, text) in files {
        Node::parse(text)
            .and_then(|node| table::read(catalogue, &node, &mut grants))
            .map_err(|mistake| mistake.within(file))?;
    }
    Ok(grants)
}

#[cfg(test)]
mod tests;
