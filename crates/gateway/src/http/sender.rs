//! Who sent a request, and with which headers.

use axum::extract::rejection::ExtensionRejection;
use axum::extract::{Extension, FromRequestParts};
use http::HeaderMap;
use http::header::USER_AGENT;
use http::request::Parts;
use portico_auth::Caller;

use super::{ClientAddress, RequestId};

/// What a handler knows of whoever sent a request, before anything proves who that is.
pub(crate) struct Sender {
    /// Where the request comes from.
    pub(crate) caller: Caller,
    /// The headers, taken out of the request: to copy them costs more than most handlers do with them.
    pub(crate) headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Sender {
    type Rejection = ExtensionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ExtensionRejection> {
        let Extension(ClientAddress(address)) = Extension::from_request_parts(parts, state).await?;
        let Extension::<RequestId>(id) = Extension::from_request_parts(parts, state).await?;
        let headers = std::mem::take(&mut parts.headers);
        let user_agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        let caller = Caller {
            address,
            user_agent: user_agent.map(str::to_owned),
            request_id: (&id).into(),
            command_line: false,
        };
        Ok(Self { caller, headers })
    }
}
