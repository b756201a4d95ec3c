//! The statement under construction.

use portico_entity::catalogue::{Column, Scalar, Table};

use super::Dialect;
use crate::plan::{Bind, BindKind};

/// A row source within a statement: `t` and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alias(usize);

impl std::fmt::Display for Alias {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "t{}", self.0)
    }
}

/// A statement under construction. [`Writer::bind`] is the only way for a value to enter it.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) dialect: Dialect,
    pub(super) sql: String,
    pub(super) binds: Vec<Bind>,
    aliases: usize,
    /// The row that the permission at hand is about.
    pub(super) root: Option<Alias>,
}

impl Writer {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            sql: String::with_capacity(512),
            binds: Vec::new(),
            aliases: 0,
            root: None,
        }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    pub(super) fn alias(&mut self) -> Alias {
        let alias = Alias(self.aliases);
        self.aliases += 1;
        alias
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

    /// A column of a row source, by its name in the catalogue.
    pub(super) fn column(&mut self, alias: Alias, column: &str) {
        self.push(&format!("{alias}.\"{column}\""));
    }

    /// A column as what compares by the rules of its type: equal JSON values need not be equal texts.
    pub(super) fn comparable(&mut self, alias: Alias, column: &Column) {
        self.column(alias, column.sql);
        if self.dialect == Dialect::Sqlite && column.scalar == Scalar::Jsonb {
            self.push(" COLLATE jsonb");
        }
    }

    /// A text constant: only for keys of answers.
    pub(super) fn key(&mut self, key: &str) {
        self.push("'");
        self.push(&key.replace('\'', "''"));
        self.push("'");
    }

    /// A parameter, cast to its type where the database wants to know.
    pub(super) fn bind(&mut self, bind: &Bind) {
        self.binds.push(bind.clone());
        let number = self.binds.len();
        match self.dialect {
            Dialect::Postgres => self.push(&format!("${number}::{}", postgres_type(bind.kind))),
            Dialect::Sqlite => self.push(&format!("?{number}")),
        }
    }
}

fn postgres_type(kind: BindKind) -> &'static str {
    match kind {
        BindKind::Scalar(scalar) | BindKind::Nullable(scalar) => scalar_type(scalar),
        BindKind::List(scalar) => list_type(scalar),
        BindKind::Limit | BindKind::Offset => "bigint",
        BindKind::JsonPath | BindKind::JsonSteps => "text[]",
    }
}

fn scalar_type(scalar: Scalar) -> &'static str {
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

fn list_type(scalar: Scalar) -> &'static str {
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
