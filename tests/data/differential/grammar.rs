//! Random queries that a role can ask.

use std::cmp::Ordering;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy};
use proptest::sample::{select, subsequence};
use proptest::strategy::Union;
use proptest::{bool, option, prop_oneof};
use serde_json::{Value, json};

use super::condition::{Comparison, Condition, target};
use super::group_by::GroupBy;
use super::pattern::{Language, pattern};
use super::query::{Arguments, Field, Query, Term};
use super::role::Role;
use super::rows::id;
use super::schema::{Column, Kind, Many, Relation, TABLES, Table};
use super::summary::{STATISTICS, Summary};
use super::value::pool;

const DIRECTIONS: [&str; 6] = [
    "asc",
    "asc_nulls_first",
    "asc_nulls_last",
    "desc",
    "desc_nulls_first",
    "desc_nulls_last",
];

/// What a role can name.
#[derive(Clone)]
pub(super) struct Grammar(Arc<Role>);

/// A query of a role, if it reads anything.
pub(super) fn query(role: &Role) -> Option<BoxedStrategy<Query>> {
    let grammar = Grammar::of(role);
    let tables: Vec<_> = TABLES.iter().filter(|table| role.reads(table)).collect();
    let roots = tables.into_iter().flat_map(|table| {
        let list = (grammar.arguments(table, 2), grammar.fields(table, 2))
            .prop_map(move |(arguments, fields)| Query::List(table, arguments, fields))
            .boxed();
        let key = (key(), grammar.fields(table, 2))
            .prop_map(move |(key, fields)| Query::ByKey(table, key, fields))
            .boxed();
        let aggregate = (grammar.arguments(table, 2), grammar.summary(table, 1))
            .prop_map(move |(arguments, summary)| Query::Aggregate(table, arguments, summary))
            .boxed();
        let groups = grammar.groups(table).prop_map(Query::GroupBy).boxed();
        let roots = [
            ("select", 4, list),
            ("select_by_pk", 1, key),
            ("select_aggregate", 2, aggregate),
            ("select_aggregate", 1, groups),
        ];
        roots.into_iter().filter_map(|(root, weight, query)| {
            let has_all = root != "select_aggregate" || role.aggregates(table);
            (has_all && role.has_root(table, root)).then_some((weight, query))
        })
    });
    let roots: Vec<_> = roots.collect();
    (!roots.is_empty()).then(|| Union::new_weighted(roots).boxed())
}

fn key() -> impl Strategy<Value = Value> {
    (1..8_u128, 0..8_usize).prop_map(|(kind, number)| json!(id(kind, number)))
}

impl Grammar {
    pub(super) fn of(role: &Role) -> Self {
        Self(Arc::new(role.clone()))
    }

