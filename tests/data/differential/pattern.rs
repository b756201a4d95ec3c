//! Patterns that can be written in each language and matched by trying everything.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy};
use proptest::{bool, prop_oneof, sample};

/// The languages of patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Like,
    Similar,
    Regex,
}

/// One character of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    Character(char),
    Any,
    OneOf(&'static [char]),
    NoneOf(&'static [char]),
}

/// How often an atom stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    Once,
    Optional,
    Any,
}

/// Atoms after each other; for a regular expression, perhaps only a part of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    language: Language,
    pieces: Vec<(Atom, Times)>,
    from_start: bool,
    to_end: bool,
}

pub(super) fn pattern(language: Language) -> impl Strategy<Value = Pattern> {
    let plain = prop_oneof![
        4 => sample::select(vec!['a', 'b', 'A', ' ', '%', '_', '\\', 'é', '\n', '@']).prop_map(Atom::Character),
        1 => Just(Atom::Any),
    ];
    let once = plain.clone().prop_map(|atom| (atom, Times::Once));
    let anything = Just((Atom::Any, Times::Any));
    let set = sample::select(vec![
        Atom::OneOf(&['a', 'b']),
        Atom::OneOf(&['A', 'é']),
        Atom::NoneOf(&['a']),
    ]);
    let times = sample::select(vec![Times::Once, Times::Optional, Times::Any]);
    let repeated = (prop_oneof![plain, set], times);
    let piece = match language {
        Language::Like => prop_oneof![3 => once, 2 => anything].boxed(),
        _ => prop_oneof![3 => once, 2 => anything, 3 => repeated].boxed(),
    };
    (vec(piece, 0..5), bool::ANY, bool::ANY).prop_map(move |(pieces, from_start, to_end)| Pattern {
        language,
        pieces,
        from_start: from_start || language != Language::Regex,
        to_end: to_end || language != Language::Regex,
    })
}

impl Pattern {
    /// Whether the text matches.
    pub(super) fn matches(&self, text: &str, ignore_case: bool) -> bool {
        let fold = |text: &str| {
            if ignore_case {
                text.to_lowercase()
            } else {
                text.to_owned()
            }
        };
        let text: Vec<char> = fold(text).chars().collect();
        let starts = if self.from_start { 0 } else { text.len() };
        (0..=starts).any(|start| self.rest(&self.pieces, &text[start..], ignore_case))
    }

    fn rest(&self, pieces: &[(Atom, Times)], text: &[char], ignore_case: bool) -> bool {
        let Some(((atom, times), others)) = pieces.split_first() else {
            return text.is_empty() || !self.to_end;
        };
        let none = *times != Times::Once && self.rest(others, text, ignore_case);
        let Some((first, after)) = text.split_first() else {
            return none;
        };
        if none || !atom.is(*first, ignore_case) {
            return none;
        }
        match times {
            Times::Any => self.rest(pieces, after, ignore_case),
            _ => self.rest(others, after, ignore_case),
        }
    }

    /// The pattern's text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if self.language == Language::Regex && self.from_start {
            text.push('^');
        }
        for piece in &self.pieces {
            match piece {
                (Atom::Any, Times::Any) if self.language != Language::Regex => text.push('%'),
                (atom, times) => {
                    text.push_str(&atom.text(self.language));
                    text.push_str(match times {
                        Times::Once => "",
                        Times::Optional => "?",
                        Times::Any => "*",
                    });
                }
            }
        }
        if self.language == Language::Regex && self.to_end {
            text.push('$');
        }
        text
    }
}

impl Atom {
    fn is(&self, character: char, ignore_case: bool) -> bool {
        let same = |other: char| match ignore_case {
            true => other.to_lowercase().eq(character.to_lowercase()),
            false => other == character,
        };
        match self {
            Self::Character(other) => same(*other),
            Self::Any => true,
            Self::OneOf(set) => set.iter().any(|other| same(*other)),
            Self::NoneOf(set) => !set.iter().any(|other| same(*other)),
        }
    }

    fn text(&self, language: Language) -> String {
        match self {
            Self::Character(character) if "%_\\".contains(*character) => format!("\\{character}"),
            Self::Character(character) => character.to_string(),
            Self::Any if language == Language::Regex => ".".to_owned(),
            Self::Any => "_".to_owned(),
            Self::OneOf(set) => format!("[{}]", String::from_iter(*set)),
            Self::NoneOf(set) => format!("[^{}]", String::from_iter(*set)),
        }
    }
}
