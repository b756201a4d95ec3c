//! Everything that is mailed or answered to be presented later × everything it can be presented to. Whatever does not
//! fit is refused as something that never was: out of order, of another purpose or user, used, replaced or expired.

use std::sync::Arc;

use serde_json::json;

use super::super::second_factor::{PAYLOAD, enable, generate};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::caller::{Caller, User};
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{
    VERIFIER, ask, ask_with_challenge, code, mail, press, redirected, run, ticket,
};
use crate::support::telephone::Telephone;

on_both_databases!(
    what_is_for_one_purpose_is_good_for_no_other,
    what_is_of_another_or_over_is_like_what_never_was,
);

const SETTINGS: [(&str, &str); 12] = [
    ("PORTICO_LIMIT_SIGN_INS", "100000"),
    ("PORTICO_LIMIT_SIGN_UPS", "100000"),
    ("PORTICO_LIMIT_FAILURES", "100000"),
    ("PORTICO_LIMIT_MAIL_REQUESTS", "100000"),
    ("PORTICO_LIMIT_MAILS", "100000"),
    ("PORTICO_ANONYMOUS_USERS", "true"),
    // Everything that is mailed ends while its owner is signed in still.
    ("PORTICO_ACCESS_TOKEN_LIFETIME", "1d"),
    ("PORTICO_VERIFICATION_LIFETIME", "1h"),
    ("PORTICO_EMAIL_CHANGE_LIFETIME", "1h"),
    ("PORTICO_EMAIL_UNDO_LIFETIME", "1h"),
    ("PORTICO_ACTIVATION_LIFETIME", "1h"),
    ("PORTICO_CLIENT_URL", "https://app.example.org"),
];
const NEW_PASSWORD: &str = "a wholly new phrase";

/// What something is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Verify,
    SignIn,
    Reset,
    Change,
    Deanonymize,
    Activate,
    Undo,
    Exchange,
    SecondFactor,
}

const PURPOSES: [Purpose; 9] = [
    Purpose::Verify,
    Purpose::SignIn,
    Purpose::Reset,
    Purpose::Change,
    Purpose::Deanonymize,
    Purpose::Activate,
    Purpose::Undo,
    Purpose::Exchange,
    Purpose::SecondFactor,
];

/// Where something is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Confirm,
    ConfirmCode,
    EnterCode,
    Reset,
    ResetCode,
    Activate,
    Undo,
    Exchange,
    Totp,
    Page,
}

const PLACES: [Place; 10] = [
    Place::Confirm,
    Place::ConfirmCode,
    Place::EnterCode,
    Place::Reset,
    Place::ResetCode,
    Place::Activate,
    Place::Undo,
    Place::Exchange,
    Place::Totp,
    Place::Page,
];

impl Purpose {
    /// Where a ticket is good, or a code.
    fn fits(self, place: Place) -> bool {
        match self {
            Self::Verify | Self::Change | Self::Deanonymize => {
                matches!(place, Place::Confirm | Place::ConfirmCode | Place::Page)
            }
            Self::SignIn => matches!(place, Place::Confirm | Place::EnterCode | Place::Page),
            Self::Reset => matches!(place, Place::Reset | Place::ResetCode | Place::Page),
            Self::Activate => matches!(place, Place::Confirm | Place::Activate | Place::Page),
            Self::Undo => matches!(place, Place::Undo | Place::Page),
            Self::Exchange => place == Place::Exchange,
            Self::SecondFactor => place == Place::Totp,
        }
    }

    /// Where it is used, by its ticket and by its code.
    fn used_at(self) -> (Place, Option<Place>) {
        match self {
            Self::Verify | Self::Change | Self::Deanonymize => (Place::Confirm, Some(Place::ConfirmCode)),
            Self::SignIn => (Place::Confirm, Some(Place::EnterCode)),
            Self::Reset => (Place::Reset, Some(Place::ResetCode)),
            Self::Activate => (Place::Confirm, Some(Place::Activate)),
            Self::Undo => (Place::Undo, None),
            Self::Exchange => (Place::Exchange, None),
            Self::SecondFactor => (Place::Totp, None),
        }
    }
}

/// Somebody who got something.
struct Owner {
    purpose: Purpose,
    /// The address that it was sent to.
    email: String,
    user: Option<User>,
    caller: Caller,
    telephone: Option<Telephone>,
    ticket: String,
    code: Option<String>,
}

