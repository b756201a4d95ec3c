//! A request for data, freed from its syntax: fragments are spread, `@skip` and `@include` applied.

use serde_json::{Map, Number};

use crate::error::Failure;

/// Values of the request's variables, defaults filled in.
pub type Variables = Map<String, serde_json::Value>;

/// A value written in a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// `$name`.
    Variable(String),
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// An enum value.
    Enum(String),
    /// A list.
    List(Vec<Input>),
    /// An input object in the order it was written.
    Object(Vec<(String, Input)>),
}

impl Input {
    /// The value for one execution; nothing where it is a variable that was not given.
    pub fn resolve(&self, variables: &Variables) -> Option<serde_json::Value> {
        operand(self).resolve(variables)
    }
}

/// A selected field.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Name of the field in the schema.
    pub name: String,
    /// Name in the answer: the alias or the field's name.
    pub key: String,
    /// Arguments as written.
    pub arguments: Vec<(String, Input)>,
    /// What is selected inside.
    pub selections: Vec<Selection>,
}

impl Selection {
    /// The argument as a place to read from; nothing where it is missing or an unset variable.
    pub fn argument<'a>(&'a self, name: &str, variables: &'a Variables, path: &str) -> Option<Place<'a>> {
        let (_, input) = self.arguments.iter().find(|(argument, _)| argument == name)?;
        Place::of(input, variables, format!("{path}.args.{name}"))
    }
}

/// Where the value of a bind parameter comes from. A plan holds these, never values of variables.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A constant of the document or of a permission.
    Constant(serde_json::Value),
    /// A part of a variable.
    Variable(String, Vec<Step>),
    /// A session variable, lower case.
    Session(String),
    /// What a statement before this one wrote; execution knows it.
    Written,
    /// A list of the document whose elements have sources of their own.
    List(Vec<Operand>),
    /// An object of the document whose values have sources of their own.
    Object(Vec<(String, Operand)>),
}

/// One step into a variable's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A key of an object.
    Key(String),
    /// An index of a list.
    Index(usize),
}

/// A place in an argument, read while planning: it remembers how to find its value again at execution and
/// how to name itself in an error.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    source: Source<'a>,
    variables: &'a Variables,
    /// Where this is in the request.
    pub path: String,
}

#[derive(Debug, Clone)]
enum Source<'a> {
    /// A variable inside a literal that was not given.
    Absent,
    Literal(&'a Input),
    Variable {
        name: &'a str,
        steps: Vec<Step>,
        value: &'a serde_json::Value,
    },
}

impl<'a> Place<'a> {
    fn of(input: &'a Input, variables: &'a Variables, path: String) -> Option<Self> {
        let source = match input {
            Input::Variable(name) => {
                let value = variables.get(name)?;
                Source::Variable {
                    name,
                    steps: Vec::new(),
                    value,
                }
            }
            literal => Source::Literal(literal),
        };
        Some(Self {
            source,
            variables,
            path,
        })
    }

    /// Whether it is a variable that was not given.
    pub fn is_absent(&self) -> bool {
        matches!(self.source, Source::Absent)
    }

    /// Whether the value is null, or missing.
    pub fn is_null(&self) -> bool {
        match &self.source {
            Source::Absent => true,
            Source::Literal(input) => matches!(input, Input::Null),
            Source::Variable { value, .. } => value.is_null(),
        }
    }

