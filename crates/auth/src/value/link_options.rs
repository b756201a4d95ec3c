//! What a mailed link comes to.

use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::value::{CodeChallenge, RedirectUrl};

/// Where a mailed link leads in the end, and who gets the result.
#[derive(Debug, Clone, Default)]
pub struct LinkOptions {
    /// Where it leads.
    pub redirect_to: Option<RedirectUrl>,
    /// PKCE challenge for the result.
    pub code_challenge: Option<CodeChallenge>,
}

impl LinkOptions {
    /// Checks what a client sends.
    pub fn parse(
        redirect_to: Option<&str>,
        code_challenge: Option<&str>,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            redirect_to: redirect_to
                .map(|url| RedirectUrl::parse(url, policy))
                .transpose()?,
            code_challenge: code_challenge.map(CodeChallenge::parse).transpose()?,
        })
    }
}
