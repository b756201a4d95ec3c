//! The optional part of a sign-up.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::value::{CodeChallenge, DisplayName, Gender, Locale, Metadata, PersonName, RedirectUrl, Username};

/// No role has a longer name, in bytes.
const ROLE_LENGTH: usize = 256;

/// What a client sends, as it sends it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SignUpOptionsInput {
    /// A name to sign in with, beside the email.
    pub username: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// One of the four words.
    pub gender: Option<String>,
    /// Roles, among those offered.
    pub allowed_roles: Option<Vec<String>>,
    /// Role of requests that ask for none.
    pub default_role: Option<String>,
    /// Name as shown.
    pub display_name: Option<String>,
    /// Language of two letters.
    pub locale: Option<String>,
    /// A JSON object.
    pub metadata: Option<Value>,
    /// Where the link in a mail leads in the end.
    pub redirect_to: Option<String>,
    /// PKCE challenge for the result of the link.
    pub code_challenge: Option<String>,
}

/// The same, checked against the policy.
#[derive(Debug, Clone)]
pub struct SignUpOptions {
    /// A name to sign in with.
    pub username: Option<Username>,
    /// Given name.
    pub first_name: Option<PersonName>,
    /// Family name.
    pub last_name: Option<PersonName>,
    /// How to address the user.
    pub gender: Option<Gender>,
    /// Roles the user gets; they contain the default role.
    pub allowed_roles: Vec<String>,
    /// Role of requests that ask for none.
    pub default_role: String,
    /// Name as shown, if the client chose one.
    pub display_name: Option<DisplayName>,
    /// Language.
    pub locale: Locale,
    /// Whatever the application keeps about its user.
    pub metadata: Metadata,
    /// Where the link in a mail leads in the end.
    pub redirect_to: Option<RedirectUrl>,
    /// PKCE challenge for the result of the link.
    pub code_challenge: Option<CodeChallenge>,
}

impl SignUpOptions {
    /// Checks every field; what is missing gets the configured default.
    pub fn parse(input: SignUpOptionsInput, policy: &Policy) -> Result<Self, Refusal> {
        let offered = |role: &String| role != "admin" && policy.allowed_roles.contains(role);
        Self::with(input, policy, offered, Metadata::parse)
    }

    /// The same for a user whom an administrator makes: any role will do that there is, and metadata of any length.
    pub fn parse_by_administrator(input: SignUpOptionsInput, policy: &Policy) -> Result<Self, Refusal> {
        Self::with(
            input,
            policy,
            |role| is_role(role),
            Metadata::parse_by_administrator,
        )
    }

    fn with(
        input: SignUpOptionsInput,
        policy: &Policy,
        offered: impl Fn(&String) -> bool,
        metadata: impl Fn(Value) -> Result<Metadata, Refusal>,
    ) -> Result<Self, Refusal> {
        let (allowed_roles, default_role) = roles(input.allowed_roles, input.default_role, policy, offered)?;
        let person = |field, text: Option<String>| {
            text.filter(|text| !text.trim().is_empty())
                .map(|text| PersonName::parse(field, &text))
                .transpose()
        };
        Ok(Self {
            username: input.username.as_deref().map(Username::parse).transpose()?,
            first_name: person("firstName", input.first_name)?,
            last_name: person("lastName", input.last_name)?,
            gender: input.gender.as_deref().map(Gender::parse).transpose()?,
            allowed_roles,
            default_role,
            display_name: input
                .display_name
                .as_deref()
                .map(DisplayName::parse)
                .transpose()?,
            locale: match input.locale {
                Some(text) => Locale::parse(&text, policy)?,
                None => Locale::default_of(policy),
            },
            metadata: input.metadata.map(metadata).transpose()?.unwrap_or_default(),
            redirect_to: input
                .redirect_to
                .map(|url| RedirectUrl::parse(&url, policy))
                .transpose()?,
            code_challenge: input
                .code_challenge
                .as_deref()
                .map(CodeChallenge::parse)
                .transpose()?,
        })
    }
}

/// Whether a text may name a role; whether there is one, the database tells.
pub(crate) fn is_role(text: &str) -> bool {
    (1..=ROLE_LENGTH).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn roles(
    allowed: Option<Vec<String>>,
    default: Option<String>,
    policy: &Policy,
    offered: impl Fn(&String) -> bool,
) -> Result<(Vec<String>, String), Refusal> {
    let mut roles = allowed.unwrap_or_else(|| policy.allowed_roles.clone());
    if !roles.iter().all(&offered) {
        return Err(Refusal::RoleNotAllowed);
    }
    roles.sort_unstable();
    roles.dedup();
    let default = default.unwrap_or_else(|| policy.default_role.clone());
    if !offered(&default) {
        return Err(Refusal::RoleNotAllowed);
    }
    if !roles.contains(&default) {
        return Err(Refusal::DefaultRoleNotAllowed);
    }
    Ok((roles, default))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(input: SignUpOptionsInput) -> Result<SignUpOptions, Refusal> {
        SignUpOptions::parse(input, &Policy::default())
    }

    fn some(roles: &[&str]) -> Option<Vec<String>> {
        Some(roles.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn roles_are_among_the_configured_ones_and_never_admin() {
        let options = parse(SignUpOptionsInput::default()).unwrap();
        assert_eq!(options.allowed_roles, ["me", "user"]);
        assert_eq!(options.default_role, "user");
        let case = |allowed, default: Option<&str>| {
            parse(SignUpOptionsInput {
                allowed_roles: allowed,
                default_role: default.map(str::to_owned),
                ..Default::default()
            })
        };
        assert_eq!(case(some(&["me"]), Some("me")).unwrap().allowed_roles, ["me"]);
        assert_eq!(
            case(some(&["me"]), None).unwrap_err(),
            Refusal::DefaultRoleNotAllowed
        );
        assert_eq!(
            case(some(&["user", "editor"]), None).unwrap_err(),
            Refusal::RoleNotAllowed
        );
        assert_eq!(case(None, Some("admin")).unwrap_err(), Refusal::RoleNotAllowed);
        let careless = Policy {
            allowed_roles: vec!["user".into(), "admin".into()],
            ..Policy::default()
        };
        let input = SignUpOptionsInput {
            allowed_roles: some(&["user", "admin"]),
            ..Default::default()
        };
        assert_eq!(
            SignUpOptions::parse(input, &careless).unwrap_err(),
            Refusal::RoleNotAllowed
        );
    }
}
