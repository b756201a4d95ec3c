//! New rows, with rows of related tables inside them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::condition::{Condition, target};
use super::database::{CHECK, Codes, DATA, collide, faults};
use super::rows::{Row, Store};
use super::schema::{Column, Many, Relation, Table, Unique};
use super::transaction::Transaction;

/// Rows in a relationship of a row, and what to do with those that are there.
type Related = (&'static Relation, Vec<Object>, Option<Conflict>);

/// A row to add.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) cells: Vec<(&'static Column, Value)>,
    /// Of an object relationship one row.
    pub(super) related: Vec<Related>,
}

/// What to do with rows that are there already.
#[derive(Debug, Clone)]
pub(super) struct Conflict {
    pub(super) unique: &'static Unique,
    pub(super) columns: Vec<&'static str>,
    pub(super) condition: Option<Condition>,
}

impl Object {
    pub(super) fn to_json(&self) -> Value {
        let cells = self
            .cells
            .iter()
            .map(|(column, value)| (column.name.to_owned(), value.clone()));
        let related = self.related.iter().map(|(relation, objects, conflict)| {
            let data = match (relation.many, objects.as_slice()) {
                (Many::Object, [one]) => one.to_json(),
                (_, many) => many.iter().map(Self::to_json).collect(),
            };
            let mut input = json!({ "data": data });
            if let Some(conflict) = conflict {
                input["on_conflict"] = conflict.to_json();
            }
            (relation.name.to_owned(), input)
        });
        Value::Object(cells.chain(related).collect())
    }
}

impl Conflict {
    fn updates(&self) -> bool {
        !self.columns.is_empty()
    }

    pub(super) fn to_json(&self) -> Value {
        let mut input = Map::new();
        input.insert("constraint".to_owned(), json!(self.unique.name));
        input.insert("update_columns".to_owned(), json!(self.columns));
        if let Some(condition) = &self.condition {
            input.insert("where".to_owned(), condition.to_json());
        }
        Value::Object(input)
    }
}

/// What an insert has written.
#[derive(Debug, Default)]
pub(super) struct Inserted {
    /// Of each object the key of its row, if one was written.
    pub(super) keys: Vec<Option<Value>>,
    /// Rows of all tables.
    pub(super) affected: usize,
    /// Users among them.
    pub(super) users: Vec<Value>,
}

