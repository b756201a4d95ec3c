//! A message as its reader's program understands it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A message that the server took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) to: Vec<String>,
    /// Headers and body as they came.
    pub(crate) source: String,
    /// Whether the connection was encrypted.
    pub(crate) encrypted: bool,
    /// As whom the sender had authenticated.
    pub(crate) user: Option<String>,
}

impl Received {
    /// The value of a header, unfolded and decoded.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> String {
        find(&self.source, name).unwrap_or_else(|| panic!("no {name}: {}", self.source))
    }

    /// The part for programs that show no HTML.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        self.part("text/plain")
    }

    /// The part in HTML.
    #[track_caller]
    pub(crate) fn html(&self) -> String {
        self.part("text/html")
    }

    #[track_caller]
    fn part(&self, kind: &str) -> String {
        let boundary = self.header("content-type");
        let boundary = boundary.split("boundary=").nth(1).unwrap().trim_matches('"');
        let delimiter = format!("--{boundary}");
        let mut parts = self.source.split(&delimiter).skip(1);
        let part = parts
            .find(|part| find(part, "content-type").is_some_and(|found| found.starts_with(kind)))
            .unwrap_or_else(|| panic!("no {kind}: {}", self.source));
        let (_, body) = part.trim_start().split_once("\r\n\r\n").unwrap();
        match find(part, "content-transfer-encoding").as_deref() {
            Some("base64") => {
                let digits: String = body.split_whitespace().collect();
                String::from_utf8(STANDARD.decode(digits).unwrap()).unwrap()
            }
            Some("quoted-printable") => quoted_printable(&body.replace("=\r\n", "")),
            _ => body.to_owned(),
        }
    }

    /// The first address of this service in the text.
    #[track_caller]
    pub(crate) fn link(&self) -> String {
        let text = self.text();
        let found = text.split_whitespace().find(|word| word.starts_with("http"));
        found.unwrap_or_else(|| panic!("no link: {text}")).to_owned()
    }

    /// The code in the text.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let text = self.text();
        let mut words = text.split_whitespace();
        let code = words.find(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit()));
        code.unwrap_or_else(|| panic!("no code: {text}")).to_owned()
    }
}

/// The first header of this name.
fn find(source: &str, name: &str) -> Option<String> {
    let head = source
        .trim_start()
        .split("\r\n\r\n")
        .next()?
        .replace("\r\n ", " ")
        .replace("\r\n\t", " ");
    let mut lines = head.split("\r\n");
    let value = lines.find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })?;
    Some(encoded_words(&value))
}

/// RFC 2047, as far as senders use it.
fn encoded_words(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("=?utf-8?b?") {
        // White space between two encoded words is none.
        text.push_str(if before.trim().is_empty() { "" } else { before });
        let (word, after) = after.split_once("?=").unwrap();
        text.push_str(&String::from_utf8(STANDARD.decode(word).unwrap()).unwrap());
        rest = after;
    }
    text + rest
}

fn quoted_printable(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        match (first, after.split_at_checked(2)) {
            (b'=', Some((digits, after))) => {
                let digits = std::str::from_utf8(digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}
