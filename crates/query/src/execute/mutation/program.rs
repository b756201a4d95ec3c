//! From the objects of an insert to rows in the order in which they are written: what a row refers to, the row,
//! what refers to it.

use portico_entity::catalogue::{Column, Scalar};
use serde_json::{Map, Value};

use super::super::Values;
use super::super::parameter::{parameter, parameters};
use super::task::check_parameters;
use crate::error::Failure;
use crate::execute::Origin;
use crate::plan::mutation::key_columns;
use crate::request::Operand;
use crate::scalar::{self, Parameter};
use crate::sql::{InsertWork, NestedWork, NodeWork, Parent};

/// Rows of one insert, those inside others counted.
const MOST_ROWS: usize = 10_000;

/// The rows of an insert in the order of their writing.
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    /// Of each row what is known of it before.
    pub(super) slots: Vec<Slot>,
    /// The rows to answer.
    pub(super) roots: Vec<usize>,
    /// The parameters of each node's statements.
    pub(super) nodes: Vec<NodeParameters>,
    /// Those of a statement that answers.
    pub(super) returned: Vec<Parameter>,
}

/// A row among all.
#[derive(Clone, Default)]
pub(super) struct Slot {
    /// Its key, if it is known before.
    pub(super) key: Option<Parameter>,
    /// Why others have to know its key.
    pub(super) needed: Option<Need>,
}

/// Why the key of a row is needed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A row refers to it by this relationship.
    Object(&'static str),
    /// Rows inside it refer to it.
    Array,
}

/// The parameters of a node's statements that do not depend on rows.
pub(super) struct NodeParameters {
    pub(super) tail: Vec<Parameter>,
    pub(super) check: Vec<Parameter>,
    pub(super) update_check: Vec<Parameter>,
}

/// Rows of one node.
pub(super) struct Step {
    pub(super) node: usize,
    pub(super) rows: Vec<Row>,
    /// Whether they are lists of the request; rows that others refer to are each by itself.
    pub(super) together: bool,
}

