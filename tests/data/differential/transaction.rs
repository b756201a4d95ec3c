//! The writes of one request, one after the other, on rows that are there for them alone.

use serde_json::{Value, json};

use super::condition::Condition;
use super::database::{CHECK, Codes};
use super::role::{Asking, Preset, Role};
use super::rows::{Row, Store};
use super::schema::{Initial, Kind, Table, table};

/// Somebody who writes, and all there is so far.
pub(super) struct Transaction<'a> {
    pub(super) store: Store,
    pub(super) role: &'a Role,
    pub(super) user: &'a str,
    made: u32,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(asking: Asking<'a>) -> Self {
        Self {
            store: asking.store.clone(),
            role: asking.role,
            user: asking.user,
            made: 0,
        }
    }

    pub(super) fn asking(&self) -> Asking<'_> {
        Asking {
            store: &self.store,
            role: self.role,
            user: self.user,
            inside: None,
        }
    }

    /// An id as the service makes them: version 7, before every id of the test.
    fn new_id(&mut self) -> Value {
        self.made += 1;
        json!(format!("00000000-0000-7000-8000-{:012}", self.made))
    }

    /// A row with what stands in columns for which nothing is given.
    pub(super) fn blank_row(&mut self, table: &Table) -> Row {
        let initial = |column: &super::schema::Column| match (column.initial, column.kind) {
            (Initial::Blank, Kind::Text) => json!(""),
            (Initial::Blank, Kind::Json) => json!({}),
            (Initial::Blank, Kind::Int | Kind::Bigint) => json!(0),
            (Initial::Blank, Kind::Boolean) => json!(false),
            _ => Value::Null,
        };
        let mut row: Row = table
            .columns
            .iter()
            .map(|column| (column.name, initial(column)))
            .collect();
        row.insert("id", self.new_id());
        row
    }

    pub(super) fn fill(&self, row: &mut Row, presets: &[(&'static str, Preset)]) {
        for (column, preset) in presets {
            let value = match preset {
                Preset::Value(value) => value.clone(),
                Preset::User => json!(self.user),
            };
            row.insert(column, value);
        }
    }

    /// Refuses rows for which a permission's check does not hold.
    pub(super) fn check(
        &self,
        check: &Condition,
        table: &'static Table,
        keys: &[Value],
    ) -> Result<(), Codes> {
        let mut rows = keys.iter().filter_map(|key| self.store.find(table, key));
        match rows.all(|row| self.asking().permits(check, table, row)) {
            true => Ok(()),
            false => Err(Codes::from([CHECK])),
        }
    }

    /// Gives users who have just been written the role that everybody has.
    pub(super) fn grant_role(&mut self, keys: &[Value]) {
        for key in keys {
            let Some(user) = self.store.find(table("users"), key).cloned() else {
                continue;
            };
            if !self
                .store
                .owned("authUserRoles", &user, |row| row["role"] == "user")
            {
                let row = Row::from([
                    ("id", self.new_id()),
                    ("userId", key.clone()),
                    ("role", json!("user")),
                ]);
                self.store.add(table("authUserRoles"), row);
            }
        }
    }
}
