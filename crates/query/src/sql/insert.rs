//! New rows. How many there are and which columns each has is known at execution: the statement is put together
//! from parts that are made here.

mod former;

use portico_entity::catalogue::{Cardinality, Column, Relation, Scalar, Table};

use super::mutation::{
    self, Returned, Statement, audited, changes_address, changes_factors, is_audited, is_compared,
    proves_its_user, written_bind,
};
use super::writer::{Alias, Target, Writer, list_type, scalar_type};
use super::{Dialect, filter};
use crate::permission::Preset;
use crate::plan::insert::{Conflict, Insert, Node};
use crate::plan::{Bind, BindKind, ByName};
use crate::request::Operand;
use former::FormerWork;

/// The rows of an insert.
#[derive(Debug, Clone)]
pub struct InsertWork {
    /// Where execution finds the object or the list of them.
    pub objects: Operand,
    /// Where they stand in the request.
    pub path: String,
    /// The nodes; the first is the root.
    pub nodes: Vec<NodeWork>,
    /// What the statement returns where it is the only one.
    pub returned: Option<Returned>,
}

/// Rows of one table.
#[derive(Debug, Clone)]
pub struct NodeWork {
    /// The table.
    pub table: &'static Table,
    /// The columns that a client may name here.
    pub columns: Vec<ByName<Column>>,
    /// What is written whatever the client says.
    pub presets: Vec<Preset>,
    /// Rows of related tables.
    pub nested: Vec<NestedWork>,
    /// What stands behind the rows in the statement; its parameters come first.
    tail: Statement,
    dialect: Dialect,
    /// What to do with rows that exist; nothing where they are an error.
    pub conflict: Option<Conflict>,
    /// Whether the statement has to know the newest row from before it, to tell new rows from changed ones.
    pub newest: Option<Statement>,
    /// Finds a new row that breaks the check.
    pub check: Option<Statement>,
    /// Finds a changed row that breaks the check.
    pub update_check: Option<Statement>,
    /// What the audit wants to know of written columns where a row was there before; nothing where it wants to know
    /// nothing at all.
    pub audited: Option<Vec<&'static str>>,
    /// Whether users that were there before are proved by something else afterwards.
    pub changes_factors: bool,
    /// Whether they are mailed elsewhere.
    pub changes_address: bool,
    /// Reads what the rows that exist hold before, where what follows depends on it.
    pub former: Option<FormerWork>,
    /// Grants to users the role that each has by default.
    pub grant: Option<Statement>,
}

/// Rows of a related table.
#[derive(Debug, Clone)]
pub struct NestedWork {
    /// The relationship.
    pub relation: ByName<Relation>,
    /// The one place where they stand, if they belong to no other.
    pub at: Option<String>,
    /// What to do with those that exist.
    pub conflict: Option<Conflict>,
    /// Their node.
    pub node: usize,
}

impl NestedWork {
    /// Whether objects that say this of conflicts belong here.
    pub fn treats(&self, said: Option<&serde_json::Value>) -> bool {
        let Some((conflict, said)) = self.conflict.as_ref().zip(said) else {
            return self.conflict.is_none() && said.is_none();
        };
        let constraint = said.get("constraint").and_then(serde_json::Value::as_str);
        let columns: Vec<&str> = match said.get("update_columns") {
            Some(serde_json::Value::Array(columns)) => {
                columns.iter().filter_map(|name| name.as_str()).collect()
            }
            Some(serde_json::Value::String(column)) => vec![column],
            _ => Vec::new(),
        };
        conflict.is(constraint.unwrap_or_default(), &columns)
    }
}

/// Whether related rows are written before or after a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// The row refers to them.
    Related,
    /// They refer to the row.
    Row,
}

impl Parent {
    /// Which of the two a relationship is.
    pub fn of(relation: &Relation) -> Self {
        match (relation.cardinality, relation.referring) {
            (Cardinality::Object, false) => Self::Related,
            _ => Self::Row,
        }
    }
}

impl InsertWork {
    pub(super) fn bytes(&self) -> usize {
        let node = |node: &NodeWork| {
            let checks = [&node.check, &node.update_check, &node.grant];
            let checks = checks.into_iter().flatten().map(Statement::bytes);
            let former = node.former.as_ref().map_or(0, |former| former.sql.len());
            size_of::<NodeWork>()
                + node.tail.bytes()
                + checks.sum::<usize>()
                + former
                + node.columns.len() * 8
        };
        let returned = self.returned.as_ref().map_or(0, |returned| {
            returned.tail.bytes() + returned.answer.as_ref().map_or(0, String::len)
        });
        self.nodes.iter().map(node).sum::<usize>() + returned
    }
}

