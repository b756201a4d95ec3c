//! Comparisons. What is made of the right side, which a statement binds once, is kept for all its rows.

use std::sync::Arc;

use rusqlite::functions::Context;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};
use serde_json::Value;

use super::{json, scalar, text};
use crate::execute::jsonb;
use crate::pattern::{Case, Language, Matcher};

/// Registers the functions that conditions use.
pub(super) fn register(connection: &Connection) -> Result<()> {
    for (name, language, case) in [
        ("text_like", Language::Like, Case::Counts),
        ("text_ilike", Language::Like, Case::Ignored),
        ("text_matches", Language::Regex, Case::Counts),
    ] {
        scalar(connection, name, 2, move |context| {
            let Some(text) = text(context, 0)? else {
                return Ok(None);
            };
            let matcher = bound(context, |pattern| Matcher::new(pattern, language, case))?;
            Ok(Some(matcher.matches(text)))
        })?;
    }
    scalar(connection, "jsonb_text", 1, |context| {
        Ok(json(context, 0)?.map(|value| jsonb::text(&value)))
    })?;
    scalar(connection, "jsonb_compare", 2, |context| {
        with_json(
            context,
            |stored, given| Some(jsonb::compare(stored, given) as i64),
        )
    })?;
    scalar(connection, "jsonb_contains", 2, |context| {
        with_json(context, |stored, given| Some(jsonb::contains(stored, given)))
    })?;
    scalar(connection, "jsonb_contained_in", 2, |context| {
        with_json(context, |stored, given| Some(jsonb::contains(given, stored)))
    })?;
    one_of(connection)?;
    keys(connection)
}

/// `= ANY`: whether a value is in a list.
fn one_of(connection: &Connection) -> Result<()> {
    scalar(connection, "jsonb_in", 2, |context| {
        let sorted = bound(context, |list| {
            let mut values: Vec<Value> = elements(list)?
                .iter()
                .map(|element| serde_json::from_str(element))
                .collect::<std::result::Result<_, _>>()?;
            values.sort_by(jsonb::compare);
            Ok::<_, serde_json::Error>(values)
        })?;
        if sorted.is_empty() {
            return Ok(Some(false));
        }
        let found = json(context, 0)?.map(|stored| {
            sorted
                .binary_search_by(|value| jsonb::compare(value, &stored))
                .is_ok()
        });
        Ok(found)
    })
}

fn keys(connection: &Connection) -> Result<()> {
    scalar(connection, "jsonb_has_key", 2, |context| {
        let (Some(stored), Some(key)) = (json(context, 0)?, text(context, 1)?) else {
            return Ok(None);
        };
        Ok(Some(jsonb::keys(&stored).contains(key)))
    })?;
    scalar(connection, "jsonb_has_any_key", 2, |context| {
        let wanted = bound(context, elements)?;
        Ok(json(context, 0)?.map(|stored| {
            let found = jsonb::keys(&stored);
            wanted.iter().any(|key| found.contains(key.as_str()))
        }))
    })?;
    scalar(connection, "jsonb_has_all_keys", 2, |context| {
        let wanted = bound(context, elements)?;
        Ok(json(context, 0)?.map(|stored| {
            let found = jsonb::keys(&stored);
            wanted.iter().all(|key| found.contains(key.as_str()))
        }))
    })
}

/// The elements of a bound list.
fn elements(list: &str) -> std::result::Result<Vec<String>, serde_json::Error> {
    serde_json::from_str(list)
}

fn with_json<T>(context: &Context<'_>, compare: impl Fn(&Value, &Value) -> Option<T>) -> Result<Option<T>> {
    let (Some(stored), Some(_)) = (json(context, 0)?, text(context, 1)?) else {
        return Ok(None);
    };
    let given = bound(context, |json| serde_json::from_str::<Value>(json))?;
    Ok(compare(&stored, &given))
}

/// What is made of the right side.
fn bound<T, E>(context: &Context<'_>, make: impl FnOnce(&str) -> std::result::Result<T, E>) -> Result<Arc<T>>
where
    T: Send + Sync + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
{
    context.get_or_create_aux(1, |value: ValueRef<'_>| {
        make(value.as_str()?).map_err(Into::<Box<dyn std::error::Error + Send + Sync>>::into)
    })
}
