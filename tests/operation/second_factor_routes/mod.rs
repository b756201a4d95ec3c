//! The table: every route to a session × the factors of the account × what the operator asks for.

mod account;
mod by_data;
mod route;

use std::sync::Arc;

use serde_json::{Value, json};

use self::account::{Account, Kind, grant};
use self::route::Route;
use super::second_factor::{MANY, claims_of};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};

on_both_databases!(
    whoever_has_a_factor_is_asked_for_it_on_every_route,
    in_a_role_that_needs_a_factor_everybody_acts_for_a_while,
    in_a_role_that_needs_a_factor_nobody_acts_later_without_one,
    where_only_codes_are_asked_for_nothing_else_counts,
    where_only_passkeys_are_asked_for_nothing_else_counts,
    where_no_factors_are_asked_for_nobody_is_asked,
    an_anonymous_user_has_no_factor_to_be_asked_for,
);

/// What the operator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    /// Factors of whoever has one.
    Usual,
    /// A factor of whoever acts in the role of the account, which was granted a moment ago.
    RoleWithinGrace,
    /// The same, granted longer ago than the time to get one.
    RoleAfterGrace,
    /// The same, and codes of an application are the only factor.
    TotpAlone,
    /// The same, and passkeys are the only factor.
    WebauthnAlone,
    /// The same, and there is no factor that is asked for.
    Nothing,
}

impl Policy {
    /// How long ago the role was granted.
    fn granted(self) -> Option<chrono::TimeDelta> {
        match self {
            Self::RoleWithinGrace => Some(chrono::TimeDelta::zero()),
            Self::RoleAfterGrace | Self::TotpAlone | Self::WebauthnAlone | Self::Nothing => Some(GRACE),
            Self::Usual => None,
        }
    }

    /// The factors that are asked for.
    fn factors(self) -> &'static str {
        match self {
            Self::Usual | Self::RoleWithinGrace | Self::RoleAfterGrace => "totp,webauthn",
            Self::TotpAlone => "totp",
            Self::WebauthnAlone => "webauthn",
            Self::Nothing => "none",
        }
    }

    fn asks_for(self, factor: &str) -> bool {
        self.factors().split(',').any(|asked| asked == factor)
    }
}

const ROLE: &str = "admin";
const GRACE: chrono::TimeDelta = chrono::TimeDelta::days(14);

const SETTINGS: [(&str, &str); 6] = [
    MANY[0],
    MANY[1],
    ("PORTICO_LIMIT_MAIL_REQUESTS", "10000"),
    ("PORTICO_LIMIT_MAILS", "10000"),
    ("PORTICO_CLIENT_URL", account::ORIGIN),
    ("PORTICO_PASSKEY_USER_VERIFICATION", "preferred"),
];

async fn whoever_has_a_factor_is_asked_for_it_on_every_route(database: Arc<TestDatabase>) {
    table(&database, Policy::Usual).await;
}

async fn in_a_role_that_needs_a_factor_everybody_acts_for_a_while(database: Arc<TestDatabase>) {
    table(&database, Policy::RoleWithinGrace).await;
}

async fn in_a_role_that_needs_a_factor_nobody_acts_later_without_one(database: Arc<TestDatabase>) {
    table(&database, Policy::RoleAfterGrace).await;
}

async fn where_only_codes_are_asked_for_nothing_else_counts(database: Arc<TestDatabase>) {
    table(&database, Policy::TotpAlone).await;
}

async fn where_only_passkeys_are_asked_for_nothing_else_counts(database: Arc<TestDatabase>) {
    table(&database, Policy::WebauthnAlone).await;
}

async fn where_no_factors_are_asked_for_nobody_is_asked(database: Arc<TestDatabase>) {
    table(&database, Policy::Nothing).await;
}

