//! Rows that statements return, by whichever way they went.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, JsonValue, QueryResult, TryGetable};
use uuid::Uuid;

/// A row that a statement returned.
pub struct Row(Source);

enum Source {
    Pool(QueryResult),
    DataPath {
        columns: Arc<[String]>,
        values: Vec<Cell>,
    },
}

/// A value as the database has it: SQLite knows neither booleans nor times.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// SQL null.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `integer` and `bigint`.
    Integer(i64),
    /// `text`, `citext`, and JSON as text.
    Text(String),
    /// `bytea`.
    Bytes(Vec<u8>),
    /// `uuid`.
    Uuid(Uuid),
    /// `timestamptz`.
    Time(DateTime<Utc>),
}

impl Row {
    /// A row of the data path: the names of its columns, and the value of each.
    pub fn new(columns: Arc<[String]>, values: Vec<Cell>) -> Self {
        Self(Source::DataPath { columns, values })
    }

    /// The value of a column.
    pub(crate) fn get<T: FromCell>(&self, column: &str) -> Result<T, DbErr> {
        match &self.0 {
            Source::Pool(row) => row.try_get("", column),
            Source::DataPath { columns, values } => {
                let place = columns.iter().position(|name| name == column);
                let cell = place.and_then(|place| values.get(place));
                cell.and_then(T::from_cell)
                    // What it is may be a secret.
                    .ok_or_else(|| DbErr::Type(format!("the column {column} is missing or of another type")))
            }
        }
    }
}

impl From<QueryResult> for Row {
    fn from(row: QueryResult) -> Self {
        Self(Source::Pool(row))
    }
}

/// What is made of a row.
pub(crate) trait FromRow: Sized {
    /// Reads it.
    fn from_row(row: &Row) -> Result<Self, DbErr>;
}

/// Reads each field from the column of its name.
macro_rules! from_row {
    ($kind:ident { $($field:ident),+ $(,)? }) => {
        impl crate::row::FromRow for $kind {
            fn from_row(row: &crate::row::Row) -> Result<Self, sea_orm::DbErr> {
                Ok(Self { $($field: row.get(stringify!($field))?),+ })
            }
        }
    };
}

pub(crate) use from_row;

/// What a value of a row can be read as.
pub(crate) trait FromCell: TryGetable {
    /// Reads it; nothing where it is something else.
    fn from_cell(cell: &Cell) -> Option<Self>;
}

impl FromCell for bool {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Boolean(value) => Some(*value),
            Cell::Integer(number) => Some(*number != 0),
            _ => None,
        }
    }
}

impl FromCell for i64 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

impl FromCell for i32 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        i64::from_cell(cell)?.try_into().ok()
    }
}

impl FromCell for String {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl FromCell for Uuid {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Uuid(uuid) => Some(*uuid),
            Cell::Bytes(bytes) => Self::from_slice(bytes).ok(),
            _ => None,
        }
    }
}

impl FromCell for DateTime<Utc> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Time(time) => Some(*time),
            Cell::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl FromCell for JsonValue {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Text(text) => serde_json::from_str(text).ok(),
            _ => None,
        }
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_either_database_has_it() {
        let id = Uuid::from_u128(7);
        let time: DateTime<Utc> = "2026-01-02T03:04:05.000678+00:00".parse().unwrap();
        let columns = ["flag", "id", "at", "names", "nothing"].map(str::to_owned);
        let names = Cell::Text(r#"["pwd"]"#.to_owned());
        let rows = [
            vec![
                Cell::Boolean(true),
                Cell::Uuid(id),
                Cell::Time(time),
                names.clone(),
                Cell::Null,
            ],
            vec![
                Cell::Integer(1),
                Cell::Bytes(id.as_bytes().to_vec()),
                Cell::Text("2026-01-02T03:04:05.000678+00:00".to_owned()),
                names,
                Cell::Null,
            ],
        ];
        for values in rows {
            let row = Row::new(Arc::new(columns.clone()), values);
            assert!(row.get::<bool>("flag").unwrap());
            assert_eq!(row.get::<Uuid>("id").unwrap(), id);
            assert_eq!(row.get::<DateTime<Utc>>("at").unwrap(), time);
            assert_eq!(row.get::<JsonValue>("names").unwrap(), serde_json::json!(["pwd"]));
            assert_eq!(row.get::<Option<String>>("nothing").unwrap(), None);
            assert!(row.get::<String>("nothing").is_err());
            assert!(row.get::<String>("id").is_err());
            assert!(row.get::<String>("elsewhere").is_err());
        }
    }
}
