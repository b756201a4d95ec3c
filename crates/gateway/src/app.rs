//! Everything a request needs, made once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_graphql::dynamic::SchemaError;
use portico_auth::Auth;
use portico_query::execute::Executor;
use portico_query::permission::Permissions;

use crate::document::DocumentLimits;
use crate::plan_cache::CacheCounters;
use crate::schema::RoleSchema;

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
    /// Whether clients may ask for the schema; the admin role always may.
    pub introspection: bool,
}

impl Default for GraphqlSettings {
    fn default() -> Self {
        Self {
            limits: DocumentLimits::default(),
            plan_cache: 8 << 20,
            batch: 20,
            body: 1 << 20,
            introspection: true,
        }
    }
}

/// What an [`App`] is made of.
pub struct AppParts {
    /// Users and sessions.
    pub auth: Arc<Auth>,
    /// The database for data.
    pub executor: Executor,
    /// Who may do what.
    pub permissions: Permissions,
    /// How GraphQL is served.
    pub graphql: GraphqlSettings,
}

/// The application behind every route.
pub struct App {
    pub(crate) auth: Arc<Auth>,
    pub(crate) executor: Executor,
    pub(crate) permissions: Permissions,
    pub(crate) graphql: GraphqlSettings,
    schemas: RwLock<HashMap<String, Arc<RoleSchema>>>,
}

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
            graphql,
            schemas: RwLock::default(),
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

    /// The schema of a role, built on first use. All roles without permissions share one, so that inventing
    /// roles costs nothing.
    pub fn schema(&self, role: &str) -> Result<Arc<RoleSchema>, SchemaError> {
        let name = if self.permissions.knows(role) { role } else { "" };
        let known = self
            .schemas
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        if let Some(schema) = known {
            return Ok(schema);
        }
        let signed_in = self.permissions.role(&self.auth.policy().default_role);
        let built = Arc::new(RoleSchema::build(
            self.permissions.role(name),
            &signed_in,
            self.graphql.plan_cache,
        )?);
        let mut schemas = self.schemas.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(schemas.entry(name.to_owned()).or_insert(built)))
    }
}
