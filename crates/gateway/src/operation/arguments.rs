//! The arguments of an operation, and what is said of a wrong one.

use portico_query::request::{Selection, Variables};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::error::WireError;

/// The arguments of an operation, taken out one by one. Their types were checked by the schema.
#[derive(Default)]
pub(super) struct Arguments(Map<String, Value>);

impl Arguments {
    /// Those of a field, with the values of variables.
    pub(super) fn of(selection: &Selection, variables: &Variables) -> Self {
        let given = selection
            .arguments
            .iter()
            .filter_map(|(name, input)| Some((name.clone(), input.resolve(variables)?)));
        Self::given(given.collect())
    }

    /// Null is as good as nothing.
    fn given(mut members: Map<String, Value>) -> Self {
        members.retain(|_, value| !value.is_null());
        Self(members)
    }

    /// A text; the scalars of the data API are open, so another kind of value is refused here.
    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, WireError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(name, "must be a string")),
        }
    }

    /// A text that the schema requires.
    pub(super) fn required(&mut self, name: &'static str) -> Result<String, WireError> {
        self.text(name)?.ok_or_else(|| invalid(name, "is missing"))
    }

    /// An id that the schema requires.
    pub(super) fn id(&mut self) -> Result<Uuid, WireError> {
        let id = self.required("id")?;
        id.parse().map_err(|_| invalid("id", "must be a uuid"))
    }

    /// A list of texts; one alone is a list of one.
    pub(super) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, WireError> {
        let taken = match self.0.remove(name) {
            Some(Value::String(text)) => Ok(Some(vec![text])),
            other => other.map(serde_json::from_value).transpose(),
        };
        taken.map_err(|_| invalid(name, "must be a list of strings"))
    }

    /// The members of an object.
    pub(super) fn members(&mut self, name: &'static str) -> Result<Option<Self>, WireError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self::given(members))),
            Some(_) => Err(invalid(name, "must be an object")),
        }
    }

    /// Whatever JSON was given.
    pub(super) fn json(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Whether it is given, and true.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.0
            .remove(name)
            .and_then(|value| value.as_bool())
            .unwrap_or_default()
    }
}

/// A value of an argument, or the rule it breaks.
pub(super) fn parsed<T>(value: Result<T, portico_auth::Refusal>) -> Result<T, WireError> {
    value.map_err(|refusal| portico_auth::Error::from(refusal).into())
}

/// The refusal of a value that breaks a rule.
pub(super) fn invalid(name: &str, rule: &str) -> WireError {
    WireError::new("invalid-request", "$", format!("{name} {rule}"))
}
