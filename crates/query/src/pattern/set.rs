//! Sets of characters.

use std::sync::LazyLock;

use super::Node;

/// Characters with upper and lower case forms are below this one.
const LAST_WITH_CASE: char = '\u{1E943}';

/// Characters in or, if negated, outside of ranges and classes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) negated: bool,
    /// First and last of each, in order and apart from each other.
    pub(super) ranges: Vec<(char, char)>,
    pub(super) classes: Vec<Class>,
}

/// A class of characters, as the database or Unicode has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Alnum,
    Alpha,
    Graph,
    Lower,
    Print,
    Punct,
    Upper,
}

impl Class {
    /// Its name in PostgreSQL and what it is in Unicode.
    pub(super) const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Alnum, "alnum", r"\p{Alphabetic}\p{Nd}"),
        (Self::Alpha, "alpha", r"\p{Alphabetic}"),
        (Self::Graph, "graph", r"[^\s\p{Cc}\p{Cn}]"),
        (Self::Lower, "lower", r"\p{Lowercase}"),
        (Self::Print, "print", r"[^\p{Cc}\p{Cn}\u2028\u2029]"),
        (Self::Punct, "punct", r"\p{P}\p{S}"),
        (Self::Upper, "upper", r"\p{Uppercase}"),
    ];
}

/// What blanks are: the same everywhere, whatever the language of the database.
const SPACE: [(char, char); 7] = [
    ('\t', '\r'),
    (' ', ' '),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{2006}'),
    ('\u{2008}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{3000}', '\u{3000}'),
];

impl Set {
    /// One character.
    pub(super) fn of(character: char) -> Self {
        Self {
            ranges: vec![(character, character)],
            ..Self::default()
        }
    }

    /// Adds what a class of this name holds; false if there is none.
    pub(super) fn add_class(&mut self, name: &str) -> bool {
        let ranges: &[(char, char)] = match name {
            "digit" => &[('0', '9')],
            "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
            "blank" => &[('\t', '\t'), (' ', ' ')],
            "cntrl" => &[('\u{1}', '\u{1f}'), ('\u{7f}', '\u{9f}')],
            "space" => &SPACE,
            "word" => &[('_', '_')],
            _ => &[],
        };
        self.ranges.extend_from_slice(ranges);
        let name = if name == "word" { "alnum" } else { name };
        let class = Class::ALL.into_iter().find(|(_, known, _)| *known == name);
        if let Some((class, ..)) = class.filter(|(class, ..)| !self.classes.contains(class)) {
            self.classes.push(class);
        }
        class.is_some() || !ranges.is_empty()
    }

    /// The set in order, each character once.
    pub(super) fn sorted(mut self) -> Self {
        self.ranges.sort_unstable();
        let mut apart: Vec<(char, char)> = Vec::with_capacity(self.ranges.len());
        for (first, last) in self.ranges {
            match apart.last_mut() {
                Some((_, before)) if u32::from(first) <= u32::from(*before) + 1 => {
                    *before = last.max(*before)
                }
                _ => apart.push((first, last)),
            }
        }
        Self {
            ranges: apart,
            ..self
        }
    }

    /// With the other forms of each character.
    pub(super) fn folded(mut self) -> Self {
        let others = self.ranges.iter().flat_map(|(first, last)| {
            let start = FORMS.partition_point(|(character, _)| character < first);
            let forms = FORMS.iter().skip(start);
            forms.take_while(move |(character, _)| character <= last)
        });
        let others: Vec<_> = others.map(|(_, form)| (*form, *form)).collect();
        self.ranges.extend(others);
        for class in &mut self.classes {
            if matches!(class, Class::Lower | Class::Upper) {
                *class = Class::Alpha;
            }
        }
        self.sorted()
    }

    /// How many classes are in it, ranges among many others counted as such.
    pub(super) fn classes(&self) -> u64 {
        const RANGES_OF_A_CLASS: usize = 50;
        let classes = self.classes.len() + self.ranges.len() / RANGES_OF_A_CLASS;
        u64::try_from(classes).unwrap_or(u64::MAX)
    }

    pub(super) fn into_node(self) -> Node {
        match self.ranges.as_slice() {
            [(first, last)] if first == last && self.classes.is_empty() && !self.negated => {
                Node::Literal(*first)
            }
            _ => Node::Set(self),
        }
    }
}

/// Every character that has another form, with that form.
static FORMS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let characters = '\u{1}'..=LAST_WITH_CASE;
    let forms = characters.flat_map(|character| {
        let lower = single(character, character.to_lowercase());
        let upper = single(character, character.to_uppercase());
        [(character, lower), (character, upper)]
    });
    forms.filter(|(character, form)| character != form).collect()
});

/// The form, where it is one character.
fn single(character: char, mut forms: impl Iterator<Item = char>) -> char {
    match (forms.next(), forms.next()) {
        (Some(form), None) => form,
        _ => character,
    }
}
