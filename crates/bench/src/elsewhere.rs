//! A service that runs elsewhere, asked with documents from a file.

use std::net::ToSocketAddrs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::{BenchError, During};
use crate::ids::Ids;
use crate::load::{self, Plan};
use crate::measure::{Names, Row, sum_up};
use crate::options::Scale;
use crate::process::Meter;
use crate::template::Template;

/// A document to ask.
pub(crate) struct Document {
    /// Its name in the table.
    pub(crate) name: String,
    body: String,
    expected: String,
}

/// An endpoint and what it is asked.
pub(crate) struct Elsewhere {
    authority: String,
    path: String,
    headers: Vec<(String, String)>,
    /// The documents, in the order of the file.
    pub(crate) documents: Vec<Document>,
}

impl Elsewhere {
    /// Reads the address and the file.
    pub(crate) fn read(url: &str, file: &Path) -> Result<Self, BenchError> {
        let refuse = || BenchError::Input(format!("{url} is no address as http://127.0.0.1:8080/v1/graphql"));
        let rest = url.strip_prefix("http://").ok_or_else(refuse)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let text = std::fs::read_to_string(file).during(format!("reading {}", file.display()))?;
        let value: Value = serde_json::from_str(&text)?;
        let headers = value
            .get("headers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        let header = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        let documents = value
            .get("documents")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let documents: Option<Vec<_>> = documents.map(document).collect();
        let documents = documents
            .filter(|documents| !documents.is_empty())
            .ok_or_else(|| {
                BenchError::Input(format!("{} has no documents with name and query", file.display()))
            })?;
        Ok(Self {
            authority: if authority.contains(':') {
                authority.to_owned()
            } else {
                format!("{authority}:80")
            },
            path: format!("/{path}"),
            headers: headers.filter_map(header).collect(),
            documents,
        })
    }

    /// Measures one document by so many connections.
    pub(crate) fn measure(
        &self,
        document: &Document,
        connections: usize,
        scale: &Scale,
    ) -> Result<Row, BenchError> {
        let found = self
            .authority
            .to_socket_addrs()
            .during("looking up the service")?
            .next();
        let unknown = || BenchError::Input(format!("nobody knows {}", self.authority));
        let template = Template::post(&self.authority, &self.path, &self.headers, &document.body);
        let plan = Plan {
            address: found.ok_or_else(unknown)?,
            templates: Arc::new(vec![template; connections]),
            expected: document.expected.clone(),
            ids: Arc::new(Ids::new(scale.users)),
            tokens: None,
            prepared: None,
        };
        let meter = Meter::default();
        load::run(&plan, scale.warm_up, &meter)?;
        let rounds = (0..scale.rounds).map(|_| load::run(&plan, scale.round, &meter));
        let outcomes: Result<Vec<_>, _> = rounds.collect();
        let names = Names {
            database: "elsewhere".to_owned(),
            work: document.name.clone(),
            limit: "",
            aim: "",
        };
        Ok(sum_up(outcomes?, Vec::new(), connections, &meter, names))
    }
}

fn document(value: &Value) -> Option<Document> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let variables = value.get("variables").cloned().unwrap_or_else(|| json!({}));
    Some(Document {
        name: text("name")?.to_owned(),
        body: json!({ "query": text("query")?, "variables": variables }).to_string(),
        expected: text("expect").unwrap_or("{\"data\":{").to_owned(),
    })
}