/// What is asked for on this route, of this account.
fn asked(route: Route, kind: Kind, policy: Policy) -> Vec<&'static str> {
    let (totp, webauthn) = match route {
        // Made by whoever was proved; and two factors in one.
        Route::PersonalAccessToken | Route::VerifiedPasskey => (false, false),
        // Nobody is asked for the same twice.
        Route::Passkey => (kind.has_totp(), false),
        _ => (kind.has_totp(), kind.has_passkey()),
    };
    let factors = [(totp, "totp"), (webauthn, "webauthn")];
    let asked = factors
        .into_iter()
        .filter(|(asked, name)| *asked && policy.asks_for(name));
    let mut asked: Vec<&str> = asked.map(|(_, name)| name).collect();
    // Those came with the application.
    if kind.has_totp() && !asked.is_empty() {
        asked.push("recovery-code");
    }
    asked
}

/// Whether a session proved by these acts in the role.
fn acts(route: Route, kind: Kind, policy: Policy, methods: &[&str]) -> bool {
    let proved = methods.contains(&"mfa");
    match policy {
        Policy::Usual => false,
        Policy::RoleWithinGrace | Policy::Nothing => true,
        // Whoever has a factor that is asked for had to prove it to make the token.
        Policy::RoleAfterGrace | Policy::TotpAlone | Policy::WebauthnAlone => {
            proved || (route == Route::PersonalAccessToken && is_asked_elsewhere(kind, policy))
        }
    }
}

/// Whether the account has a factor that is asked for.
fn is_asked_elsewhere(kind: Kind, policy: Policy) -> bool {
    !asked(Route::Password, kind, policy).is_empty()
}

async fn table(database: &Arc<TestDatabase>, policy: Policy) {
    let app = TestApp::with(database, &SETTINGS).await;
    let factors = [("PORTICO_SECOND_FACTORS", policy.factors())];
    let settings = [SETTINGS.as_slice(), &factors].concat();
    let door = TestApp::node(database, Arc::clone(&app.clock), &settings).await;
    // The last administrator could not be switched off for a moment.
    grant(&app, &app.user("root").await, ROLE, chrono::TimeDelta::zero()).await;
    for kind in Kind::ALL {
        let mut account = Account::new(&app, kind).await;
        if let Some(ago) = policy.granted() {
            grant(&app, &account.user, ROLE, ago).await;
        }
        for route in Route::ALL
            .into_iter()
            .filter(|route| kind.has_passkey() || !route.needs_passkey())
        {
            let case = format!("{route:?}, {kind:?}, {policy:?}");
            let factors = asked(route, kind, policy);
            if factors.is_empty() {
                let answer = route.follow(&app, &door, &mut account).await;
                assert_eq!(payload(&answer)["mfa"], Value::Null, "{case}");
                judge(&door, &answer, route.methods(), (route, kind, policy)).await;
            }
            for second in ["totp", "webauthn"] {
                refuse_what_is_not_asked((&app, &door), &mut account, second, (route, kind, policy)).await;
            }
            // Each of them; codes for when the rest is lost are good for every user who has some.
            for second in factors.iter().filter(|factor| **factor != "recovery-code") {
                let answer = route.follow(&app, &door, &mut account).await;
                let payload = payload(&answer);
                assert_eq!(payload["session"], Value::Null, "{case}");
                assert_eq!(payload["mfa"]["factors"], json!(factors), "{case}");
                let (answer, method) = account.prove(&door, second, &payload["mfa"]).await;
                let methods = [route.methods(), &[method, "mfa"]].concat();
                judge(&door, &answer, &methods, (route, kind, policy)).await;
            }
        }
    }
}

