//! The tokens of a document's text, each with the bracket it stands in.

use std::borrow::Cow;

/// A name, a number, a string or a sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    /// How many bytes of the text are before it.
    pub(super) at: usize,
    /// The innermost bracket that is open where it stands; of a bracket that closes, the one it closes.
    pub(super) within: Option<Bracket>,
}

/// What a bracket holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bracket {
    /// Fields and fragments.
    Selections,
    /// Arguments, or declarations of variables.
    Arguments,
    /// Values, or a type.
    List,
    /// Names with their values.
    Object,
}

/// The tokens of a text; what is no GraphQL comes out one way or the other, and is refused by the parser. Names come
/// out whole, of which it may take the beginning for a word.
pub(super) struct Tokens<'t> {
    length: usize,
    rest: &'t str,
    open: Vec<Bracket>,
}

impl<'t> Tokens<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            length: text.len(),
            rest: text,
            open: Vec::new(),
        }
    }

    /// Keeps what is open behind a token. Values stand nowhere but in arguments, and hold no selections.
    fn pass(&mut self, token: &Token<'_>) {
        match (token.text, token.within) {
            ("{", None | Some(Bracket::Selections)) => self.open.push(Bracket::Selections),
            ("{", Some(_)) => self.open.push(Bracket::Object),
            ("(", _) => self.open.push(Bracket::Arguments),
            ("[", _) => self.open.push(Bracket::List),
            (")" | "]" | "}", _) => {
                self.open.pop();
            }
            _ => {}
        }
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        let ignored = |letter: char| letter.is_whitespace() || matches!(letter, ',' | '\u{feff}');
        loop {
            self.rest = self.rest.trim_start_matches(ignored);
            match self.rest.strip_prefix('#') {
                Some(comment) => {
                    self.rest = comment.trim_start_matches(|letter| !matches!(letter, '\n' | '\r'));
                }
                None => break,
            }
        }
        let (text, rest) = self.rest.split_at(length(self.rest)?);
        let token = Token {
            text,
            at: self.length - self.rest.len(),
            within: self.open.last().copied(),
        };
        self.rest = rest;
        self.pass(&token);
        Some(token)
    }
}

/// The same text with spaces in place of comments: the parser takes none between `on` and its type.
pub(super) fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains('#') {
        return Cow::Borrowed(text);
    }
    let mut found = String::with_capacity(text.len());
    let mut end = 0;
    for token in Tokens::of(text) {
        blank(text.get(end..token.at).unwrap_or_default(), &mut found);
        found.push_str(token.text);
        end = token.at + token.text.len();
    }
    blank(text.get(end..).unwrap_or_default(), &mut found);
    Cow::Owned(found)
}

/// Adds what stands between two tokens: every letter of a comment is a space, so that all places stay.
fn blank(between: &str, found: &mut String) {
    let mut in_comment = false;
    for letter in between.chars() {
        in_comment = letter == '#' || in_comment && !matches!(letter, '\n' | '\r');
        found.push(if in_comment { ' ' } else { letter });
    }
}

/// The length of the first token.
fn length(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let until = |ends: fn(char) -> bool| text.find(ends).unwrap_or(text.len());
    Some(match first {
        '"' if text.starts_with("\"\"\"") => block_string(text),
        '"' => string(text),
        '.' if text.starts_with("...") => 3,
        letter if letter.is_numeric() || matches!(letter, '-' | '+') => until(|letter| !is_of_number(letter)),
        letter if is_of_name(letter) => until(|letter| !is_of_name(letter)),
        sign => sign.len_utf8(),
    })
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// A name that begins right behind a number is no name: the parser refuses the two.
fn is_of_number(letter: char) -> bool {
    is_of_name(letter) || matches!(letter, '-' | '+' | '.')
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().find(|(index, letter)| {
        let ends = *index > 0 && *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(index, _)| index + 1)
}

fn block_string(text: &str) -> usize {
    let mut at = 3;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("\"\"\"")) {
        let end = at + found;
        if !text.get(..end).is_some_and(|before| before.ends_with('\\')) {
            return end + 3;
        }
        at = end + 3;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Bracket, Tokens, without_comments};

    #[test]
    fn a_token_stands_in_the_bracket_around_it() {
        let text = "query ($a: [b] = [c]) { d(e: { f: [g], h: { i: j } }) @k(l: m) { n ... { o } } }";
        let within = |name: &str| Tokens::of(text).find(|token| token.text == name).unwrap().within;
        for (bracket, names) in [
            (None, "query"),
            (Some(Bracket::Selections), "dkno"),
            (Some(Bracket::Arguments), "aelm"),
            (Some(Bracket::List), "bcg"),
            (Some(Bracket::Object), "fhij"),
        ] {
            let names = match bracket {
                None => vec![names.to_owned()],
                Some(_) => names.chars().map(String::from).collect(),
            };
            for name in names {
                assert_eq!(within(&name), bracket, "{name}");
            }
        }
    }

    #[test]
    fn names_numbers_and_dots_are_told_apart() {
        for (text, expected) in [
            ("id...F", vec!["id", "...", "F"]),
            ("a1:-1.5e+3", vec!["a1", ":", "-1.5e+3"]),
            ("a-1", vec!["a", "-1"]),
            ("1a", vec!["1a"]),
            ("a.b", vec!["a", ".", "b"]),
        ] {
            let found: Vec<&str> = Tokens::of(text).map(|token| token.text).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn comments_are_spaces() {
        for (text, expected) in [
            ("{ a }", "{ a }"),
            ("# b\n{ a # ö\r # \" \n }#", "   \n{ a    \r     \n } "),
            (
                "{ a(b: \"#\", c: \"\"\" # \n \"\"\") }# d",
                "{ a(b: \"#\", c: \"\"\" # \n \"\"\") }   ",
            ),
            ("{ ... on # a,b\n c { d } }", "{ ... on      \n c { d } }"),
        ] {
            assert_eq!(without_comments(text), expected);
        }
    }
}
