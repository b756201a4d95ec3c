//! The `path` argument of JSON fields: `$.a.b[0]["odd key"]` (section 4.6 of the reference).

use crate::error::Failure;

/// The steps of a path; list indexes are steps of digits, as in PostgreSQL's `#>`.
pub fn parse(text: &str, path: &str) -> Result<Vec<String>, Failure> {
    steps(text).ok_or_else(|| {
        let message = format!(
            "parse json path error: {text}. Accept letters, digits, underscore (_) or hyphen (-) only. Use quotes enclosed in bracket ([\"...\"]) if there is any special character"
        );
        Failure::validation(path.strip_suffix(".path").unwrap_or(path), message)
    })
}

fn steps(text: &str) -> Option<Vec<String>> {
    if text == "$" {
        return Some(Vec::new());
    }
    // No key of a jsonb has it, and PostgreSQL takes no text with it.
    if text.contains('\0') {
        return None;
    }
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    let mut steps = Vec::new();
    let mut first = true;
    loop {
        if let Some(bracketed) = rest.strip_prefix('[') {
            let (step, after) = bracket(bracketed)?;
            steps.push(step);
            rest = after;
        } else {
            let named = match (rest.strip_prefix('.'), first) {
                (Some(named), _) => named,
                (None, true) => rest,
                (None, false) => return None,
            };
            let end = named.find(|c: char| !is_bare(c)).unwrap_or(named.len());
            let (name, after) = named.split_at(end);
            if name.is_empty() {
                return None;
            }
            steps.push(name.to_owned());
            rest = after;
        }
        first = false;
        if rest.is_empty() {
            return Some(steps);
        }
    }
}

fn is_bare(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

/// What follows an opening bracket: an index or a quoted key.
fn bracket(text: &str) -> Option<(String, &str)> {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            let end = quoted.find(quote)?;
            let (key, after) = quoted.split_at(end);
            return Some((key.to_owned(), after.strip_prefix(quote)?.strip_prefix(']')?));
        }
    }
    let (digits, after) = text.split_once(']')?;
    let is_index = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_index.then(|| (digits.to_owned(), after))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn paths_are_read_as_steps() {
        for (text, steps) in [
            ("$", vec![]),
            ("$.a.b[0]", vec!["a", "b", "0"]),
            ("a", vec!["a"]),
            (".a", vec!["a"]),
            ("$[\"x y\"]['z']", vec!["x y", "z"]),
            ("é-_9", vec!["é-_9"]),
        ] {
            assert_eq!(parse(text, "$").unwrap(), steps, "{text}");
        }
    }

    #[test]
    fn malformed_paths_are_refused() {
        for text in [
            "",
            "$.",
            "$..a",
            "a b",
            "$[",
            "$[]",
            "$[x]",
            "$[\"x]",
            "a.",
            "$a.$",
            "$[\"\0\"]",
        ] {
            assert!(parse(text, "$.args.path").is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_fail_badly(text in ".*") {
            let _ = parse(&text, "$");
        }
    }
}
