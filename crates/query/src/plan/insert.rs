//! New rows, with rows of related tables inside them.
//!
//! A plan knows which columns and relationships the objects name, not how many objects there are nor what they
//! hold: execution reads them from one value.

use portico_entity::catalogue::{Cardinality, Column, Relation, Table, Unique, catalogue};

use super::update::UpdateRights;
use super::{ByName, Filter, filter};
use crate::error::Failure;
use crate::permission::Preset;
use crate::request::{Operand, Place, Selection, Variables};

/// How deep rows may be inside each other.
const MOST_LEVELS: usize = 8;

/// An insert.
#[derive(Debug, Clone)]
pub struct Insert {
    /// Where execution finds the object or the list of them.
    pub objects: Operand,
    /// Where they stand in the request.
    pub path: String,
    /// What they are.
    pub node: Node,
}

/// Rows of one table among those of an insert.
#[derive(Debug, Clone)]
pub struct Node {
    /// The table.
    pub table: &'static Table,
    /// The columns that any object names.
    pub columns: Vec<ByName<Column>>,
    /// What to do with rows that exist already.
    pub conflict: Option<Conflict>,
    /// Rows of related tables.
    pub nested: Vec<Nested>,
    /// What must hold of a new row.
    pub check: Filter,
    /// What is written whatever the client says.
    pub presets: Vec<Preset>,
}

/// Rows of a related table.
#[derive(Debug, Clone)]
pub struct Nested {
    /// The relationship.
    pub relation: ByName<Relation>,
    /// The one place where they stand, if they belong to no other: their `on_conflict` has conditions.
    pub at: Option<String>,
    /// The rows.
    pub node: Node,
}

/// What to do where a row with the same unique values exists.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// The constraint.
    pub unique: &'static Unique,
    /// The columns that take the new values; with none the row stays as it is.
    pub update: Vec<ByName<Column>>,
    /// Which rows may be changed, as the request says.
    pub filter: Filter,
    /// What the permission to update says.
    pub rights: UpdateRights,
}

impl Conflict {
    /// The columns written of a row that exists, by their SQL names.
    pub fn columns(&self) -> Vec<&'static str> {
        let presets = self.rights.presets.iter().map(|preset| preset.column);
        self.update
            .iter()
            .map(|column| column.0.sql)
            .chain(presets)
            .collect()
    }

    /// Whether a plain mention of it, as a value holds it, is this one.
    pub fn is(&self, constraint: &str, columns: &[&str]) -> bool {
        self.unique.name == constraint
            && self.update.len() == columns.len()
            && self
                .update
                .iter()
                .zip(columns)
                .all(|(column, name)| column.0.name == *name)
    }
}

impl Node {
    fn new(table: &'static Table, conflict: Option<Conflict>) -> Self {
        Self {
            table,
            columns: Vec::new(),
            conflict,
            nested: Vec::new(),
            check: Filter::TRUE,
            presets: Vec::new(),
        }
    }
}

/// An insert of one or many rows.
pub(super) fn insert(
    table: &'static Table,
    argument: &str,
    selection: &Selection,
    variables: &Variables,
    path: &str,
) -> Result<Insert, Failure> {
    let objects = selection
        .argument(argument, variables, path)
        .filter(|place| !place.is_null())
        .ok_or_else(|| super::mutation::missing(path, argument))?;
    let conflict = match selection.argument("on_conflict", variables, path) {
        Some(place) if !place.is_null() => Some(conflict(table, &place)?),
        _ => None,
    };
    let mut node = Node::new(table, conflict);
    for object in objects.elements()? {
        gather(&mut node, &object, 1)?;
    }
    Ok(Insert {
        objects: objects.operand(),
        path: objects.path,
        node,
    })
}

/// Adds to a node what an object names.
fn gather(node: &mut Node, object: &Place<'_>, level: usize) -> Result<(), Failure> {
    if level > MOST_LEVELS {
        let message = format!("rows are nested too deep: no more than {MOST_LEVELS} levels are allowed");
        return Err(Failure::validation(&object.path, message));
    }
    let type_name = format!("{}_insert_input", node.table.type_name);
    for (name, value) in object.entries(&type_name)? {
        if value.is_absent() {
            continue;
        }
        if let Some(column) = node.table.column(name) {
            let column = ByName(column);
            if !node.columns.contains(&column) {
                node.columns.push(column);
            }
            continue;
        }
        let relation = node.table.relation(name);
        let target = relation.and_then(|relation| catalogue().table(relation.target));
        let (Some(relation), Some(target)) = (relation, target) else {
            return Err(Failure::unknown_field(&value.path, name, &type_name));
        };
        if !value.is_null() {
            gather_related(node, relation, target, &value, level)?;
        }
    }
    Ok(())
}

