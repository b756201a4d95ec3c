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

/// The one argument in whose objects the order of members says something.
const IN_ORDER: &str = "order_by";

/// Why two selections cannot be one.
fn difference(one: &Selection, other: &Selection) -> Option<String> {
    if one.name != other.name {
        return Some(format!(
            "\"{}\" and \"{}\" are different fields",
            one.name, other.name
        ));
    }
    let is_same = one.arguments == other.arguments || members_are_same(&one.arguments, &other.arguments);
    (!is_same).then(|| "they have differing arguments".to_owned())
}

/// Whether two inputs are equal, in whatever order the members of their objects stand.
fn is_same(one: &Input, other: &Input) -> bool {
    match (one, other) {
        (Input::Object(one), Input::Object(other)) => members_are_same(one, other),
        (Input::List(one), Input::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        _ => one == other,
    }
}

fn members_are_same(one: &[(String, Input)], other: &[(String, Input)]) -> bool {
    let (one, other) = (by_name(one), by_name(other));
    one.len() == other.len()
        && one.iter().zip(&other).all(|((name, value), (of_other, other))| {
            name == of_other
                && match *name {
                    IN_ORDER => value == other,
                    _ => is_same(value, other),
                }
        })
}

fn by_name(members: &[(String, Input)]) -> BTreeMap<&str, &Input> {
    let members = members.iter();
    members.map(|(name, value)| (name.as_str(), value)).collect()
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
            (
                vec![("where", object(&[("a", condition()), ("b", Input::Null)]))],
                vec![("where", object(&[("b", Input::Null), ("a", condition())]))],
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
            let name = "order_by";
            let selections = [users(&[(name, one)], "id"), users(&[(name, other)], "id")];
            let refused = merge(&selections, "$").unwrap_err();
            assert!(refused.message.contains(differing), "{}", refused.message);
        }
    }
}
