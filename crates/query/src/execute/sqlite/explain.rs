//! How SQLite would go about a statement.

use rusqlite::params_from_iter;

use super::{Reads, SqliteExecutor, error, row};
use crate::error::Failure;
use crate::execute::{Explained, Task};
use crate::sql::{Compiled, Work};

impl SqliteExecutor {
    /// Asks for the plan of each statement; none is run.
    pub(in crate::execute) fn explain(
        &self,
        compiled: &Compiled,
        tasks: Vec<Task>,
    ) -> Result<Vec<Explained>, Failure> {
        let reader = self.file.reader(Reads::LookUps)?;
        let mut explained = Vec::new();
        for (root, task) in compiled.roots.iter().zip(tasks) {
            let (Work::Read(read), Task::Read(parameters)) = (&root.work, task) else {
                explained.push(Explained::without(root));
                continue;
            };
            let sql = format!("EXPLAIN QUERY PLAN {}", read.sql);
            let mut statement = reader.connection.prepare(&sql).map_err(error::failure)?;
            let plan = statement
                .query_map(params_from_iter(parameters.into_iter().map(row::value)), |line| {
                    line.get("detail")
                })
                .and_then(|lines| lines.collect::<Result<_, _>>())
                .map_err(error::failure)?;
            explained.push(Explained {
                key: root.key.clone(),
                sql: Some(read.sql.to_string()),
                plan: Some(plan),
            });
        }
        self.file.give_back(Reads::LookUps, reader);
        Ok(explained)
    }
}