/// A factor of the account that is asked for elsewhere alone opens nothing here, and leaves the challenge good for one
/// that is.
async fn refuse_what_is_not_asked(
    (app, door): (&TestApp, &TestApp),
    account: &mut Account,
    second: &str,
    (route, kind, policy): (Route, Kind, Policy),
) {
    let here = asked(route, kind, policy);
    if here.contains(&second) || !asked(route, kind, Policy::Usual).contains(&second) {
        return;
    }
    let case = format!("{second}, {route:?}, {kind:?}, {policy:?}");
    // An address is asked for once a second.
    app.clock.advance(1);
    let answer = route.follow(app, app, account).await;
    app.clock.advance(1);
    let mfa = &payload(&answer)["mfa"];
    let (refused, _) = account.prove(door, second, mfa).await;
    assert_eq!(refused.error_code(), "factor-not-asked", "{case}");
    if let Some(right) = here.iter().find(|factor| **factor != "recovery-code") {
        let (answer, _) = account.prove(door, right, mfa).await;
        assert_ne!(payload(&answer)["session"], Value::Null, "{case}");
    }
}

fn payload(answer: &Answer) -> &Value {
    answer.data().as_object().unwrap().values().next().unwrap()
}

/// The session is what these open, and a refresh leaves it so.
async fn judge(
    app: &TestApp,
    answer: &Answer,
    methods: &[&str],
    (route, kind, policy): (Route, Kind, Policy),
) {
    let case = format!("{route:?}, {kind:?}, {policy:?}, {methods:?}");
    let session = &payload(answer)["session"];
    let reads = async |token: &Value| {
        let claims = claims_of(&app.public().bearer(token.as_str().unwrap()));
        let roles = claims["https://hasura.io/jwt/claims"]["x-hasura-allowed-roles"].clone();
        (
            claims["amr"].clone(),
            roles.as_array().unwrap().contains(&json!(ROLE)),
        )
    };
    // What RFC 8176 calls a password of one use, whatever brings it.
    let mut references: Vec<&str> = methods
        .iter()
        .map(|name| if *name == "email" { "otp" } else { *name })
        .collect();
    references.dedup();
    let expected = (json!(references), acts(route, kind, policy, methods));
    assert_eq!(reads(&session["accessToken"]).await, expected, "{case}");
    let query = "query ($id: uuid!) { authRefreshToken(id: $id) { authenticationMethods } }";
    let row = app
        .admin()
        .graphql_with(query, json!({ "id": session["refreshTokenId"] }))
        .await;
    assert_eq!(
        row.value("/authRefreshToken/authenticationMethods"),
        &json!(methods),
        "{case}"
    );
    if let Some(token) = session["refreshToken"].as_str() {
        let refreshed = app.public().refresh(token).await;
        assert_eq!(
            reads(refreshed.value("/refreshToken/accessToken")).await,
            expected,
            "{case}, refreshed"
        );
    }
}

async fn an_anonymous_user_has_no_factor_to_be_asked_for(database: Arc<TestDatabase>) {
    let settings = [SETTINGS.as_slice(), &[("PORTICO_ANONYMOUS_USERS", "true")]].concat();
    let app = TestApp::with(&database, &settings).await;
    let query = "mutation { signInAnonymous { session { accessToken } mfa { ticket } } }";
    let answer = app.public().graphql(query).await;
    assert_eq!(answer.value("/signInAnonymous/mfa"), &Value::Null);
    let nobody = app
        .public()
        .bearer(&answer.string("/signInAnonymous/session/accessToken"));
    for query in ["mutation { generateTotp { uri } }", "mutation { addSecurityKey }"] {
        assert_eq!(
            nobody.graphql(query).await.error_code(),
            "validation-failed",
            "{query}"
        );
    }
    let query = "mutation { deanonymize(signInMethod: \"email-password\", email: \"jane@example.org\", \
                 password: \"a wholly new phrase\") { session { accessToken } mfa { ticket } } }";
    let answer = nobody.graphql(query).await;
    assert_eq!(answer.value("/deanonymize/mfa"), &Value::Null);
    let jane = app
        .public()
        .bearer(&answer.string("/deanonymize/session/accessToken"));
    assert_eq!(claims_of(&jane)["amr"], json!(["pwd"]));
}