fn gather_related(
    node: &mut Node,
    relation: &'static Relation,
    target: &'static Table,
    place: &Place<'_>,
    level: usize,
) -> Result<(), Failure> {
    let kind = match relation.cardinality {
        Cardinality::Object => "obj",
        Cardinality::Array => "arr",
    };
    let type_name = format!("{}_{kind}_rel_insert_input", target.type_name);
    let entries = place.entries(&type_name)?;
    let find = |name: &str| {
        let found = entries.iter().find(|(key, _)| *key == name);
        found.map(|(_, place)| place).filter(|place| !place.is_null())
    };
    let conflict = find("on_conflict")
        .map(|place| conflict(target, place))
        .transpose()?;
    let data = find("data").ok_or_else(|| Failure::missing_field(&place.path, "data"))?;
    let nested = nested(node, relation, target, conflict, &place.path);
    match relation.cardinality {
        Cardinality::Object => gather(nested, data, level + 1),
        Cardinality::Array => data
            .elements()?
            .iter()
            .try_for_each(|element| gather(nested, element, level + 1)),
    }
}

/// The node of the rows at a place: shared by all places that treat conflicts alike.
fn nested<'n>(
    node: &'n mut Node,
    relation: &'static Relation,
    target: &'static Table,
    conflict: Option<Conflict>,
    path: &str,
) -> &'n mut Node {
    let own = conflict
        .as_ref()
        .is_some_and(|conflict| !conflict.filter.is_true());
    let at = own.then(|| path.to_owned());
    let same = |known: &Nested| {
        let alike = match (&known.node.conflict, &conflict) {
            (None, None) => true,
            (Some(one), Some(other)) => std::ptr::eq(one.unique, other.unique) && one.update == other.update,
            _ => false,
        };
        known.relation == ByName(relation) && known.at == at && alike
    };
    let index = node.nested.iter().position(same).unwrap_or_else(|| {
        node.nested.push(Nested {
            relation: ByName(relation),
            at,
            node: Node::new(target, conflict),
        });
        node.nested.len() - 1
    });
    #[expect(clippy::indexing_slicing, reason = "found or pushed a moment ago")]
    &mut node.nested[index].node
}

fn conflict(table: &'static Table, place: &Place<'_>) -> Result<Conflict, Failure> {
    let type_name = format!("{}_on_conflict", table.type_name);
    let (mut unique, mut update, mut rows) = (None, Vec::new(), Filter::TRUE);
    for (name, value) in place.entries(&type_name)? {
        match name {
            "constraint" => unique = Some(constraint(table, &value)?),
            "update_columns" if value.is_absent() => {}
            "update_columns" => {
                for element in value.elements()? {
                    update.push(update_column(table, &element)?);
                }
            }
            "where" => rows = filter::argument(table, Some(value))?,
            name => return Err(Failure::unknown_field(&value.path, name, &type_name)),
        }
    }
    let unique = unique.ok_or_else(|| Failure::missing_field(&place.path, "constraint"))?;
    Ok(Conflict {
        unique,
        update,
        filter: rows,
        rights: UpdateRights::default(),
    })
}

fn constraint(table: &'static Table, place: &Place<'_>) -> Result<&'static Unique, Failure> {
    let type_name = format!("{}_constraint", table.type_name);
    let name = place.enum_value(&type_name)?;
    let found = table.uniques.iter().find(|unique| unique.name == name);
    found.ok_or_else(|| {
        let known: Vec<_> = table.uniques.iter().map(|unique| unique.name).collect();
        Failure::unknown_value(&place.path, name, &type_name, &known)
    })
}

fn update_column(table: &'static Table, place: &Place<'_>) -> Result<ByName<Column>, Failure> {
    let type_name = format!("{}_update_column", table.type_name);
    let name = place.enum_value(&type_name)?;
    let found = table.column(name).filter(|column| !column.secret);
    found
        .map(ByName)
        .ok_or_else(|| Failure::unknown_value(&place.path, name, &type_name, &[]))
}
