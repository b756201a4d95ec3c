//! `LIKE` as PostgreSQL has it, for SQLite: `%`, `_` and the escape `\`.

/// A pattern that ends in its escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("LIKE pattern must not end with escape character")]
pub(super) struct TrailingEscape;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Any,
    One,
    Character(char),
}

/// Whether the whole text matches. Takes no more than pattern length times text length steps.
pub(super) fn like(text: &str, pattern: &str, ignore_case: bool) -> Result<bool, TrailingEscape> {
    let text = characters(text, ignore_case);
    let pattern = tokens(pattern, ignore_case)?;
    let (mut at, mut token) = (0, 0);
    // Where the last `%` stands and how much of the text it has taken so far.
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match (pattern.get(token), text.get(at)) {
            (Some(Token::Any), _) => {
                retry = Some((token, at));
                token += 1;
                continue;
            }
            (Some(Token::One), _) => {
                at += 1;
                token += 1;
                continue;
            }
            (Some(Token::Character(wanted)), Some(found)) if wanted == found => {
                at += 1;
                token += 1;
                continue;
            }
            _ => {}
        }
        let Some((any, taken)) = retry else {
            return Ok(false);
        };
        retry = Some((any, taken + 1));
        (at, token) = (taken + 1, any + 1);
    }
    Ok(pattern.iter().skip(token).all(|token| *token == Token::Any))
}

fn characters(text: &str, ignore_case: bool) -> Vec<char> {
    match ignore_case {
        true => text.chars().flat_map(char::to_lowercase).collect(),
        false => text.chars().collect(),
    }
}

fn tokens(pattern: &str, ignore_case: bool) -> Result<Vec<Token>, TrailingEscape> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            '%' => tokens.push(Token::Any),
            '_' => tokens.push(Token::One),
            '\\' => literal(rest.next().ok_or(TrailingEscape)?, ignore_case, &mut tokens),
            character => literal(character, ignore_case, &mut tokens),
        }
    }
    Ok(tokens)
}

fn literal(character: char, ignore_case: bool, tokens: &mut Vec<Token>) {
    match ignore_case {
        true => tokens.extend(character.to_lowercase().map(Token::Character)),
        false => tokens.push(Token::Character(character)),
    }
}

#[cfg(test)]
mod tests {
    use super::{TrailingEscape, like};

    #[test]
    fn patterns_match_as_in_postgresql() {
        for (text, pattern, matches) in [
            ("jane", "jane", true),
            ("jane", "j%", true),
            ("jane", "%n%", true),
            ("jane", "_ane", true),
            ("jane", "an", false),
            ("jane", "J%", false),
            ("", "%", true),
            ("", "_", false),
            ("a%b", "a\\%b", true),
            ("axb", "a\\%b", false),
            ("mississippi", "m%iss%pi", true),
            ("mississippi", "m%iss%px", false),
            ("žluť", "ž__ť", true),
        ] {
            assert_eq!(like(text, pattern, false), Ok(matches), "{text} like {pattern}");
        }
        assert_eq!(like("JANE", "j%e", true), Ok(true));
        assert_eq!(like("x", "x\\", false), Err(TrailingEscape));
    }
}
