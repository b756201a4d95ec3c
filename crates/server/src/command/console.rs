//! The service for one command: the operations and the data of the API, asked for on the machine itself.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use portico_auth::{Caller, Ctx};
use portico_query::permission::metadata::Metadata;
use serde_json::Value;

use super::CommandError;
use crate::open::{Opened, Prepared, open};
use crate::{Settings, SystemClock, SystemEntropy};

/// The service, opened beside whatever else runs on the database.
pub(super) struct Console {
    opened: Opened,
    caller: Caller,
}

impl Console {
    /// Opens the service.
    pub(super) async fn open(settings: &Settings) -> Result<Self, CommandError> {
        let prepared = Prepared::read(settings, Metadata::default(), &SystemEntropy)?.unlimited();
        let opened = open(settings, prepared, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
        let user = std::env::var("USER").unwrap_or_default();
        let caller = Caller {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: Some(
                format!("portico {} {user}", env!("CARGO_PKG_VERSION"))
                    .trim()
                    .to_owned(),
            ),
            request_id: portico_auth::new_id(&SystemClock, &SystemEntropy)
                .map_err(crate::start::StartError::from)?
                .to_string()
                .into(),
            command_line: true,
        };
        Ok(Self { opened, caller })
    }

    /// What a flow is given.
    pub(super) fn ctx(&self) -> Ctx<'_> {
        Ctx {
            auth: &self.opened.auth,
            caller: &self.caller,
            session: None,
            wish: None,
        }
    }

    /// The data that a document is answered with.
    pub(super) async fn ask(&self, document: &str, variables: Value) -> Result<Value, CommandError> {
        let variables = match variables {
            Value::Object(variables) => variables,
            _ => serde_json::Map::new(),
        };
        let answer = self
            .opened
            .app
            .ask(self.caller.clone(), document, variables)
            .await?;
        let text = |pointer: &str| {
            let found = answer.pointer(pointer).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        match (answer.get("errors"), answer.get("data")) {
            (None, Some(data)) => Ok(data.clone()),
            _ => Err(CommandError::Refused {
                code: text("/errors/0/extensions/code"),
                message: text("/errors/0/message"),
            }),
        }
    }

    /// Gives the database back.
    pub(super) async fn close(self) {
        self.opened.pool.close().await;
    }
}
