//! How PostgreSQL would go about a statement.

use super::PostgresExecutor;
use super::error;
use crate::error::Failure;
use crate::execute::Explained;
use crate::scalar::Parameter;
use crate::sql::{Compiled, Work};

impl PostgresExecutor {
    /// Asks for the plan of each statement; none is run.
    pub(in crate::execute) async fn explain(
        &self,
        compiled: &Compiled,
        parameters: &[Vec<Parameter>],
    ) -> Result<Vec<Explained>, Failure> {
        let held = self.heavy.acquire().await?;
        let mut explained = Vec::new();
        for (root, parameters) in compiled.roots.iter().zip(parameters) {
            let Work::Read(read) = &root.work else {
                explained.push(Explained::without(root));
                continue;
            };
            let sql = format!("EXPLAIN {}", read.sql).into();
            let lines = held.connection().query(&sql, parameters).await?;
            let plan = lines.iter().map(|line| line.try_get(0)).collect::<Result<_, _>>();
            explained.push(Explained {
                key: root.key.clone(),
                sql: Some(read.sql.to_string()),
                plan: Some(plan.map_err(error::failure)?),
            });
        }
        held.give_back();
        Ok(explained)
    }
}
