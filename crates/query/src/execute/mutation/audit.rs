//! What the audit is told of writes.

use std::sync::Arc;

use portico_entity::catalogue::Table;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Channel;
use crate::error::Failure;
use crate::execute::{Actor, Origin};
use crate::scalar::Parameter;

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

/// The statement that appends events to PostgreSQL, with the number of the first of its parameters.
pub(super) fn in_postgres(first: usize) -> String {
    let parameter = |index: usize, kind: &str| format!("${}::{kind}", first + index);
    let lists = [
        parameter(0, "uuid[]"),
        parameter(1, "uuid[]"),
        parameter(2, "jsonb[]"),
    ];
    let [at, action] = [parameter(3, "timestamptz"), parameter(4, "text")];
    let who = [
        parameter(5, "uuid"),
        parameter(6, "text"),
        parameter(7, "uuid"),
        parameter(8, "text"),
        parameter(9, "text"),
        parameter(10, "text"),
    ];
    format!(
        "INSERT INTO auth.audit_events (id, user_id, details, created_at, action, outcome, \
         actor_id, actor_role, session_id, request_id, ip, user_agent) \
         SELECT w.id, w.user_id, w.details, {at}, {action}, 'success', {} \
         FROM unnest({}) AS w(id, user_id, details)",
        who.join(", "),
        lists.join(", ")
    )
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
    let by_column = channel.by_column();
    let sql = match by_column {
        true => in_postgres(1),
        false => SQLITE.to_owned(),
    };
    let parameters = parameters(by_column, action, events, actor, origin)?;
    channel.send(Arc::from(sql), parameters).await
}

/// The parameters of the statement that appends events.
pub(super) fn parameters(
    by_column: bool,
    action: &str,
    events: Vec<Event>,
    actor: &Actor,
    origin: &dyn Origin,
) -> Result<Vec<Parameter>, Failure> {
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
    let mut parameters = match by_column {
        true => super::insert::columns(rows, 3),
        false => vec![Parameter::Rows(rows)],
    };
    parameters.extend([
        Parameter::Time(origin.now()),
        Parameter::Text(action.to_owned()),
        id(actor.user_id),
        Parameter::Text(actor.role.clone()),
        id(actor.session_id),
        text(&actor.request_id),
        text(&actor.ip),
        text(&actor.user_agent),
    ]);
    Ok(parameters)
}
