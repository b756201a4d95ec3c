//! What came back from the service.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// The body as JSON; null where it is something else.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self {
            status,
            headers,
            text,
            body,
        }
    }

    /// The data of an answer without errors.
    #[track_caller]
    pub(crate) fn data(&self) -> &Value {
        assert!(
            self.status == 200 && self.body.get("errors").is_none(),
            "{} {}",
            self.status,
            self.text
        );
        &self.body["data"]
    }

    /// The value at a JSON pointer below `data`.
    #[track_caller]
    pub(crate) fn value(&self, pointer: &str) -> &Value {
        self.data()
            .pointer(pointer)
            .unwrap_or_else(|| panic!("nothing at {pointer}: {}", self.text))
    }

    /// The text at a JSON pointer below `data`.
    #[track_caller]
    pub(crate) fn string(&self, pointer: &str) -> String {
        self.value(pointer)
            .as_str()
            .unwrap_or_else(|| panic!("no text at {pointer}: {}", self.text))
            .to_owned()
    }

    /// Every value of a field of this name, in the order of the answer.
    #[track_caller]
    pub(crate) fn values(&self, name: &str) -> Vec<Value> {
        let mut found = Vec::new();
        collect(self.data(), name, &mut found);
        found
    }

    #[track_caller]
    fn error(&self) -> &Value {
        self.body
            .pointer("/errors/0")
            .unwrap_or_else(|| panic!("no error: {} {}", self.status, self.text))
    }

    #[track_caller]
    pub(crate) fn error_code(&self) -> &str {
        self.error()["extensions"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no code: {}", self.text))
    }

    /// The value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn collect(value: &Value, name: &str, found: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
        Value::Object(members) => {
            for (key, member) in members {
                if key == name {
                    found.push(member.clone());
                } else {
                    collect(member, name, found);
                }
            }
        }
        _ => {}
    }
}
