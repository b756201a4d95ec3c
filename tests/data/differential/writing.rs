//! Random mutations that a role can ask for.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy};
use proptest::sample::{select, subsequence};
use proptest::strategy::Union;
use proptest::{bool, option, prop_oneof};
use serde_json::{Value, json};

use super::change::change;
use super::condition::target;
use super::grammar::Grammar;
use super::insert::{Conflict, Object};
use super::mutation::{Mutation, Root, Write};
use super::role::Role;
use super::rows::id;
use super::schema::{Column, Initial, Many, Table};
use super::update::{Update, Which};
use super::value::pool;

/// A mutation that a role can ask for, if there is any; what only a backend may among them.
pub(super) fn mutation(role: &Role) -> Option<BoxedStrategy<Mutation>> {
    let writer = Writer {
        grammar: Grammar::of(role),
        role: Arc::new(role.clone()),
    };
    let tables = [
        "users",
        "members",
        "orgs",
        "authUserRoles",
        "authUserSecurityKeys",
    ];
    let tables = tables.map(super::schema::table);
    let roots: Vec<_> = tables.iter().flat_map(|table| writer.roots(table)).collect();
    if roots.is_empty() {
        return None;
    }
    let roots = vec(Union::new(roots), 1..4);
    let mutation = (roots, bool::weighted(0.8)).prop_map(move |(mut roots, backend)| {
        let mut ids = Ids::new();
        for root in &mut roots {
            ids.fill(root);
        }
        Mutation { roots, backend }
    });
    Some(mutation.boxed())
}

/// Values to write to a column: many that are good, some that are not.
pub(super) fn value_of(table: &'static Table, column: &'static Column) -> BoxedStrategy<Value> {
    let texts = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect();
    let ids = |kind: u128, count: usize| (0..count).map(move |number| json!(id(kind, number)));
    let values: Vec<Value> = match column.name {
        "id" => ids(9, 12).chain(ids(kind_of(table), 2)).collect(),
        "orgId" => ids(2, 4).chain(ids(2, 4)).chain(ids(2, 5)).collect(),
        "userId" | "invitedBy" => ids(1, 14).chain(ids(1, 14)).chain(ids(6, 1)).collect(),
        "role" => texts(&[
            "user",
            "me",
            "me",
            "anonymous",
            "anonymous",
            "anonymous",
            "nobody",
        ]),
        "gender" => texts(&["male", "male", "female", "female", "other", "other", "odd"]),
        "slug" => texts(&["slug 0", "slug 1", "new", "newer", "newest", ""]),
        "credentialId" => texts(&[
            "credential 0",
            "credential 1",
            "new",
            "newer",
            "newest",
            "",
            "a",
            "b",
        ]),
        "username" => texts(&[
            "a@x.org", "B@y.org", "c@z.org", "C@Z.org", "d@z.org", "e", "f", "g",
        ]),
        _ => pool(column.kind),
    };
    let null = if column.initial == Initial::Null { 20 } else { 1 };
    prop_oneof![80 => select(values), null => Just(Value::Null)].boxed()
}

/// The first digit of the ids of a table's rows.
fn kind_of(table: &Table) -> u128 {
    match table.name {
        "users" => 1,
        "orgs" => 2,
        "members" => 3,
        "authUserRoles" => 4,
        _ => 7,
    }
}

struct Writer {
    grammar: Grammar,
    role: Arc<Role>,
}

impl Writer {
    fn roots(&self, table: &'static Table) -> Vec<BoxedStrategy<Root>> {
        let mut writes = Vec::new();
        let reads = self.role.reads(table);
        if self.role.insertion(table).is_some() {
            let conflict = || option::weighted(0.4, self.conflict(table));
            let object = || self.object(table, 2, None);
            let one =
                (object(), conflict()).prop_map(|(object, conflict)| Write::InsertOne(object, conflict));
            let many = (vec(object(), 0..4), conflict())
                .prop_map(|(objects, conflict)| Write::Insert(objects, conflict));
            writes.extend(reads.then(|| one.boxed()));
            writes.push(many.boxed());
        }
        // What a role cannot read it can neither change nor remove.
        let alteration = self.role.alteration(table).filter(|_| reads);
        if alteration.is_some_and(|found| !found.columns.is_empty()) {
            let key = self.update(table, self.key(table), 1);
            writes.push(key.prop_map(Write::Update).boxed());
        }
        if alteration.is_some() {
            let rows = self.update(table, self.rows(table), 0).prop_map(Write::Update);
            let many = vec(self.update(table, self.rows(table), 0), 1..3).prop_map(Write::UpdateMany);
            writes.extend([rows.boxed(), many.boxed()]);
        }
        if reads && self.role.removal(table).is_some() {
            let which = prop_oneof![self.key(table), self.rows(table)];
            writes.push(which.prop_map(Write::Delete).boxed());
        }
        let root = |write: BoxedStrategy<Write>| {
            let fields = match reads {
                true => self.grammar.fields(table, 1).prop_map(Some).boxed(),
                false => Just(None).boxed(),
            };
            let root = (write, fields).prop_map(move |(write, fields)| Root { table, write, fields });
            root.boxed()
        };
        writes.into_iter().map(root).collect()
    }

