//! Requests as bytes, made beforehand but for what differs from one to the next.

use std::io::Write;

use crate::ids::{self, Ids};
use crate::seed::numbered_address;

/// A part of a request.
#[derive(Clone)]
enum Part {
    Text(Vec<u8>),
    /// The id of a random user.
    Id,
    /// The id of a random organisation.
    Org,
    /// A random moment since the first user came.
    Moment,
    /// Sixteen random hexadecimal digits.
    Unique,
    /// A random number of six digits.
    Number,
    /// The address of a random user.
    Address,
    /// The refresh token of this connection.
    Token,
}

/// A request with places to fill.
#[derive(Clone)]
pub(crate) struct Template {
    /// Everything up to the length of the body.
    head: Vec<Part>,
    body: Vec<Part>,
    has_body: bool,
}

/// What places of a template are filled with.
pub(crate) struct Fill<'a> {
    /// Ids to choose from.
    pub(crate) ids: &'a Ids,
    /// Where chance comes from.
    pub(crate) random: &'a mut fastrand::Rng,
    /// The current refresh token, if the work has one.
    pub(crate) token: &'a str,
}

const PLACES: [(&str, Part); 7] = [
    ("$$moment$$", Part::Moment),
    ("$$id$$", Part::Id),
    ("$$org$$", Part::Org),
    ("$$unique$$", Part::Unique),
    ("$$number$$", Part::Number),
    ("$$token$$", Part::Token),
    ("$$address$$", Part::Address),
];

impl Template {
    /// A request without a body.
    pub(crate) fn get(host: &str, path: &str, headers: &[(String, String)]) -> Self {
        let mut head = start("GET", host, path, headers);
        head.push_str("\r\n");
        Self {
            head: parts(&head),
            body: Vec::new(),
            has_body: false,
        }
    }

    /// A GraphQL request; headers and body hold the places `$$id$$`, `$$org$$`, `$$moment$$`, `$$unique$$`,
    /// `$$number$$`, `$$address$$` and `$$token$$`.
    pub(crate) fn post(host: &str, path: &str, headers: &[(String, String)], body: &str) -> Self {
        let mut head = start("POST", host, path, headers);
        head.push_str("content-type: application/json\r\ncontent-length: ");
        Self {
            head: parts(&head),
            body: parts(body),
            has_body: true,
        }
    }

    /// The request, where nothing has to be filled.
    pub(crate) fn whole(&self) -> Vec<u8> {
        let fill = Fill {
            ids: &Ids::new(0),
            random: &mut fastrand::Rng::new(),
            token: "",
        };
        let (mut scratch, mut request) = (Vec::new(), Vec::new());
        self.render(fill, &mut scratch, &mut request);
        request
    }

    /// Writes the request with its places filled.
    pub(crate) fn render(&self, mut fill: Fill<'_>, scratch: &mut Vec<u8>, request: &mut Vec<u8>) {
        request.clear();
        self.head.iter().for_each(|part| part.write(&mut fill, request));
        if !self.has_body {
            return;
        }
        scratch.clear();
        self.body.iter().for_each(|part| part.write(&mut fill, scratch));
        let _ = write!(request, "{}\r\n\r\n", scratch.len());
        request.extend_from_slice(scratch);
    }
}

impl Part {
    fn write(&self, fill: &mut Fill<'_>, out: &mut Vec<u8>) {
        // Writing to memory cannot fail.
        let _ = match self {
            Self::Text(text) => out.write_all(text),
            Self::Id => out.write_all(fill.ids.user(fill.random).as_bytes()),
            Self::Org => out.write_all(fill.ids.org(fill.random).as_bytes()),
            Self::Moment => out.write_all(ids::moment(fill.random).as_bytes()),
            Self::Unique => write!(out, "{:016x}", fill.random.u64(..)),
            Self::Number => write!(out, "{:06}", fill.random.u32(..1_000_000)),
            Self::Address => out.write_all(numbered_address(fill.ids.number(fill.random)).as_bytes()),
            Self::Token => out.write_all(fill.token.as_bytes()),
        };
    }
}

fn start(method: &str, host: &str, path: &str, headers: &[(String, String)]) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n");
    for (name, value) in headers {
        head.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
    }
    head
}

fn parts(mut text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    loop {
        let next = PLACES
            .iter()
            .filter_map(|(mark, part)| Some((text.split_once(mark)?, part)))
            .min_by_key(|((before, _), _)| before.len());
        let Some(((before, after), part)) = next else {
            parts.push(Part::Text(text.as_bytes().to_vec()));
            return parts;
        };
        parts.push(Part::Text(before.as_bytes().to_vec()));
        parts.push(part.clone());
        text = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_counted_into_the_length() {
        let headers = [("x-hasura-user-id".to_owned(), "$$id$$".to_owned())];
        let template = Template::post("here", "/graphql", &headers, "<$$token$$|$$number$$|$$id$$>");
        let (mut scratch, mut request) = (Vec::new(), Vec::new());
        let fill = Fill {
            ids: &Ids::new(3),
            random: &mut fastrand::Rng::with_seed(7),
            token: "secret",
        };
        template.render(fill, &mut scratch, &mut request);
        let text = String::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with("content-length: 52"), "{head}");
        let id = head.split_once("x-hasura-user-id: ").unwrap().1;
        assert_eq!(id.find('\r'), Some(36), "{head}");
        assert!(body.starts_with("<secret|"), "{body}");
        assert_eq!(body.len(), 52);
    }
}
