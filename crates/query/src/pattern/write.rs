//! A pattern as the text of a regular expression.

use super::set::{Class, Set};
use super::{Boundary, Node};

/// Whose regular expressions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// PostgreSQL's.
    Postgres,
    /// Those of the crate `regex`.
    Rust,
}

/// Writes a pattern.
pub(super) fn expression(node: &Node, syntax: Syntax) -> String {
    let mut writer = Writer {
        syntax,
        // In the one it is so anyway, in the other it is asked for: `.` is any character.
        out: match syntax {
            Syntax::Postgres => String::new(),
            Syntax::Rust => "(?s)".to_owned(),
        },
    };
    writer.node(node);
    writer.out
}

struct Writer {
    syntax: Syntax,
    out: String,
}

impl Writer {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Literal(character) => self.character(*character),
            Node::Any => self.out.push('.'),
            Node::Set(set) => self.set(set),
            Node::Start => self.either("^", "\\A"),
            Node::End => self.either("$", "\\z"),
            Node::Boundary(Boundary::WordStart) => self.either("\\m", "\\b{start}"),
            Node::Boundary(Boundary::WordEnd) => self.either("\\M", "\\b{end}"),
            Node::Boundary(Boundary::Word) => self.either("\\y", "\\b"),
            Node::Boundary(Boundary::NoWord) => self.either("\\Y", "\\B"),
            Node::Sequence(nodes) => nodes.iter().for_each(|node| match node {
                Node::Choice(_) => self.group(node),
                node => self.node(node),
            }),
            Node::Choice(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    if index > 0 {
                        self.out.push('|');
                    }
                    self.node(node);
                }
            }
            Node::Repeat(node, least, most) => {
                match **node {
                    Node::Literal(_) | Node::Any | Node::Set(_) => self.node(node),
                    _ => self.group(node),
                }
                self.out.push_str(&match (least, most) {
                    (0, None) => "*".to_owned(),
                    (1, None) => "+".to_owned(),
                    (0, Some(1)) => "?".to_owned(),
                    (least, None) => format!("{{{least},}}"),
                    (least, Some(most)) => format!("{{{least},{most}}}"),
                });
            }
        }
    }

    fn either(&mut self, postgres: &str, rust: &str) {
        self.out.push_str(match self.syntax {
            Syntax::Postgres => postgres,
            Syntax::Rust => rust,
        });
    }

    fn group(&mut self, node: &Node) {
        self.out.push_str("(?:");
        self.node(node);
        self.out.push(')');
    }

    /// Whatever means something anywhere has a backslash before it, which both take.
    fn character(&mut self, character: char) {
        if r"\.+*?()|[]{}^$-&~#".contains(character) {
            self.out.push('\\');
        }
        self.out.push(character);
    }

    fn set(&mut self, set: &Set) {
        self.out.push_str(if set.negated { "[^" } else { "[" });
        for (first, last) in &set.ranges {
            self.character(*first);
            if first != last {
                self.out.push('-');
                self.character(*last);
            }
        }
        for (class, name, unicode) in Class::ALL {
            if set.classes.contains(&class) {
                self.either(&format!("[:{name}:]"), unicode);
            }
        }
        self.out.push(']');
    }
}