/// Somebody new who gets something for a purpose.
async fn owner(app: &TestApp, purpose: Purpose, name: &str) -> Owner {
    let mut owner = Owner {
        purpose,
        email: format!("{name}@example.org"),
        user: None,
        caller: app.public(),
        telephone: None,
        ticket: String::new(),
        code: None,
    };
    if purpose == Purpose::Deanonymize {
        let answer = app
            .public()
            .graphql("mutation { signInAnonymous { session { accessToken } } }")
            .await;
        owner.caller = app
            .public()
            .bearer(&answer.string("/signInAnonymous/session/accessToken"));
    } else {
        let user = app.user(name).await;
        owner.caller = Caller::clone(&user);
        owner.user = Some(user);
    }
    if purpose == Purpose::SecondFactor {
        let telephone = generate(&owner.caller).await;
        enable(&owner.caller, &telephone.code(app)).await.data();
        owner.telephone = Some(telephone);
    }
    owner.get(app).await;
    if matches!(purpose, Purpose::Activate | Purpose::Exchange) {
        // Whoever may not act, or whose account is another's now, is signed in no more.
        owner.caller = app.public();
    }
    owner
}

impl Owner {
    /// Gets something, or something newer in its place.
    async fn get(&mut self, app: &TestApp) {
        // One code of an authenticator application is good once.
        app.clock.advance(30);
        let email = self.email.clone();
        match self.purpose {
            Purpose::Verify => ask(app, "sendVerificationEmail", &email).await,
            Purpose::SignIn => ask(app, "signInOtpEmail", &email).await,
            Purpose::Reset => ask(app, "sendPasswordResetEmail", &email).await,
            Purpose::Change => self.ask_for_change(app, &format!("new-{email}")).await,
            Purpose::Deanonymize => {
                let arguments = [("signInMethod", "passwordless"), ("email", &email)];
                run(
                    &self.caller,
                    "deanonymize",
                    &arguments,
                    "{ session { accessToken } }",
                )
                .await
                .data();
            }
            Purpose::Activate => {
                let query = "mutation ($email: citext!) { updateUsers(where: { email: { _eq: $email } }, \
                             _set: { activatedAt: null }) { affected_rows } }";
                app.admin()
                    .graphql_with(query, json!({ "email": email }))
                    .await
                    .data();
                ask(app, "resendActivationCode", &email).await;
            }
            Purpose::Undo => {
                // Only a confirmed address is given back.
                let query = "mutation ($email: citext!) { updateUsers(where: { email: { _eq: $email } }, \
                             _set: { emailVerified: true }) { affected_rows } }";
                app.admin()
                    .graphql_with(query, json!({ "email": email }))
                    .await
                    .data();
                self.ask_for_change(app, &format!("new-{email}")).await;
                let ticket = ticket(&mail(app, &format!("new-{email}")).await);
                run(&self.caller, "confirmTicket", &[("ticket", &ticket)], PAYLOAD)
                    .await
                    .data();
            }
            Purpose::Exchange => {
                ask_with_challenge(app, "signInPasswordlessEmail", &email).await;
                self.ticket = redirected(&press(app, &mail(app, &email).await, "").await);
                return;
            }
            Purpose::SecondFactor => {
                let user = self.user.as_ref().unwrap();
                let arguments = [("email", user.email.as_str()), ("password", &user.password)];
                let answer = run(&app.public(), "signInEmailPassword", &arguments, PAYLOAD).await;
                self.ticket = answer.string("/signInEmailPassword/mfa/ticket");
                return;
            }
        }
        let to = match self.purpose {
            Purpose::Change => format!("new-{email}"),
            _ => email,
        };
        let mailed = mail(app, &to).await;
        self.ticket = ticket(&mailed);
        self.code = match self.purpose {
            Purpose::Undo => None,
            _ => Some(code(&mailed)),
        };
    }

    async fn ask_for_change(&self, app: &TestApp, to: &str) {
        app.clock.advance(1);
        run(&self.caller, "changeEmail", &[("newEmail", to)], "")
            .await
            .data();
    }

    /// The address that a code goes with.
    fn address(&self) -> String {
        match self.purpose {
            Purpose::Change => format!("new-{}", self.email),
            _ => self.email.clone(),
        }
    }

    /// Presents a text as its owner would.
    async fn present(&self, app: &TestApp, place: Place, text: &str) -> Answer {
        let email = self.address();
        let (nobody, email) = (app.public(), email.as_str());
        let password = ("newPassword", NEW_PASSWORD);
        match place {
            Place::Confirm => run(&nobody, "confirmTicket", &[("ticket", text)], PAYLOAD).await,
            Place::ConfirmCode => {
                let arguments = [("ticket", text), ("email", email)];
                run(&self.caller, "confirmTicket", &arguments, PAYLOAD).await
            }
            Place::EnterCode => {
                let arguments = [("email", email), ("otp", text)];
                run(&nobody, "verifySignInOtpEmail", &arguments, PAYLOAD).await
            }
            Place::Reset => run(&nobody, "resetPassword", &[("ticket", text), password], "").await,
            Place::ResetCode => {
                let arguments = [("ticket", text), ("email", email), password];
                run(&nobody, "resetPassword", &arguments, "").await
            }
            Place::Activate => {
                let arguments = [("email", email), ("code", text)];
                run(&nobody, "activateAccount", &arguments, "").await
            }
            Place::Undo => run(&nobody, "undoEmailChange", &[("ticket", text)], "").await,
            Place::Exchange => {
                let arguments = [("code", text), ("codeVerifier", VERIFIER)];
                run(&nobody, "exchangeCode", &arguments, PAYLOAD).await
            }
            Place::Totp => {
                let telephone = self.telephone.as_ref();
                let shown = telephone.map_or_else(|| "123456".to_owned(), |telephone| telephone.code(app));
                let arguments = [("ticket", text), ("code", shown.as_str())];
                run(&nobody, "verifySignInMfaTotp", &arguments, PAYLOAD).await
            }
            Place::Page => {
                // What the page is about is in the link; what it does is in the ticket.
                let kind = match self.purpose {
                    Purpose::Reset => "passwordReset&newPassword=a+wholly+new+phrase",
                    Purpose::Undo => "emailUndoChange",
                    _ => "emailVerify",
                };
                let link = format!("http://here/v1/verify?ticket={text}&type={kind}");
                press(app, &json!({ "link": link }), "").await
            }
        }
    }
}

