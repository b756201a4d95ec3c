//! Who may see and change what. Permissions are data in Hasura's metadata format; what is not granted does
//! not exist. [`apply`] is the one way from a plan to something SQL can be made of.

mod apply;
mod inherit;
pub mod metadata;
mod role;
mod table;

pub use apply::{Masks, Permitted, apply};
pub use role::{Permissions, Role};
pub use table::{
    DeletePermission, InsertPermission, Preset, RootFields, SelectPermission, TablePermissions,
    UpdatePermission,
};

/// The role that sees and does everything but secrets.
pub const ADMIN: &str = "admin";

/// The role of requests without credentials.
pub const PUBLIC: &str = "public";

/// The role of users whom nothing identifies yet.
pub const ANONYMOUS: &str = "anonymous";

/// The session variable that holds the role of a request.
pub const ROLE: &str = "x-hasura-role";
