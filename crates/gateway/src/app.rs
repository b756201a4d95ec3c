//! Everything a request needs, made once.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use async_graphql::dynamic::SchemaError;
use portico_auth::Auth;
use portico_query::execute::Executor;
use portico_query::permission::{ADMIN, Permissions, Role};

use crate::document::DocumentLimits;
use crate::persisted::PersistedQueries;
use crate::plan_cache::CacheCounters;
use crate::schema::RoleSchema;
use crate::session::Session;
use crate::trusted::TrustedDocuments;

/// How GraphQL is served.
#[derive(Debug, Clone)]
pub struct GraphqlSettings {
    /// What a document may cost.
    pub limits: DocumentLimits,
    /// Bytes of prepared documents, for each role.
    pub plan_cache: u64,
    /// Requests in one batch.
    pub batch: usize,
    /// The size of a body in bytes.
    pub body: usize,
    /// The size of all data answered to one request, in bytes.
    pub answer: usize,
    /// Whether clients may ask for the schema; the admin role always may.
    pub introspection: bool,
    /// Roles that may not, even then.
    pub without_introspection: BTreeSet<String>,
    /// Web pages that may keep a refresh token in a cookie, each as its `Origin` header has it.
    pub origins: Vec<String>,
    /// Bytes of documents that clients name by their hash; 0 for none.
    pub persisted_queries: u64,
    /// Roles that may send listed documents alone.
    pub trusted: TrustedDocuments,
}

impl GraphqlSettings {
    /// Whether a role may ask for its schema.
    pub(crate) fn shows_schema(&self, role: &str) -> bool {
        role == ADMIN || (self.introspection && !self.without_introspection.contains(role))
    }
}

impl Default for GraphqlSettings {
    fn default() -> Self {
        Self {
            limits: DocumentLimits::default(),
            plan_cache: 8 << 20,
            batch: 20,
            body: 1 << 20,
            answer: 64 << 20,
            introspection: true,
            without_introspection: BTreeSet::new(),
            origins: Vec::new(),
            persisted_queries: 8 << 20,
            trusted: TrustedDocuments::default(),
        }
    }
}

/// What an [`App`] is made of.
pub struct AppParts {
    /// Users and sessions.
    pub auth: Arc<Auth>,
    /// The database for data.
    pub executor: Arc<Executor>,
    /// Who may do what.
    pub permissions: Permissions,
    /// How GraphQL is served.
    pub graphql: GraphqlSettings,
}

/// The application behind every route.
pub struct App {
    pub(crate) auth: Arc<Auth>,
    pub(crate) executor: Arc<Executor>,
    pub(crate) permissions: Permissions,
    pub(crate) graphql: GraphqlSettings,
    pub(crate) persisted: PersistedQueries,
    schemas: Schemas,
    /// Of roles that may do more as backends.
    backend_schemas: Schemas,
}

/// By the name of the role.
type Schemas = RwLock<HashMap<String, Arc<RoleSchema>>>;

impl App {
    /// Puts the parts together.
    pub fn new(parts: AppParts) -> Self {
        let AppParts {
            auth,
            executor,
            permissions,
            graphql,
        } = parts;
        Self {
            auth,
            executor,
            permissions,
            persisted: PersistedQueries::new(graphql.persisted_queries),
            graphql,
            schemas: Schemas::default(),
            backend_schemas: Schemas::default(),
        }
    }

    /// Users and sessions.
    pub fn auth(&self) -> &Arc<Auth> {
        &self.auth
    }

    /// The database for data.
    pub fn executor(&self) -> &Executor {
        &self.executor
    }

    /// How the plan cache of each role does, by role.
    pub fn plan_counters(&self) -> Vec<(String, CacheCounters)> {
        let schemas = self.schemas.read().unwrap_or_else(PoisonError::into_inner);
        schemas
            .iter()
            .map(|(role, schema)| (role.clone(), schema.plans.counters()))
            .collect()
    }

    /// What the sender of a request may do.
    pub(crate) fn role(&self, session: &Session) -> Arc<Role> {
        self.backend(session)
            .unwrap_or_else(|| self.permissions.role(&session.role))
    }

    fn backend(&self, session: &Session) -> Option<Arc<Role>> {
        match session.backend {
            true => self.permissions.backend_role(&session.role),
            false => None,
        }
    }

    /// The schema of the sender's role, built on first use. All roles without permissions share one, so that
    /// inventing roles costs nothing.
    pub(crate) fn schema(&self, session: &Session) -> Result<Arc<RoleSchema>, SchemaError> {
        let backend = self.backend(session);
        // What one role may send must not be at hand for another that may not.
        let own = self.permissions.knows(&session.role) || self.graphql.trusted.binds(&session.role);
        let name = match own {
            true => &*session.role,
            false => "",
        };
        let schemas = match backend {
            Some(_) => &self.backend_schemas,
            None => &self.schemas,
        };
        let known = schemas
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        if let Some(schema) = known {
            return Ok(schema);
        }
        let signed_in = self.permissions.role(&self.auth.policy().default_role);
        let built = Arc::new(RoleSchema::build(
            backend.unwrap_or_else(|| self.permissions.role(name)),
            &signed_in,
            self.graphql.plan_cache,
        )?);
        let mut schemas = schemas.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(schemas.entry(name.to_owned()).or_insert(built)))
    }
}
