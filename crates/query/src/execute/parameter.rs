//! From sources to values: what a plan's parameters are for one request.

use std::collections::BTreeMap;

use portico_entity::catalogue::Scalar;
use serde_json::Value;

use super::{Actor, Values, array};
use crate::error::{Code, Failure};
use crate::pattern::{Case, Language, Pattern, PatternError};
use crate::permission::ROLE;
use crate::plan::{Bind, BindKind, json_path};
use crate::request::{Operand, Variables};
use crate::scalar::{self, Parameter};

/// The values of a statement's parameters.
pub(super) fn parameters(binds: &[Bind], values: Values<'_>) -> Result<Vec<Parameter>, Failure> {
    binds.iter().map(|bind| parameter(bind, values)).collect()
}

pub(super) fn parameter(bind: &Bind, values: Values<'_>) -> Result<Parameter, Failure> {
    let value = match &bind.operand {
        Operand::Session(name) => from_session(session(name, values)?, bind.kind)?,
        // Filled in when it is known.
        Operand::Written => return Ok(Parameter::Null),
        operand => value(operand, values)?,
    };
    match bind.kind {
        BindKind::Nullable(_) | BindKind::AssignedOrNull(_) if value.is_null() => Ok(Parameter::Null),
        BindKind::Scalar(scalar)
        | BindKind::Nullable(scalar)
        | BindKind::Assigned(scalar)
        | BindKind::AssignedOrNull(scalar) => scalar::coerce(scalar, &value, &bind.path),
        BindKind::List(scalar) => list(scalar, &value, bind),
        BindKind::Limit => limit(&value, bind),
        BindKind::Offset => offset(&value, bind),
        BindKind::JsonPath => json_path(&value, bind),
        BindKind::JsonSteps => list(Scalar::String, &value, bind),
        BindKind::JsonPart => json_part(&value, bind),
        BindKind::JsonKeys => keys(&value, bind),
        BindKind::Pattern(scalar, language, case) => {
            pattern(scalar::coerce(scalar, &value, &bind.path)?, language, case, bind)
        }
    }
}

/// Refuses a constant that can never be coerced; what a session variable holds is known later.
pub(crate) fn check_constant(bind: &Bind) -> Result<(), Failure> {
    let nothing = Values {
        variables: &Variables::new(),
        role: None,
        session: &BTreeMap::new(),
        actor: &Actor::default(),
    };
    match parameter(bind, nothing) {
        Err(failure) if failure.code != Code::NotFound => Err(failure),
        _ => Ok(()),
    }
}

fn value(operand: &Operand, values: Values<'_>) -> Result<Value, Failure> {
    match operand {
        Operand::Session(name) => session(name, values).map(|text| Value::String(text.to_owned())),
        Operand::List(operands) => operands.iter().map(|operand| value(operand, values)).collect(),
        operand => Ok(operand.resolve(values.variables).unwrap_or_default()),
    }
}

/// Session variables are text: a list is `{a,b}`, JSON is its text.
fn from_session(text: &str, kind: BindKind) -> Result<Value, Failure> {
    let wrong = |what: &str| {
        Failure::new(
            Code::DataException,
            "$",
            format!("malformed {what} in a session variable"),
        )
    };
    match kind {
        BindKind::List(_) | BindKind::JsonSteps | BindKind::JsonKeys if text.starts_with('{') => {
            array::elements(text).ok_or_else(|| wrong("array"))
        }
        BindKind::Scalar(Scalar::Jsonb)
        | BindKind::Nullable(Scalar::Jsonb)
        | BindKind::Assigned(Scalar::Jsonb)
        | BindKind::AssignedOrNull(Scalar::Jsonb)
        | BindKind::JsonPart => serde_json::from_str(text).map_err(|_| wrong("JSON")),
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn session<'v>(name: &str, values: Values<'v>) -> Result<&'v str, Failure> {
    let found = match name {
        ROLE => values.role,
        name => values.session.get(name).map(String::as_str),
    };
    match found {
        Some(value) => Ok(value),
        None => Err(Failure::new(
            Code::NotFound,
            "$",
            format!("missing session variable: \"{name}\""),
        )),
    }
}

