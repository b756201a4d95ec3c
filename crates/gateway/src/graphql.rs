//! The endpoint: GraphQL over HTTP, one request or an array of them by POST, queries also by GET.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use portico_auth::Caller;
use serde_json::Value;

use crate::answer::Answer;
use crate::app::App;
use crate::cookie::Browser;
use crate::data::{Answered, Asking};
use crate::error::WireError;
use crate::execute::{GraphqlRequest, execute};
use crate::http::{RequestFacts, Sender, read_body, wish, wishes_nothing};
use crate::introspection::Extent;
use crate::session::Session;

const JSON: &str = "application/json; charset=utf-8";
/// Headers of an answer.
const USUAL_HEADERS: usize = 12;
const GRAPHQL_RESPONSE: &str = "application/graphql-response+json; charset=utf-8";

/// Answers a request, or a batch of them, sent as JSON.
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Sender { caller, headers }: Sender,
    body: Body,
) -> Response {
    let body = match read_body(&headers, body, app.graphql.body).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let media = match Media::accepted(&headers) {
        Ok(media) => media,
        Err(error) => return Media::Json.failure(StatusCode::NOT_ACCEPTABLE, &error),
    };
    if !is_json(&headers) {
        let error = WireError::new(
            "invalid-headers",
            "$",
            "the body has to be sent as application/json",
        );
        return media.failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, &error);
    }
    let browser = Browser::of(&headers, &app.graphql.origins).map(Arc::new);
    let asking = match asking(app, caller, &headers).await {
        Ok(asking) => Arc::new(Asking { browser, ..asking }),
        Err(error) => return media.single(Answer::refused(error), None),
    };
    // Nearly every body is a request as it should be: read straight into its type.
    if let Ok(request) = serde_json::from_slice::<GraphqlRequest>(&body)
        && request.has_document()
    {
        return media.single(execute(&asking, request, false).await, Some(&asking));
    }
    match serde_json::from_slice(&body) {
        Ok(Value::Array(elements)) => Box::pin(batch(&asking, elements, media)).await,
        Ok(single) => match parse(single, "$") {
            Ok(request) => media.single(execute(&asking, request, false).await, Some(&asking)),
            Err(error) => media.failure(StatusCode::BAD_REQUEST, &error),
        },
        Err(error) => {
            let error = WireError::new("invalid-json", "$", format!("the body is not JSON: {error}"));
            media.failure(StatusCode::BAD_REQUEST, &error)
        }
    }
}

/// Answers a query whose parts stand in the address.
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Sender { caller, headers }: Sender,
    RawQuery(query): RawQuery,
) -> Response {
    let media = match Media::accepted(&headers) {
        Ok(media) => media,
        Err(error) => return Media::Json.failure(StatusCode::NOT_ACCEPTABLE, &error),
    };
    let request = match from_address(query.as_deref().unwrap_or_default()) {
        Ok(request) => request,
        Err(error) => return media.failure(StatusCode::BAD_REQUEST, &error),
    };
    match asking(app, caller, &headers).await {
        Ok(asking) => {
            let asking = Arc::new(asking);
            media.single(execute(&asking, request, true).await, Some(&asking))
        }
        Err(error) => media.single(Answer::refused(error), None),
    }
}

/// Who asks of which application. Cookies prove nobody.
pub(crate) async fn asking(app: Arc<App>, caller: Caller, headers: &HeaderMap) -> Result<Asking, WireError> {
    let session = Session::of(&app.auth, &caller, headers).await?;
    Ok(Asking {
        app,
        caller,
        session,
        browser: None,
        wish: None,
        extent: Extent::default(),
        answered: Answered::default(),
    })
}

/// Elements run one after the other, each on its own; one that cannot be read refuses them all.
async fn batch(asking: &Arc<Asking>, elements: Vec<Value>, media: Media) -> Response {
    let most = asking.app.graphql.batch;
    if elements.len() > most {
        let error = WireError::validation("$", format!("a batch has no more than {most} requests"));
        return media.failure(StatusCode::BAD_REQUEST, &error);
    }
    let requests = elements
        .into_iter()
        .enumerate()
        .map(|(index, element)| parse(element, &format!("$[{index}]")))
        .collect::<Result<Vec<_>, _>>();
    let requests = match requests {
        Ok(requests) => requests,
        Err(error) => return media.failure(StatusCode::BAD_REQUEST, &error),
    };
    let mut body = vec![b'['];
    let mut facts = facts(Some(asking));
    for (index, request) in requests.into_iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        let answer = execute(asking, request, false).await;
        body.extend_from_slice(&answer.body);
        facts.operation = facts.operation.or(answer.operation);
        facts.code = facts.code.or(answer.error.map(|error| error.code.to_owned()));
    }
    body.push(b']');
    let mut response = media.response(StatusCode::OK, body);
    if let Some(browser) = &asking.browser {
        browser.write(response.headers_mut());
    }
    response.extensions_mut().insert(facts);
    response
}

