//! Roles whose permissions are drawn at random, with every key that permissions have.

use std::cmp::Ordering;

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy};
use proptest::sample::{select, subsequence};
use proptest::strategy::{Union, ValueTree};
use proptest::test_runner::TestRunner;
use proptest::{bool, option, prop_oneof};

use super::condition::{Comparison, Condition, target};
use super::grammar::comparison;
use super::role::{Alteration, Insertion, Permission, Preset, Removal, Role};
use super::schema::{Column, Kind, TABLES, Table};
use super::writing::value_of;

/// How two columns compare, with the orders in which it holds.
const OF_COLUMNS: [(&str, &[Ordering]); 6] = [
    ("_ceq", &[Ordering::Equal]),
    ("_cne", &[Ordering::Less, Ordering::Greater]),
    ("_cgt", &[Ordering::Greater]),
    ("_cgte", &[Ordering::Greater, Ordering::Equal]),
    ("_clt", &[Ordering::Less]),
    ("_clte", &[Ordering::Less, Ordering::Equal]),
];

/// A role of this name, another one each time.
pub(super) fn role(name: &'static str) -> Role {
    let tables: Vec<_> = TABLES
        .iter()
        .map(|table| {
            (
                option::weighted(0.8, permission(table)),
                option::weighted(0.6, insertion(table)),
                option::weighted(0.7, alteration(table)),
                option::weighted(0.5, removal(table)),
            )
        })
        .collect();
    let tables = tables.new_tree(&mut TestRunner::default()).unwrap().current();
    let mut role = Role::named(name);
    for (permission, insertion, alteration, removal) in tables {
        role.permissions.extend(permission);
        role.insertions.extend(insertion);
        role.alterations.extend(alteration);
        role.removals.extend(removal);
    }
    role
}

fn permission(table: &'static Table) -> BoxedStrategy<Permission> {
    let limit = option::weighted(0.3, 0..4_usize);
    let roots = subsequence(vec!["select", "select_by_pk", "select_aggregate"], 0..=3);
    let owner_only = option::weighted(0.4, (columns(table), condition(table, 1)));
    (
        columns(table),
        rows(table),
        limit,
        bool::weighted(0.7),
        option::weighted(0.2, roots),
        owner_only,
    )
        .prop_map(
            move |(columns, rows, limit, aggregations, roots, owner_only)| Permission {
                table,
                owner_only: owner_only.and_then(|(owned, condition)| {
                    // Every list is ordered by its key.
                    let is_hidden = |name: &&str| *name != "id" && columns.contains(name);
                    let owned: Vec<_> = owned.into_iter().filter(is_hidden).collect();
                    (!owned.is_empty()).then_some((owned, condition))
                }),
                columns,
                rows,
                limit,
                aggregations,
                roots,
            },
        )
        .boxed()
}

fn insertion(table: &'static Table) -> BoxedStrategy<Insertion> {
    (written(table), rows(table), bool::weighted(0.2))
        .prop_map(move |((mut columns, presets), check, backend_only)| {
            // A row without a key of the test is another one each time.
            columns.push("id");
            Insertion {
                table,
                columns,
                check,
                presets,
                backend_only,
            }
        })
        .boxed()
}

fn alteration(table: &'static Table) -> BoxedStrategy<Alteration> {
    let with_check = prop_oneof![Just(Condition::And(Vec::new())), condition(table, 2)];
    (written(table), rows(table), with_check, bool::weighted(0.2))
        .prop_map(
            move |((columns, presets), rows, check, backend_only)| Alteration {
                table,
                columns,
                rows,
                check,
                presets,
                backend_only,
            },
        )
        .boxed()
}

fn removal(table: &'static Table) -> BoxedStrategy<Removal> {
    (rows(table), bool::weighted(0.2))
        .prop_map(move |(rows, backend_only)| Removal {
            table,
            rows,
            backend_only,
        })
        .boxed()
}