    /// What the value is, for an error message.
    pub fn kind(&self) -> &'static str {
        match &self.source {
            Source::Absent | Source::Literal(Input::Variable(_) | Input::Null) => "null",
            Source::Literal(Input::Boolean(_)) => "a boolean",
            Source::Literal(Input::Number(_)) => "a number",
            Source::Literal(Input::String(_)) => "a string",
            Source::Literal(Input::Enum(_)) => "an enum value",
            Source::Literal(Input::List(_)) => "a list",
            Source::Literal(Input::Object(_)) => "an object",
            Source::Variable { value, .. } => crate::scalar::kind(value),
        }
    }

    /// The entries of an object; refused for anything else. An entry whose variable was not given is there and
    /// says so: leaving a condition out would widen what it selects.
    pub fn entries(&self, type_name: &str) -> Result<Vec<(&'a str, Place<'a>)>, Failure> {
        match &self.source {
            Source::Literal(Input::Object(entries)) => Ok(entries
                .iter()
                .map(|(key, input)| {
                    let path = format!("{}.{key}", self.path);
                    let absent = Place {
                        source: Source::Absent,
                        variables: self.variables,
                        path: path.clone(),
                    };
                    (
                        key.as_str(),
                        Place::of(input, self.variables, path).unwrap_or(absent),
                    )
                })
                .collect()),
            Source::Variable {
                name,
                steps,
                value: serde_json::Value::Object(entries),
            } => Ok(entries
                .iter()
                .map(|(key, value)| {
                    let place = self.within(name, steps, Step::Key(key.clone()), value);
                    (key.as_str(), place)
                })
                .collect()),
            _ => Err(self.expected(&format!("an object for type '{type_name}'"))),
        }
    }

    /// The elements of a list; a single value counts as a list of one. Null is refused.
    pub fn elements(&self) -> Result<Vec<Place<'a>>, Failure> {
        if self.is_null() {
            return Err(self.expected("a list"));
        }
        Ok(match &self.source {
            Source::Literal(Input::List(inputs)) => inputs
                .iter()
                .enumerate()
                .filter_map(|(index, input)| {
                    Place::of(input, self.variables, format!("{}[{index}]", self.path))
                })
                .collect(),
            Source::Variable {
                name,
                steps,
                value: serde_json::Value::Array(values),
            } => values
                .iter()
                .enumerate()
                .map(|(index, value)| self.within(name, steps, Step::Index(index), value))
                .collect(),
            _ => vec![self.clone()],
        })
    }

    /// The value of a Boolean; nothing where it is null or missing.
    pub fn boolean(&self) -> Result<Option<bool>, Failure> {
        match &self.source {
            _ if self.is_null() => Ok(None),
            Source::Literal(Input::Boolean(value)) => Ok(Some(*value)),
            Source::Variable {
                value: serde_json::Value::Bool(value),
                ..
            } => Ok(Some(*value)),
            _ => Err(self.expected("a boolean for type 'Boolean'")),
        }
    }

    /// The name of an enum value, also as the string by which a variable gives it.
    pub fn enum_value(&self, type_name: &str) -> Result<&'a str, Failure> {
        match &self.source {
            Source::Literal(Input::Enum(name)) => Ok(name),
            Source::Variable {
                value: serde_json::Value::String(name),
                ..
            } => Ok(name),
            _ => Err(self.expected(&format!("an enum value for type '{type_name}'"))),
        }
    }

    /// Where execution finds the value.
    pub fn operand(&self) -> Operand {
        match &self.source {
            Source::Absent => Operand::Constant(serde_json::Value::Null),
            Source::Literal(input) => operand(input),
            Source::Variable { name, steps, .. } => Operand::Variable((*name).to_owned(), steps.clone()),
        }
    }

    /// An error that says what was expected here and what was found.
    pub fn expected(&self, what: &str) -> Failure {
        Failure::validation(&self.path, format!("expected {what}, but found {}", self.kind()))
    }

    fn within(&self, name: &'a str, steps: &[Step], step: Step, value: &'a serde_json::Value) -> Place<'a> {
        let path = match &step {
            Step::Key(key) => format!("{}.{key}", self.path),
            Step::Index(index) => format!("{}[{index}]", self.path),
        };
        let steps = steps.iter().cloned().chain([step]).collect();
        Place {
            source: Source::Variable { name, steps, value },
            variables: self.variables,
            path,
        }
    }
}

fn operand(input: &Input) -> Operand {
    match input {
        Input::Variable(name) => Operand::Variable(name.clone(), Vec::new()),
        Input::Null => Operand::Constant(serde_json::Value::Null),
        Input::Boolean(value) => Operand::Constant((*value).into()),
        Input::Number(value) => Operand::Constant(value.clone().into()),
        Input::String(value) | Input::Enum(value) => Operand::Constant(value.clone().into()),
        Input::List(inputs) => Operand::List(inputs.iter().map(operand).collect()),
        Input::Object(entries) => Operand::Object(
            entries
                .iter()
                .map(|(key, input)| (key.clone(), operand(input)))
                .collect(),
        ),
    }
}

impl Operand {
    /// The value for one execution; nothing where a variable was not given.
    pub fn resolve(&self, variables: &Variables) -> Option<serde_json::Value> {
        match self {
            Self::Constant(value) => Some(value.clone()),
            Self::Variable(name, steps) => {
                let mut value = variables.get(name)?;
                for step in steps {
                    value = match step {
                        Step::Key(key) => value.get(key)?,
                        Step::Index(index) => value.get(index)?,
                    };
                }
                Some(value.clone())
            }
            Self::Session(_) | Self::Written => None,
            Self::List(operands) => Some(
                operands
                    .iter()
                    .map(|operand| operand.resolve(variables).unwrap_or_default())
                    .collect(),
            ),
            Self::Object(entries) => Some(
                entries
                    .iter()
                    .filter_map(|(key, operand)| Some((key.clone(), operand.resolve(variables)?)))
                    .collect(),
            ),
        }
    }
}
