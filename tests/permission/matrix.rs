//! The permission matrix: what each role may do with each column, as a file under review.
//!
//! `PORTICO_TEST_ACCEPT=1` writes the file anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use portico_entity::catalogue::{Table, catalogue};

use super::ROLES;
use super::introspection::{Schema, caller};
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(the_matrix_is_up_to_date);

const HEAD: &str = "\
# What each role may do, read from the running service.
#
# s select, f filter, o order by, a aggregate, i insert, u update; a dot: not at all.
# Fields: l list, k by key, a aggregate, g in groups, i insert, u update, d delete.
# Rows: whether a user with that role meets all rows, only some, or none although there are some.
";

async fn the_matrix_is_up_to_date(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    seed::insert(&database.connect().await).await;
    let mut schemas = Vec::new();
    for role in ROLES {
        schemas.push(Schema::read(&app, role).await);
    }
    let mut matrix = HEAD.to_owned();
    for table in &catalogue().tables {
        columns(&mut matrix, table, &schemas);
        row(
            &mut matrix,
            "(fields)",
            schemas.iter().map(|schema| fields(table, schema)),
        );
        row(
            &mut matrix,
            "(rows)",
            rows(&app, table, &schemas).await.into_iter(),
        );
    }
    operations(&mut matrix, "queries", &schemas, |schema| schema.query.as_deref());
    operations(&mut matrix, "mutations", &schemas, |schema| {
        schema.mutation.as_deref()
    });

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("permission/matrix.txt");
    if std::env::var_os("PORTICO_TEST_ACCEPT").is_some() {
        std::fs::write(&path, &matrix).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    let changed = matrix
        .lines()
        .zip(reviewed.lines())
        .find(|(now, before)| now != before);
    assert!(
        matrix == reviewed,
        "access has changed, first here: {changed:?}; PORTICO_TEST_ACCEPT=1 accepts it"
    );
}

fn header(matrix: &mut String, title: &str) {
    let _ = write!(matrix, "\n{title:<32}");
    for role in ROLES {
        let _ = write!(matrix, "{role:<11}");
    }
    *matrix = matrix.trim_end().to_owned() + "\n";
}

fn row(matrix: &mut String, name: &str, cells: impl Iterator<Item = String>) {
    let mut line = format!("  {name:<30}");
    for cell in cells {
        let _ = write!(line, "{cell:<11}");
    }
    let _ = writeln!(matrix, "{}", line.trim_end());
}

fn columns(matrix: &mut String, table: &Table, schemas: &[Schema]) {
    header(matrix, table.type_name);
    let name = |suffix: &str| format!("{}_{suffix}", table.type_name);
    let kinds = [
        ('s', table.type_name.to_owned()),
        ('f', name("bool_exp")),
        ('o', name("order_by")),
        ('a', name("max_fields")),
        ('i', name("insert_input")),
        ('u', name("set_input")),
    ];
    let relations = table.relations.iter().map(|relation| relation.name);
    for member in table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .chain(relations)
    {
        let cells = schemas.iter().map(|schema| {
            let letter =
                |(letter, kind): &(char, String)| if schema.has(kind, member) { *letter } else { '.' };
            kinds.iter().map(letter).collect::<String>()
        });
        row(matrix, member, cells);
    }
}

/// The root fields of a table: each letter stands for one field or several that do the same.
fn fields(table: &Table, schema: &Schema) -> String {
    let verb = |verb: &str, noun: &str| {
        let (first, rest) = noun.split_at(1);
        format!("{verb}{}{rest}", first.to_uppercase())
    };
    let written = |name: &str| vec![verb(name, table.singular), verb(name, table.plural)];
    let kinds = [
        ('l', vec![table.plural.to_owned()]),
        ('k', vec![table.singular.to_owned()]),
        ('a', vec![format!("{}Aggregate", table.plural)]),
        ('g', vec![format!("{}GroupBy", table.plural)]),
        ('i', written("insert")),
        ('u', written("update")),
        ('d', written("delete")),
    ];
    let roots = [schema.query.as_deref(), schema.mutation.as_deref()];
    let has = |name: &String| roots.iter().flatten().any(|root| schema.has(root, name));
    let letter = |(letter, names): (char, Vec<String>)| if names.iter().any(has) { letter } else { '.' };
    kinds.into_iter().map(letter).collect()
}

/// Which rows each role meets.
async fn rows(app: &TestApp, table: &Table, schemas: &[Schema]) -> Vec<String> {
    let query = format!("{{ {} {{ __typename }} }}", table.plural);
    let all = caller(app, "admin")
        .graphql(&query)
        .await
        .values("__typename")
        .len();
    let mut cells = Vec::new();
    for (role, schema) in ROLES.iter().zip(schemas) {
        let listed = schema
            .query
            .as_deref()
            .is_some_and(|root| schema.has(root, table.plural));
        let seen = if listed {
            caller(app, role).graphql(&query).await.values("__typename").len()
        } else {
            0
        };
        cells.push(match seen {
            _ if !listed => ".",
            seen if seen == all => "all",
            0 => "none",
            _ => "some",
        });
    }
    cells.into_iter().map(str::to_owned).collect()
}

/// Root fields, those of tables included: a root that a role lost or gained is a change of access too.
fn operations(
    matrix: &mut String,
    title: &str,
    schemas: &[Schema],
    root: impl for<'schema> Fn(&'schema Schema) -> Option<&'schema str>,
) {
    header(matrix, title);
    let fields = |schema: &Schema| {
        root(schema)
            .map(|name| schema.members(name).to_vec())
            .unwrap_or_default()
    };
    let names: BTreeSet<String> = schemas.iter().flat_map(fields).collect();
    for name in names {
        let cells = schemas.iter().map(|schema| {
            if fields(schema).contains(&name) {
                "yes"
            } else {
                "."
            }
            .to_owned()
        });
        row(matrix, &name, cells);
    }
}
