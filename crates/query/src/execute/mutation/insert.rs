//! Writing the rows of an insert, batch by batch: rows of one table that have the same columns are one
//! statement.

use std::collections::BTreeSet;
use std::sync::Arc;

use portico_entity::catalogue::Column;
use uuid::Uuid;

use super::program::{Cell, Need, NodeParameters, Program, Row, Step};
use super::{
    Changed, Channel, Written, audit, column, former, key, owner, refuse_broken, twice, with_written,
};
use crate::error::{Code, Failure};
use crate::execute::{Actor, Origin};
use crate::plan::mutation::key_columns;
use crate::scalar::Parameter;
use crate::sql::{ComeAs, InsertWork, MutationWork, NodeWork, Statement, user_column};

/// The keys of rows, where they are known by now.
pub(super) type Keys = Vec<Option<Parameter>>;

/// What a batch has written.
#[derive(Default)]
struct Batch {
    rows: Vec<WrittenRow>,
    /// What those that were there held before, where something follows from it.
    former: Vec<Vec<Option<String>>>,
    /// What needed a row that was not written, because another one is there.
    missed: Option<Need>,
}

impl Batch {
    fn add(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.former.extend(other.former);
    }

    fn users(&self) -> BTreeSet<Uuid> {
        owner::users(self.rows.iter().map(|(_, user, _)| user.as_deref()))
    }
}

/// Key, user and whether the row is new.
pub(super) type WrittenRow = (Parameter, Option<String>, bool);

impl Program {
    /// Writes every row and what follows from it.
    pub(super) async fn run<C: Channel>(
        &self,
        channel: &mut C,
        work: &MutationWork,
        insert: &InsertWork,
        actor: &Actor,
        origin: &dyn Origin,
    ) -> Result<Written, Failure> {
        let mut keys: Keys = self.slots.iter().map(|slot| slot.key.clone()).collect();
        let mut written = Written::default();
        let mut batches = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let (Some(node), Some(bound)) = (insert.nodes.get(step.node), self.nodes.get(step.node)) else {
                continue;
            };
            let batch = self.step(channel, node, bound, step, &mut keys).await?;
            written.affected += batch.rows.len();
            follow(channel, work, node, bound, &batch, (actor, origin)).await?;
            // Whoever may not write a row is not told what it would have met.
            if let Some(need) = batch.missed {
                return Err(nothing_written(node, need));
            }
            let is_root = step
                .rows
                .first()
                .is_some_and(|row| self.roots.contains(&row.slot));
            if is_root {
                written.keys = batch.rows.iter().map(|(key, ..)| key.clone()).collect();
            }
            batches.push((node, batch));
        }
        if insert.nodes.first().is_some_and(|node| node.conflict.is_none()) {
            let known = self
                .roots
                .iter()
                .filter_map(|slot| keys.get(*slot).cloned().flatten());
            written.keys = known.collect();
        }
        // Last, so that a role which the client gives as well is not there before.
        for (node, batch) in &batches {
            if let Some(statement) = &node.grant {
                grant(channel, statement, batch, origin).await?;
            }
        }
        changed(channel, &batches, (actor, origin)).await?;
        Ok(written)
    }

    async fn step<C: Channel>(
        &self,
        channel: &mut C,
        node: &NodeWork,
        bound: &NodeParameters,
        step: &Step,
        keys: &mut Keys,
    ) -> Result<Batch, Failure> {
        let need = |row: &Row| self.slots.get(row.slot).and_then(|slot| slot.needed);
        let mut batch = Batch::default();
        if step.together {
            twice::refuse(node, &step.rows, |cell| value(cell, keys))?;
        }
        if node.conflict.is_some() && step.rows.iter().any(|row| need(row).is_some()) {
            // One by one: which of them a returned key belongs to could not be told.
            for row in &step.rows {
                let found = write(channel, node, bound, &[row], keys).await?;
                match (found.rows.first(), need(row)) {
                    (Some((key, ..)), _) => {
                        if let Some(slot) = keys.get_mut(row.slot) {
                            *slot = Some(key.clone());
                        }
                    }
                    (None, need) => batch.missed = batch.missed.or(need),
                }
                batch.add(found);
            }
            return Ok(batch);
        }
        for row in &step.rows {
            resolve_key(node, row, keys);
        }
        let mut groups: Vec<Vec<&Row>> = Vec::new();
        for row in &step.rows {
            // Keys that are not known before are answered in the order of the statements.
            let open = match node.conflict {
                Some(_) => groups.len().saturating_sub(1),
                None => 0,
            };
            match groups
                .iter_mut()
                .skip(open)
                .find(|group| group.first().is_some_and(|first| alike(first, row)))
            {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
        }
        for group in groups {
            batch.add(write(channel, node, bound, &group, keys).await?);
        }
        Ok(batch)
    }
}

