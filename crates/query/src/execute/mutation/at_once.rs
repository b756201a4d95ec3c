//! An insert whose rows, with what follows from them, are one statement that answers.

use std::sync::Arc;

use portico_entity::catalogue::Column;

use super::insert::{Keys, alike, cells, events, foreseen, grants, value};
use super::program::{Program, Row};
use super::{audit, twice};
use crate::error::Failure;
use crate::execute::{Actor, Origin};
use crate::scalar::Parameter;
use crate::sql::{InsertWork, WRITTEN, grant_in_postgres};

/// A statement that writes and answers.
pub(super) struct AtOnce {
    /// The text.
    pub(super) sql: Arc<str>,
    /// What its parameters are.
    pub(super) parameters: Vec<Parameter>,
}

impl Program {
    /// The statement; nothing where the rows need several.
    pub(super) fn at_once(
        &self,
        insert: &InsertWork,
        action: &str,
        (actor, origin): (&Actor, &dyn Origin),
    ) -> Result<Option<AtOnce>, Failure> {
        let (Some(returned), [step]) = (insert.returned.as_ref(), self.steps.as_slice()) else {
            return Ok(None);
        };
        let (Some(node), Some(first)) = (insert.nodes.get(step.node), step.rows.first()) else {
            return Ok(None);
        };
        let keys: Keys = self.slots.iter().map(|slot| slot.key.clone()).collect();
        let together = step.rows.iter().all(|row| alike(first, row))
            && twice::refuse(node, &step.rows, |cell| value(cell, &keys)).is_ok();
        if !together {
            return Ok(None);
        }
        let columns: Vec<&'static Column> = first.cells.iter().map(|(column, _)| *column).collect();
        let rows: Vec<&Row> = step.rows.iter().collect();
        let mut sql = node.with_tail(&columns, rows.len(), &returned.tail);
        let mut parameters = self.returned.clone();
        parameters.extend(cells(node, &rows, columns.len(), &keys));
        if let Some(answer) = &returned.answer {
            let Some(rows) = foreseen(node, &rows, &keys) else {
                return Ok(None);
            };
            sql = format!("WITH {WRITTEN} AS ({sql})");
            if node.grant.is_some() {
                let granting = grant_in_postgres(WRITTEN, parameters.len() + 1);
                sql.push_str(&format!(", granted AS ({granting})"));
                parameters.extend(grants(true, &rows, origin)?);
            }
            if node.audited.is_some() {
                let auditing = audit::in_postgres(parameters.len() + 1);
                sql.push_str(&format!(", audited AS ({auditing})"));
                parameters.extend(audit::parameters(
                    true,
                    action,
                    events(node, &rows),
                    actor,
                    origin,
                )?);
            }
            sql.push_str(&format!(" SELECT {answer}"));
        }
        Ok(Some(AtOnce {
            sql: sql.into(),
            parameters,
        }))
    }
}