/// What is answered to a text that never was one.
async fn to_nothing(app: &TestApp, owner: &Owner, place: Place) -> (u16, String) {
    let unknown = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let answer = owner.present(app, place, unknown).await;
    match place {
        Place::Page => assert_eq!(answer.status, 400, "{}", answer.text),
        _ => assert_eq!(
            answer.error_code(),
            "invalid-ticket",
            "{place:?}: {}",
            answer.text
        ),
    }
    (answer.status, answer.text.replace(unknown, ""))
}

/// A text is answered like one that never was.
async fn refused(app: &TestApp, owner: &Owner, place: Place, text: &str, why: &str) {
    let expected = to_nothing(app, owner, place).await;
    let answer = owner.present(app, place, text).await;
    let said = (answer.status, answer.text.replace(text, ""));
    assert_eq!(said, expected, "{:?} at {place:?}, {why}", owner.purpose);
}

#[track_caller]
fn accepted(owner: &Owner, place: Place, answer: &Answer) {
    let (purpose, text) = (owner.purpose, &answer.text);
    assert!(
        answer.body.get("errors").is_none(),
        "{purpose:?} at {place:?}: {text}"
    );
}

async fn what_is_for_one_purpose_is_good_for_no_other(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &SETTINGS).await;
    for (number, purpose) in PURPOSES.into_iter().enumerate() {
        let owner = owner(&app, purpose, &format!("jane{number}")).await;
        for place in PLACES.into_iter().filter(|place| !purpose.fits(*place)) {
            for text in [Some(&owner.ticket), owner.code.as_ref()].into_iter().flatten() {
                refused(&app, &owner, place, text, "which is for something else").await;
            }
        }
        // A code is good where a ticket is expected for nobody, and the other way round.
        let (by_ticket, by_code) = purpose.used_at();
        if let (Some(place), Some(code)) = (by_code, &owner.code) {
            refused(&app, &owner, place, &owner.ticket, "a ticket for a code").await;
            refused(&app, &owner, by_ticket, code, "a code for a ticket").await;
        }
        // None of this used it up.
        let answer = owner.present(&app, by_ticket, &owner.ticket).await;
        accepted(&owner, by_ticket, &answer);
    }
}

async fn what_is_of_another_or_over_is_like_what_never_was(database: Arc<TestDatabase>) {
    let app = TestApp::with(&database, &SETTINGS).await;
    for (number, purpose) in PURPOSES.into_iter().enumerate() {
        let (by_ticket, by_code) = purpose.used_at();
        for place in [Some(by_ticket), by_code].into_iter().flatten() {
            let of = |owner: &Owner| match Some(place) == by_code {
                true => owner.code.clone().unwrap(),
                false => owner.ticket.clone(),
            };
            let name = format!("jane{number}-{place:?}").to_lowercase();
            let mut jane = owner(&app, purpose, &name).await;
            if Some(place) == by_code {
                let john = owner(&app, purpose, &format!("john-{name}")).await;
                if of(&john) != of(&jane) {
                    refused(&app, &jane, place, &of(&john), "which is another's").await;
                }
            }
            let former = of(&jane);
            // Former addresses are given back one after the other, and each first proof has its own challenge.
            if !matches!(purpose, Purpose::Undo | Purpose::Exchange | Purpose::SecondFactor) {
                jane.get(&app).await;
                if former != of(&jane) {
                    refused(&app, &jane, place, &former, "which was replaced").await;
                }
            }
            let answer = jane.present(&app, place, &of(&jane)).await;
            accepted(&jane, place, &answer);
            if purpose == Purpose::Deanonymize {
                // The token of an anonymous user is over.
                jane.caller = app.public();
            }
            refused(&app, &jane, place, &of(&jane), "which was used").await;
            let late = owner(&app, purpose, &format!("late-{name}")).await;
            app.clock.advance(3_601);
            refused(&app, &late, place, &of(&late), "which is over").await;
        }
    }
}
