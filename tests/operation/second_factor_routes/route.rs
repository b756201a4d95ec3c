//! The ways to a session.

use portico_auth::Clock;
use serde_json::json;

use super::account::{self, Account};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::mailbox::{
    CHALLENGE, VERIFIER, ask, ask_with_challenge, code, mail, press, redirected, run, ticket,
};

const PAYLOAD: &str =
    "{ session { accessToken refreshToken refreshTokenId } mfa { ticket factors webauthnOptions } }";

/// A way to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Password,
    Username,
    MailedCode,
    MailedLink,
    LinkOfTheApplication,
    LinkOfAReset,
    LinkOfAnotherAddress,
    LinkThatConfirms,
    LinkThatActivates,
    VerifiedPasskey,
    Passkey,
    PersonalAccessToken,
}

impl Route {
    pub(super) const ALL: [Self; 12] = [
        Self::Password,
        Self::Username,
        Self::MailedCode,
        Self::MailedLink,
        Self::LinkOfTheApplication,
        Self::LinkOfAReset,
        Self::LinkOfAnotherAddress,
        Self::LinkThatConfirms,
        Self::LinkThatActivates,
        Self::VerifiedPasskey,
        Self::Passkey,
        Self::PersonalAccessToken,
    ];

    pub(super) fn needs_passkey(self) -> bool {
        matches!(self, Self::VerifiedPasskey | Self::Passkey)
    }

    /// What it proves by itself.
    pub(super) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Password | Self::Username => &["pwd"],
            Self::VerifiedPasskey => &["hwk", "mfa"],
            Self::Passkey => &["hwk"],
            Self::PersonalAccessToken => &["pat"],
            _ => &["email"],
        }
    }

    /// Follows it through a door, to a session or to a challenge; what else it takes is had from another node.
    pub(super) async fn follow(self, app: &TestApp, door: &TestApp, account: &mut Account) -> Answer {
        let (nobody, email) = (door.public(), account.user.email.clone());
        match self {
            Self::Password => {
                let arguments = [("email", email.as_str()), ("password", &account.user.password)];
                run(&nobody, "signInEmailPassword", &arguments, PAYLOAD).await
            }
            Self::Username => {
                let arguments = [
                    ("username", account.name.as_str()),
                    ("password", &account.user.password),
                ];
                run(&nobody, "signInUsernamePassword", &arguments, PAYLOAD).await
            }
            Self::MailedCode => {
                ask(door, "signInOtpEmail", &email).await;
                let otp = code(&mail(door, &email).await);
                let arguments = [("email", email.as_str()), ("otp", otp.as_str())];
                run(&nobody, "verifySignInOtpEmail", &arguments, PAYLOAD).await
            }
            Self::LinkOfTheApplication => {
                ask(door, "signInPasswordlessEmail", &email).await;
                let ticket = ticket(&mail(door, &email).await);
                run(&nobody, "confirmTicket", &[("ticket", &ticket)], PAYLOAD).await
            }
            Self::VerifiedPasskey => account::sign_in(door, account.phone.as_mut().unwrap()).await,
            Self::Passkey => account::sign_in(door, account.token.as_mut().unwrap()).await,
            Self::PersonalAccessToken => {
                let expires_at = (app.clock.now() + chrono::TimeDelta::days(1)).to_rfc3339();
                let query = format!(
                    "mutation {{ createPat(expiresAt: \"{expires_at}\") {{ personalAccessToken }} }}"
                );
                let made = account.proved(app).await.graphql(&query).await;
                let token = made.string("/createPat/personalAccessToken");
                let selection = "{ session { accessToken refreshToken refreshTokenId } mfa { ticket } }";
                run(
                    &nobody,
                    "signInPat",
                    &[("personalAccessToken", &token)],
                    selection,
                )
                .await
            }
            Self::MailedLink
            | Self::LinkOfAReset
            | Self::LinkOfAnotherAddress
            | Self::LinkThatConfirms
            | Self::LinkThatActivates => self.follow_page(app, door, account).await,
        }
    }

    /// Follows a mailed link through its page.
    async fn follow_page(self, app: &TestApp, door: &TestApp, account: &mut Account) -> Answer {
        let mut email = account.user.email.clone();
        let mut typed = String::new();
        match self {
            Self::LinkOfAReset => {
                ask_with_challenge(door, "sendPasswordResetEmail", &email).await;
                account.user.password.push('!');
                typed = format!("&newPassword={}", account.user.password).replace(' ', "+");
            }
            Self::LinkOfAnotherAddress => {
                email = format!("{}.{}@example.org", account.name, app.clock.now().timestamp());
                let query = format!(
                    "mutation {{ changeEmail(newEmail: \"{email}\", options: {{ codeChallenge: \"{CHALLENGE}\", \
                     redirectTo: \"https://app.example.org/in?a=b\" }}) }}"
                );
                account.proved(app).await.graphql(&query).await.data();
                account.user.email.clone_from(&email);
            }
            Self::LinkThatConfirms => {
                account.set(app, json!({ "emailVerified": false })).await;
                ask_with_challenge(door, "sendVerificationEmail", &email).await;
            }
            Self::LinkThatActivates => {
                account.set(app, json!({ "activatedAt": null })).await;
                ask_with_challenge(door, "resendActivationCode", &email).await;
            }
            _ => ask_with_challenge(door, "signInPasswordlessEmail", &email).await,
        }
        let pressed = press(door, &mail(door, &email).await, &typed).await;
        let code = redirected(&pressed);
        let arguments = [("code", code.as_str()), ("codeVerifier", VERIFIER)];
        run(&door.public(), "exchangeCode", &arguments, PAYLOAD).await
    }
}
