//! Requests as bytes, made beforehand but for what differs from one to the next.

use std::io::Write;

use crate::ids::{self, Ids};

/// A part of a body.
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
    /// The refresh token of this connection.
    Token,
}

/// A request with places to fill.
#[derive(Clone)]
pub(crate) struct Template {
    /// Everything up to the length of the body.
    head: Vec<u8>,
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

const PLACES: [(&str, Part); 6] = [
    ("$$moment$$", Part::Moment),
    ("$$id$$", Part::Id),
    ("$$org$$", Part::Org),
    ("$$unique$$", Part::Unique),
    ("$$number$$", Part::Number),
    ("$$token$$", Part::Token),
];

impl Template {
    /// A request without a body.
    pub(crate) fn get(host: &str, path: &str, headers: &[(String, String)]) -> Self {
        let mut head = start("GET", host, path, headers);
        head.extend_from_slice(b"\r\n");
        Self {
            head,
            body: Vec::new(),
            has_body: false,
        }
    }

    /// A GraphQL request; the body holds the places `$$id$$`, `$$org$$`, `$$moment$$`, `$$unique$$`,
    /// `$$number$$` and `$$token$$`.
    pub(crate) fn post(host: &str, path: &str, headers: &[(String, String)], body: &str) -> Self {
        let mut head = start("POST", host, path, headers);
        head.extend_from_slice(b"content-type: application/json\r\ncontent-length: ");
        Self {
            head,
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
    pub(crate) fn render(&self, fill: Fill<'_>, scratch: &mut Vec<u8>, request: &mut Vec<u8>) {
        request.clear();
        request.extend_from_slice(&self.head);
        if !self.has_body {
            return;
        }
        scratch.clear();
        for part in &self.body {
            // Writing to memory cannot fail.
            let _ = match part {
                Part::Text(text) => scratch.write_all(text),
                Part::Id => scratch.write_all(fill.ids.user(fill.random).as_bytes()),
                Part::Org => scratch.write_all(fill.ids.org(fill.random).as_bytes()),
                Part::Moment => scratch.write_all(ids::moment(fill.random).as_bytes()),
                Part::Unique => write!(scratch, "{:016x}", fill.random.u64(..)),
                Part::Number => write!(scratch, "{:06}", fill.random.u32(..1_000_000)),
                Part::Token => scratch.write_all(fill.token.as_bytes()),
            };
        }
        let _ = write!(request, "{}\r\n\r\n", scratch.len());
        request.extend_from_slice(scratch);
    }
}

fn start(method: &str, host: &str, path: &str, headers: &[(String, String)]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n");
    for (name, value) in headers {
        head.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
    }
    head.into_bytes()
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
        let template = Template::post("here", "/graphql", &[], "<$$token$$|$$number$$|$$id$$>");
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
        assert!(body.starts_with("<secret|"), "{body}");
        assert_eq!(body.len(), 52);
    }
}
