//! The statement under construction.

use portico_entity::catalogue::{Column, Scalar, Table};

use super::{Dialect, filter};
use crate::pattern::Language;
use crate::permission::Masks;
use crate::plan::{Bind, BindKind, Filter};

/// What a statement is made for: a database, and a role that may see some columns on some rows only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'p> {
    pub(super) dialect: Dialect,
    pub(super) masks: &'p Masks,
}

/// A row source within a statement, `t` and a number, with the table whose columns it has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alias {
    number: usize,
    table: &'static Table,
    /// Whether it is the row that a write returns.
    returned: bool,
}

impl Alias {
    /// The same row as the write returns it.
    pub(super) fn returned(self) -> Self {
        Self {
            returned: true,
            ..self
        }
    }
}

/// Where row sources inside the condition of a mask are counted from, so that the same column is the same
/// text each time: what is grouped by has to be what is selected.
const INSIDE_MASK: usize = 10_000;

impl std::fmt::Display for Alias {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "t{}", self.number)
    }
}

/// A statement under construction. [`Writer::bind`] is the only way for a value to enter it.
#[derive(Debug)]
pub(super) struct Writer<'p> {
    pub(super) dialect: Dialect,
    masks: &'p Masks,
    pub(super) sql: String,
    pub(super) binds: Vec<Bind>,
    aliases: usize,
    /// The row that the permission at hand is about.
    pub(super) root: Option<Alias>,
}

impl<'p> Writer<'p> {
    pub(super) fn new(target: Target<'p>) -> Self {
        Self {
            dialect: target.dialect,
            masks: target.masks,
            sql: String::with_capacity(512),
            binds: Vec::new(),
            aliases: 0,
            root: None,
        }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    /// A new source of rows of a table.
    pub(super) fn alias(&mut self, table: &'static Table) -> Alias {
        let number = self.aliases;
        self.aliases += 1;
        Alias {
            number,
            table,
            returned: false,
        }
    }

    /// A table by its full name.
    pub(super) fn table(&mut self, table: &Table) {
        if self.dialect == Dialect::Postgres {
            self.push("auth.");
        }
        self.push("\"");
        self.push(table.sql);
        self.push("\"");
    }

    /// A column of a row source as the role sees it, by its name in the catalogue: null on rows where it does
    /// not. Conditions of permissions see what is stored.
    pub(super) fn column(&mut self, alias: Alias, column: &str) {
        let Some(rows) = self.mask(alias, column) else {
            return self.stored_column(alias, column);
        };
        let aliases = std::mem::replace(&mut self.aliases, INSIDE_MASK);
        self.push("CASE WHEN ");
        filter::write(self, alias, rows);
        self.push(" THEN ");
        self.stored_column(alias, column);
        self.push(" END");
        self.aliases = aliases;
        let scalar = alias.table.column_by_sql(column).map(|column| column.scalar);
        if self.dialect == Dialect::Sqlite && scalar == Some(Scalar::Citext) {
            // An expression does not inherit how its column compares.
            self.push(" COLLATE NOCASE");
        }
    }

    /// Whether null may stand where the role reads the column.
    pub(super) fn may_be_null(&self, alias: Alias, column: &Column) -> bool {
        column.nullable || self.mask(alias, column.sql).is_some()
    }

    /// Whether the column stands as it is stored wherever the role reads it.
    pub(super) fn is_plain(&self, table: &Table, column: &str) -> bool {
        self.masks.of(table, column).is_none()
    }

    fn mask(&self, alias: Alias, column: &str) -> Option<&'p Filter> {
        match self.root {
            Some(_) => None,
            None => self.masks.of(alias.table, column),
        }
    }

    /// A column of a row source as it is stored, to be computed with in a write; never for an answer or a
    /// condition of a client.
    pub(super) fn stored_column(&mut self, alias: Alias, column: &str) {
        // SQLite returns columns of the one table there is, and knows no other name of it there.
        match alias.returned && self.dialect == Dialect::Sqlite {
            true => self.push(&format!("\"{column}\"")),
            false => self.push(&format!("{alias}.\"{column}\"")),
        }
    }

    /// A column as what compares by the rules of its type: on SQLite JSON by bytes made of it.
    pub(super) fn comparable(&mut self, alias: Alias, column: &Column) {
        let is_json = self.dialect == Dialect::Sqlite && column.scalar == Scalar::Jsonb;
        self.push(if is_json { "jsonb_key(" } else { "" });
        self.column(alias, column.sql);
        self.push(if is_json { ")" } else { "" });
        self.collation(column);
    }

    /// How SQLite compares an expression that was a column of text without regard to case.
    pub(super) fn collation(&mut self, column: &Column) {
        if self.dialect == Dialect::Sqlite && column.scalar == Scalar::Citext {
            self.push(" COLLATE NOCASE");
        }
    }

    /// A text constant: only for keys of answers.
    pub(super) fn key(&mut self, key: &str) {
        self.push("'");
        self.push(&key.replace('\'', "''"));
        self.push("'");
    }

    /// A parameter, cast to its type where the database wants to know. What permissions ask for is the same
    /// wherever it stands.
    pub(super) fn bind(&mut self, bind: &Bind) {
        let known = match bind.path.as_str() {
            "$" => self.binds.iter().position(|known| known == bind),
            _ => None,
        };
        let number = match known {
            Some(index) => index + 1,
            None => {
                self.binds.push(bind.clone());
                self.binds.len()
            }
        };
        match self.dialect {
            Dialect::Postgres => self.push(&format!("${number}::{}", postgres_type(bind.kind))),
            Dialect::Sqlite => self.push(&format!("?{number}")),
        }
    }
}

fn postgres_type(kind: BindKind) -> &'static str {
    match kind {
        BindKind::Scalar(scalar)
        | BindKind::Nullable(scalar)
        | BindKind::Assigned(scalar)
        | BindKind::AssignedOrNull(scalar) => scalar_type(scalar),
        BindKind::List(scalar) => list_type(scalar),
        BindKind::Limit | BindKind::Offset => "bigint",
        BindKind::JsonPath | BindKind::JsonSteps | BindKind::JsonKeys => "text[]",
        BindKind::JsonPart => "jsonb",
        BindKind::Pattern(scalar, Language::Like, _) => scalar_type(scalar),
        BindKind::Pattern(..) => "text",
    }
}

pub(super) fn scalar_type(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Uuid => "uuid",
        Scalar::String | Scalar::Enum(_) => "text",
        Scalar::Citext => "citext",
        Scalar::Boolean => "boolean",
        Scalar::Int => "integer",
        Scalar::Bigint => "bigint",
        Scalar::Timestamptz => "timestamptz",
        Scalar::Jsonb => "jsonb",
        Scalar::Bytea => "bytea",
    }
}

pub(super) fn list_type(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Uuid => "uuid[]",
        Scalar::String | Scalar::Enum(_) => "text[]",
        Scalar::Citext => "citext[]",
        Scalar::Boolean => "boolean[]",
        Scalar::Int => "integer[]",
        Scalar::Bigint => "bigint[]",
        Scalar::Timestamptz => "timestamptz[]",
        Scalar::Jsonb => "jsonb[]",
        Scalar::Bytea => "bytea[]",
    }
}