/// A row with the columns it has, in the order of the table.
pub(super) struct Row {
    pub(super) slot: usize,
    pub(super) cells: Vec<(&'static Column, Cell)>,
}

/// The value of a column.
#[derive(Clone)]
pub(super) enum Cell {
    Value(Parameter),
    /// The key of another row.
    Key(usize),
}

/// An object with where it stands and the column that the row around it determines.
struct Object {
    entries: Map<String, Value>,
    path: String,
    given: Option<(&'static Column, Cell)>,
}

/// Objects related to a row of some number.
type Related<'w> = Vec<(&'w NestedWork, Vec<(usize, Object)>)>;

impl Program {
    /// Reads the objects of an insert.
    pub(super) fn read(
        insert: &InsertWork,
        values: Values<'_>,
        origin: &dyn Origin,
    ) -> Result<Self, Failure> {
        let nodes = insert.nodes.iter().map(|node| {
            Ok(NodeParameters {
                tail: parameters(node.binds(), values)?,
                check: check_parameters(node.check.as_ref(), values)?,
                update_check: check_parameters(node.update_check.as_ref(), values)?,
            })
        });
        let mut reader = Reader {
            insert,
            values,
            origin,
            program: Self {
                steps: Vec::new(),
                slots: Vec::new(),
                roots: Vec::new(),
                nodes: nodes.collect::<Result<_, Failure>>()?,
                returned: match &insert.returned {
                    Some(returned) => parameters(&returned.tail.binds, values)?,
                    None => Vec::new(),
                },
            },
        };
        let found = match &insert.objects {
            Operand::Session(_) | Operand::Written => None,
            operand => operand.resolve(values.variables),
        };
        let objects = objects(found.unwrap_or_default(), &insert.path, None)?;
        reader.program.roots = reader.place(0, objects, true)?;
        Ok(reader.program)
    }
}

impl Program {
    /// The values that come for columns.
    pub(super) fn values(&self) -> impl Iterator<Item = &Parameter> {
        let rows = self.steps.iter().flat_map(|step| &step.rows);
        rows.flat_map(|row| &row.cells)
            .filter_map(|(_, cell)| match cell {
                Cell::Value(value) => Some(value),
                Cell::Key(_) => None,
            })
    }
}

/// The objects of a list; a single one counts as a list of one.
fn objects(
    found: Value,
    path: &str,
    given: Option<&(&'static Column, Cell)>,
) -> Result<Vec<Object>, Failure> {
    match found {
        Value::Array(elements) => elements
            .into_iter()
            .enumerate()
            .map(|(index, element)| object(element, format!("{path}[{index}]"), given.cloned()))
            .collect(),
        single => Ok(vec![object(single, path.to_owned(), given.cloned())?]),
    }
}

fn object(found: Value, path: String, given: Option<(&'static Column, Cell)>) -> Result<Object, Failure> {
    match found {
        Value::Object(entries) => Ok(Object { entries, path, given }),
        other => {
            let message = format!("expected an object, but found {}", scalar::kind(&other));
            Err(Failure::validation(path, message))
        }
    }
}

struct Reader<'w> {
    insert: &'w InsertWork,
    values: Values<'w>,
    origin: &'w dyn Origin,
    program: Program,
}

impl<'w> Reader<'w> {
    /// Places objects of a node behind what is placed already; answers their slots.
    fn place(&mut self, number: usize, objects: Vec<Object>, together: bool) -> Result<Vec<usize>, Failure> {
        let insert = self.insert;
        let Some(node) = insert.nodes.get(number) else {
            return Err(Failure::unexpected(&"an insert has no such node"));
        };
        let first = self.program.slots.len();
        if first + objects.len() > MOST_ROWS {
            let message = format!("there are too many rows: no more than {MOST_ROWS} are allowed");
            return Err(Failure::validation(&insert.path, message));
        }
        self.program.slots.resize(first + objects.len(), Slot::default());
        let (mut rows, mut before, mut after) = (Vec::new(), Related::new(), Related::new());
        for (index, object) in objects.into_iter().enumerate() {
            let row = self.row(node, first + index, object, (&mut before, &mut after))?;
            rows.push(row);
        }
        for (nested, related) in before {
            let (owners, related): (Vec<usize>, Vec<Object>) = related.into_iter().unzip();
            let slots = self.place(nested.node, related, false)?;
            let Some(column) = node.table.column_by_sql(nested.relation.0.from) else {
                continue;
            };
            for (owner, slot) in owners.into_iter().zip(slots) {
                self.need(slot, Need::Object(nested.relation.0.name));
                if let Some(row) = rows.iter_mut().find(|row| row.slot == owner) {
                    row.cells.push((column, Cell::Key(slot)));
                }
            }
        }
        let slots = rows.iter().map(|row| row.slot).collect();
        for row in &mut rows {
            self.complete(node, row)?;
        }
        self.program.steps.push(Step {
            node: number,
            rows,
            together,
        });
        for (nested, related) in after {
            let related = related.into_iter().map(|(_, object)| object).collect();
            self.place(nested.node, related, true)?;
        }
        Ok(slots)
    }

    /// Reads an object: its columns, and what is related to it.
    fn row(
        &mut self,
        node: &'w NodeWork,
        slot: usize,
        object: Object,
        (before, after): (&mut Related<'w>, &mut Related<'w>),
    ) -> Result<Row, Failure> {
        let Object { entries, path, given } = object;
        let mut cells: Vec<(&'static Column, Cell)> = Vec::with_capacity(entries.len() + 2);
        let determined = |column: &str| given.as_ref().is_some_and(|(given, _)| given.sql == column);
        let mut relations = Vec::new();
        for (name, value) in entries {
            let place = format!("{path}.{name}");
            if let Some(column) = node.columns.iter().find(|column| column.0.name == name) {
                if determined(column.0.sql) {
                    return Err(twice(&path, column.0.sql));
                }
                cells.push((column.0, Cell::Value(cell(column.0, &value, &place)?)));
            } else if !value.is_null() {
                relations.push((name, value, place));
            }
        }
        for (name, value, place) in relations {
            let Some((nested, data)) = related(node, &name, value, &place)? else {
                let type_name = format!("{}_insert_input", node.table.type_name);
                return Err(Failure::unknown_field(place, &name, &type_name));
            };
            let relation = nested.relation.0;
            let place = format!("{place}.data");
            if Parent::of(relation) == Parent::Related {
                let known = cells.iter().any(|(column, _)| column.sql == relation.from);
                if known || determined(relation.from) {
                    let message = format!(
                        "cannot insert object relationship \"{name}\" as \"{}\" column values are already determined",
                        relation.from
                    );
                    return Err(Failure::validation(path, message));
                }
                collect(before, nested, vec![(slot, object_of(data, place)?)]);
                continue;
            }
            let insert = self.insert;
            let to = insert.nodes.get(nested.node).map(|node| node.table);
            let column = to.and_then(|table| table.column_by_sql(relation.to));
            let given = column.map(|column| (column, Cell::Key(slot)));
            let found = objects(data, &place, given.as_ref())?;
            if !found.is_empty() {
                self.need(slot, Need::Array);
            }
            collect(
                after,
                nested,
                found.into_iter().map(|object| (slot, object)).collect(),
            );
        }
        cells.extend(given);
        Ok(Row { slot, cells })
    }

    fn need(&mut self, slot: usize, need: Need) {
        if let Some(slot) = self.program.slots.get_mut(slot) {
            slot.needed = Some(need);
        }
    }

    /// Adds what the client does not give: presets, the key, what stands in a secret.
    fn complete(&mut self, node: &NodeWork, row: &mut Row) -> Result<(), Failure> {
        for preset in &node.presets {
            if let Some(column) = node.table.column_by_sql(preset.column) {
                row.cells.retain(|(known, _)| known.sql != preset.column);
                row.cells
                    .push((column, Cell::Value(parameter(&preset.value, self.values)?)));
            }
        }
        for column in &node.table.columns {
            if let Some(text) = column.blank {
                row.cells
                    .push((column, Cell::Value(Parameter::Text(text.to_owned()))));
            }
        }
        let Some(key) = key_columns(node.table).next() else {
            return Ok(());
        };
        let known = row.cells.iter().position(|(column, _)| column.sql == key.sql);
        if known.is_none() && key.scalar == Scalar::Uuid && key.has_default {
            let id = Parameter::Uuid(self.origin.new_id()?);
            row.cells.push((key, Cell::Value(id)));
        } else if known.is_none() && row.cells.is_empty() {
            row.cells.push((key, Cell::Value(Parameter::Null)));
        }
        let position = |column: &Column| {
            let mut columns = node.table.columns.iter();
            columns.position(|known| known.sql == column.sql)
        };
        row.cells.sort_by_key(|(column, _)| position(column));
        let found = row.cells.iter().find(|(column, _)| column.sql == key.sql);
        if let (Some((_, Cell::Value(value))), None, Some(slot)) =
            (found, &node.conflict, self.program.slots.get_mut(row.slot))
        {
            slot.key = Some(value.clone());
        }
        Ok(())
    }
}

/// What comes for a column; null where the database is to say whether it may be.
fn cell(column: &Column, value: &Value, path: &str) -> Result<Parameter, Failure> {
    match value {
        Value::Null => Ok(Parameter::Null),
        value => scalar::coerce(column.scalar, value, path),
    }
}

fn twice(path: &str, column: &str) -> Failure {
    let message = format!(
        "cannot insert \"{column}\" columns as their values are already being determined by parent insert"
    );
    Failure::validation(path, message)
}

fn object_of(data: Value, path: String) -> Result<Object, Failure> {
    object(data, path, None)
}

fn collect<'w>(all: &mut Related<'w>, nested: &'w NestedWork, found: Vec<(usize, Object)>) {
    match all.iter_mut().find(|(known, _)| known.node == nested.node) {
        Some((_, objects)) => objects.extend(found),
        None => all.push((nested, found)),
    }
}

/// The node that related objects belong to, and the objects.
fn related<'w>(
    node: &'w NodeWork,
    name: &str,
    value: Value,
    path: &str,
) -> Result<Option<(&'w NestedWork, Value)>, Failure> {
    let Value::Object(mut entries) = value else {
        return Err(Failure::validation(path, "expected an object for a relationship"));
    };
    let data = entries.remove("data").unwrap_or_default();
    let conflict = entries
        .remove("on_conflict")
        .filter(|conflict| !conflict.is_null());
    let same = |nested: &&NestedWork| {
        let own = nested.at.as_deref();
        nested.relation.0.name == name && own.is_none_or(|at| at == path)
    };
    let mut candidates: Vec<&NestedWork> = node.nested.iter().filter(same).collect();
    // Those of this place first.
    candidates.sort_by_key(|nested| nested.at.is_none());
    Ok(candidates
        .into_iter()
        .find(|nested| nested.treats(conflict.as_ref()))
        .map(|nested| (nested, data)))
}
