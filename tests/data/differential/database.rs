//! What a database does where rows are written: it keeps its constraints and follows references.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rows::{Row, Store};
use super::schema::{Initial, TABLES, Table, Unique};
use super::value::compare;

/// The codes of all the errors that there are reasons for: which comes first is for the database to say.
pub(super) type Codes = BTreeSet<&'static str>;

pub(super) const CONSTRAINT: &str = "constraint-violation";
pub(super) const CHECK: &str = "permission-error";
pub(super) const DATA: &str = "data-exception";

impl Store {
    fn rows_mut(&mut self, table: &Table) -> &mut Vec<Row> {
        self.0.get_mut(table.name).unwrap()
    }

    pub(super) fn add(&mut self, table: &Table, row: Row) {
        self.rows_mut(table).push(row);
    }

    pub(super) fn find(&self, table: &Table, key: &Value) -> Option<&Row> {
        self.rows(table.name).iter().find(|row| row["id"] == *key)
    }

    /// Other rows in the places of those with some keys; what refers to them follows if they have other keys.
    pub(super) fn replace(&mut self, table: &Table, rows: &[(Value, Row)]) {
        for found in self.rows_mut(table) {
            if let Some((_, row)) = rows.iter().find(|(key, _)| found["id"] == *key) {
                found.clone_from(row);
            }
        }
        for (key, row) in rows.iter().filter(|(key, row)| row["id"] != *key) {
            self.each_reference(table, key, |found, column, _| {
                found.insert(column, row["id"].clone());
            });
        }
    }

    /// Without a row, and without what goes with it.
    pub(super) fn remove(&mut self, table: &Table, key: &Value) {
        self.rows_mut(table).retain(|row| row["id"] != *key);
        let mut gone = Vec::new();
        self.each_reference(table, key, |found, column, (other, cascades)| match cascades {
            true => gone.push((other, found["id"].clone())),
            false => {
                found.insert(column, Value::Null);
            }
        });
        for (other, key) in gone {
            self.remove(other, &key);
        }
    }

    fn each_reference(
        &mut self,
        table: &Table,
        key: &Value,
        mut act: impl FnMut(&mut Row, &'static str, (&'static Table, bool)),
    ) {
        for other in &TABLES {
            for reference in other.references.iter().filter(|to| to.target == table.name) {
                for row in self.rows_mut(other) {
                    if row[reference.column] == *key {
                        act(row, reference.column, (other, reference.cascades));
                    }
                }
            }
        }
    }

    /// The row that has the same unique values as another one.
    pub(super) fn met(&self, table: &Table, unique: &Unique, row: &Row) -> Option<&Row> {
        self.rows(table.name)
            .iter()
            .find(|other| collide(table, unique, row, other))
    }

    /// Which rules the rows break, if they were others before.
    pub(super) fn broken(&self, before: &Self) -> Codes {
        let mut codes = Codes::new();
        for table in &TABLES {
            let rows = self.rows(table.name);
            for (number, row) in rows.iter().enumerate() {
                codes.extend(faults(table, row));
                let dangling = |column: &str, target: &str| {
                    !row[column].is_null() && self.rows(target).iter().all(|other| other["id"] != row[column])
                };
                let mut dangles = table.references.iter().any(|to| dangling(to.column, to.target));
                // A reference to a table that the model does not have.
                dangles |= row.get("role").is_some_and(|role| !is_role(role));
                let others = &rows[number + 1..];
                let collides = table
                    .uniques
                    .iter()
                    .any(|unique| others.iter().any(|other| collide(table, unique, row, other)));
                if dangles || collides {
                    codes.insert(CONSTRAINT);
                }
            }
        }
        // Nobody loses the role that everybody has, nor the last key: there is no other way in.
        for user in self.rows("users") {
            let keys = |store: &Self| store.owned("authUserSecurityKeys", user, |_| true);
            let role = |store: &Self| store.owned("authUserRoles", user, |row| row["role"] == "user");
            if (keys(before) && !keys(self)) || (role(before) && !role(self)) {
                codes.insert(CHECK);
            }
        }
        codes
    }

    /// Whether a user has such a row.
    pub(super) fn owned(&self, table: &str, user: &Row, is: impl Fn(&Row) -> bool) -> bool {
        self.rows(table)
            .iter()
            .any(|row| row["userId"] == user["id"] && is(row))
    }
}

/// Whether two rows have the same values where no two may.
pub(super) fn collide(table: &Table, unique: &Unique, row: &Row, other: &Row) -> bool {
    unique.columns.iter().all(|name| {
        let (one, other) = (&row[name], &other[name]);
        !one.is_null() && !other.is_null() && compare(table.column(name).kind, one, other).is_eq()
    })
}

fn is_role(role: &Value) -> bool {
    ["user", "me", "anonymous", "admin"]
        .iter()
        .any(|known| role == known)
}

/// What is wrong with a row by itself.
pub(super) fn faults(table: &Table, row: &Row) -> Codes {
    let mut codes = Codes::new();
    let missing = |name: &str| row[name].is_null();
    if table
        .columns
        .iter()
        .any(|column| column.initial != Initial::Null && missing(column.name))
    {
        codes.insert(CONSTRAINT);
    }
    let gender = row.get("gender").and_then(Value::as_str);
    if gender.is_some_and(|gender| !["male", "female", "other"].contains(&gender)) {
        codes.insert(CHECK);
    }
    codes
}
