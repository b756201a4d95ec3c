//! Who asks, from where, and what a flow is given.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::auth::Auth;
use crate::elevation::Proof;
use crate::port::{EntropyError, new_id, now};
use crate::wish::SessionWish;

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Address of the client, as told by trusted proxies only.
    pub address: IpAddr,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Id of the request in the log.
    pub request_id: Arc<str>,
    /// Whether it is a command on the machine of the service, which has no address that would tell anything.
    pub command_line: bool,
}

/// The role that the audit names for commands on the machine of the service.
const COMMAND_LINE: &str = "command-line";

impl Caller {
    /// What counts as one caller: an address, in IPv6 the network a customer is given.
    pub(crate) fn network(&self) -> IpAddr {
        match self.address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let prefix = u128::from(address) & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from(prefix))
            }
        }
    }

    /// The address, as it is stored.
    pub fn stored_address(&self) -> Option<String> {
        (!self.command_line).then(|| self.address.to_canonical().to_string())
    }

    /// What the audit names in the place of the role of a request.
    pub fn audited_role<'a>(&self, role: &'a str) -> &'a str {
        match self.command_line {
            true => COMMAND_LINE,
            false => role,
        }
    }

    /// What the client calls itself, fit to be stored: short and printable.
    pub fn stored_user_agent(&self) -> Option<String> {
        let text = self.user_agent.as_deref()?;
        Some(
            text.chars()
                .filter(|character| !character.is_control())
                .take(512)
                .collect(),
        )
    }
}

/// A user with a live session, as an access token tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// The user.
    pub user_id: Uuid,
    /// The session.
    pub session_id: Uuid,
    /// Role of a request that asks for none.
    pub default_role: String,
    /// Roles a request may ask for.
    pub allowed_roles: Vec<String>,
    /// Whether nothing identifies the user yet.
    pub anonymous: bool,
    /// Whether the user was proved anew a moment ago.
    pub elevated: bool,
    /// Whether the session is a personal access token, with which nobody changes who the user is.
    pub by_pat: bool,
    /// What proved the user then.
    pub elevated_by: Option<Proof>,
    /// Session variables: every `x-hasura-*` claim in lower case, but for the list of roles.
    pub variables: Arc<BTreeMap<String, String>>,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

impl Authenticated {
    /// The claims that permissions are decided by, in the form of the token.
    pub fn claims(&self) -> Value {
        let mut claims = json!({ "x-hasura-allowed-roles": self.allowed_roles });
        if let Some(object) = claims.as_object_mut() {
            object.extend(
                self.variables
                    .iter()
                    .map(|(name, value)| (name.clone(), json!(value))),
            );
        }
        claims
    }
}

/// What a flow is given beside its input.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// The service.
    pub auth: &'a Auth,
    /// Where the request comes from.
    pub caller: &'a Caller,
    /// Who asks, if signed in.
    pub session: Option<&'a Authenticated>,
    /// What the session is to be like, where one is opened.
    pub wish: Option<&'a SessionWish>,
}

impl Ctx<'_> {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        now(self.auth.clock.as_ref())
    }

    pub(crate) fn new_id(&self) -> Result<Uuid, EntropyError> {
        new_id(self.auth.clock.as_ref(), self.auth.entropy.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> String {
        let address = address.parse().unwrap();
        Caller {
            address,
            user_agent: None,
            request_id: "".into(),
            command_line: false,
        }
        .network()
        .to_string()
    }

    #[test]
    fn one_customer_is_one_caller() {
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
