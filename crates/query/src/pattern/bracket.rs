//! Brackets of regular expressions: `[a-z]`, `[^[:alpha:]_]`.

use super::PatternError;
use super::parse::Parser;
use super::set::Set;

/// Reads what follows an opening bracket.
pub(super) fn read(parser: &mut Parser<'_>) -> Result<Set, PatternError> {
    let mut set = Set {
        negated: parser.rest.next_if_eq(&'^').is_some(),
        ..Set::default()
    };
    let mut first = true;
    loop {
        let next = parser.rest.next().ok_or(PatternError::Brackets)?;
        if next == ']' && !first {
            return Ok(set.sorted());
        }
        if next == '-' && !first && parser.rest.peek() != Some(&']') {
            return Err(PatternError::Range);
        }
        first = false;
        let begin = member(parser, next, &mut set)?;
        match (begin, range_end(parser)?) {
            (Some(begin), Some(end)) if begin <= end => set.ranges.push((begin, end)),
            (Some(begin), None) => set.ranges.push((begin, begin)),
            (None, None) => {}
            _ => return Err(PatternError::Range),
        }
    }
}

/// The end of a range, if a range begins here; a `-` before the closing bracket is itself.
fn range_end(parser: &mut Parser<'_>) -> Result<Option<char>, PatternError> {
    let mut ahead = parser.rest.clone();
    if ahead.next() != Some('-') || matches!(ahead.peek(), None | Some(']')) {
        return Ok(None);
    }
    parser.rest = ahead;
    let next = parser.rest.next().ok_or(PatternError::Brackets)?;
    let end = member(parser, next, &mut Set::default())?;
    end.map(Some).ok_or(PatternError::Range)
}

/// One character, or nothing after a class was added.
fn member(parser: &mut Parser<'_>, first: char, set: &mut Set) -> Result<Option<char>, PatternError> {
    let class = match first {
        '[' => match parser.rest.peek() {
            Some(':') => named(parser)?,
            Some('.' | '=') => return Err(PatternError::Unsupported("a collating element")),
            _ => return Ok(Some('[')),
        },
        '\\' => match parser.rest.next().ok_or(PatternError::Brackets)? {
            'd' => "digit".to_owned(),
            's' => "space".to_owned(),
            'w' => "word".to_owned(),
            'D' | 'S' | 'W' => return Err(PatternError::Unsupported("a negated class within brackets")),
            escaped => return parser.character(escaped).map(Some),
        },
        other => return Ok(Some(other)),
    };
    match set.add_class(&class) {
        true => Ok(None),
        false => Err(PatternError::Class),
    }
}

/// `:alpha:]`
fn named(parser: &mut Parser<'_>) -> Result<String, PatternError> {
    parser.rest.next();
    let mut name = String::new();
    loop {
        match parser.rest.next().ok_or(PatternError::Brackets)? {
            ':' if parser.rest.next_if_eq(&']').is_some() => return Ok(name),
            other => name.push(other),
        }
    }
}