/// The key and some others: without the key lists have no order.
fn columns(table: &'static Table) -> impl Strategy<Value = Vec<&'static str>> {
    let others: Vec<_> = table.columns.iter().skip(1).map(|column| column.name).collect();
    let most = others.len();
    subsequence(others, 1..=most).prop_map(|others| [&["id"][..], &others].concat())
}

/// What a client writes, and what is written whatever it says.
type Written = (Vec<&'static str>, Vec<(&'static str, Preset)>);

fn written(table: &'static Table) -> impl Strategy<Value = Written> {
    let columns: Vec<_> = table.columns.iter().skip(1).collect();
    let most = columns.len();
    let given = subsequence(columns.clone(), most / 2..=most);
    let presets = vec(select(columns).prop_flat_map(preset), 0..3);
    (given, presets).prop_map(
        |(given, mut presets): (Vec<&Column>, Vec<(&'static str, Preset)>)| {
            presets.sort_by_key(|(name, _)| *name);
            presets.dedup_by_key(|(name, _)| *name);
            let is_free = |name: &&str| presets.iter().all(|(preset, _)| preset != name);
            (
                given
                    .into_iter()
                    .map(|column| column.name)
                    .filter(is_free)
                    .collect(),
                presets,
            )
        },
    )
}

fn preset(column: &'static Column) -> BoxedStrategy<(&'static str, Preset)> {
    let table = TABLES
        .iter()
        .find(|table| table.columns.contains(column))
        .unwrap();
    let value = value_of(table, column)
        .prop_filter("what is there", |value| !value.is_null())
        .prop_map(Preset::Value);
    let preset = match column.kind {
        Kind::Uuid => prop_oneof![value, Just(Preset::User)].boxed(),
        _ => value.boxed(),
    };
    preset.prop_map(|preset| (column.name, preset)).boxed()
}

/// Often all of them.
fn rows(table: &'static Table) -> BoxedStrategy<Condition> {
    prop_oneof![2 => Just(Condition::And(Vec::new())), 3 => condition(table, 2)].boxed()
}

/// A condition as permissions have them.
fn condition(table: &'static Table, depth: u32) -> BoxedStrategy<Condition> {
    let mut parts: Vec<(u32, BoxedStrategy<Condition>)> = Vec::new();
    for column in table.columns {
        let is = comparison(column.kind)
            .prop_filter("no key is for a request alone", |comparison| {
                *comparison != Comparison::HasKey(None)
            })
            .prop_map(move |comparison| Condition::Is(column, comparison));
        parts.push((2, is.boxed()));
        if column.kind == Kind::Uuid {
            parts.push((3, Just(Condition::IsSelf(column)).boxed()));
        }
        for other in table.columns.iter().filter(|other| other.kind == column.kind) {
            if !matches!(column.kind, Kind::Json | Kind::Bytes) && other != column {
                // Which of two keys that the service makes comes first is not known.
                let known = if column.kind == Kind::Uuid {
                    2
                } else {
                    OF_COLUMNS.len()
                };
                let compared = select(&OF_COLUMNS[..known])
                    .prop_map(move |(operator, orders)| Condition::Columns(column, operator, orders, other));
                parts.push((1, compared.boxed()));
            }
        }
    }
    if depth > 0 {
        let inner = || condition(table, depth - 1);
        parts.push((6, inner().prop_map(|part| Condition::Not(Box::new(part))).boxed()));
        parts.push((6, vec(inner(), 0..3).prop_map(Condition::And).boxed()));
        parts.push((6, vec(inner(), 0..3).prop_map(Condition::Or).boxed()));
        for relation in table.relations {
            let inner = condition(target(relation), depth - 1).prop_map(Box::new);
            let related = inner.prop_map(move |inner| Condition::Related(relation, inner));
            parts.push((6, related.boxed()));
        }
        for other in &TABLES {
            let keys = other.columns.iter().filter(|column| column.kind == Kind::Uuid);
            let inner = condition(other, depth - 1).prop_map(Box::new);
            let exists = (select(keys.collect::<Vec<_>>()), inner)
                .prop_map(move |(column, inner)| Condition::Exists(other, column, inner));
            parts.push((1, exists.boxed()));
        }
    }
    Union::new_weighted(parts).boxed()
}