pub(super) fn alike(one: &Row, other: &Row) -> bool {
    one.cells.len() == other.cells.len()
        && one
            .cells
            .iter()
            .zip(&other.cells)
            .all(|((one, _), (other, _))| std::ptr::eq(*one, *other))
}

/// A row whose key is that of another one.
fn resolve_key(node: &NodeWork, row: &Row, keys: &mut Keys) {
    let Some(key) = key_columns(node.table).next() else {
        return;
    };
    let cell = row.cells.iter().find(|(column, _)| column.sql == key.sql);
    if let Some((_, Cell::Key(other))) = cell
        && node.conflict.is_none()
    {
        let known = keys.get(*other).cloned().flatten();
        if let Some(slot) = keys.get_mut(row.slot) {
            *slot = known;
        }
    }
}

/// One statement for rows with the same columns.
async fn write<C: Channel>(
    channel: &mut C,
    node: &NodeWork,
    bound: &NodeParameters,
    rows: &[&Row],
    keys: &Keys,
) -> Result<Batch, Failure> {
    let columns: Vec<&'static Column> = rows
        .first()
        .map(|row| row.cells.iter().map(|(column, _)| *column).collect())
        .unwrap_or_default();
    let sql = node.statement(&columns, rows.len());
    let newest = match &node.newest {
        Some(statement) => newest(channel, statement).await?,
        None => Parameter::Null,
    };
    let mut parameters = with_written(node.binds(), &bound.tail, &newest);
    parameters.extend(cells(node, rows, columns.len(), keys));
    if let Some(rows) = foreseen(node, rows, keys) {
        channel.send(Arc::from(sql), parameters).await?;
        return Ok(Batch {
            rows,
            ..Batch::default()
        });
    }
    let mut former = former::read(channel, node, rows, keys).await?;
    let scalar = key_columns(node.table).next().map(|column| column.scalar);
    let found = channel.texts(Arc::from(sql), parameters).await?;
    let rows = found.iter().map(|row| {
        let key = key(scalar, column(row, 0).unwrap_or_default())?;
        Ok((key, column(row, 1).map(str::to_owned), column(row, 2).is_some()))
    });
    let rows = rows.collect::<Result<_, Failure>>()?;
    // Others were met and left as they are.
    let written: BTreeSet<_> = found.iter().map(|row| column(row, 0)).collect();
    former.retain(|row| written.contains(&column(row, 0)));
    Ok(Batch {
        rows,
        former,
        missed: None,
    })
}

/// The values of rows as parameters.
pub(super) fn cells(node: &NodeWork, rows: &[&Row], width: usize, keys: &Keys) -> Vec<Parameter> {
    let values = |row: &&Row| row.cells.iter().map(|(_, cell)| value(cell, keys)).collect();
    let cells: Vec<Vec<Parameter>> = rows.iter().map(values).collect();
    match node.come_as(rows.len()) {
        ComeAs::Values => cells.into_iter().flatten().collect(),
        ComeAs::Columns => columns(cells, width),
        ComeAs::Rows => vec![Parameter::Rows(cells)],
    }
}

/// What a statement will return, where each row is written or none: then nothing has to wait for it.
pub(super) fn foreseen(node: &NodeWork, rows: &[&Row], keys: &Keys) -> Option<Vec<WrittenRow>> {
    if node.conflict.is_some() {
        return None;
    }
    let user = user_column(node.table);
    let foreseen = rows.iter().map(|row| {
        let key = keys.get(row.slot)?.clone()?;
        let is_user = |column: &Column| user.is_some_and(|user| user.sql == column.sql);
        let user = row.cells.iter().find(|(column, _)| is_user(column));
        let user = user.and_then(|(_, cell)| text(&value(cell, keys)));
        Some((key, user, true))
    });
    foreseen.collect()
}

/// A key as a text.
fn text(key: &Parameter) -> Option<String> {
    match key {
        Parameter::Uuid(id) => Some(id.to_string()),
        Parameter::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// Rows as a list for each column.
pub(super) fn columns(rows: Vec<Vec<Parameter>>, width: usize) -> Vec<Parameter> {
    let mut columns: Vec<Vec<Parameter>> = (0..width).map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            column.push(cell);
        }
    }
    columns.into_iter().map(Parameter::List).collect()
}

