//! Selections under one name are one, if they ask for the same.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::error::Failure;
use crate::request::{Input, Selection};

/// Merges selections that share a name in the answer; `path` is that of the field they stand in. Validation lets some
/// through that ask for different things.
pub fn merge(selections: &[Selection], path: &str) -> Result<Vec<Selection>, Failure> {
    let mut merged: IndexMap<&str, Selection> = IndexMap::new();
    for selection in selections {
        match merged.get_mut(selection.key.as_str()) {
            Some(first) => {
                if let Some(difference) = difference(first, selection) {
                    return Err(conflict(&selection.key, path, &difference));
                }
                first.selections.extend(selection.selections.iter().cloned());
            }
            None => {
                merged.insert(&selection.key, selection.clone());
            }
        }
    }
    Ok(merged.into_values().collect())
}

/// Why two selections cannot be one. The order of arguments says nothing; that of what is inside them does, as in
/// `order_by`.
fn difference(one: &Selection, other: &Selection) -> Option<String> {
    if one.name != other.name {
        return Some(format!(
            "\"{}\" and \"{}\" are different fields",
            one.name, other.name
        ));
    }
    let is_same = one.arguments == other.arguments || by_name(one) == by_name(other);
    (!is_same).then(|| "they have differing arguments".to_owned())
}

fn by_name(selection: &Selection) -> BTreeMap<&str, &Input> {
    let arguments = selection.arguments.iter();
    arguments.map(|(name, value)| (name.as_str(), value)).collect()
}

fn conflict(key: &str, path: &str, difference: &str) -> Failure {
    let advice = "Use different aliases on the fields to fetch both if this was intentional.";
    Failure::validation(
        format!("{path}.selectionSet.{key}"),
        format!("Fields \"{key}\" conflict because {difference}. {advice}"),
    )
}

#[cfg(test)]
mod tests {
    use super::merge;
    use crate::request::{Input, Selection};

    fn variable(name: &str) -> Input {
        Input::Variable(name.to_owned())
    }

    fn object(members: &[(&str, Input)]) -> Input {
        let members = members.iter();
        Input::Object(
            members
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        )
    }

    fn users(arguments: &[(&str, Input)], inside: &str) -> Selection {
        let leaf = |name: &str| Selection {
            name: name.to_owned(),
            key: name.to_owned(),
            arguments: Vec::new(),
            selections: Vec::new(),
        };
        let arguments = arguments.iter();
        Selection {
            arguments: arguments
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            selections: vec![leaf(inside)],
            ..leaf("users")
        }
    }

    #[test]
    fn the_same_field_with_equal_arguments_is_one() {
        let condition = || {
            object(&[(
                "id",
                object(&[("_in", Input::List(vec![variable("id"), Input::Null]))]),
            )])
        };
        for (one, other) in [
            (vec![], vec![]),
            (vec![("limit", variable("a"))], vec![("limit", variable("a"))]),
            (vec![("where", condition())], vec![("where", condition())]),
            (
                vec![("where", condition()), ("limit", Input::Number(1.into()))],
                vec![("limit", Input::Number(1.into())), ("where", condition())],
            ),
        ] {
            let merged = merge(&[users(&one, "id"), users(&other, "email")], "$").unwrap();
            let [only] = merged.as_slice() else {
                panic!("{merged:?}");
            };
            let names: Vec<&str> = only
                .selections
                .iter()
                .map(|inside| inside.name.as_str())
                .collect();
            assert_eq!(names, ["id", "email"]);
        }
    }

    #[test]
    fn what_differs_is_refused_with_its_place() {
        let differing = "they have differing arguments";
        let renamed = |name: &str| Selection {
            name: name.to_owned(),
            ..users(&[], "id")
        };
        for (other, reason) in [
            (
                renamed("contacts"),
                "\"users\" and \"contacts\" are different fields",
            ),
            (users(&[("limit", Input::Null)], "id"), differing),
        ] {
            let refused = merge(&[users(&[], "id"), other], "$.selectionSet.a").unwrap_err();
            assert!(refused.message.contains("Fields \"users\" conflict"));
            assert!(refused.message.contains(reason), "{}", refused.message);
            assert_eq!(refused.path, "$.selectionSet.a.selectionSet.users");
        }
        for (one, other) in [
            (variable("a"), variable("b")),
            (variable("a"), Input::Number(1.into())),
            (Input::Number(1.into()), Input::Number(2.into())),
            (Input::String("a".to_owned()), Input::Enum("a".to_owned())),
            (Input::List(vec![Input::Null]), Input::Null),
            (
                object(&[("a", object(&[("b", Input::Boolean(true))]))]),
                object(&[("a", object(&[("b", Input::Boolean(false))]))]),
            ),
            (
                object(&[("a", Input::Null), ("b", Input::Null)]),
                object(&[("b", Input::Null), ("a", Input::Null)]),
            ),
        ] {
            let selections = [users(&[("x", one)], "id"), users(&[("x", other)], "id")];
            let refused = merge(&selections, "$").unwrap_err();
            assert!(refused.message.contains(differing), "{}", refused.message);
        }
    }
}
