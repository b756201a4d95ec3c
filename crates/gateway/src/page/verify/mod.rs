//! What a mailed link opens: a page with one button. To look at it changes nothing, as programs that read mails
//! before their readers do.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use minijinja::{Environment, context};
use portico_auth::flow::{
    Followed, ResetPasswordInput, UndoEmailChangeInput, follow_link, reset_password, undo_email_change,
};
use portico_auth::value::Password;
use portico_auth::{Code, Ctx, Error, Presented, Purpose, Refusal};

use crate::app::App;
use crate::http::{Sender, plain_failure, read_body};

/// No script, nothing from elsewhere. The form may lead to where the operator allows, which browsers would hold
/// against a policy for forms.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
/// The form has three short fields and a password.
const LONGEST: usize = 16 * 1024;

/// The page and what its button does.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/v1/verify", get(page).post(press))
}

/// What the page was asked for, or its form sent.
#[derive(Default)]
struct Given {
    ticket: String,
    kind: String,
    language: String,
    password: String,
}

impl Given {
    fn parse(text: &[u8]) -> Self {
        let mut given = Self::default();
        for (name, value) in form_urlencoded::parse(text) {
            let field = match name.as_ref() {
                "ticket" => &mut given.ticket,
                "type" => &mut given.kind,
                "lang" => &mut given.language,
                "newPassword" => &mut given.password,
                _ => continue,
            };
            *field = value.into_owned();
        }
        given
    }

    /// What the page is about; what it does follows from the ticket.
    fn purpose(&self) -> Purpose {
        let pages = [
            Purpose::SignIn,
            Purpose::ResetPassword,
            Purpose::ChangeEmail,
            Purpose::ActivateAccount,
            Purpose::UndoEmailChange,
        ];
        let named = pages.into_iter().find(|purpose| purpose.link_type() == self.kind);
        named.unwrap_or(Purpose::VerifyEmail)
    }
}

/// Which page.
#[derive(Clone, Copy)]
enum Page {
    /// With the button, after what went wrong before.
    Button(Option<Code>),
    /// The link did what it is for, and leads nowhere.
    Done,
    /// An account has its former address again.
    Undone,
    /// The code of the mail has to be entered elsewhere.
    NeedsCode,
    /// The link is good for nothing, for a reason that stands under this name.
    Failed(&'static str),
}

impl Page {
    /// The names of its title and its text.
    fn words(self, purpose: Purpose) -> (String, String) {
        let kind = purpose.link_type();
        let (title, text) = match self {
            Self::Button(_) => return (format!("{kind}Title"), format!("{kind}Text")),
            Self::Done => ("doneTitle", "doneText"),
            Self::Undone => ("doneTitle", "emailUndoChangeDone"),
            Self::NeedsCode => ("signinPasswordlessTitle", "codeText"),
            Self::Failed(reason) => ("failedTitle", reason),
        };
        (title.to_owned(), text.to_owned())
    }
}

/// The link was used, has expired, or never was one.
const SPENT: &str = "failedText";

async fn page(State(app): State<Arc<App>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let given = Given::parse(query.unwrap_or_default().as_bytes());
    let page = match given.ticket.is_empty() {
        true => Page::Failed(SPENT),
        false => Page::Button(None),
    };
    render(&app, &headers, &given, page, StatusCode::OK)
}

async fn press(State(app): State<Arc<App>>, Sender { caller, headers }: Sender, body: Body) -> Response {
    let body = match read_body(&headers, body, LONGEST).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let given = Given::parse(&body);
    let ctx = Ctx {
        auth: &app.auth,
        caller: &caller,
        session: None,
        wish: None,
    };
    match act(&ctx, &given).await {
        Ok(Followed {
            redirect_to: Some(url),
        }) => (StatusCode::SEE_OTHER, [(header::LOCATION, url)]).into_response(),
        Ok(Followed { redirect_to: None }) => {
            let done = match given.purpose() {
                Purpose::UndoEmailChange => Page::Undone,
                _ => Page::Done,
            };
            render(&app, &headers, &given, done, StatusCode::OK)
        }
        Err(Error::Refused(refusal)) => refused(&app, &headers, &given, refusal),
        Err(Error::Internal(error)) => {
            tracing::error!(%error, "a link could not be followed");
            let page = Page::Button(Some(Code::Unavailable));
            render(&app, &headers, &given, page, StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

async fn act(ctx: &Ctx<'_>, given: &Given) -> Result<Followed, Error> {
    let ticket = given.ticket.clone();
    match given.purpose() {
        Purpose::ResetPassword => {
            let input = ResetPasswordInput {
                presented: Presented::new(ticket, None)?,
                new_password: Password::parse(&given.password)?,
            };
            reset_password(ctx, input).await
        }
        // Whoever takes a change back reads here what to do next.
        Purpose::UndoEmailChange => {
            undo_email_change(ctx, UndoEmailChangeInput { ticket }).await?;
            Ok(Followed { redirect_to: None })
        }
        _ => follow_link(ctx, ticket).await,
    }
}

fn refused(app: &App, headers: &HeaderMap, given: &Given, refusal: Refusal) -> Response {
    let code = refusal.code();
    tracing::debug!(reason = %refusal, "refused");
    let (page, status) = match code {
        _ if matches!(refusal, Refusal::LinkNeedsCode) => (Page::NeedsCode, StatusCode::OK),
        Code::TooManyRequests => (Page::Button(Some(code)), StatusCode::TOO_MANY_REQUESTS),
        // The ticket stays good: another password may do.
        Code::PasswordTooShort
        | Code::PasswordTooLong
        | Code::PasswordTooCommon
        | Code::PasswordTooSimilar
        | Code::PasswordUsedBefore
        | Code::PasswordBreached
        | Code::Unavailable => (Page::Button(Some(code)), StatusCode::BAD_REQUEST),
        Code::EmailAlreadyInUse => (Page::Failed(code.as_str()), StatusCode::BAD_REQUEST),
        Code::InvalidTicket | Code::InvalidRequest => (Page::Failed(SPENT), StatusCode::BAD_REQUEST),
        _ => (Page::Failed("refusedText"), StatusCode::BAD_REQUEST),
    };
    let mut response = render(app, headers, given, page, status);
    if let Some(wait) = refusal.retry_after() {
        let seconds = HeaderValue::from(wait.as_secs().max(1));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn render(app: &App, headers: &HeaderMap, given: &Given, page: Page, status: StatusCode) -> Response {
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    let accepted = accepted
        .unwrap_or_default()
        .split(',')
        .filter_map(|entry| entry.trim().get(..2));
    let languages: Vec<&str> = std::iter::once(given.language.as_str()).chain(accepted).collect();
    let (language, words) = app.auth.mail_templates().page_words(&languages);
    let word = |name: String| words.get(name.as_str()).copied().unwrap_or_default();
    let (title, text) = page.words(given.purpose());
    let facts = context! {
        language,
        title => word(title),
        text => word(text),
        form => matches!(page, Page::Button(_)),
        problem => match page { Page::Button(Some(code)) => word(code.as_str().to_owned()), _ => "" },
        button => word(format!("{}Button", given.purpose().link_type())),
        password => match given.purpose() { Purpose::ResetPassword => word("password".to_owned()), _ => "" },
        ticket => given.ticket.as_str(),
        type => given.purpose().link_type(),
    };
    match Environment::new().render_named_str("page.html", include_str!("page.html"), facts) {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, POLICY),
            ];
            (status, headers, text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the page of a link cannot be made");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            plain_failure(status, "internal-server-error", "internal server error")
        }
    }
}