pub(super) fn value(cell: &Cell, keys: &Keys) -> Parameter {
    match cell {
        Cell::Value(parameter) => parameter.clone(),
        Cell::Key(slot) => keys.get(*slot).cloned().flatten().unwrap_or(Parameter::Null),
    }
}

/// What follows from rows that were there before.
async fn changed<C: Channel>(
    channel: &mut C,
    batches: &[(&NodeWork, Batch)],
    who: (&Actor, &dyn Origin),
) -> Result<(), Failure> {
    let new = batches
        .iter()
        .filter(|(node, _)| node.table.sql == "users" && node.conflict.is_none());
    let new: BTreeSet<Uuid> = new.flat_map(|(_, batch)| batch.users()).collect();
    for (node, batch) in batches {
        if !node.changes_factors && !node.changes_address {
            continue;
        }
        let changed = Changed {
            table: node.table,
            factors: node.changes_factors,
            address: node.changes_address,
            former: &batch.former,
            // Whoever is new had nothing that could change.
            owners: &batch.users() - &new,
        };
        changed.follow(channel, who).await?;
    }
    Ok(())
}

async fn newest<C: Channel>(channel: &mut C, statement: &Statement) -> Result<Parameter, Failure> {
    let found = channel.texts(Arc::clone(&statement.sql), Vec::new()).await?;
    let text = found.first().and_then(|row| column(row, 0)).unwrap_or("0");
    let number = text.parse().map_err(|error| Failure::unexpected(&error))?;
    Ok(Parameter::Integer(number))
}

/// Checks of the permission, and the audit.
async fn follow<C: Channel>(
    channel: &mut C,
    work: &MutationWork,
    node: &NodeWork,
    bound: &NodeParameters,
    batch: &Batch,
    (actor, origin): (&Actor, &dyn Origin),
) -> Result<(), Failure> {
    let keys = |wanted: bool| -> Vec<Parameter> {
        let rows = batch.rows.iter().filter(|(_, _, new)| *new == wanted);
        rows.map(|(key, ..)| key.clone()).collect()
    };
    if let Some(check) = &node.check {
        refuse_broken(channel, check, &bound.check, &keys(true)).await?;
    }
    if let Some(check) = &node.update_check {
        refuse_broken(channel, check, &bound.update_check, &keys(false)).await?;
    }
    if node.audited.is_none() {
        return Ok(());
    }
    audit::append(channel, &work.action, events(node, &batch.rows), actor, origin).await
}

/// What the audit is told of rows.
pub(super) fn events(node: &NodeWork, rows: &[WrittenRow]) -> Vec<audit::Event> {
    let columns = |new: bool| match (new, &node.audited) {
        (false, Some(columns)) => columns.as_slice(),
        _ => &[],
    };
    let event = |(key, user, new): &WrittenRow| {
        audit::Event::of(node.table, columns(*new), text(key).as_deref(), user.as_deref())
    };
    rows.iter().map(event).collect()
}

async fn grant<C: Channel>(
    channel: &mut C,
    statement: &Statement,
    batch: &Batch,
    origin: &dyn Origin,
) -> Result<(), Failure> {
    if batch.rows.is_empty() {
        return Ok(());
    }
    let parameters = grants(channel.by_column(), &batch.rows, origin)?;
    channel.send(Arc::clone(&statement.sql), parameters).await
}

/// The parameters of the statement that grants users their default roles.
pub(super) fn grants(
    by_column: bool,
    users: &[WrittenRow],
    origin: &dyn Origin,
) -> Result<Vec<Parameter>, Failure> {
    let mut rows = Vec::with_capacity(users.len());
    for (user, ..) in users {
        rows.push(vec![Parameter::Uuid(origin.new_id()?), user.clone()]);
    }
    Ok(match by_column {
        true => columns(rows, 2),
        false => vec![Parameter::Rows(rows)],
    })
}

fn nothing_written(node: &NodeWork, need: Need) -> Failure {
    let relation = match need {
        Need::Array => "array relations".to_owned(),
        Need::Object(name) => format!("object relation \"{name}\""),
    };
    let message = format!(
        "cannot proceed to insert {relation} since insert to table \"auth.{}\" affects zero rows",
        node.table.sql
    );
    Failure::new(Code::NotSupported, "$", message)
}
