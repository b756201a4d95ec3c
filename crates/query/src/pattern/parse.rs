//! Regular expressions and `SIMILAR TO`, which share all but a few characters.

use std::iter::Peekable;
use std::str::Chars;

use super::like::anything;
use super::set::Set;
use super::{Boundary, Case, Language, MOST_REPETITIONS, Node, PatternError, bracket};

/// Reads a pattern; options at its beginning may change whether case counts.
pub(super) fn read(
    text: &str,
    language: Language,
    case: Case,
    levels: usize,
) -> Result<(Node, Case), PatternError> {
    let (text, case) = match language {
        Language::Regex => options(text, case)?,
        _ => (text, case),
    };
    let mut parser = Parser {
        rest: text.chars().peekable(),
        language,
        levels,
    };
    let node = parser.choice()?;
    if parser.rest.next().is_some() {
        return Err(PatternError::Parentheses);
    }
    let node = match language {
        Language::Similar => Node::Sequence(vec![Node::Start, node, Node::End]),
        _ => node,
    };
    Ok((node, case))
}

/// `(?i)` and the like, which stand at the beginning alone.
fn options(text: &str, mut case: Case) -> Result<(&str, Case), PatternError> {
    let Some((letters, rest)) = text.strip_prefix("(?").and_then(|rest| rest.split_once(')')) else {
        return Ok((text, case));
    };
    if letters.is_empty() || !letters.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return Ok((text, case));
    }
    for letter in letters.bytes() {
        match letter {
            b'i' => case = Case::Ignored,
            b'c' => case = Case::Counts,
            // What holds without them.
            b's' | b't' => {}
            _ => return Err(PatternError::Unsupported("an option other than i, c, s or t")),
        }
    }
    Ok((rest, case))
}

pub(super) struct Parser<'t> {
    pub(super) rest: Peekable<Chars<'t>>,
    language: Language,
    /// Groups that may still be opened inside this one.
    levels: usize,
}