/// A row to write, and the columns that it gives beside its key.
type Given = (Row, BTreeSet<&'static str>);

/// An object and the column that the row around it decides.
type Placed<'o> = (&'o Object, Option<(&'static str, Value)>);

impl Transaction<'_> {
    /// Adds rows: those to which they refer first, those that refer to them last.
    pub(super) fn insert(
        &mut self,
        table: &'static Table,
        objects: &[Placed<'_>],
        conflict: Option<&Conflict>,
    ) -> Result<Inserted, Codes> {
        let mut all = Inserted::default();
        let mut rows: Vec<Given> = Vec::new();
        let before = self.store.clone();
        let updates = conflict.is_some_and(Conflict::updates);
        for (index, (object, decided)) in objects.iter().enumerate() {
            let mut row = self.blank_row(table);
            row.extend(
                object
                    .cells
                    .iter()
                    .map(|(column, value)| (column.name, value.clone())),
            );
            row.extend(decided.clone());
            let cells = object.cells.iter().map(|(column, _)| column.name);
            let mut columns: BTreeSet<_> = cells.chain(decided.iter().map(|(column, _)| *column)).collect();
            columns.remove("id");
            for (relation, related, conflict) in of(object, Many::Object) {
                columns.insert(relation.from);
                let placed: Vec<Placed<'_>> = related.iter().map(|related| (related, None)).collect();
                let found = self.insert(target(relation), &placed, conflict.as_ref());
                let found = found.and_then(|found| match found.keys[0].clone() {
                    Some(key) => Ok((found, key)),
                    None => Err(Codes::from(["not-supported"])),
                });
                let (found, key) = match found {
                    Ok(found) => found,
                    Err(mut codes) => {
                        // That a row would be changed twice may be found before.
                        codes.extend(updates.then_some(DATA));
                        let later = objects[index + 1..].iter().map(|(object, _)| (*object, None));
                        return Err(self.or_together(codes, &before, relation, later));
                    }
                };
                row.insert(relation.from, key);
                all.affected += found.affected;
                all.users.extend(found.users);
            }
            rows.push((row, columns));
        }
        all.keys = self.write(table, rows, conflict).map_err(|mut codes| {
            // That a row inside another would be changed twice may be found before.
            let inside = objects.iter().flat_map(|(object, _)| of(object, Many::Array));
            let mut upserts = inside.filter_map(|(_, _, conflict)| conflict.as_ref());
            codes.extend(upserts.any(Conflict::updates).then_some(DATA));
            codes
        })?;
        let written: Vec<Value> = all.keys.iter().flatten().cloned().collect();
        all.affected += written.len();
        if table.name == "users" {
            all.users.extend(written);
        }
        let keys = all.keys.clone();
        let inside = |object| of(object, Many::Array).filter(|found| !found.1.is_empty());
        // Before any row inside another is written.
        let mut outer = objects.iter().zip(&keys);
        if outer.any(|((object, _), key)| key.is_none() && inside(object).next().is_some()) {
            return Err(Codes::from(["not-supported"]));
        }
        for (index, ((object, _), key)) in objects.iter().zip(&keys).enumerate() {
            let Some(key) = key else { continue };
            for (relation, related, conflict) in inside(object) {
                let placed = related
                    .iter()
                    .map(|related| (related, Some((relation.to, key.clone()))));
                let placed: Vec<Placed<'_>> = placed.collect();
                let found = match self.insert(target(relation), &placed, conflict.as_ref()) {
                    Ok(found) => found,
                    Err(codes) => {
                        let later = objects.iter().zip(&keys).skip(index + 1);
                        let later = later
                            .map(|((object, _), key)| (*object, key.clone().map(|key| (relation.to, key))));
                        return Err(self.or_together(codes, &before, relation, later));
                    }
                };
                all.affected += found.affected;
                all.users.extend(found.users);
            }
        }
        Ok(all)
    }

    /// Rows in the same relationship of several objects may be one statement: what the later ones break then comes
    /// before what the role may not write.
    fn or_together<'o>(
        &mut self,
        mut codes: Codes,
        before: &Store,
        relation: &Relation,
        later: impl Iterator<Item = Placed<'o>>,
    ) -> Codes {
        for (outer, decided) in later {
            let alike = |found: &&Related| found.0.name == relation.name;
            let related = of(outer, relation.many).filter(alike);
            for object in related.flat_map(|(_, related, _)| related) {
                self.put_down(target(relation), (object, decided.clone()), &mut codes);
            }
        }
        codes.extend(self.store.broken(before));
        codes
    }

    /// Adds a row after those to which it refers, whatever they break; returns its key.
    fn put_down(&mut self, table: &'static Table, (object, decided): Placed<'_>, codes: &mut Codes) -> Value {
        let mut row = self.blank_row(table);
        let cells = object.cells.iter();
        row.extend(cells.map(|(column, value)| (column.name, value.clone())));
        row.extend(decided);
        for (relation, related, _) in of(object, Many::Object) {
            for inner in related {
                // What it may not write comes before as well.
                codes.insert(CHECK);
                let key = self.put_down(target(relation), (inner, None), codes);
                row.insert(relation.from, key);
            }
        }
        if let Some(permission) = self.role.insertion(table) {
            self.fill(&mut row, &permission.presets);
        }
        codes.extend(faults(table, &row));
        let key = row["id"].clone();
        self.store.add(table, row);
        key
    }

    /// The key of each row that was written. Those with the same columns are one statement, which has to leave all as
    /// it should be: without what to do about rows that are there all of them, else those that follow each other.
    fn write(
        &mut self,
        table: &'static Table,
        mut rows: Vec<Given>,
        conflict: Option<&Conflict>,
    ) -> Result<Vec<Option<Value>>, Codes> {
        let role = self.role;
        let permission = role.insertion(table).unwrap();
        let before = self.store.clone();
        let mut codes = Codes::new();
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for (row, _) in &mut rows {
            self.fill(row, &permission.presets);
            codes.extend(faults(table, row));
        }
        if conflict.is_some_and(|conflict| same(table, conflict, &rows)) {
            return Err(Codes::from([DATA]));
        }
        let groups: Vec<_> = rows.iter().map(|(_, columns)| columns.clone()).collect();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        if conflict.is_none() {
            order.sort_by_key(|number| groups.iter().position(|columns| *columns == groups[*number]));
        }
        let mut keys = vec![None; rows.len()];
        let mut last: Option<usize> = None;
        for number in order {
            if last.is_some_and(|last| groups[last] != groups[number]) {
                codes.extend(self.store.broken(&before));
            }
            last = Some(number);
            let row = rows[number].0.clone();
            let met =
                conflict.and_then(|conflict| Some((conflict, self.store.met(table, conflict.unique, &row)?)));
            let Some((conflict, met)) = met.map(|(conflict, met)| (conflict, met.clone())) else {
                keys[number] = Some(row["id"].clone());
                new.push(row["id"].clone());
                self.store.add(table, row);
                continue;
            };
            if conflict.columns.is_empty() {
                continue;
            }
            if !self.may_overwrite(table, &met, conflict) {
                continue;
            }
            let mut after = met.clone();
            after.extend(
                conflict
                    .columns
                    .iter()
                    .map(|column| (*column, row[column].clone())),
            );
            self.fill(&mut after, &role.alteration(table).unwrap().presets);
            keys[number] = Some(after["id"].clone());
            changed.push(after["id"].clone());
            self.store.replace(table, &[(met["id"].clone(), after)]);
        }
        codes.extend(self.store.broken(&before));
        if !codes.is_empty() {
            return Err(codes);
        }
        self.check(&permission.check, table, &new)?;
        if let Some(permission) = role.alteration(table).filter(|_| !changed.is_empty()) {
            self.check(&permission.check, table, &changed)?;
        }
        Ok(keys)
    }

    /// Whether a row that is there may be and is to be overwritten.
    fn may_overwrite(&self, table: &'static Table, row: &Row, conflict: &Conflict) -> bool {
        let permission = self.role.alteration(table).unwrap();
        let everything = Condition::And(Vec::new());
        let condition = conflict.condition.as_ref().unwrap_or(&everything);
        let deleted_too = conflict.unique.columns == ["id"] || condition.names_deletion();
        self.asking().may_write(row, deleted_too)
            && self.asking().permits(&permission.rows, table, row)
            && condition.holds(&self.asking(), table, row) == Some(true)
    }
}

fn of(object: &Object, many: Many) -> impl Iterator<Item = &Related> {
    object
        .related
        .iter()
        .filter(move |(relation, ..)| relation.many == many)
}

/// Whether two rows of one list would change each other.
fn same(table: &Table, conflict: &Conflict, rows: &[Given]) -> bool {
    let others = |number: usize| rows[number + 1..].iter();
    let twice = |(number, (row, _)): (usize, &Given)| {
        others(number).any(|(other, _)| collide(table, conflict.unique, row, other))
    };
    !conflict.columns.is_empty() && rows.iter().enumerate().any(twice)
}