/// A list; one value counts as a list of one, and `{a,b}` of a session variable as its elements.
fn list(scalar: Scalar, value: &Value, bind: &Bind) -> Result<Parameter, Failure> {
    let one = [value.clone()];
    let elements: &[Value] = match value {
        Value::Array(elements) => elements,
        Value::Null => {
            return Err(Failure::validation(&bind.path, "expected a list, but found null"));
        }
        _ => &one,
    };
    elements
        .iter()
        .enumerate()
        .map(|(index, element)| scalar::coerce(scalar, element, &format!("{}[{index}]", bind.path)))
        .collect::<Result<_, _>>()
        .map(Parameter::List)
}

/// A pattern that both databases take alike, or why neither gets it.
fn pattern(parameter: Parameter, language: Language, case: Case, bind: &Bind) -> Result<Parameter, Failure> {
    let Parameter::Text(text) = parameter else {
        return Ok(parameter);
    };
    let read = Pattern::read(&text, language, case).map_err(|error| {
        let (code, path) = match error {
            PatternError::TrailingEscape => (Code::BadRequest, "$"),
            PatternError::Long | PatternError::Deep => (Code::ValidationFailed, bind.path.as_str()),
            PatternError::Unsupported(_) => (Code::NotSupported, bind.path.as_str()),
            _ => (Code::DataException, "$"),
        };
        Failure::new(code, path, error.to_string())
    })?;
    Ok(Parameter::Text(match language {
        Language::Like => text,
        Language::Similar | Language::Regex => read.to_postgres(),
    }))
}

/// Looking for much within much takes the product of both.
const MOST_SOUGHT: usize = 1_000;

fn json_part(value: &Value, bind: &Bind) -> Result<Parameter, Failure> {
    fn count(value: &Value) -> usize {
        match value {
            Value::Array(elements) => 1 + elements.iter().map(count).sum::<usize>(),
            Value::Object(entries) => 1 + entries.values().map(count).sum::<usize>(),
            _ => 1,
        }
    }
    few(count(value), bind)?;
    scalar::coerce(Scalar::Jsonb, value, &bind.path)
}

fn keys(value: &Value, bind: &Bind) -> Result<Parameter, Failure> {
    let keys = list(Scalar::String, value, bind)?;
    if let Parameter::List(keys) = &keys {
        few(keys.len(), bind)?;
    }
    Ok(keys)
}

fn few(count: usize, bind: &Bind) -> Result<(), Failure> {
    if count <= MOST_SOUGHT {
        return Ok(());
    }
    let message = format!("the value has too many parts: no more than {MOST_SOUGHT} are allowed");
    Err(Failure::validation(&bind.path, message))
}

fn limit(value: &Value, bind: &Bind) -> Result<Parameter, Failure> {
    let expected = |found: &str| {
        let message = format!("expected a non-negative 32-bit integer for type 'Int', but found {found}");
        Failure::validation(&bind.path, message)
    };
    match value {
        Value::Null => Ok(Parameter::Null),
        Value::Number(_) => match scalar::coerce(Scalar::Int, value, &bind.path)? {
            Parameter::Integer(number) if number < 0 => Err(expected("an integer")),
            parameter => Ok(parameter),
        },
        other => Err(expected(scalar::kind(other))),
    }
}

fn offset(value: &Value, bind: &Bind) -> Result<Parameter, Failure> {
    if value.is_null() {
        return Ok(Parameter::Null);
    }
    match scalar::coerce(Scalar::Bigint, value, &bind.path)? {
        Parameter::Integer(number) if number < 0 => Err(Failure::new(
            Code::DataException,
            "$",
            "OFFSET must not be negative",
        )),
        parameter => Ok(parameter),
    }
}

fn json_path(value: &Value, bind: &Bind) -> Result<Parameter, Failure> {
    let steps = match value {
        Value::Null => Vec::new(),
        Value::String(text) => json_path::parse(text, &bind.path)?,
        other => {
            let message = format!(
                "expected a string for type 'String', but found {}",
                scalar::kind(other)
            );
            return Err(Failure::validation(&bind.path, message));
        }
    };
    Ok(Parameter::List(steps.into_iter().map(Parameter::Text).collect()))
}
