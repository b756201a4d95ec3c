//! A folder in the layout of Hasura's command line tool: what it includes is followed, what it asks for that
//! is not here is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use portico_entity::catalogue::Catalogue;

use super::node::{Mistake, Node};
use super::{Grants, MetadataError, TrustedDocument, document, table};
use crate::permission::ADMIN;
use crate::permission::inherit::Inheritance;

/// The version of the layout.
const VERSION: u32 = 3;

/// What an operator says in a folder.
#[derive(Debug, Default)]
pub struct Metadata {
    pub(in crate::permission) grants: Grants,
    pub(in crate::permission) inheritances: Vec<Inheritance>,
    /// Where the inherited roles are told, for what is wrong with them.
    inherited_at: BTreeMap<String, (String, u64)>,
    /// Roles that may not ask for their schema.
    pub without_introspection: BTreeSet<String>,
    /// Documents that roles in trusted mode may send.
    pub documents: Vec<TrustedDocument>,
}

impl Metadata {
    /// Reads a folder.
    pub fn read(catalogue: &'static Catalogue, folder: &Path) -> Result<Self, MetadataError> {
        let mut metadata = Self::default();
        let databases = File::read(folder.join("databases/databases.yaml"))?;
        metadata.databases(catalogue, &databases)?;
        let mut collections = BTreeMap::new();
        let files = files(folder)?;
        for path in &files {
            let file = File::read(path.clone())?;
            match path.file_name().and_then(|name| name.to_str()) {
                Some("version.yaml") => file.told(version(&file.node))?,
                Some("inherited_roles.yaml") => metadata.inherited_roles(&file)?,
                Some("graphql_schema_introspection.yaml") => {
                    metadata.without_introspection = file.told(without_introspection(&file.node))?;
                }
                Some("query_collections.yaml") => {
                    collections = file.told(document::collections(&file.node))?
                }
                Some("allow_list.yaml") => {}
                _ if file.node.is_blank() => {}
                _ => {
                    let reason = "what this file asks for is not here; empty it or take it away";
                    return file.told(Err(file.node.mistake(reason)));
                }
            }
        }
        if let Some(path) = files.iter().find(|path| path.ends_with("allow_list.yaml")) {
            let file = File::read(path.clone())?;
            metadata.documents = file.told(document::allowed(&file.node, &collections))?;
        }
        Ok(metadata)
    }

    /// The mistake of an inherited role.
    pub(in crate::permission) fn unmade(&self, role: &str, reason: String) -> MetadataError {
        let (file, line) = self.inherited_at.get(role).cloned().unwrap_or_default();
        MetadataError { file, line, reason }
    }

    fn databases(&mut self, catalogue: &'static Catalogue, file: &File) -> Result<(), MetadataError> {
        for database in file.told(file.node.list())? {
            let (tables, functions) = file.told(database_entry(database))?;
            if let Some(node) = tables {
                let tables = file.included(node)?;
                for node in tables.told(list(&tables.node))? {
                    let table = tables.included(node)?;
                    table.told(table::read(catalogue, &table.node, &mut self.grants))?;
                }
            }
            if let Some(node) = functions {
                let functions = file.included(node)?;
                if !functions.node.is_blank() {
                    functions.told(Err(functions.node.mistake("there are no functions here")))?;
                }
            }
        }
        Ok(())
    }

    fn inherited_roles(&mut self, file: &File) -> Result<(), MetadataError> {
        for node in file.told(list(&file.node))? {
            let (inheritance, line) = file.told(inherited_role(node))?;
            let place = (file.name(), line);
            if self
                .inherited_at
                .insert(inheritance.name.clone(), place)
                .is_some()
            {
                let reason = format!("role {} is inherited twice", inheritance.name);
                return file.told(Err(node.mistake(reason)));
            }
            self.inheritances.push(inheritance);
        }
        Ok(())
    }
}

/// The YAML files of a folder itself, alphabetically.
fn files(folder: &Path) -> Result<Vec<PathBuf>, MetadataError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> MetadataError {
    MetadataError {
        file: path.display().to_string(),
        line: 0,
        reason: format!("cannot be read: {error}"),
    }
}

/// A file as a tree.
#[derive(Debug, Clone)]
struct File {
    path: PathBuf,
    node: Node,
}

impl File {
    fn read(path: PathBuf) -> Result<Self, MetadataError> {
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        match Node::parse(&text) {
            Ok(node) => Ok(Self { path, node }),
            Err(mistake) => Err(mistake.within(&path.display().to_string())),
        }
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// A part of the file, or the file that stands for it: `"!include tables/tables.yaml"`.
    fn included(&self, node: &Node) -> Result<Self, MetadataError> {
        let Ok(text) = node.text() else {
            return Ok(Self {
                path: self.path.clone(),
                node: node.clone(),
            });
        };
        let Some(name) = text.strip_prefix("!include") else {
            return self.told(Err(node.mistake("expected \"!include\" and the name of a file")));
        };
        let folder = self.path.parent().unwrap_or(Path::new(""));
        Self::read(folder.join(name.trim()))
    }

    /// Puts the file's name to a mistake.
    fn told<T>(&self, result: Result<T, Mistake>) -> Result<T, MetadataError> {
        result.map_err(|mistake| mistake.within(&self.name()))
    }
}

/// An empty file is an empty list.
fn list(node: &Node) -> Result<&[Node], Mistake> {
    match node.is_null() {
        true => Ok(&[]),
        false => node.list(),
    }
}

fn version(node: &Node) -> Result<(), Mistake> {
    let mut fields = node.fields()?;
    let version = fields.require("version")?;
    if version.number()? != VERSION {
        return Err(version.mistake(format!("the version of the layout has to be {VERSION}")));
    }
    fields.finish()
}

/// Tables and functions of a database; where it is has been configured already.
fn database_entry(node: &Node) -> Result<(Option<&Node>, Option<&Node>), Mistake> {
    let mut fields = node.fields()?;
    for key in ["name", "kind", "configuration"] {
        fields.ignore(key);
    }
    fields.refuse("customization", "the names of this service are fixed")?;
    let found = (fields.take("tables"), fields.take("functions"));
    fields.finish()?;
    Ok(found)
}

fn without_introspection(node: &Node) -> Result<BTreeSet<String>, Mistake> {
    if node.is_blank() {
        return Ok(BTreeSet::new());
    }
    let mut fields = node.fields()?;
    let roles = fields.require("disabled_for_roles")?.list()?;
    fields.finish()?;
    roles.iter().map(|role| role.text().map(str::to_owned)).collect()
}

/// A role made of others, with its line.
fn inherited_role(node: &Node) -> Result<(Inheritance, u64), Mistake> {
    let mut fields = node.fields()?;
    let name = fields.require("role_name")?;
    let set = fields.require("role_set")?;
    fields.finish()?;
    let mut parents = Vec::new();
    for parent in set.list()? {
        if parent.text()? == ADMIN {
            return Err(parent.mistake("no role inherits from admin"));
        }
        parents.push(parent.text()?.to_owned());
    }
    if name.text()? == ADMIN {
        return Err(name.mistake("the role admin may do everything already"));
    }
    if parents.is_empty() {
        return Err(set.mistake("a role inherits from one other at least"));
    }
    let name_text = name.text()?.to_owned();
    Ok((
        Inheritance {
            name: name_text,
            parents,
        },
        name.line(),
    ))
}
