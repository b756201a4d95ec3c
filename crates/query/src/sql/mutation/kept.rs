//! What a change leaves as it was.

use crate::plan::Filter;

/// Whether a condition on changed rows is one that they had to satisfy before, on columns that stay as they are.
pub(super) fn is_kept(condition: &Filter, before: &Filter, changed: &[&str]) -> bool {
    fn holds(known: &Filter, condition: &Filter) -> bool {
        match known {
            known if known == condition => true,
            Filter::All(filters) => filters.iter().any(|known| holds(known, condition)),
            _ => false,
        }
    }
    match condition {
        Filter::All(filters) => filters.iter().all(|part| is_kept(part, before, changed)),
        condition => condition.is_true() || (holds(before, condition) && stays(condition, changed)),
    }
}

/// Whether a condition is about columns of the row alone, and about others than those.
fn stays(condition: &Filter, changed: &[&str]) -> bool {
    match condition {
        Filter::All(filters) | Filter::Any(filters) => filters.iter().all(|filter| stays(filter, changed)),
        Filter::Not(filter) | Filter::OfPermission(filter) => stays(filter, changed),
        Filter::Compare(column, ..) | Filter::CompareText(column, ..) | Filter::IsNull(column, _) => {
            // What the database computes may depend on any of them.
            !changed.contains(&column.0.sql) && !column.0.computed && !column.0.set_afterwards
        }
        _ => false,
    }
}
