//! Accounts with factors, and what their owners do with them.

use portico_auth::Clock;
use serde_json::{Value, json};

use crate::operation::second_factor::{enable, generate, password, verify_totp};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::authenticator::Authenticator;
use crate::support::caller::{Caller, User};
use crate::support::telephone::Telephone;

/// The page that asks for passkeys, and where mailed links lead.
pub(super) const ORIGIN: &str = "https://app.example.org";

/// Which factors an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Nothing,
    Totp,
    Passkey,
    Both,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Nothing, Self::Totp, Self::Passkey, Self::Both];

    pub(super) fn has_totp(self) -> bool {
        matches!(self, Self::Totp | Self::Both)
    }

    pub(super) fn has_passkey(self) -> bool {
        matches!(self, Self::Passkey | Self::Both)
    }
}

/// Grants a role, so long ago.
pub(super) async fn grant(app: &TestApp, user: &User, role: &str, ago: chrono::TimeDelta) {
    let query = "mutation ($row: authUserRoles_insert_input!) { insertAuthUserRole(object: $row) { id } }";
    let since = (app.clock.now() - ago).to_rfc3339();
    let row = json!({ "userId": user.id, "role": role, "createdAt": since });
    app.admin()
        .graphql_with(query, json!({ "row": row }))
        .await
        .data();
}

/// An account with a confirmed address, a username and a password.
pub(super) struct Account {
    pub(super) user: User,
    pub(super) name: String,
    pub(super) telephone: Option<Telephone>,
    /// Makes sure who uses it.
    pub(super) phone: Option<Authenticator>,
    /// Does not.
    pub(super) token: Option<Authenticator>,
}

impl Account {
    pub(super) async fn new(app: &TestApp, kind: Kind) -> Self {
        Self::called(app, &format!("{kind:?}"), kind).await
    }

    pub(super) async fn called(app: &TestApp, name: &str, kind: Kind) -> Self {
        let name = name.to_lowercase();
        let user = app.user(&name).await;
        let mut account = Self {
            name,
            telephone: None,
            phone: None,
            token: None,
            user,
        };
        account
            .set(app, json!({ "username": account.name, "emailVerified": true }))
            .await;
        let mut proved: Caller = (*account.user.elevated().await).clone();
        if kind.has_passkey() {
            let mut phone = Authenticator::new(ORIGIN);
            add(&proved, &mut phone).await;
            proved = elevate(app, &proved, &mut phone).await;
            let mut token = Authenticator::new(ORIGIN);
            token.verifies_user = false;
            add(&proved, &mut token).await;
            (account.phone, account.token) = (Some(phone), Some(token));
        }
        if kind.has_totp() {
            let telephone = generate(&proved).await;
            enable(&proved, &telephone.code(app)).await.data();
            app.clock.advance(30);
            account.telephone = Some(telephone);
        }
        account
    }

    /// Writes columns of the account.
    pub(super) async fn set(&self, app: &TestApp, columns: Value) {
        let query = "mutation ($id: uuid!, $set: users_set_input!) {
          updateUser(pk_columns: { id: $id }, _set: $set) { id } }";
        let variables = json!({ "id": self.user.id, "set": columns });
        app.admin().graphql_with(query, variables).await.data();
    }

    /// A session whose user was proved anew by whatever proves most.
    pub(super) async fn proved(&mut self, app: &TestApp) -> Caller {
        if let Some(phone) = &mut self.phone {
            let session = sign_in(app, phone).await;
            let session = session.string("/verifySignInWebauthn/session/accessToken");
            return elevate(app, &app.public().bearer(&session), phone).await;
        }
        let answer = password(&app.public(), &self.user).await;
        let Some(telephone) = &self.telephone else {
            let token = answer.string("/signInEmailPassword/session/accessToken");
            let query =
                "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
            let variables = json!({ "password": self.user.password });
            let answer = app.public().bearer(&token).graphql_with(query, variables).await;
            return app
                .public()
                .bearer(&answer.string("/elevatePassword/accessToken"));
        };
        let ticket = answer.string("/signInEmailPassword/mfa/ticket");
        let answer = verify_totp(&app.public(), &ticket, &telephone.code(app)).await;
        app.clock.advance(30);
        let session = app
            .public()
            .bearer(&answer.string("/verifySignInMfaTotp/session/accessToken"));
        crate::operation::second_factor::elevated(app, &session, telephone).await
    }

    /// Answers a challenge by one of its factors; also tells what that proves.
    pub(super) async fn prove(&mut self, app: &TestApp, factor: &str, mfa: &Value) -> (Answer, &'static str) {
        let ticket = mfa["ticket"].as_str().unwrap();
        if factor == "totp" {
            let code = self.telephone.as_ref().unwrap().code(app);
            let answer = verify_totp(&app.public(), ticket, &code).await;
            app.clock.advance(30);
            return (answer, "otp");
        }
        // Also one that does not make sure who uses it is a second factor.
        let signed = self.token.as_mut().unwrap().get(&mfa["webauthnOptions"]);
        let query = "mutation ($ticket: String!, $signed: jsonb!) {
          verifySignInMfaWebauthn(ticket: $ticket, credential: $signed) {
            session { accessToken refreshToken refreshTokenId } mfa { ticket } } }";
        let variables = json!({ "ticket": ticket, "signed": signed });
        (app.public().graphql_with(query, variables).await, "hwk")
    }
}

async fn add(caller: &Caller, authenticator: &mut Authenticator) {
    let asked = caller.graphql("mutation { addSecurityKey }").await;
    let made = authenticator.create(&asked.data()["addSecurityKey"]);
    let query = "mutation ($made: jsonb!) { verifyAddSecurityKey(credential: $made) }";
    caller.graphql_with(query, json!({ "made": made })).await.data();
}

async fn elevate(app: &TestApp, caller: &Caller, authenticator: &mut Authenticator) -> Caller {
    let asked = caller.graphql("mutation { elevateWebauthn }").await;
    let signed = authenticator.get(&asked.data()["elevateWebauthn"]);
    let query = "mutation ($signed: jsonb!) { verifyElevateWebauthn(credential: $signed) { accessToken } }";
    let answer = caller.graphql_with(query, json!({ "signed": signed })).await;
    app.public()
        .bearer(&answer.string("/verifyElevateWebauthn/accessToken"))
}

/// Signs in without an address.
pub(super) async fn sign_in(app: &TestApp, authenticator: &mut Authenticator) -> Answer {
    let asked = app.public().graphql("mutation { signInWebauthn }").await;
    let signed = authenticator.get(&asked.data()["signInWebauthn"]);
    let query = "mutation ($signed: jsonb!) { verifySignInWebauthn(credential: $signed) {
      session { accessToken refreshToken refreshTokenId } mfa { ticket factors } } }";
    app.public()
        .graphql_with(query, json!({ "signed": signed }))
        .await
}
