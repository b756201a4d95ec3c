//! Who asks: headers become a role with its session variables. A bad credential is never an anonymous one.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use portico_auth::{Auth, Authenticated, Caller};
use portico_query::permission::{ADMIN, PUBLIC, ROLE};

use crate::error::WireError;

/// The header of the admin secret and its older name.
pub(crate) const ADMIN_SECRET: [&str; 2] = ["x-hasura-admin-secret", "x-hasura-access-key"];
/// The header by which the holder of the admin secret asks for what only backends may.
const BACKEND: &str = "x-hasura-use-backend-only-permissions";
/// What the names of session variables begin with.
const VARIABLE: &str = "x-hasura-";

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The role of the request.
    pub(crate) role: Arc<str>,
    /// The other session variables by lower-case name.
    pub(crate) variables: Arc<BTreeMap<String, String>>,
    /// The signed-in user, if there is one.
    pub(crate) authenticated: Option<Arc<Authenticated>>,
    /// Whether a backend with the admin secret asks for what only backends may.
    pub(crate) backend: bool,
}

impl Session {
    /// Reads the headers of a request.
    pub(crate) async fn of(auth: &Auth, caller: &Caller, headers: &HeaderMap) -> Result<Self, WireError> {
        let secrets: Vec<&HeaderValue> = ADMIN_SECRET
            .into_iter()
            .flat_map(|name| headers.get_all(name))
            .collect();
        if !secrets.is_empty() {
            // Each one sent has to be right: a wrong one beside it is a broken credential.
            for secret in secrets {
                let secret = secret.to_str().unwrap_or_default();
                // Boxed, or its room would be moved about with every request that sends none.
                Box::pin(auth.check_admin_secret(caller, secret)).await?;
            }
            return Self::of_headers(headers);
        }
        match text(headers, AUTHORIZATION.as_str())? {
            None => Ok(Self {
                role: PUBLIC.into(),
                variables: Arc::default(),
                authenticated: None,
                backend: false,
            }),
            Some(credential) => {
                let token = bearer(credential).ok_or_else(|| {
                    WireError::new("invalid-headers", "$", "Malformed Authorization header")
                })?;
                let authenticated = auth.authenticate(token).await?;
                Self::with_token(authenticated, text(headers, ROLE)?)
            }
        }
    }

    /// The session of a user who just signed in, under the default role.
    pub(crate) fn of_user(authenticated: Arc<Authenticated>) -> Self {
        Self {
            role: authenticated.default_role.as_str().into(),
            variables: Arc::clone(&authenticated.variables),
            authenticated: Some(authenticated),
            backend: false,
        }
    }

    /// The holder of the admin secret who asks for nothing else.
    pub(crate) fn administrator() -> Self {
        Self::of_variables(BTreeMap::new())
    }

    /// The holder of the secret is the role and the variables of the headers.
    fn of_headers(headers: &HeaderMap) -> Result<Self, WireError> {
        let mut variables = BTreeMap::new();
        for name in headers.keys().map(HeaderName::as_str) {
            if name.starts_with(VARIABLE)
                && !ADMIN_SECRET.contains(&name)
                && let Some(value) = text(headers, name)?
            {
                variables.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(Self::of_variables(variables))
    }

    /// Whoever the variables say, as the holder of the admin secret may.
    pub(crate) fn of_variables(variables: BTreeMap<String, String>) -> Self {
        let role = variables.get(ROLE).map_or(ADMIN, String::as_str).into();
        let backend = variables
            .get(BACKEND)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Self {
            role,
            variables: Arc::new(variables),
            authenticated: None,
            backend,
        }
    }

    /// The role is the token's default, or another that the token allows.
    fn with_token(authenticated: Arc<Authenticated>, wanted: Option<&str>) -> Result<Self, WireError> {
        let session = Self::of_user(authenticated);
        match wanted {
            None => Ok(session),
            Some(role) => session.under(role),
        }
    }

    fn under(self, role: &str) -> Result<Self, WireError> {
        let allowed = self.authenticated.as_ref().map(|user| &user.allowed_roles);
        if !allowed.is_some_and(|allowed| allowed.iter().any(|allowed| allowed == role)) {
            let message = "Your requested role is not in allowed roles";
            return Err(WireError::new("access-denied", "$", message));
        }
        Ok(Self {
            role: role.into(),
            ..self
        })
    }
}

/// The token of a credential; the scheme's name ignores case (RFC 9110 section 11.1).
fn bearer(credential: &str) -> Option<&str> {
    let (scheme, token) = credential.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A header that may be sent once, as plain text.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, WireError> {
    let mut values = headers.get_all(name).iter();
    let refuse = |rule: &str| {
        Err(WireError::new(
            "invalid-headers",
            "$",
            format!("the header {name} {rule}"),
        ))
    };
    match (values.next().map(|value| value.to_str()), values.next()) {
        (_, Some(_)) => refuse("is sent more than once"),
        (Some(Err(_)), None) => refuse("is not plain text"),
        (Some(Ok(value)), None) => Ok(Some(value)),
        (None, None) => Ok(None),
    }
}