impl NodeWork {
    /// The statement that writes so many rows which have these columns. Their parameters come behind [`Self::binds`].
    pub fn statement(&self, columns: &[&'static Column], count: usize) -> String {
        self.with_tail(columns, count, &self.tail)
    }

    /// The parameters that come before the rows.
    pub fn binds(&self) -> &[Bind] {
        &self.tail.binds
    }

    /// The statement with another tail than that of the node.
    pub fn with_tail(&self, columns: &[&'static Column], count: usize, tail: &Statement) -> String {
        let names: Vec<String> = columns
            .iter()
            .map(|column| format!("\"{}\"", column.sql))
            .collect();
        let rows = given(columns, tail.binds.len() + 1, self.come_as(count));
        let schema = match self.dialect {
            Dialect::Postgres => "auth.",
            Dialect::Sqlite => "",
        };
        format!(
            "INSERT INTO {schema}\"{}\" AS t0 ({}) SELECT {rows}{}",
            self.table.sql,
            names.join(", "),
            tail.sql
        )
    }

    /// What the parameters of so many rows are.
    pub fn come_as(&self, count: usize) -> ComeAs {
        match (self.dialect, count) {
            (Dialect::Postgres, 1) => ComeAs::Values,
            (dialect, _) => ComeAs::lists(dialect),
        }
    }
}

/// As what rows come to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComeAs {
    /// The values of a single one.
    Values,
    /// A list for each column.
    Columns,
    /// One list of them.
    Rows,
}

impl ComeAs {
    /// Where there may be several.
    fn lists(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Postgres => Self::Columns,
            Dialect::Sqlite => Self::Rows,
        }
    }
}

