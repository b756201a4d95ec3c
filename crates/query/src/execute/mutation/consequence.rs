//! What follows where a write changes what users are proved by, or where they are mailed.

use std::collections::BTreeSet;

use portico_entity::catalogue::Table;
use uuid::Uuid;

use super::{Channel, address, column, factors, owner};
use crate::error::Failure;
use crate::execute::{Actor, Origin};

/// What a write may have changed.
pub(super) struct Changed<'t> {
    pub(super) table: &'static Table,
    /// Whether users may be proved by something else afterwards.
    pub(super) factors: bool,
    /// Whether they may be mailed elsewhere.
    pub(super) address: bool,
    /// Key, user, address and second factor of the rows before, where they are compared; the key is that of
    /// afterwards.
    pub(super) former: &'t [Vec<Option<String>>],
    /// Whose the rows are, but for users who are as new as they.
    pub(super) owners: BTreeSet<Uuid>,
}

impl Changed<'_> {
    /// Lets it follow.
    pub(super) async fn follow<C: Channel>(
        self,
        channel: &mut C,
        who: (&Actor, &dyn Origin),
    ) -> Result<(), Failure> {
        if self.factors {
            let users = match self.table.sql {
                "users" => {
                    let former = owner::former(self.former, 3);
                    owner::changed(channel, "active_mfa_type", &former).await?
                }
                _ => &self.owners | &owner::users(self.former.iter().map(|row| column(row, 1))),
            };
            factors::follow(channel, self.table, &users, who).await?;
        }
        if self.address {
            address::follow(channel, owner::former(self.former, 2), who).await?;
        }
        Ok(())
    }
}
