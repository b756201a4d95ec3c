//! Who calls the service: the caller is the receiver, `jane.graphql(…)`.

use std::ops::Deref;
use std::sync::Arc;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::database::TestDatabase;

/// Someone with certain headers, calling one node of the service.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) base: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) client: reqwest::Client,
    pub(crate) database: Arc<TestDatabase>,
}

impl Caller {
    /// The same caller with one more header.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        // A secret with a typing error in it is still nearly the secret.
        if ["x-hasura-admin-secret", "x-hasura-access-key"].contains(&name) {
            self.database.secrets.add(value);
        }
        let mut caller = self.clone();
        caller.headers.push((name.to_owned(), value.to_owned()));
        caller
    }

    /// The same caller with an access token.
    pub(crate) fn bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// A request with this caller's headers, for what the shorter ways do not offer.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        self.headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name, value))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let answer = Answer::read(self.request(Method::GET, path).send().await.unwrap()).await;
        // Mails in development: what their links carry is kept nowhere.
        for mail in answer.body.as_array().into_iter().flatten() {
            let link = mail["link"].as_str().and_then(|link| link.split_once("ticket="));
            if let Some((_, rest)) = link {
                self.database.secrets.add(rest.split('&').next().unwrap());
            }
        }
        answer
    }

    /// Posts a body as it is to the GraphQL endpoint.
    pub(crate) async fn post(&self, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self
            .request(Method::POST, "/v1/graphql")
            .header(CONTENT_TYPE, content_type)
            .body(body);
        let answer = Answer::read(request.send().await.unwrap()).await;
        self.database.secrets.add_from(&answer.body);
        answer
    }

    /// Posts JSON to the GraphQL endpoint: a request, or a list of them.
    pub(crate) async fn post_json(&self, body: &Value) -> Answer {
        self.database.secrets.add_from(body);
        self.post("application/json", body.to_string()).await
    }

    pub(crate) async fn graphql(&self, query: &str) -> Answer {
        self.database.secrets.add_from_document(query);
        self.post_json(&json!({ "query": query })).await
    }

    pub(crate) async fn graphql_with(&self, query: &str, variables: Value) -> Answer {
        self.post_json(&json!({ "query": query, "variables": variables }))
            .await
    }

    pub(crate) async fn sign_up(&self, email: &str, password: &str) -> Answer {
        self.graphql_with(SIGN_UP, json!({ "email": email, "password": password }))
            .await
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.graphql_with(SIGN_IN, json!({ "email": email, "password": password }))
            .await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.graphql_with(REFRESH, json!({ "token": token })).await
    }
}

const SIGN_UP: &str = "mutation ($email: citext!, $password: String!) {
  signUpEmailPassword(email: $email, password: $password) {
    session { accessToken accessTokenExpiresIn refreshToken refreshTokenId user { id email } }
  }
}";

const SIGN_IN: &str = "mutation ($email: citext!, $password: String!) {
  signInEmailPassword(email: $email, password: $password) {
    session { accessToken accessTokenExpiresIn refreshToken refreshTokenId user { id email } }
  }
}";

const REFRESH: &str = "mutation ($token: String!) {
  refreshToken(refreshToken: $token) { accessToken accessTokenExpiresIn refreshToken refreshTokenId }
}";

/// What a sign-in or a refresh gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) id: Uuid,
}

impl Session {
    /// Reads the session at a JSON pointer below `data`.
    #[track_caller]
    pub(crate) fn read(answer: &Answer, pointer: &str) -> Self {
        Self {
            access_token: answer.string(&format!("{pointer}/accessToken")),
            refresh_token: answer.string(&format!("{pointer}/refreshToken")),
            id: answer
                .string(&format!("{pointer}/refreshTokenId"))
                .parse()
                .unwrap(),
        }
    }
}

/// A signed-in user, calling with their access token.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) session: Session,
    nobody: Caller,
    caller: Caller,
}

impl User {
    pub(crate) async fn sign_up_as(nobody: &Caller, name: &str) -> Self {
        let (email, password) = (
            format!("{name}@example.org"),
            format!("{name} likes long passwords"),
        );
        let answer = nobody.sign_up(&email, &password).await;
        Self::read(nobody, &answer, "/signUpEmailPassword", email, password)
    }

    fn read(nobody: &Caller, answer: &Answer, pointer: &str, email: String, password: String) -> Self {
        let session = Session::read(answer, &format!("{pointer}/session"));
        let id = answer
            .string(&format!("{pointer}/session/user/id"))
            .parse()
            .unwrap();
        let caller = nobody.bearer(&session.access_token);
        Self {
            id,
            email,
            password,
            session,
            nobody: nobody.clone(),
            caller,
        }
    }

    /// The same user in another session.
    pub(crate) async fn sign_in_again(&self) -> Self {
        Self::sign_in_as(&self.nobody, &self.email, &self.password).await
    }

    /// The same session, elevated by the password.
    pub(crate) async fn elevated(&self) -> Self {
        let query = "mutation ($password: String!) { elevatePassword(password: $password) { accessToken } }";
        let answer = self
            .graphql_with(query, json!({ "password": self.password }))
            .await;
        let access_token = answer.string("/elevatePassword/accessToken");
        Self {
            caller: self.nobody.bearer(&access_token),
            session: Session {
                access_token,
                ..self.session.clone()
            },
            ..self.clone()
        }
    }

    /// A user who exists already.
    pub(crate) async fn sign_in_as(nobody: &Caller, email: &str, password: &str) -> Self {
        let answer = nobody.sign_in(email, password).await;
        Self::read(
            nobody,
            &answer,
            "/signInEmailPassword",
            email.to_owned(),
            password.to_owned(),
        )
    }
}

impl Deref for User {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}
