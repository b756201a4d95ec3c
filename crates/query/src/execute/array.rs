//! PostgreSQL's text form of a list, `{a,"b c"}`, in which session variables carry lists.

use serde_json::Value;

/// The elements as strings; nothing where the text is no list of one level. An unquoted `NULL` is null.
pub(super) fn elements(text: &str) -> Option<Value> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    if inner.trim().is_empty() {
        return Some(Value::Array(Vec::new()));
    }
    let mut found = Vec::new();
    let mut letters = inner.chars().peekable();
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let element = match letters.next_if_eq(&'"') {
            Some(_) => Value::String(quoted(&mut letters)?),
            None => plain(&mut letters)?,
        };
        found.push(element);
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        match letters.next() {
            None => return Some(Value::Array(found)),
            Some(',') => {}
            Some(_) => return None,
        }
    }
}

type Letters<'t> = std::iter::Peekable<std::str::Chars<'t>>;

fn quoted(letters: &mut Letters<'_>) -> Option<String> {
    let mut text = String::new();
    loop {
        match letters.next()? {
            '"' => return Some(text),
            '\\' => text.push(letters.next()?),
            letter => text.push(letter),
        }
    }
}

fn plain(letters: &mut Letters<'_>) -> Option<Value> {
    let mut text = String::new();
    while let Some(letter) = letters.next_if(|letter| *letter != ',') {
        match letter {
            '{' | '}' | '"' => return None,
            '\\' => text.push(letters.next()?),
            letter => text.push(letter),
        }
    }
    match text.trim_end() {
        "" => None,
        text if text.eq_ignore_ascii_case("null") => Some(Value::Null),
        text => Some(Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::elements;

    #[test]
    fn lists_are_read_as_postgresql_writes_them() {
        for (text, expected) in [
            ("{}", json!([])),
            ("{a,b}", json!(["a", "b"])),
            (" { a , b c } ", json!(["a", "b c"])),
            (
                r#"{"a,b","c\"d",NULL,"null"}"#,
                json!(["a,b", "c\"d", null, "null"]),
            ),
        ] {
            assert_eq!(elements(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_is_none() {
        for text in [
            "", "a", "{a", "{a,}", "{,a}", "{{a}}", "{\"a}", "{\"a\"b}", "{a\\}",
        ] {
            assert_eq!(elements(text), None::<Value>, "{text}");
        }
    }
}