fn parse(body: Value, path: &str) -> Result<GraphqlRequest, WireError> {
    let refuse = |path: String, message: &str| Err(WireError::new("parse-failed", &path, message));
    let Value::Object(members) = &body else {
        return refuse(path.to_owned(), "a request is an object with the key \"query\"");
    };
    match members.get("query") {
        None | Some(Value::String(_)) => {}
        Some(_) => return refuse(format!("{path}.query"), "expected a string"),
    }
    for (key, expected) in [
        ("variables", "an object"),
        ("extensions", "an object"),
        ("operationName", "a string"),
    ] {
        let fits = match members.get(key) {
            None | Some(Value::Null) => true,
            Some(Value::Object(_)) => key != "operationName",
            Some(Value::String(_)) => key == "operationName",
            Some(_) => false,
        };
        if !fits {
            return refuse(format!("{path}.{key}"), &format!("expected {expected} or null"));
        }
    }
    let request: Result<GraphqlRequest, _> = serde_json::from_value(body);
    if request.as_ref().is_ok_and(|request| !request.has_document()) {
        return refuse(path.to_owned(), "the key \"query\" is missing");
    }
    request.map_err(|error| {
        WireError::new(
            "parse-failed",
            path,
            format!("the request cannot be read: {error}"),
        )
    })
}

fn from_address(query: &str) -> Result<GraphqlRequest, WireError> {
    let mut members = serde_json::Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = match name.as_ref() {
            "query" | "operationName" => Value::String(value.into_owned()),
            "variables" | "extensions" if value.is_empty() => continue,
            "variables" | "extensions" => serde_json::from_str(&value).map_err(|error| {
                WireError::new(
                    "parse-failed",
                    &format!("$.{name}"),
                    format!("{name} is not JSON: {error}"),
                )
            })?,
            _ => continue,
        };
        members.insert(name.into_owned(), value);
    }
    parse(Value::Object(members), "$")
}

/// The media type of the body, parameters aside.
fn is_json(headers: &HeaderMap) -> bool {
    let given = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (media, parameters) = given.split_once(';').unwrap_or((given, ""));
    let charset = parameters
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("charset="));
    let utf8 = charset.is_none_or(|charset| charset.trim_matches('"').eq_ignore_ascii_case("utf-8"));
    media.trim().eq_ignore_ascii_case("application/json") && utf8
}

/// The media types of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Media {
    Json,
    GraphqlResponse,
}

impl Media {
    /// What the client would rather have; JSON where it does not say.
    fn accepted(headers: &HeaderMap) -> Result<Self, WireError> {
        let [json, response] =
            ["application/json", "application/graphql-response+json"].map(|media| wish(headers, media));
        match (json, response) {
            (None, None) if !wishes_nothing(headers) => {
                let message = "answers are application/graphql-response+json or application/json";
                Err(WireError::new("invalid-headers", "$", message))
            }
            _ if response > json => Ok(Self::GraphqlResponse),
            _ => Ok(Self::Json),
        }
    }

    fn response(self, status: StatusCode, body: Vec<u8>) -> Response {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        // Room for what every answer carries, made once.
        response.headers_mut().reserve(USUAL_HEADERS);
        let media = match self {
            Self::Json => JSON,
            Self::GraphqlResponse => GRAPHQL_RESPONSE,
        };
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(media));
        response
    }

    /// A request that GraphQL never sees.
    fn failure(self, status: StatusCode, error: &WireError) -> Response {
        let answer = Answer::refused(error.clone());
        let mut response = self.response(status, answer.body);
        response.extensions_mut().insert(RequestFacts {
            code: Some(error.code.to_owned()),
            ..RequestFacts::default()
        });
        response
    }

    fn single(self, answer: Answer, asking: Option<&Arc<Asking>>) -> Response {
        let mut response = self.response(self.status(&answer), answer.body);
        if let Some(browser) = asking.and_then(|asking| asking.browser.as_ref()) {
            browser.write(response.headers_mut());
        }
        let mut facts = facts(asking);
        facts.operation = answer.operation;
        if let Some(error) = &answer.error {
            facts.code = Some(error.code.to_owned());
            let seconds = error.retry_after.map(|seconds| seconds.max(1).to_string());
            if let Some(Ok(seconds)) = seconds.map(HeaderValue::try_from) {
                response.headers_mut().insert(RETRY_AFTER, seconds);
            }
            if error.code == "method-not-allowed" {
                response
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static("POST"));
            }
        }
        response.extensions_mut().insert(facts);
        response
    }

    /// In plain JSON every answered request is 200, as in Hasura, except where machines in between have to
    /// see that the service is out of breath, and where the method was wrong.
    fn status(self, answer: &Answer) -> StatusCode {
        let Some(error) = &answer.error else {
            return StatusCode::OK;
        };
        match (self, error.code) {
            (_, "too-many-requests" | "unavailable" | "method-not-allowed") => error.status(),
            (Self::GraphqlResponse, _) if !answer.executed => error.status(),
            _ => StatusCode::OK,
        }
    }
}

fn facts(asking: Option<&Arc<Asking>>) -> RequestFacts {
    RequestFacts {
        role: asking.map(|asking| Arc::clone(&asking.session.role)),
        ..RequestFacts::default()
    }
}
