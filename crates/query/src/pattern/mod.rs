//! Patterns of `LIKE`, `SIMILAR TO` and regular expressions, read once for both databases.
//!
//! A regular expression is in the part of PostgreSQL's advanced regular expressions that a finite automaton
//! matches in linear time: no back references and no looking around, bounded in size. Whatever is in it reaches
//! either database in one form that both take alike; whatever is not is refused before either sees it.

mod bracket;
mod like;
mod matcher;
mod parse;
mod set;
mod write;

use set::Set;

pub(crate) use matcher::Matcher;

/// Characters of a pattern.
const MOST_CHARACTERS: usize = 1_000;
/// Groups inside each other.
const MOST_LEVELS: usize = 50;
/// States of the automaton, about.
const MOST_STATES: u64 = 2_000;
/// Parts that a text may have or not: the time that PostgreSQL takes to prepare them grows with their cube.
const MOST_OPTIONAL: u64 = 150;
/// The highest count of a repetition, as in PostgreSQL.
const MOST_REPETITIONS: u32 = 255;

/// The language of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `%` and `_`, for the whole text.
    Like,
    /// `SIMILAR TO`: those of `LIKE` and alternatives, groups, repetitions and brackets, for the whole text.
    Similar,
    /// A regular expression, for any part of the text.
    Regex,
}

/// Whether case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// It does.
    Counts,
    /// It does not.
    Ignored,
}

/// Why a pattern is refused, in PostgreSQL's words where it would refuse it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A pattern of `LIKE` that ends in its escape.
    #[error("LIKE pattern must not end with escape character")]
    TrailingEscape,
    /// `(` without `)`, or the reverse.
    #[error("invalid regular expression: parentheses () not balanced")]
    Parentheses,
    /// `[` without `]`.
    #[error("invalid regular expression: brackets [] not balanced")]
    Brackets,
    /// `{` without `}`.
    #[error("invalid regular expression: braces {{}} not balanced")]
    Braces,
    /// A count that is too large, or the lower of two above the higher.
    #[error("invalid regular expression: invalid repetition count(s)")]
    Count,
    /// A range whose end is before its beginning.
    #[error("invalid regular expression: invalid character range")]
    Range,
    /// A class of characters of an unknown name.
    #[error("invalid regular expression: invalid character class")]
    Class,
    /// An escape that means nothing.
    #[error("invalid regular expression: invalid escape \\ sequence")]
    Escape,
    /// A repetition of nothing.
    #[error("invalid regular expression: quantifier operand invalid")]
    Operand,
    /// Something that takes more than linear time, or that the databases do not share.
    #[error("the regular expression uses {0}, which is not supported")]
    Unsupported(&'static str),
    /// More characters than are allowed.
    #[error("the pattern is too long: no more than {MOST_CHARACTERS} characters are allowed")]
    Long,
    /// More groups inside each other than are allowed.
    #[error("the pattern is nested too deep: no more than {MOST_LEVELS} levels are allowed")]
    Deep,
    /// Repetitions that multiply to too much.
    #[error("the regular expression is too complex")]
    Complex,
}

/// A pattern that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Node);

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    /// One character.
    Literal(char),
    /// Any character, a new line too.
    Any,
    /// One character of a set.
    Set(Set),
    /// The beginning of the text.
    Start,
    /// Its end.
    End,
    /// A place between characters.
    Boundary(Boundary),
    /// One after the other; nothing when empty.
    Sequence(Vec<Node>),
    /// One of several.
    Choice(Vec<Node>),
    /// At least so many, at most so many.
    Repeat(Box<Node>, u32, Option<u32>),
}

/// A place between characters, told by whether they belong to words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Boundary {
    WordStart,
    WordEnd,
    Word,
    NoWord,
}

impl Pattern {
    /// Reads a pattern of a request.
    pub(crate) fn read(text: &str, language: Language, case: Case) -> Result<Self, PatternError> {
        if text.chars().nth(MOST_CHARACTERS).is_some() {
            return Err(PatternError::Long);
        }
        let pattern = Self::of(text, language, case, MOST_LEVELS)?;
        let complex = pattern.0.states() > MOST_STATES || pattern.0.optional() > MOST_OPTIONAL;
        match complex && language != Language::Like {
            true => Err(PatternError::Complex),
            false => Ok(pattern),
        }
    }

    fn of(text: &str, language: Language, case: Case, levels: usize) -> Result<Self, PatternError> {
        let (node, case) = match language {
            Language::Like => (like::read(text)?, case),
            Language::Similar | Language::Regex => parse::read(text, language, case, levels)?,
        };
        Ok(Self(if case == Case::Ignored {
            node.folded()
        } else {
            node
        }))
    }

    /// Reads what [`Pattern::to_postgres`] wrote, or a pattern of `LIKE` that was read before.
    fn read_again(text: &str, language: Language, case: Case) -> Result<Self, PatternError> {
        // The whole of a pattern may have become a group.
        Self::of(text, language, case, MOST_LEVELS + 1)
    }

    /// As a regular expression of PostgreSQL; [`Pattern::read`] reads it back as it is.
    pub(crate) fn to_postgres(&self) -> String {
        write::expression(&self.0, write::Syntax::Postgres)
    }
}

impl Node {
    /// About how many states an automaton takes for it: a class of characters is many in UTF-8.
    fn states(&self) -> u64 {
        const SET: u64 = 10;
        match self {
            Self::Start | Self::End | Self::Boundary(_) | Self::Literal(_) => 1,
            Self::Any => 2,
            Self::Set(set) => 1 + set.classes() * SET,
            Self::Sequence(nodes) | Self::Choice(nodes) => 1 + nodes.iter().map(Self::states).sum::<u64>(),
            Self::Repeat(node, least, most) => {
                let times = most.unwrap_or(*least).max(1);
                node.states().saturating_mul(times.into()).saturating_add(1)
            }
        }
    }

    /// How many parts a text may have or not, those with classes of characters counted several times.
    fn optional(&self) -> u64 {
        const CLASS: u64 = 4;
        match self {
            Self::Sequence(nodes) | Self::Choice(nodes) => nodes.iter().map(Self::optional).sum(),
            Self::Repeat(node, least, most) => {
                let times = u64::from(most.unwrap_or(*least).max(1));
                let kept = u64::from(most.is_some_and(|most| most == *least));
                let classes = match &**node {
                    Self::Set(set) => set.classes() * CLASS,
                    _ => 0,
                };
                times.saturating_mul(node.optional() + (1 - kept) * (1 + classes))
            }
            _ => 0,
        }
    }

    /// The same for texts whose case does not count: every character with its other forms.
    fn folded(self) -> Self {
        let all = |nodes: Vec<Self>| nodes.into_iter().map(Self::folded).collect();
        match self {
            Self::Literal(character) => Set::of(character).folded().into_node(),
            Self::Set(set) => set.folded().into_node(),
            Self::Sequence(nodes) => Self::Sequence(all(nodes)),
            Self::Choice(nodes) => Self::Choice(all(nodes)),
            Self::Repeat(node, least, most) => Self::Repeat(Box::new(node.folded()), least, most),
            other => other,
        }
    }
}
