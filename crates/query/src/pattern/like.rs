//! `LIKE`: `%` for any text, `_` for any character, `\` before either for itself.

use super::{Node, PatternError};

/// Reads a pattern.
pub(super) fn read(text: &str) -> Result<Node, PatternError> {
    let mut nodes = vec![Node::Start];
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        nodes.push(match character {
            '%' => anything(),
            '_' => Node::Any,
            '\\' => Node::Literal(rest.next().ok_or(PatternError::TrailingEscape)?),
            other => Node::Literal(other),
        });
    }
    // Several in a row are as one, and easier to match.
    nodes.dedup_by(|one, other| *one == anything() && one == other);
    nodes.push(Node::End);
    Ok(Node::Sequence(nodes))
}

/// Any text, also none.
pub(super) fn anything() -> Node {
    Node::Repeat(Box::new(Node::Any), 0, None)
}
