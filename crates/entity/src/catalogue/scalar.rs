//! The scalars of the API and the column types behind them.

use sea_orm::ColumnType;

/// A GraphQL scalar, and with it the SQL type behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// `uuid`; 16 bytes in SQLite.
    Uuid,
    /// `text` and `varchar`.
    String,
    /// Text that compares without regard to case.
    Citext,
    /// `boolean`; 0 or 1 in SQLite.
    Boolean,
    /// 32-bit integer.
    Int,
    /// 64-bit integer, `bigint`.
    Bigint,
    /// Time in UTC; RFC 3339 text in SQLite.
    Timestamptz,
    /// JSON; text in SQLite.
    Jsonb,
    /// Bytes, written as `\x` and hex digits.
    Bytea,
    /// Text that references an enum table; the GraphQL name is `<table type>_enum`.
    Enum(&'static str),
}

impl Scalar {
    /// The name of the type in GraphQL.
    pub fn graphql(self) -> String {
        match self {
            Self::Uuid => "uuid".into(),
            Self::String => "String".into(),
            Self::Citext => "citext".into(),
            Self::Boolean => "Boolean".into(),
            Self::Int => "Int".into(),
            Self::Bigint => "bigint".into(),
            Self::Timestamptz => "timestamptz".into(),
            Self::Jsonb => "jsonb".into(),
            Self::Bytea => "bytea".into(),
            Self::Enum(table) => format!("{table}_enum"),
        }
    }
}

/// The scalar of a column.
pub(super) fn of(column_type: &ColumnType) -> Scalar {
    match column_type {
        ColumnType::Uuid => Scalar::Uuid,
        ColumnType::Boolean => Scalar::Boolean,
        ColumnType::SmallInteger | ColumnType::Integer => Scalar::Int,
        ColumnType::BigInteger => Scalar::Bigint,
        ColumnType::TimestampWithTimeZone | ColumnType::Timestamp | ColumnType::DateTime => {
            Scalar::Timestamptz
        }
        ColumnType::Json | ColumnType::JsonBinary => Scalar::Jsonb,
        ColumnType::Binary(_) | ColumnType::VarBinary(_) | ColumnType::Blob => Scalar::Bytea,
        ColumnType::Custom(name) if name.to_string() == "citext" => Scalar::Citext,
        _ => Scalar::String,
    }
}
