//! The service that knows breached passwords, over HTTP.

use std::sync::Arc;

use portico_auth::{BreachedPasswords, RangeAnswer, RangeError};

use super::outgoing::Outgoing;
use crate::Settings;

/// Asks a service in the form of Have I Been Pwned.
pub(crate) struct RangeService {
    outgoing: Outgoing,
    url: String,
}

impl RangeService {
    /// The service that is configured, if one is.
    pub(crate) fn of(settings: &Settings) -> Result<Option<Arc<dyn BreachedPasswords>>, rustls::Error> {
        let Some(url) = settings.breached_passwords_url.clone() else {
            return Ok(None);
        };
        let outgoing = Outgoing::new(settings.outgoing_networks.clone())?;
        Ok(Some(Arc::new(Self { outgoing, url })))
    }
}

impl BreachedPasswords for RangeService {
    fn range<'a>(&'a self, prefix: &'a str) -> RangeAnswer<'a> {
        Box::pin(async move {
            let url = format!("{}/{prefix}", self.url);
            // With it all answers are about as long, so that their length does not tell which it was.
            let answer = self.outgoing.get(&url, &[("add-padding", "true")]).await;
            answer.map_err(|error| RangeError(error.to_string()))
        })
    }
}
