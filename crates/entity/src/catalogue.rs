//! The catalogue: every table the API can show, derived from the entities and their descriptions.
//!
//! Names, types, nullability and defaults come from the sea-orm entity; what sea-orm cannot say (GraphQL
//! names, secrets, generated columns, consequences, relationship names) is added by [`Describe`]. What a column
//! is for stands once, as the doc comment of its field.

mod consequence;
mod documented;
mod scalar;

use std::sync::LazyLock;

use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn};

pub use consequence::Consequence;
pub use documented::Documented;
pub(crate) use documented::documented;
pub use scalar::Scalar;

/// A column of a table.
#[derive(Debug)]
pub struct Column {
    /// Name in SQL.
    pub sql: &'static str,
    /// Name in GraphQL.
    pub name: String,
    /// What the name does not say, for introspection.
    pub comment: &'static str,
    /// Type.
    pub scalar: Scalar,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether the database fills it when an insert leaves it out.
    pub has_default: bool,
    /// Whether it is a secret: then it does not exist for any role.
    pub secret: bool,
    /// Whether the database computes it: then it is absent from inputs.
    pub computed: bool,
    /// Whether the service alone knows what belongs there: then it is absent from inputs.
    pub own: bool,
    /// Whether a trigger may set it after a row was written, hence after the write returned it.
    pub set_afterwards: bool,
    /// What stands in a secret column that has to hold something, in rows that the API makes.
    pub blank: Option<&'static str>,
    /// What follows a write; `None` where nothing was declared.
    pub consequences: Option<Vec<Consequence>>,
}

impl Column {
    /// Whether a client may give it a value.
    pub fn is_input(&self) -> bool {
        !self.computed && !self.own
    }

    /// Whether a write of the column is followed by this.
    pub fn is_followed_by(&self, consequence: Consequence) -> bool {
        self.consequences
            .as_ref()
            .is_some_and(|declared| declared.contains(&consequence))
    }
}

/// One row or many on the other side of a relationship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cardinality {
    /// At most one row.
    Object,
    /// Any number of rows.
    Array,
}

/// A relationship to another table, joined on one column of each.
#[derive(Debug)]
pub struct Relation {
    /// Name in GraphQL.
    pub name: &'static str,
    /// One or many.
    pub cardinality: Cardinality,
    /// GraphQL type of the other table.
    pub target: &'static str,
    /// SQL name of the column on this side.
    pub from: &'static str,
    /// SQL name of the column on the other side.
    pub to: &'static str,
    /// Whether an object relationship always finds its row: a foreign key on a column that is not null.
    pub required: bool,
    /// Whether rows on the other side refer to this one, so that they are written after it.
    pub referring: bool,
}

/// A primary key or unique constraint, as `on_conflict` names it.
#[derive(Debug)]
pub struct Unique {
    /// Name in SQL.
    pub name: &'static str,
    /// SQL names of its columns.
    pub columns: Vec<&'static str>,
}

/// A table of the API.
#[derive(Debug)]
pub struct Table {
    /// Name in SQL, without schema.
    pub sql: &'static str,
    /// GraphQL type, also the prefix of its input types.
    pub type_name: &'static str,
    /// Root field that finds one row by key.
    pub singular: &'static str,
    /// Root field that lists rows.
    pub plural: &'static str,
    /// What the table is, for introspection.
    pub comment: &'static str,
    /// Columns in the order of the entity.
    pub columns: Vec<Column>,
    /// SQL names of the primary key's columns.
    pub key: Vec<&'static str>,
    /// Primary key and unique constraints.
    pub uniques: Vec<Unique>,
    /// Relationships, alphabetically.
    pub relations: Vec<Relation>,
    /// Values of an enum table, each with what it means.
    pub values: &'static [(&'static str, &'static str)],
    /// Whether rows are written by the service alone and never changed.
    pub append_only: bool,
}

impl Table {
    /// The column with this GraphQL name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column with this SQL name.
    pub fn column_by_sql(&self, sql: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.sql == sql)
    }

    /// The relationship with this name.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }
}

/// All tables of the API.
#[derive(Debug)]
pub struct Catalogue {
    /// Tables in alphabetical order of their types.
    pub tables: Vec<Table>,
}

impl Catalogue {
    /// The table with this GraphQL type.
    pub fn table(&self, type_name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.type_name == type_name)
    }

    /// The table with this SQL name.
    pub fn table_by_sql(&self, sql: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.sql == sql)
    }
}

/// The catalogue of this build: a constant made on first use.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        let mut tables = crate::tables();
        tables.sort_by_key(|table| table.type_name);
        Catalogue { tables }
    });
    &CATALOGUE
}

/// What an entity has to say beyond its columns.
pub trait Describe: EntityTrait + Documented {
    /// Adds the description to what was read from the entity.
    fn describe(table: Description<Self>) -> Description<Self>;
}

/// Reads entity and description into a [`Table`].
pub fn table<E: Describe>() -> Table {
    let mut table = E::describe(Description::new()).table;
    table.relations.sort_by_key(|relation| relation.name);
    table
}

/// A table under description.
#[derive(Debug)]
pub struct Description<E> {
    table: Table,
    entity: std::marker::PhantomData<E>,
}

impl<E: EntityTrait + Documented> Description<E> {
    fn new() -> Self {
        let columns: Vec<Column> = E::Column::iter().map(column::<E>).collect();
        let key: Vec<&'static str> = E::PrimaryKey::iter()
            .map(|key| key.into_column().as_str())
            .collect();
        Self {
            table: Table {
                sql: E::default().as_str(),
                type_name: "",
                singular: "",
                plural: "",
                comment: "",
                columns,
                key,
                uniques: Vec::new(),
                relations: Vec::new(),
                values: &[],
                append_only: false,
            },
            entity: std::marker::PhantomData,
        }
    }

