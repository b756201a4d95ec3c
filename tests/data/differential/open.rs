//! Whether a role's schema has all that a request names.

use super::condition::{Condition, target};
use super::group_by::GroupBy;
use super::insert::{Conflict, Object};
use super::mutation::{Root, Write};
use super::query::{Arguments, Field, Query, Term};
use super::role::Role;
use super::schema::{Column, Relation, Table};
use super::summary::Summary;
use super::update::{Update, Which};

/// A role, with what only a backend may or without it.
#[derive(Clone, Copy)]
pub(super) struct Schema<'r> {
    pub(super) role: &'r Role,
    pub(super) backend: bool,
}

impl Schema<'_> {
    pub(super) fn has_query(self, query: &Query) -> bool {
        match query {
            Query::List(table, arguments, fields) => {
                self.role.has_root(table, "select")
                    && self.has_arguments(table, arguments)
                    && self.has_fields(table, fields)
            }
            Query::ByKey(table, _, fields) => {
                self.role.has_root(table, "select_by_pk")
                    && self.has(table, "id")
                    && self.has_fields(table, fields)
            }
            Query::Aggregate(table, arguments, summary) => {
                self.role.has_root(table, "select_aggregate")
                    && self.role.aggregates(table)
                    && self.has_arguments(table, arguments)
                    && self.has_summary(table, summary)
                    && self.has_fields(table, &summary.nodes)
            }
            Query::GroupBy(groups) => self.has_groups(groups),
        }
    }

    pub(super) fn has_root(self, root: &Root) -> bool {
        let (role, table) = (self.role, root.table);
        let fields = root.fields.as_ref();
        let answered = fields.is_none_or(|fields| role.reads(table) && self.has_fields(table, fields));
        let deletes = |which| {
            let opened = role
                .removal(table)
                .is_some_and(|found| self.opens(found.backend_only));
            role.reads(table) && opened && self.has_rows(table, which)
        };
        answered
            && match &root.write {
                Write::InsertOne(object, conflict) => {
                    role.reads(table) && self.has_objects(table, std::slice::from_ref(object), conflict)
                }
                Write::Insert(objects, conflict) => self.has_objects(table, objects, conflict),
                Write::Update(update) => self.has_update(table, update),
                Write::UpdateMany(updates) => updates.iter().all(|update| self.has_update(table, update)),
                Write::Delete(which) => deletes(which),
            }
    }

    fn opens(self, backend_only: bool) -> bool {
        self.backend || !backend_only
    }

    fn has(self, table: &Table, column: &str) -> bool {
        self.role.reads_column(table, column)
    }

    fn has_all(self, table: &Table, columns: &[&Column]) -> bool {
        columns.iter().all(|column| self.has(table, column.name))
    }

    fn reads_target(self, relation: &Relation) -> bool {
        self.role.reads(target(relation))
    }

    fn has_arguments(self, table: &'static Table, arguments: &Arguments) -> bool {
        // The key is always the last term.
        self.has(table, "id")
            && self.has_condition(table, &arguments.condition)
            && arguments.order.iter().all(|term| match term {
                Term::Column(column, _) => self.has(table, column.name),
                // The order by what belongs to a row needs no right to aggregate.
                Term::Count(relation, _) => self.reads_target(relation),
                Term::Through(relation, column, _) | Term::Extreme(relation, _, column, _) => {
                    self.has(target(relation), column.name)
                }
            })
    }

    fn has_condition(self, table: &'static Table, condition: &Condition) -> bool {
        let aggregates = |relation: &Relation, inner: &Condition| {
            self.role.aggregates(target(relation)) && self.has_condition(target(relation), inner)
        };
        match condition {
            Condition::And(parts) | Condition::Or(parts) => {
                parts.iter().all(|part| self.has_condition(table, part))
            }
            Condition::Not(part) => self.has_condition(table, part),
            Condition::Is(column, _) | Condition::Cast(column, _) => self.has(table, column.name),
            Condition::Related(relation, inner) => {
                self.reads_target(relation) && self.has_condition(target(relation), inner)
            }
            Condition::Count(relation, inner, _) => aggregates(relation, inner),
            Condition::Judged(relation, _, column, inner, _) => {
                aggregates(relation, inner) && self.has(target(relation), column.name)
            }
            Condition::IsSelf(_) | Condition::Columns(..) | Condition::Exists(..) => false,
        }
    }

    fn has_fields(self, table: &'static Table, fields: &[Field]) -> bool {
        fields.iter().all(|field| match field {
            Field::Column(column) => self.has(table, column.name),
            Field::Object(relation, fields) => {
                self.reads_target(relation) && self.has_fields(target(relation), fields)
            }
            Field::Array(relation, arguments, fields) => {
                self.reads_target(relation)
                    && self.has_arguments(target(relation), arguments)
                    && self.has_fields(target(relation), fields)
            }
            Field::Aggregate(relation, arguments, summary) => {
                let other = target(relation);
                self.role.aggregates(other)
                    && self.has_arguments(other, arguments)
                    && self.has_summary(other, summary)
                    && self.has_fields(other, &summary.nodes)
            }
        })
    }

    fn has_summary(self, table: &'static Table, summary: &Summary) -> bool {
        summary
            .counts
            .iter()
            .all(|(columns, _)| self.has_all(table, columns))
            && summary
                .computed
                .iter()
                .all(|(_, column)| self.has(table, column.name))
    }

    fn has_groups(self, groups: &GroupBy) -> bool {
        self.role.has_root(groups.table, "select_aggregate")
            && self.role.aggregates(groups.table)
            && self.has_all(groups.table, &groups.by)
            && self.has_condition(groups.table, &groups.condition)
            && self.has_summary(groups.table, &groups.summary)
    }

    fn has_objects(self, table: &'static Table, objects: &[Object], conflict: &Option<Conflict>) -> bool {
        let insertion = self
            .role
            .insertion(table)
            .filter(|found| self.opens(found.backend_only));
        let Some(insertion) = insertion else {
            return false;
        };
        let conflict = conflict.as_ref();
        conflict.is_none_or(|conflict| self.has_conflict(table, conflict))
            && objects.iter().all(|object| {
                let cells = object.cells.iter();
                cells
                    .map(|(column, _)| column.name)
                    .all(|name| insertion.columns.contains(&name))
                    && object.related.iter().all(|(relation, objects, conflict)| {
                        self.has_objects(target(relation), objects, conflict)
                    })
            })
    }

    fn has_conflict(self, table: &'static Table, conflict: &Conflict) -> bool {
        let condition = conflict.condition.as_ref();
        let filtered =
            condition.is_none_or(|condition| self.role.reads(table) && self.has_condition(table, condition));
        filtered && conflict.columns.iter().all(|column| self.updates(table, column))
    }

    fn updates(self, table: &Table, column: &str) -> bool {
        let alteration = self
            .role
            .alteration(table)
            .filter(|found| self.opens(found.backend_only));
        self.role.reads(table) && alteration.is_some_and(|found| found.columns.contains(&column))
    }

    fn has_update(self, table: &'static Table, update: &Update) -> bool {
        let alteration = self
            .role
            .alteration(table)
            .filter(|found| self.opens(found.backend_only));
        self.role.reads(table)
            && alteration.is_some()
            && update
                .changes
                .iter()
                .all(|(column, _)| self.updates(table, column.name))
            && self.has_rows(table, &update.which)
    }

    fn has_rows(self, table: &'static Table, which: &Which) -> bool {
        match which {
            Which::Key(_) => true,
            Which::Where(condition) => self.has_condition(table, condition),
        }
    }
}