    fn columns(&self, table: &'static Table) -> Vec<&'static Column> {
        let columns = table.columns.iter();
        columns
            .filter(|column| self.0.reads_column(table, column.name))
            .collect()
    }

    fn relations(&self, table: &'static Table) -> Vec<&'static Relation> {
        let relations = table.relations.iter();
        relations
            .filter(|relation| self.0.reads(target(relation)))
            .collect()
    }

    pub(super) fn condition(&self, table: &'static Table, depth: u32) -> BoxedStrategy<Condition> {
        let mut parts = vec![(6, self.comparison(table))];
        if depth > 0 {
            let inner = || self.condition(table, depth - 1);
            parts.push((1, inner().prop_map(|part| Condition::Not(Box::new(part))).boxed()));
            parts.push((1, vec(inner(), 0..3).prop_map(Condition::And).boxed()));
            parts.push((1, vec(inner(), 0..3).prop_map(Condition::Or).boxed()));
            for relation in self.relations(table) {
                let inner = || self.condition(target(relation), depth - 1).prop_map(Box::new);
                let related = inner().prop_map(move |inner| Condition::Related(relation, inner));
                parts.push((1, related.boxed()));
                if relation.many == Many::Array && self.0.aggregates(target(relation)) {
                    let count = (inner(), order(vec![json!(0), json!(1), json!(2)]))
                        .prop_map(move |(inner, count)| Condition::Count(relation, inner, count));
                    parts.push((1, count.boxed()));
                    parts.extend(self.judged(relation, depth).map(|judged| (1, judged)));
                }
            }
        }
        Union::new_weighted(parts).boxed()
    }

    /// A condition on a Boolean column of related rows, where there is one.
    fn judged(&self, relation: &'static Relation, depth: u32) -> Option<BoxedStrategy<Condition>> {
        let columns = self.columns(target(relation)).into_iter();
        let booleans: Vec<_> = columns.filter(|column| column.kind == Kind::Boolean).collect();
        let inner = self.condition(target(relation), depth - 1).prop_map(Box::new);
        (!booleans.is_empty()).then(|| {
            let function = select(vec!["bool_and", "bool_or"]);
            (function, select(booleans), inner, comparison(Kind::Boolean))
                .prop_map(move |(function, column, inner, comparison)| {
                    Condition::Judged(relation, function, column, inner, comparison)
                })
                .boxed()
        })
    }

    fn comparison(&self, table: &'static Table) -> BoxedStrategy<Condition> {
        let parts = self.columns(table).into_iter().map(|column| {
            let is = comparison(column.kind).prop_map(move |comparison| Condition::Is(column, comparison));
            match column.kind {
                Kind::Json => prop_oneof![
                    4 => is,
                    1 => comparison(Kind::Text).prop_map(move |comparison| Condition::Cast(column, comparison)),
                ]
                .boxed(),
                _ => is.boxed(),
            }
        });
        Union::new(parts).boxed()
    }

    fn arguments(&self, table: &'static Table, depth: u32) -> BoxedStrategy<Arguments> {
        let everything = Just(Condition::And(Vec::new()));
        let condition = prop_oneof![1 => everything, 3 => self.condition(table, depth)];
        (
            condition,
            vec(self.term(table), 0..3),
            prop_oneof![3 => Just(0_usize), 1 => 1..3_usize],
            option::weighted(0.3, 0..6_usize),
            option::weighted(0.2, 0..4_usize),
        )
            .prop_map(|(condition, mut order, distinct, limit, offset)| {
                // A column that comes again says nothing more, and what is told apart has to come first.
                let mut seen: Vec<&str> = Vec::new();
                order.retain(|term| match term {
                    Term::Column(column, _) => {
                        let new = !seen.contains(&column.name);
                        seen.push(column.name);
                        new
                    }
                    _ => true,
                });
                Arguments {
                    condition,
                    order,
                    distinct,
                    limit,
                    offset,
                }
            })
            .boxed()
    }

    fn term(&self, table: &'static Table) -> BoxedStrategy<Term> {
        let direction = || select(DIRECTIONS.to_vec());
        let column = |table| select(self.columns(table));
        let mut terms = vec![(
            4,
            (column(table), direction())
                .prop_map(|(column, direction)| Term::Column(column, direction))
                .boxed(),
        )];
        for relation in self.relations(table) {
            let term = match relation.many {
                Many::Object => (column(target(relation)), direction())
                    .prop_map(move |(column, direction)| Term::Through(relation, column, direction))
                    .boxed(),
                Many::Array => {
                    let count = direction().prop_map(move |direction| Term::Count(relation, direction));
                    match self.extremes(target(relation)) {
                        extremes if extremes.is_empty() => count.boxed(),
                        extremes => {
                            let extreme = (select(extremes), direction()).prop_map(
                                move |((function, column), direction)| {
                                    Term::Extreme(relation, function, column, direction)
                                },
                            );
                            prop_oneof![count, extreme].boxed()
                        }
                    }
                }
            };
            terms.push((1, term));
        }
        Union::new_weighted(terms).boxed()
    }

    pub(super) fn fields(&self, table: &'static Table, depth: u32) -> BoxedStrategy<Vec<Field>> {
        let mut fields = vec![(5, select(self.columns(table)).prop_map(Field::Column).boxed())];
        if depth > 0 {
            for relation in self.relations(table) {
                let other = target(relation);
                let inner = self.fields(other, depth - 1);
                if relation.many == Many::Object {
                    let field = inner.prop_map(move |fields| Field::Object(relation, fields));
                    fields.push((1, field.boxed()));
                    continue;
                }
                let rows = (self.arguments(other, depth - 1), inner)
                    .prop_map(move |(arguments, fields)| Field::Array(relation, arguments, fields));
                fields.push((1, rows.boxed()));
                if self.0.aggregates(other) {
                    let summary = (self.arguments(other, depth - 1), self.summary(other, 0))
                        .prop_map(move |(arguments, summary)| Field::Aggregate(relation, arguments, summary));
                    fields.push((1, summary.boxed()));
                }
            }
        }
        vec(Union::new_weighted(fields), 1..5).boxed()
    }

    /// What can be asked of columns: `max`, `min` and `sum`.
    fn extremes(&self, table: &'static Table) -> Vec<(&'static str, &'static Column)> {
        let functions = |kind| match kind {
            Kind::Int | Kind::Bigint => &["max", "min", "sum"][..],
            Kind::Uuid | Kind::Text | Kind::Time => &["max", "min"],
            _ => &[],
        };
        let columns = self.columns(table).into_iter();
        columns
            .flat_map(|column| {
                functions(column.kind)
                    .iter()
                    .map(move |function| (*function, column))
            })
            .collect()
    }

    /// What can be asked of numbers beyond that.
    fn statistics(&self, table: &'static Table) -> Vec<(&'static str, &'static Column)> {
        let columns = self.columns(table).into_iter();
        let numbers = columns.filter(|column| matches!(column.kind, Kind::Int | Kind::Bigint));
        numbers
            .flat_map(|column| STATISTICS.map(|function| (function, column)))
            .collect()
    }

    fn groups(&self, table: &'static Table) -> BoxedStrategy<GroupBy> {
        // Which of the spellings of one text stands for all is for the database to say.
        let columns = self.columns(table).into_iter();
        let columns: Vec<_> = columns.filter(|column| column.kind != Kind::Citext).collect();
        let most = columns.len().min(3);
        (
            subsequence(columns, 1..=most),
            self.condition(table, 1),
            (
                option::weighted(0.3, select(DIRECTIONS.to_vec())),
                select(DIRECTIONS.to_vec()),
            ),
            option::weighted(0.3, 0..6_usize),
            option::weighted(0.2, 0..3_usize),
            self.summary(table, 0),
        )
            .prop_map(
                move |(by, condition, directions, limit, offset, summary)| GroupBy {
                    table,
                    by,
                    condition,
                    directions,
                    limit,
                    offset,
                    summary,
                },
            )
            .boxed()
    }

    fn summary(&self, table: &'static Table, depth: u32) -> BoxedStrategy<Summary> {
        let columns = self.columns(table);
        let most_columns = columns.len().min(3);
        let mut computed = self.extremes(table);
        computed.extend(self.statistics(table));
        let most = computed.len().min(3);
        (
            vec((subsequence(columns, 0..=most_columns), bool::ANY), 1..3),
            subsequence(computed, 0..=most),
            self.fields(table, depth),
        )
            .prop_map(|(counts, computed, nodes)| Summary {
                counts,
                computed,
                nodes,
            })
            .boxed()
    }
}

/// A comparison by order with one of some values.
fn order(values: Vec<Value>) -> BoxedStrategy<Comparison> {
    const OPERATORS: [(&str, &[Ordering]); 6] = [
        ("_eq", &[Ordering::Equal]),
        ("_neq", &[Ordering::Less, Ordering::Greater]),
        ("_gt", &[Ordering::Greater]),
        ("_gte", &[Ordering::Greater, Ordering::Equal]),
        ("_lt", &[Ordering::Less]),
        ("_lte", &[Ordering::Less, Ordering::Equal]),
    ];
    (select(OPERATORS.to_vec()), select(values))
        .prop_map(|((name, orders), value)| Comparison::Order(name, orders, value))
        .boxed()
}

pub(super) fn comparison(kind: Kind) -> BoxedStrategy<Comparison> {
    let values = pool(kind);
    let list = || vec(select(pool(kind)), 0..4);
    let mut parts = vec![
        (4, order(values)),
        (1, list().prop_map(Comparison::In).boxed()),
        (1, list().prop_map(Comparison::NotIn).boxed()),
        (1, bool::ANY.prop_map(Comparison::IsNull).boxed()),
    ];
    if matches!(kind, Kind::Text | Kind::Citext) {
        for (name, negated, language, ignores_case) in [
            ("_like", "_nlike", Language::Like, false),
            ("_ilike", "_nilike", Language::Like, true),
            ("_similar", "_nsimilar", Language::Similar, false),
            ("_regex", "_nregex", Language::Regex, false),
            ("_iregex", "_niregex", Language::Regex, true),
        ] {
            let matches =
                pattern(language).prop_map(move |pattern| Comparison::Matches(name, ignores_case, pattern));
            let others = pattern(language)
                .prop_map(move |pattern| Comparison::MatchesNot(negated, ignores_case, pattern));
            parts.extend([(1, matches.boxed()), (1, others.boxed())]);
        }
    }
    if kind == Kind::Json {
        let key = || select(vec!["a", "b", "aa", "c", "z"]).prop_map(str::to_owned);
        let value = || select(pool(Kind::Json));
        parts.extend([
            (1, value().prop_map(Comparison::Contains).boxed()),
            (1, value().prop_map(Comparison::ContainedIn).boxed()),
            (
                1,
                option::weighted(0.9, key()).prop_map(Comparison::HasKey).boxed(),
            ),
            (1, vec(key(), 0..3).prop_map(Comparison::HasAny).boxed()),
            (1, vec(key(), 0..3).prop_map(Comparison::HasAll).boxed()),
        ]);
    }
    Union::new_weighted(parts).boxed()
}
