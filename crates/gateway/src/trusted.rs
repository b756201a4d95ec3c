//! Trusted documents: some roles may send what an operator has listed, and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::document::canonical;

/// Documents that an operator trusts, and the roles that may send no others.
#[derive(Debug, Clone, Default)]
pub struct TrustedDocuments {
    roles: BTreeSet<String>,
    of_all: HashSet<String>,
    of_role: BTreeMap<String, HashSet<String>>,
}

impl TrustedDocuments {
    /// Binds these roles to the documents that are added.
    pub fn new(roles: impl IntoIterator<Item = String>) -> Self {
        Self {
            roles: roles.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Trusts a document, from everybody or from some roles; refused where it cannot be read.
    pub fn add(&mut self, text: &str, roles: Option<&BTreeSet<String>>) -> Result<(), String> {
        async_graphql::parser::parse_query(text).map_err(|error| error.to_string())?;
        let document = canonical(text);
        match roles {
            None => {
                self.of_all.insert(document);
            }
            Some(roles) => {
                for role in roles {
                    let documents = self.of_role.entry(role.clone()).or_default();
                    documents.insert(document.clone());
                }
            }
        }
        Ok(())
    }

    /// Whether a role may send listed documents only.
    pub(crate) fn binds(&self, role: &str) -> bool {
        self.roles.contains(role)
    }

    /// Whether the role may send the document.
    pub(crate) fn allows(&self, role: &str, text: &str) -> bool {
        if !self.binds(role) {
            return true;
        }
        let document = canonical(text);
        let of_role = self.of_role.get(role);
        self.of_all.contains(&document) || of_role.is_some_and(|documents| documents.contains(&document))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_in_trusted_mode_sends_what_is_listed_for_it() {
        let mut trusted = TrustedDocuments::new(["app".to_owned(), "kiosk".to_owned()]);
        trusted.add("{ users { id } }", None).unwrap();
        let app = BTreeSet::from(["app".to_owned()]);
        trusted.add("{ orgs { id } }", Some(&app)).unwrap();
        for (role, text, allowed) in [
            ("app", "query{users{id,__typename}}", false),
            ("app", "{users{id,__typename}}", true),
            ("app", "{ orgs { id } }", true),
            ("kiosk", "{ users { id } }", true),
            ("kiosk", "{ orgs { id } }", false),
            ("kiosk", "{ users { id email } }", false),
            ("free", "{ anything }", true),
        ] {
            assert_eq!(trusted.allows(role, text), allowed, "{role}: {text}");
        }
    }

    #[test]
    fn a_document_that_cannot_be_read_is_refused() {
        assert!(TrustedDocuments::default().add("{ users", None).is_err());
    }
}
