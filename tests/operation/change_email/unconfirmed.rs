//! An address that its user never confirmed may be that of a stranger: once the user has left it, it is worth nothing.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::consequences::is_signed_in;
use super::{app, change, me};
use crate::support::app::TestApp;
use crate::support::caller::User;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::mailbox::{ask, code, confirm, enter, mail, ticket};

on_both_databases!(
    who_reads_an_address_that_was_never_confirmed_gets_no_account_by_it,
    an_address_that_was_never_confirmed_is_kept_for_nobody,
);

/// A user with a confirmed address whose first one never was.
async fn whoever_left(app: &TestApp) -> User {
    let jane = app.user("typo").await;
    change(app, &jane, "right@example.org").await.data();
    confirm(app, &ticket(&mail(app, "right@example.org").await))
        .await
        .data();
    jane
}

async fn who_reads_an_address_that_was_never_confirmed_gets_no_account_by_it(database: Arc<TestDatabase>) {
    use portico_entity::tickets;
    use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
    let app = app(&database).await;
    let jane = whoever_left(&app).await;
    // Told, in case that it was the user's all the same, but with nothing to present anywhere.
    let told = mail(&app, &jane.email).await;
    assert_eq!(
        (&told["template"], &told["code"]),
        (&json!("email-replaced"), &Value::Null)
    );
    assert!(!told["link"].as_str().unwrap().contains("ticket"), "{told}");
    let undo = tickets::Entity::find().filter(tickets::Column::Purpose.eq("undo-email-change"));
    assert_eq!(undo.count(&database.connect().await).await.unwrap(), 0);

    // Whoever reads the mail there is somebody else.
    ask(&app, "signInOtpEmail", &jane.email).await;
    let stranger = enter(&app, &jane.email, &code(&mail(&app, &jane.email).await)).await;
    let stranger = stranger.value("/verifySignInOtpEmail/session/user/id");
    assert_ne!(stranger, &json!(jane.id));
    assert!(is_signed_in(&jane).await);
    assert_eq!(me(&jane).await["email"], "right@example.org");
}

async fn an_address_that_was_never_confirmed_is_kept_for_nobody(database: Arc<TestDatabase>) {
    let app = app(&database).await;
    let jane = whoever_left(&app).await;
    app.public().sign_up(&jane.email, "a long password").await.data();
}
