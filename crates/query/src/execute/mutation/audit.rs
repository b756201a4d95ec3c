//! What the audit is told of writes.

use std::sync::Arc;

use portico_entity::catalogue::Table;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Channel;
use crate::error::Failure;
use crate::execute::{Actor, Origin};
use crate::scalar::Parameter;

const POSTGRES: &str = "INSERT INTO auth.audit_events (id, user_id, details, created_at, action, outcome, \
    actor_id, actor_role, session_id, request_id, ip, user_agent) \
    SELECT w.id, w.user_id, w.details, $4::timestamptz, $5::text, 'success', $6::uuid, $7::text, $8::uuid, \
    $9::text, $10::text, $11::text \
    FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[]) AS w(id, user_id, details)";

const SQLITE: &str = "INSERT INTO audit_events (id, user_id, details, created_at, action, outcome, \
    actor_id, actor_role, session_id, request_id, ip, user_agent) \
    SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, ?2, ?3, 'success', ?4, ?5, ?6, ?7, ?8, ?9 \
    FROM json_each(?1) WHERE TRUE";

/// A row that was written.
pub(super) struct Event {
    user: Option<Uuid>,
    details: Value,
}

impl Event {
    /// A row by its key, and whose it is.
    pub(super) fn of(table: &Table, columns: &[&str], key: Option<&str>, user: Option<&str>) -> Self {
        let names: Vec<&str> = columns
            .iter()
            .filter_map(|column| Some(table.column_by_sql(column)?.name.as_str()))
            .collect();
        let details = match names.is_empty() {
            true => json!({ "table": table.type_name, "key": key }),
            false => json!({ "table": table.type_name, "key": key, "columns": names }),
        };
        Self {
            user: user.and_then(|user| Uuid::try_parse(user).ok()),
            details,
        }
    }
}

/// Appends the events of one write.
pub(super) async fn append<C: Channel>(
    channel: &mut C,
    action: &str,
    events: Vec<Event>,
    actor: &Actor,
    origin: &dyn Origin,
) -> Result<(), Failure> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        rows.push(vec![
            Parameter::Uuid(origin.new_id()?),
            event.user.map_or(Parameter::Null, Parameter::Uuid),
            Parameter::Json(event.details.to_string()),
        ]);
    }
    let text = |text: &Option<String>| text.clone().map_or(Parameter::Null, Parameter::Text);
    let id = |id: Option<Uuid>| id.map_or(Parameter::Null, Parameter::Uuid);
    let common = [
        Parameter::Time(origin.now()),
        Parameter::Text(action.to_owned()),
        id(actor.user_id),
        Parameter::Text(actor.role.clone()),
        id(actor.session_id),
        text(&actor.request_id),
        text(&actor.ip),
        text(&actor.user_agent),
    ];
    let (sql, mut parameters) = match channel.by_column() {
        true => (POSTGRES, super::insert::columns(rows, 3)),
        false => (SQLITE, vec![Parameter::Rows(rows)]),
    };
    parameters.extend(common);
    channel.send(Arc::from(sql), parameters).await
}
