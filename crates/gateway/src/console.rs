//! Requests of the program itself: what comes over HTTP, without HTTP.

use std::sync::Arc;

use portico_auth::Caller;
use serde_json::{Map, Value};

use crate::app::App;
use crate::data::{Answered, Asking};
use crate::execute::{GraphqlRequest, execute};
use crate::introspection::Extent;
use crate::session::Session;

impl App {
    /// Answers a document as it answers the holder of the admin secret: an object with `data` or `errors`. Whoever
    /// can call this has the database at hand.
    pub async fn ask(
        self: &Arc<Self>,
        caller: Caller,
        document: &str,
        variables: Map<String, Value>,
    ) -> serde_json::Result<Value> {
        let asking = Asking {
            app: Arc::clone(self),
            caller,
            session: Session::administrator(),
            browser: None,
            wish: None,
            extent: Extent::default(),
            answered: Answered::default(),
        };
        let request = GraphqlRequest {
            query: Some(document.to_owned()),
            variables: Some(variables),
            operation_name: None,
            extensions: None,
        };
        let answer = execute(&Arc::new(asking), request, false).await;
        serde_json::from_slice(&answer.body)
    }
}