    /// GraphQL type and the root fields for one row and for many.
    pub fn named(mut self, type_name: &'static str, singular: &'static str, plural: &'static str) -> Self {
        self.table.type_name = type_name;
        self.table.singular = singular;
        self.table.plural = plural;
        self
    }

    /// What the table is.
    pub fn comment(mut self, comment: &'static str) -> Self {
        self.table.comment = comment;
        self
    }

    /// A GraphQL name that is not the camel case of the SQL name.
    pub fn renamed(self, column: E::Column, name: &str) -> Self {
        self.each([column], |column| name.clone_into(&mut column.name))
    }

    /// Columns that exist for no role.
    pub fn secret<const N: usize>(self, columns: [E::Column; N]) -> Self {
        self.each(columns, |column| column.secret = true)
    }

    /// A secret column that has to hold something, with what stands for nothing.
    pub fn blank(self, column: E::Column, text: &'static str) -> Self {
        self.each([column], |column| column.blank = Some(text))
    }

    /// Columns that the database computes.
    pub fn computed<const N: usize>(self, columns: [E::Column; N]) -> Self {
        self.each(columns, |column| column.computed = true)
    }

    /// Columns that only the service writes, and everybody may read.
    pub fn own<const N: usize>(self, columns: [E::Column; N]) -> Self {
        self.each(columns, |column| column.own = true)
    }

    /// Columns that a trigger may set after a row was written.
    pub fn set_afterwards<const N: usize>(self, columns: [E::Column; N]) -> Self {
        self.each(columns, |column| column.set_afterwards = true)
    }

    /// A text column that references an enum table, given by its GraphQL type.
    pub fn enumerated(self, column: E::Column, table: &'static str) -> Self {
        self.each([column], |column| column.scalar = Scalar::Enum(table))
    }

    /// What follows a write of these columns; an empty list says that nothing does.
    pub fn consequence<const N: usize>(self, columns: [E::Column; N], consequences: &[Consequence]) -> Self {
        self.each(columns, |column| {
            column.consequences = Some(consequences.to_vec())
        })
    }

    /// A primary key or unique constraint by its SQL name.
    pub fn unique<const N: usize>(mut self, name: &'static str, columns: [E::Column; N]) -> Self {
        let columns = columns.map(|column| column.as_str()).to_vec();
        self.table.uniques.push(Unique { name, columns });
        self
    }

    /// An object relationship: `from` of this table references `to` of the `target` type's table.
    pub fn object(
        self,
        name: &'static str,
        from: E::Column,
        target: &'static str,
        to: impl ColumnTrait,
    ) -> Self {
        let required = !from.def().is_null();
        self.relation(name, (Cardinality::Object, required, false), from, target, to)
    }

    /// An object relationship that may find no row although `from` is not null: to a row that refers to this
    /// one by its key, or to one that nothing keeps.
    pub fn optional_object(
        self,
        name: &'static str,
        from: E::Column,
        target: &'static str,
        to: impl ColumnTrait,
    ) -> Self {
        let referring = self.table.key == [from.as_str()];
        self.relation(name, (Cardinality::Object, false, referring), from, target, to)
    }

    /// An array relationship: `to` of the `target` type's table references `from` of this table.
    pub fn array(
        self,
        name: &'static str,
        from: E::Column,
        target: &'static str,
        to: impl ColumnTrait,
    ) -> Self {
        self.relation(name, (Cardinality::Array, false, true), from, target, to)
    }

    /// Values of an enum table, each with what it means.
    pub fn values(mut self, values: &'static [(&'static str, &'static str)]) -> Self {
        self.table.values = values;
        self
    }

    /// Rows that the service alone writes, once.
    pub fn append_only(mut self) -> Self {
        self.table.append_only = true;
        self
    }

    fn relation(
        mut self,
        name: &'static str,
        (cardinality, required, referring): (Cardinality, bool, bool),
        from: E::Column,
        target: &'static str,
        to: impl ColumnTrait,
    ) -> Self {
        let (from, to) = (from.as_str(), to.as_str());
        self.table.relations.push(Relation {
            name,
            cardinality,
            target,
            from,
            to,
            required,
            referring,
        });
        self
    }

    fn each<const N: usize>(mut self, columns: [E::Column; N], mut change: impl FnMut(&mut Column)) -> Self {
        for wanted in columns {
            let found = self
                .table
                .columns
                .iter_mut()
                .find(|column| column.sql == wanted.as_str());
            if let Some(column) = found {
                change(column);
            }
        }
        self
    }
}

fn column<E: EntityTrait + Documented>(column: E::Column) -> Column {
    let definition = column.def();
    Column {
        sql: column.as_str(),
        name: camel_case(column.as_str()),
        comment: E::comment_of(column.as_str()),
        scalar: scalar::of(definition.get_column_type()),
        nullable: definition.is_null(),
        has_default: definition.get_column_default().is_some(),
        secret: false,
        computed: false,
        own: false,
        set_afterwards: false,
        blank: None,
        consequences: None,
    }
}

fn camel_case(sql: &str) -> String {
    let mut name = String::with_capacity(sql.len());
    let mut upper = false;
    for character in sql.chars() {
        match character {
            '_' => upper = true,
            _ if upper => {
                name.extend(character.to_uppercase());
                upper = false;
            }
            _ => name.push(character),
        }
    }
    name
}