impl Parser<'_> {
    fn choice(&mut self) -> Result<Node, PatternError> {
        let mut branches = vec![self.sequence()?];
        while self.rest.next_if_eq(&'|').is_some() {
            branches.push(self.sequence()?);
        }
        Ok(one_or(branches, Node::Choice))
    }

    fn sequence(&mut self) -> Result<Node, PatternError> {
        let mut nodes = Vec::new();
        while let Some(next) = self.rest.next_if(|next| !matches!(next, '|' | ')')) {
            let node = self.atom(next)?;
            nodes.push(self.repeated(node)?);
        }
        Ok(one_or(nodes, Node::Sequence))
    }

    fn atom(&mut self, first: char) -> Result<Node, PatternError> {
        let regex = self.language == Language::Regex;
        Ok(match first {
            '%' if !regex => anything(),
            '_' if !regex => Node::Any,
            '.' if regex => Node::Any,
            '^' if regex => Node::Start,
            '$' if regex => Node::End,
            '(' => self.group()?,
            '[' => bracket::read(self)?.into_node(),
            '*' | '+' | '?' => return Err(PatternError::Operand),
            '{' if self.rest.peek().is_some_and(char::is_ascii_digit) => return Err(PatternError::Operand),
            '\\' => self.escaped()?,
            other => Node::Literal(other),
        })
    }

    fn group(&mut self) -> Result<Node, PatternError> {
        if self.language == Language::Regex && self.rest.next_if_eq(&'?').is_some() {
            match self.rest.next() {
                Some(':') => {}
                Some('=' | '!' | '<') => return Err(PatternError::Unsupported("looking ahead or behind")),
                _ => return Err(PatternError::Operand),
            }
        }
        self.levels = self.levels.checked_sub(1).ok_or(PatternError::Deep)?;
        let node = self.choice()?;
        self.levels += 1;
        match self.rest.next() {
            Some(')') => Ok(node),
            _ => Err(PatternError::Parentheses),
        }
    }

    /// With the repetition that follows, if one does.
    fn repeated(&mut self, node: Node) -> Result<Node, PatternError> {
        let Some((least, most)) = self.repetition()? else {
            return Ok(node);
        };
        // Whether it takes much or little decides which part of a text is found, not whether one is.
        self.rest.next_if_eq(&'?');
        let repeatable = !matches!(node, Node::Start | Node::End | Node::Boundary(_));
        match self.repetition()? {
            None if repeatable => Ok(Node::Repeat(Box::new(node), least, most)),
            _ => Err(PatternError::Operand),
        }
    }

    fn repetition(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        let counts = match self.rest.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counts(),
            _ => return Ok(None),
        };
        self.rest.next();
        Ok(Some(counts))
    }

    /// `{m}`, `{m,}` or `{m,n}`; a brace before anything but a digit is a character.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        let mut ahead = self.rest.clone();
        ahead.next();
        if !ahead.peek().is_some_and(char::is_ascii_digit) {
            return Ok(None);
        }
        self.rest = ahead;
        let least = self.number()?;
        let most = match self.rest.next_if_eq(&',') {
            None => Some(least),
            Some(_) if self.rest.peek() == Some(&'}') => None,
            Some(_) => Some(self.number()?),
        };
        if self.rest.next() != Some('}') {
            return Err(PatternError::Braces);
        }
        match most {
            Some(most) if most < least => Err(PatternError::Count),
            _ => Ok(Some((least, most))),
        }
    }

    fn number(&mut self) -> Result<u32, PatternError> {
        let mut number = 0;
        let mut digits = 0;
        while let Some(digit) = self.rest.peek().and_then(|next| next.to_digit(10)) {
            self.rest.next();
            digits += 1;
            number = number * 10 + digit;
            if number > MOST_REPETITIONS {
                return Err(PatternError::Count);
            }
        }
        match digits {
            0 => Err(PatternError::Count),
            _ => Ok(number),
        }
    }

    /// What stands after a backslash outside of brackets.
    fn escaped(&mut self) -> Result<Node, PatternError> {
        let class = |name: &str, negated| {
            let mut set = Set {
                negated,
                ..Set::default()
            };
            set.add_class(name);
            Node::Set(set.sorted())
        };
        let Some(next) = self.rest.next() else {
            return Err(PatternError::Escape);
        };
        Ok(match next {
            'd' => class("digit", false),
            'D' => class("digit", true),
            's' => class("space", false),
            'S' => class("space", true),
            'w' => class("word", false),
            'W' => class("word", true),
            'A' => Node::Start,
            'Z' => Node::End,
            'm' => Node::Boundary(Boundary::WordStart),
            'M' => Node::Boundary(Boundary::WordEnd),
            'y' => Node::Boundary(Boundary::Word),
            'Y' => Node::Boundary(Boundary::NoWord),
            other => Node::Literal(self.character(other)?),
        })
    }

    /// The character that an escape stands for.
    pub(super) fn character(&mut self, escaped: char) -> Result<char, PatternError> {
        let code = match escaped {
            'a' => return Ok('\u{7}'),
            'b' => return Ok('\u{8}'),
            'B' => return Ok('\\'),
            'e' => return Ok('\u{1b}'),
            'f' => return Ok('\u{c}'),
            'n' => return Ok('\n'),
            'r' => return Ok('\r'),
            't' => return Ok('\t'),
            'v' => return Ok('\u{b}'),
            'u' => self.hexadecimal(4, 4)?,
            'U' => self.hexadecimal(8, 8)?,
            'x' => self.hexadecimal(1, usize::MAX)?,
            '0'..='9' => return Err(PatternError::Unsupported("a back reference or an octal escape")),
            other if other.is_alphanumeric() => return Err(PatternError::Escape),
            other => return Ok(other),
        };
        char::from_u32(code)
            .filter(|character| *character != '\0')
            .ok_or(PatternError::Escape)
    }

    fn hexadecimal(&mut self, least: usize, most: usize) -> Result<u32, PatternError> {
        let (mut code, mut digits) = (0_u32, 0);
        while digits < most
            && let Some(digit) = self.rest.peek().and_then(|next| next.to_digit(16))
        {
            self.rest.next();
            digits += 1;
            code = code.saturating_mul(16).saturating_add(digit);
        }
        match digits < least {
            true => Err(PatternError::Escape),
            false => Ok(code),
        }
    }
}

/// The only one, or all of them together.
fn one_or(mut nodes: Vec<Node>, together: impl FnOnce(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        Some(last) => {
            nodes.push(last);
            together(nodes)
        }
        None => Node::Sequence(nodes),
    }
}
