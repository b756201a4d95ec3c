//! What introspection answers comes in alphabetical order, so that code generated from it is stable.

mod extent;

pub(crate) use extent::Extent;

use portico_query::request::{Selection, Variables};
use serde_json::Value;

use crate::data::Asked;
use crate::document::{self, Document, DocumentLimits};
use crate::schema::RoleSchema;

/// What tools ask for: every type with its members and their arguments.
const WHOLE: &str = "query IntrospectionQuery {
  __schema {
    description queryType { name } mutationType { name } subscriptionType { name }
    types { ...whole }
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...input } }
  }
}
fragment whole on __Type {
  kind name description specifiedByURL
  fields(includeDeprecated: true) {
    name description args(includeDeprecated: true) { ...input } type { ...reference } isDeprecated deprecationReason
  }
  inputFields(includeDeprecated: true) { ...input }
  interfaces { ...reference }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...reference }
}
fragment input on __InputValue { name description type { ...reference } defaultValue isDeprecated deprecationReason }
fragment reference on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// Why a schema could not be asked for itself.
#[derive(Debug, thiserror::Error)]
#[error("the schema does not answer: {0}")]
pub struct IntrospectionError(String);

impl RoleSchema {
    /// What the schema answers to the usual introspection query, as an answer's `data`.
    pub async fn introspection(&self) -> Result<Value, IntrospectionError> {
        let document = Document::parse(WHOLE, None, &DocumentLimits::default())
            .map_err(|error| IntrospectionError(error.to_json().to_string()))?;
        let response = self.schema.execute(WHOLE).await;
        if let Some(error) = response.errors.first() {
            return Err(IntrospectionError(error.message.clone()));
        }
        let mut data = response
            .data
            .into_json()
            .map_err(|error| IntrospectionError(error.to_string()))?;
        let set = &document.operation().selection_set.node;
        let selections = document::selections(&document.parsed, set, &Variables::new());
        let asked = Asked::new(selections, Variables::new())
            .map_err(|failure| IntrospectionError(failure.to_string()))?;
        sort(&mut data, asked.selections());
        Ok(data)
    }
}

/// Brings every list of named things into alphabetical order, as far as their names are asked for. There is one
/// selection for each name.
pub(crate) fn sort(data: &mut Value, selections: &[Selection]) {
    for selection in selections {
        let asked = matches!(selection.name.as_str(), "__schema" | "__type");
        if let (true, Some(value)) = (asked, data.get_mut(&selection.key)) {
            members(value, &selection.selections);
        }
    }
}

fn members(value: &mut Value, selections: &[Selection]) {
    match value {
        Value::Array(elements) => {
            for element in &mut *elements {
                members(element, selections);
            }
            if let Some(name) = selections.iter().find(|selection| selection.name == "name") {
                elements.sort_by(|one, other| text(one, &name.key).cmp(&text(other, &name.key)));
            }
        }
        Value::Object(_) => {
            for selection in selections {
                if let Some(member) = value.get_mut(&selection.key) {
                    members(member, &selection.selections);
                }
            }
        }
        _ => {}
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}
