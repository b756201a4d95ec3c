//! The service in this process, behind real HTTP on a port of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use portico_auth::Auth;
use portico_gateway::App;
use portico_server::{Running, StartError};

use super::caller::{Caller, User};
use super::clock::TestClock;
use super::database::TestDatabase;
use super::entropy::TestEntropy;
use super::settings;

/// One node of the service.
pub(crate) struct TestApp {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) auth: Arc<Auth>,
    /// What answers, to look at its counters.
    pub(crate) app: Arc<App>,
    nobody: Caller,
}

impl TestApp {
    /// A node with default settings.
    pub(crate) async fn new(database: &Arc<TestDatabase>) -> Self {
        Self::with(database, &[]).await
    }

    /// A node with some variables set.
    pub(crate) async fn with(database: &Arc<TestDatabase>, variables: &[(&str, &str)]) -> Self {
        Self::node(database, Arc::new(TestClock::new()), variables).await
    }

    /// A node that shares a clock with others on the same database.
    pub(crate) async fn node(
        database: &Arc<TestDatabase>,
        clock: Arc<TestClock>,
        variables: &[(&str, &str)],
    ) -> Self {
        database.secrets.add(settings::ADMIN_SECRET);
        let running = start(database, Arc::<TestClock>::clone(&clock), variables)
            .await
            .unwrap();
        let (address, auth, app) = (
            running.address,
            Arc::clone(running.auth()),
            Arc::clone(running.app()),
        );
        database.keep(running);
        let nobody = Caller {
            base: format!("http://{address}"),
            headers: Vec::new(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            database: Arc::clone(database),
        };
        Self {
            clock,
            auth,
            app,
            nobody,
        }
    }

    /// Why a node does not start.
    pub(crate) async fn refused(database: &Arc<TestDatabase>, variables: &[(&str, &str)]) -> String {
        start(database, Arc::new(TestClock::new()), variables)
            .await
            .unwrap_err()
            .to_string()
    }

    /// Someone without credentials.
    pub(crate) fn public(&self) -> Caller {
        self.nobody.clone()
    }

    /// Someone with the admin secret.
    pub(crate) fn admin(&self) -> Caller {
        self.nobody.with("x-hasura-admin-secret", settings::ADMIN_SECRET)
    }

    /// A new user with a session.
    pub(crate) async fn user(&self, name: &str) -> User {
        User::sign_up_as(&self.nobody, name).await
    }
}

async fn start(
    database: &TestDatabase,
    clock: Arc<TestClock>,
    variables: &[(&str, &str)],
) -> Result<Running, StartError> {
    // Two nodes that drew the same numbers would make the same ids.
    static NODES: AtomicU64 = AtomicU64::new(1);
    let entropy = Arc::new(TestEntropy::new(NODES.fetch_add(1, Ordering::Relaxed)));
    portico_server::start(settings::load(database, variables), clock, entropy).await
}
