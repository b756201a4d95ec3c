//! Trusted documents: Hasura's query collections and the list of those that are allowed.

use std::collections::{BTreeMap, BTreeSet};

use super::node::{Mistake, Node};

/// A document that roles in trusted mode may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedDocument {
    /// Its text.
    pub text: String,
    /// The roles it is for; all where there are none.
    pub roles: Option<BTreeSet<String>>,
    /// Where it is told, for what is wrong with it: collection and name.
    pub name: String,
}

/// Documents by the name of their collection, each with its own name.
pub(super) type Collections = BTreeMap<String, Vec<(String, String)>>;

/// Reads `query_collections.yaml`.
pub(super) fn collections(node: &Node) -> Result<Collections, Mistake> {
    let mut found = Collections::new();
    if node.is_blank() {
        return Ok(found);
    }
    for collection in node.list()? {
        let mut fields = collection.fields()?;
        let name = fields.require("name")?.text()?.to_owned();
        fields.ignore("comment");
        let mut definition = fields.require("definition")?.fields()?;
        let mut queries = Vec::new();
        for query in definition.require("queries")?.list()? {
            let mut fields = query.fields()?;
            let name = fields.require("name")?.text()?.to_owned();
            queries.push((name, fields.require("query")?.text()?.to_owned()));
            fields.finish()?;
        }
        definition.finish()?;
        fields.finish()?;
        if found.insert(name.clone(), queries).is_some() {
            return Err(collection.mistake(format!("there are two collections {name}")));
        }
    }
    Ok(found)
}

/// Reads `allow_list.yaml`.
pub(super) fn allowed(node: &Node, collections: &Collections) -> Result<Vec<TrustedDocument>, Mistake> {
    let mut documents = Vec::new();
    if node.is_blank() {
        return Ok(documents);
    }
    for entry in node.list()? {
        let mut fields = entry.fields()?;
        let collection = fields.require("collection")?;
        let roles = fields.take("scope").map_or(Ok(None), scope)?;
        fields.finish()?;
        let name = collection.text()?;
        let queries = collections
            .get(name)
            .ok_or_else(|| collection.mistake(format!("there is no collection {name}")))?;
        documents.extend(queries.iter().map(|(query, text)| TrustedDocument {
            text: text.clone(),
            roles: roles.clone(),
            name: format!("{name}, {query}"),
        }));
    }
    Ok(documents)
}

fn scope(node: &Node) -> Result<Option<BTreeSet<String>>, Mistake> {
    let mut fields = node.fields()?;
    let global = fields.require("global")?;
    let roles = fields.take("roles");
    fields.finish()?;
    match (global.boolean()?, roles) {
        (true, None) => Ok(None),
        (true, Some(roles)) => Err(roles.mistake("what is for all roles names none")),
        (false, None) => Err(global.mistake("the key roles is missing")),
        (false, Some(roles)) => {
            let names = roles.list()?.iter().map(|role| role.text().map(str::to_owned));
            names.collect::<Result<_, _>>().map(Some)
        }
    }
}
