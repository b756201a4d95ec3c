//! YAML as a tree that knows its lines, read key by key so that nothing unknown is passed over.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::Spanned;

/// What is wrong with a file, and where.
#[derive(Debug)]
pub(super) struct Mistake {
    /// Counted from 1; 0 where it is unknown.
    pub(super) line: u64,
    /// In words.
    pub(super) reason: String,
}

/// A value of a file with the line where it stands; behind an alias, that of the anchor.
#[derive(Debug, Clone)]
pub(super) struct Node {
    line: u64,
    content: Content,
}

/// A key of a map with its line.
#[derive(Debug, Clone)]
pub(super) struct Key {
    line: u64,
    pub(super) text: String,
}

#[derive(Debug, Clone)]
enum Content {
    Null,
    Boolean(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

impl Node {
    /// Reads a whole file; an empty one is null.
    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        serde_saphyr::from_str(text).map_err(|error| Mistake {
            line: error.location().map_or(0, |location| location.line()),
            reason: error.without_snippet().to_string(),
        })
    }

    /// A mistake at this place.
    pub(super) fn mistake(&self, reason: impl Into<String>) -> Mistake {
        Mistake {
            line: self.line,
            reason: reason.into(),
        }
    }

    fn expected(&self, what: &str) -> Mistake {
        let found = crate::scalar::kind(&self.json());
        self.mistake(format!("expected {what}, but found {found}"))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }

    /// Whether nothing is said: null, or an empty list or map.
    pub(super) fn is_empty(&self) -> bool {
        match &self.content {
            Content::Null => true,
            Content::List(elements) => elements.is_empty(),
            Content::Map(entries) => entries.is_empty(),
            _ => false,
        }
    }

    /// Whether nothing is said however deep one looks.
    pub(super) fn is_blank(&self) -> bool {
        match &self.content {
            Content::Null => true,
            Content::List(elements) => elements.iter().all(Self::is_blank),
            Content::Map(entries) => entries.iter().all(|(_, node)| node.is_blank()),
            _ => false,
        }
    }

    /// Where it stands, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.content, Content::Map(_))
    }

    pub(super) fn text(&self) -> Result<&str, Mistake> {
        match &self.content {
            Content::Text(text) => Ok(text),
            _ => Err(self.expected("a string")),
        }
    }

    pub(super) fn boolean(&self) -> Result<bool, Mistake> {
        match &self.content {
            Content::Boolean(value) => Ok(*value),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn number(&self) -> Result<u32, Mistake> {
        let number = match &self.content {
            Content::Number(number) => number.as_u64(),
            _ => None,
        };
        number
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| self.expected("a whole number"))
    }

    pub(super) fn list(&self) -> Result<&[Self], Mistake> {
        match &self.content {
            Content::List(elements) => Ok(elements),
            _ => Err(self.expected("a list")),
        }
    }

    pub(super) fn entries(&self) -> Result<&[(Key, Self)], Mistake> {
        match &self.content {
            Content::Map(entries) => Ok(entries),
            _ => Err(self.expected("a map")),
        }
    }

    /// The entries of a map, to be taken one by one.
    pub(super) fn fields(&self) -> Result<Fields<'_>, Mistake> {
        let mut rest: Vec<(&Key, &Self)> = Vec::new();
        for (key, node) in self.entries()? {
            if rest.iter().any(|(known, _)| known.text == key.text) {
                return Err(key.mistake("the key is there twice"));
            }
            rest.push((key, node));
        }
        Ok(Fields { node: self, rest })
    }

    /// The same as JSON.
    pub(super) fn json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Boolean(value) => (*value).into(),
            Content::Number(number) => number.clone().into(),
            Content::Text(text) => text.clone().into(),
            Content::List(elements) => elements.iter().map(Self::json).collect(),
            Content::Map(entries) => entries
                .iter()
                .map(|(key, node)| (key.text.clone(), node.json()))
                .collect(),
        }
    }
}

impl Key {
    /// A mistake at this place; the reason begins with the key.
    pub(super) fn mistake(&self, reason: impl fmt::Display) -> Mistake {
        Mistake {
            line: self.line,
            reason: format!("{}: {reason}", self.text),
        }
    }
}

/// The entries of a map that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Fields<'n> {
    node: &'n Node,
    rest: Vec<(&'n Key, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// The value of a key; null counts as missing.
    pub(super) fn take(&mut self, key: &str) -> Option<&'n Node> {
        let at = self.rest.iter().position(|(known, _)| known.text == key)?;
        let (_, node) = self.rest.remove(at);
        (!node.is_null()).then_some(node)
    }

    /// The value of a key that has to be there.
    pub(super) fn require(&mut self, key: &str) -> Result<&'n Node, Mistake> {
        let node = self.node;
        self.take(key)
            .ok_or_else(|| node.mistake(format!("the key {key} is missing")))
    }

    /// A key whose value means nothing here.
    pub(super) fn ignore(&mut self, key: &str) {
        self.take(key);
    }

    /// A key of Hasura that has no counterpart here: refused unless it says nothing.
    pub(super) fn refuse(&mut self, key: &str, reason: &str) -> Result<(), Mistake> {
        match self.take(key) {
            Some(node) if !node.is_empty() => Err(node.mistake(format!("{key}: {reason}"))),
            _ => Ok(()),
        }
    }

    /// Refuses what is left.
    pub(super) fn finish(self) -> Result<(), Mistake> {
        match self.rest.first() {
            None => Ok(()),
            Some((key, _)) => Err(key.mistake("there is no such key")),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, defined, .. } = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Self {
            line: defined.line(),
            content: value,
        })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Boolean(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Content, E> {
        Number::from_f64(value)
            .map(Content::Number)
            .ok_or_else(|| E::custom("a number without end is no value"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Content::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let key = Key {
                line: key.defined.line(),
                text: key.value,
            };
            entries.push((key, access.next_value()?));
        }
        Ok(Content::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_line() {
        let node = Node::parse("a: 1\nb:\n  - x\n  - { c: true }\n").unwrap();
        let (_, list) = &node.entries().unwrap()[1];
        let [first, second] = list.list().unwrap() else {
            panic!("two elements")
        };
        assert_eq!((first.line, second.line), (3, 4));
        assert_eq!(
            node.json(),
            serde_json::json!({ "a": 1, "b": ["x", { "c": true }] })
        );
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_line() {
        let mistake = Node::parse("a: 1\nb: [\n").unwrap_err();
        assert!(mistake.line >= 2, "{mistake:?}");
    }

    #[test]
    fn a_key_nobody_asked_for_is_a_mistake() {
        let node = Node::parse("a: 1\nz: 2\n").unwrap();
        let mut fields = node.fields().unwrap();
        fields.take("a").unwrap();
        let mistake = fields.finish().unwrap_err();
        assert_eq!(
            (mistake.line, mistake.reason.as_str()),
            (2, "z: there is no such key")
        );
    }

    #[test]
    fn behind_an_alias_the_line_is_that_of_the_anchor() {
        let node = Node::parse("a: &x\n  b: 1\nc: *x\n").unwrap();
        let (_, again) = &node.entries().unwrap()[1];
        assert_eq!(again.entries().unwrap()[0].1.line, 2);
    }
}
