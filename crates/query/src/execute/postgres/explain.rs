//! How PostgreSQL would go about a statement.

use super::PostgresExecutor;
use super::error;
use crate::error::Failure;
use crate::execute::{Explained, Task};
use crate::sql::{Compiled, Work};

impl PostgresExecutor {
    /// Asks for the plan of each statement; none is run.
    pub(in crate::execute) async fn explain(
        &self,
        compiled: &Compiled,
        tasks: &[Task],
    ) -> Result<Vec<Explained>, Failure> {
        let held = self.heavy.acquire().await?;
        let mut explained = Vec::new();
        for (root, task) in compiled.roots.iter().zip(tasks) {
            let (Work::Read(read), Task::Read(parameters)) = (&root.work, task) else {
                explained.push(Explained::without(root));
                continue;
            };
            let sql = read.text(parameters);
            let lines = held
                .connection()
                .query(&format!("EXPLAIN {sql}"), parameters)
                .await?;
            let plan = lines.iter().map(|line| line.try_get(0)).collect::<Result<_, _>>();
            explained.push(Explained {
                key: root.key.clone(),
                sql: Some(sql.into_owned()),
                plan: Some(plan.map_err(error::failure)?),
            });
        }
        held.give_back();
        Ok(explained)
    }
}