/// The rows that the client gives with these columns, behind a `SELECT`: their parameters begin with this number.
fn given(columns: &[&'static Column], first: usize, come_as: ComeAs) -> String {
    let columns = columns.iter().enumerate();
    match come_as {
        ComeAs::Values => {
            let values: Vec<String> = columns
                .map(|(index, column)| format!("${}::{}", first + index, scalar_type(column.scalar)))
                .collect();
            values.join(", ")
        }
        ComeAs::Columns => {
            let lists: Vec<String> = columns
                .map(|(index, column)| format!("${}::{}", first + index, list_type(column.scalar)))
                .collect();
            format!("* FROM unnest({})", lists.join(", "))
        }
        ComeAs::Rows => {
            let values: Vec<String> = columns
                .map(|(index, column)| match column.scalar {
                    Scalar::Uuid | Scalar::Bytea => format!("unhex(value ->> {index})"),
                    _ => format!("value ->> {index}"),
                })
                .collect();
            // Without a condition the parser takes what follows for one of a join.
            format!("{} FROM json_each(?{first}) WHERE TRUE", values.join(", "))
        }
    }
}

/// The work of an insert.
pub(super) fn work(insert: &Insert, target: Target<'_>) -> InsertWork {
    let mut nodes = Vec::new();
    add(&insert.node, &mut nodes, target);
    InsertWork {
        objects: insert.objects.clone(),
        path: insert.path.clone(),
        nodes,
        returned: None,
    }
}

/// Adds a node with those inside it; answers its number.
fn add(node: &Node, nodes: &mut Vec<NodeWork>, target: Target<'_>) -> usize {
    let number = nodes.len();
    let table = node.table;
    let updates = node
        .conflict
        .as_ref()
        .filter(|conflict| !conflict.update.is_empty());
    let changed = updates.map(Conflict::columns).unwrap_or_default();
    let update_check = updates.and_then(|conflict| mutation::check(table, &conflict.rights.check, target));
    let check = mutation::check(table, &node.check, target);
    let audited = is_audited(table).then(|| audited(table, &changed).unwrap_or_default());
    let tells_apart = updates.is_some() && (audited.is_some() || check.is_some() || update_check.is_some());
    let compared = updates.filter(|_| is_compared(table, &changed));
    nodes.push(NodeWork {
        table,
        columns: node.columns.clone(),
        presets: node.presets.clone(),
        nested: Vec::new(),
        tail: tail(table, node.conflict.as_ref(), tells_apart, target),
        dialect: target.dialect,
        conflict: node.conflict.clone(),
        newest: (tells_apart && target.dialect == Dialect::Sqlite).then(|| newest(table, target)),
        check,
        update_check,
        audited,
        changes_factors: proves_its_user(table) || changes_factors(table, &changed),
        changes_address: changes_address(table, &changed),
        former: compared.map(|conflict| FormerWork::new(table, conflict, target)),
        grant: grant(table, target),
    });
    let nested: Vec<NestedWork> = node
        .nested
        .iter()
        .map(|nested| NestedWork {
            relation: nested.relation,
            at: nested.at.clone(),
            conflict: nested.node.conflict.clone(),
            node: add(&nested.node, nodes, target),
        })
        .collect();
    if let Some(node) = nodes.get_mut(number) {
        node.nested = nested;
    }
    number
}

/// Writes what to do in a conflict.
pub(super) fn conflict(writer: &mut Writer, table: &'static Table, conflict: Option<&Conflict>) -> Alias {
    let alias = writer.alias(table);
    let Some(conflict) = conflict else {
        return alias;
    };
    writer.push(" ON CONFLICT ");
    match writer.dialect {
        Dialect::Postgres => writer.push(&format!("ON CONSTRAINT \"{}\"", conflict.unique.name)),
        Dialect::Sqlite => {
            let columns: Vec<String> = conflict
                .unique
                .columns
                .iter()
                .map(|column| format!("\"{column}\""))
                .collect();
            writer.push(&format!("({})", columns.join(", ")));
        }
    }
    match conflict.update.is_empty() {
        true => writer.push(" DO NOTHING"),
        false => {
            writer.push(" DO UPDATE SET ");
            let assignments: Vec<String> = conflict
                .update
                .iter()
                .enumerate()
                // PostgreSQL takes no column twice.
                .filter(|(index, column)| !conflict.update.iter().take(*index).any(|other| other == *column))
                .map(|(_, column)| format!("\"{0}\" = excluded.\"{0}\"", column.0.sql))
                .collect();
            writer.push(&assignments.join(", "));
            for preset in &conflict.rights.presets {
                writer.push(&format!(", \"{}\" = ", preset.column));
                writer.bind(&preset.value);
            }
            writer.push(" WHERE ");
            filter::write(writer, alias, &conflict.filter);
            filter::and(writer, alias, &conflict.rights.rows);
        }
    }
    alias
}

/// What stands behind the rows: what to do in a conflict, and what to return: key, user, and whether the row is new.
fn tail(
    table: &'static Table,
    on_conflict: Option<&Conflict>,
    tells_apart: bool,
    target: Target<'_>,
) -> Statement {
    let mut writer = Writer::new(target);
    conflict(&mut writer, table, on_conflict);
    mutation::returning(&mut writer, table);
    match (tells_apart, target.dialect) {
        (false, _) => writer.push(", 'new'"),
        (true, Dialect::Postgres) => writer.push(", CASE WHEN xmax = 0 THEN 'new' END"),
        (true, Dialect::Sqlite) => {
            writer.push(", CASE WHEN rowid > ");
            writer.bind(&written_bind(BindKind::Scalar(Scalar::Bigint)));
            writer.push(" THEN 'new' END");
        }
    }
    Statement::of(writer)
}

/// Where a table ended before a write.
fn newest(table: &'static Table, target: Target<'_>) -> Statement {
    let mut writer = Writer::new(target);
    writer.push("SELECT CAST(coalesce(max(rowid), 0) AS TEXT) FROM ");
    writer.table(table);
    Statement::of(writer)
}

/// A user holds the default role: whoever makes users grants it. Its parameters are ids and users.
fn grant(table: &'static Table, target: Target<'_>) -> Option<Statement> {
    use portico_entity::catalogue::Consequence::KeepDefaultRole;
    table
        .column_by_sql("default_role")
        .filter(|column| column.is_followed_by(KeepDefaultRole))?;
    let ids = written_bind(BindKind::List(Scalar::Uuid));
    Some(match target.dialect {
        Dialect::Postgres => Statement {
            sql: grant_in_postgres("auth.users", 1).into(),
            binds: vec![ids.clone(), ids],
        },
        Dialect::Sqlite => {
            let mut writer = Writer::new(target);
            writer.push(
                "INSERT INTO user_roles (id, user_id, role) \
                 SELECT unhex(g.value ->> 0), u.id, u.default_role FROM json_each(",
            );
            writer.bind(&ids);
            writer.push(
                ") g CROSS JOIN users u ON u.id = unhex(g.value ->> 1) WHERE TRUE ON CONFLICT DO NOTHING",
            );
            Statement::of(writer)
        }
    })
}

/// The same for PostgreSQL: where it finds the users, and the number of the first of its two parameters.
pub(crate) fn grant_in_postgres(users: &str, first: usize) -> String {
    format!(
        "INSERT INTO auth.user_roles (id, user_id, role) SELECT g.id, u.id, u.default_role \
         FROM unnest(${first}::uuid[], ${}::uuid[]) AS g(id, user_id) JOIN {users} u ON u.id = g.user_id \
         ON CONFLICT DO NOTHING",
        first + 1
    )
}