    fn key(&self, table: &'static Table) -> BoxedStrategy<Which> {
        let kind = prop_oneof![8 => Just(kind_of(table)), 1 => Just(9)];
        (kind, 0..12_usize)
            .prop_map(|(kind, number)| Which::Key(json!(id(kind, number))))
            .boxed()
    }

    fn rows(&self, table: &'static Table) -> BoxedStrategy<Which> {
        self.grammar.condition(table, 2).prop_map(Which::Where).boxed()
    }

    fn update(
        &self,
        table: &'static Table,
        which: BoxedStrategy<Which>,
        least: usize,
    ) -> BoxedStrategy<Update> {
        let columns = self
            .role
            .alteration(table)
            .map_or(Vec::new(), |found| found.columns.clone());
        // A new key is something to meet now and then.
        let columns: Vec<_> = match columns.split_first() {
            Some((&"id", others)) => [others, others, others, &["id"]].concat(),
            _ => columns,
        };
        let (least, most) = (least.min(columns.len()), columns.len().min(3));
        let changes = subsequence(columns, least..=most).prop_flat_map(move |mut columns| {
            columns.sort_unstable();
            columns.dedup();
            let columns = columns.into_iter().map(|name| table.column(name));
            let changes =
                columns.map(|column| change(table, column).prop_map(move |change| (column, change)));
            changes.collect::<Vec<_>>()
        });
        (which, changes)
            .prop_map(|(which, changes)| Update { which, changes })
            .boxed()
    }

    /// A row to add, without the column that the row around it decides.
    fn object(
        &self,
        table: &'static Table,
        depth: u32,
        decided: Option<&'static str>,
    ) -> BoxedStrategy<Object> {
        let columns = self.role.insertion(table).map_or(&[][..], |found| &found.columns);
        let columns = columns.iter().filter(|name| Some(**name) != decided);
        let cells: Vec<_> = columns
            .map(|name| {
                let column = table.column(name);
                let often = match column.initial {
                    Initial::Missing => 0.97,
                    _ if *name == "id" => 0.8,
                    _ => 0.3,
                };
                let value = option::weighted(often, value_of(table, column));
                value.prop_map(move |value| Some((column, value?)))
            })
            .collect();
        let relations = table.relations.iter().filter(|relation| {
            depth > 0
                && self.role.insertion(target(relation)).is_some()
                && (relation.many == Many::Array || Some(relation.from) != decided)
        });
        let related: Vec<_> = relations
            .map(|relation| {
                let (decided, most) = match relation.many {
                    Many::Array => (Some(relation.to), 0..3_usize),
                    Many::Object => (None, 1..2),
                };
                let objects = vec(self.object(target(relation), depth - 1, decided), most);
                let conflict = option::weighted(0.4, self.conflict(target(relation)));
                option::weighted(0.15, (objects, conflict))
                    .prop_map(move |found| found.map(|(objects, conflict)| (relation, objects, conflict)))
                    .boxed()
            })
            .collect();
        (cells, related)
            .prop_map(|(cells, related)| {
                let related: Vec<_> = related.into_iter().flatten().collect();
                // What a relationship decides cannot be given as well.
                let decides = |name: &str| {
                    related
                        .iter()
                        .any(|(relation, ..)| relation.many == Many::Object && relation.from == name)
                };
                let cells = cells
                    .into_iter()
                    .flatten()
                    .filter(|(column, _)| !decides(column.name));
                Object {
                    cells: cells.collect(),
                    related: related.clone(),
                }
            })
            .boxed()
    }

    fn conflict(&self, table: &'static Table) -> BoxedStrategy<Conflict> {
        let reads = self.role.reads(table);
        let alteration = self.role.alteration(table).filter(|_| reads);
        let columns = alteration.map_or(Vec::new(), |found| found.columns.clone());
        let most = columns.len().min(3);
        let condition = match reads {
            true => option::weighted(0.3, self.grammar.condition(table, 1)).boxed(),
            false => Just(None).boxed(),
        };
        (
            select(table.uniques.iter().collect::<Vec<_>>()),
            subsequence(columns, 0..=most),
            condition,
        )
            .prop_map(|(unique, columns, condition)| Conflict {
                unique,
                columns,
                condition,
            })
            .boxed()
    }
}

/// Gives ids to all new rows of a table but one: in which order ids are that the service makes at one moment is
/// for chance to say.
struct Ids {
    without: Vec<&'static str>,
    given: usize,
}

impl Ids {
    fn new() -> Self {
        Self {
            // A new user gets one of these from the service.
            without: vec!["authUserRoles"],
            given: 0,
        }
    }

    fn fill(&mut self, root: &mut Root) {
        match &mut root.write {
            Write::InsertOne(object, _) => self.fill_objects(root.table, std::slice::from_mut(object)),
            Write::Insert(objects, _) => self.fill_objects(root.table, objects),
            Write::Update(_) | Write::UpdateMany(_) | Write::Delete(_) => {}
        }
    }

    fn fill_objects(&mut self, table: &'static Table, objects: &mut [Object]) {
        for object in objects {
            if object.cells.iter().all(|(column, _)| column.name != "id") {
                match self.without.contains(&table.name) {
                    true => {
                        self.given += 1;
                        object.cells.push((table.column("id"), json!(id(8, self.given))));
                    }
                    false => self.without.push(table.name),
                }
            }
            for (relation, objects, _) in &mut object.related {
                self.fill_objects(target(relation), objects);
            }
        }
    }
}
