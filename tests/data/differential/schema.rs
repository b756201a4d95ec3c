//! The tables that random requests are about, written down once more: the model knows nothing of the catalogue.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Uuid,
    Text,
    Citext,
    Boolean,
    Int,
    Bigint,
    Time,
    Json,
    Bytes,
}

/// One row or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Many {
    Object,
    Array,
}

/// What a new row has in a column for which nothing is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Initial {
    /// Null, which may also be written.
    Null,
    /// The blank value of its kind; for the key `id` a new one.
    Blank,
    /// Nothing: there has to be a value.
    Missing,
}

/// A column by its name in GraphQL.
#[derive(Debug, PartialEq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) initial: Initial,
}

/// Columns that no two rows share, unless one of them is null.
#[derive(Debug, PartialEq)]
pub(super) struct Unique {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
}

/// A column that holds the key of a row of another table.
#[derive(Debug, PartialEq)]
pub(super) struct Reference {
    pub(super) column: &'static str,
    pub(super) target: &'static str,
    /// Whether a row goes with the one it refers to; it forgets it otherwise.
    pub(super) cascades: bool,
}

/// A relationship: its name, the other table, the columns on both sides.
#[derive(Debug, PartialEq)]
pub(super) struct Relation {
    pub(super) name: &'static str,
    pub(super) many: Many,
    pub(super) target: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

/// A table by its type in GraphQL; every one has the key `id`.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
    pub(super) one: &'static str,
    pub(super) columns: &'static [Column],
    pub(super) relations: &'static [Relation],
    pub(super) uniques: &'static [Unique],
    pub(super) references: &'static [Reference],
}

impl Table {
    pub(super) fn column(&self, name: &str) -> &'static Column {
        self.columns.iter().find(|column| column.name == name).unwrap()
    }

    pub(super) fn relation(&self, name: &str) -> &'static Relation {
        self.relations
            .iter()
            .find(|relation| relation.name == name)
            .unwrap()
    }
}

pub(super) fn table(name: &str) -> &'static Table {
    TABLES.iter().find(|table| table.name == name).unwrap()
}

/// The name in SQL.
pub(super) fn snake_case(name: &str) -> String {
    let mut sql = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            sql.push('_');
        }
        sql.push(character.to_ascii_lowercase());
    }
    sql
}

const fn column(name: &'static str, kind: Kind) -> Column {
    let initial = Initial::Null;
    Column { name, kind, initial }
}

const fn filled(name: &'static str, kind: Kind) -> Column {
    let initial = Initial::Blank;
    Column { name, kind, initial }
}

const fn given(name: &'static str, kind: Kind) -> Column {
    let initial = Initial::Missing;
    Column { name, kind, initial }
}

const fn unique(name: &'static str, columns: &'static [&'static str]) -> Unique {
    Unique { name, columns }
}

const fn reference(column: &'static str, target: &'static str, cascades: bool) -> Reference {
    Reference {
        column,
        target,
        cascades,
    }
}

const fn object(name: &'static str, target: &'static str, from: &'static str) -> Relation {
    Relation {
        name,
        many: Many::Object,
        target,
        from,
        to: "id",
    }
}

const fn array(name: &'static str, target: &'static str, to: &'static str) -> Relation {
    Relation {
        name,
        many: Many::Array,
        target,
        from: "id",
        to,
    }
}

pub(super) static TABLES: [Table; 5] = [
    Table {
        name: "users",
        sql: "users",
        one: "user",
        columns: &[
            filled("id", Kind::Uuid),
            filled("displayName", Kind::Text),
            column("username", Kind::Citext),
            column("newEmail", Kind::Citext),
            filled("metadata", Kind::Json),
            column("importedFrom", Kind::Json),
            filled("attemptNumber", Kind::Int),
            filled("disabled", Kind::Boolean),
            column("lastSeen", Kind::Time),
            column("lastProjectId", Kind::Uuid),
            column("gender", Kind::Text),
            column("invitedBy", Kind::Uuid),
            column("deletedAt", Kind::Time),
        ],
        relations: &[
            array("members", "members", "userId"),
            array("roles", "authUserRoles", "userId"),
            array("securityKeys", "authUserSecurityKeys", "userId"),
            object("invitedByUser", "users", "invitedBy"),
        ],
        uniques: &[
            unique("users_pkey", &["id"]),
            unique("users_username_key", &["username"]),
        ],
        references: &[reference("invitedBy", "users", false)],
    },
    Table {
        name: "members",
        sql: "members",
        one: "member",
        columns: &[
            filled("id", Kind::Uuid),
            given("orgId", Kind::Uuid),
            column("userId", Kind::Uuid),
            given("name", Kind::Text),
            column("inviteEmail", Kind::Text),
            column("inviteDate", Kind::Time),
            filled("archived", Kind::Boolean),
        ],
        relations: &[object("org", "orgs", "orgId"), object("user", "users", "userId")],
        uniques: &[
            unique("members_pkey", &["id"]),
            unique("members_org_id_user_id_key", &["orgId", "userId"]),
        ],
        references: &[
            reference("orgId", "orgs", true),
            reference("userId", "users", false),
        ],
    },
    Table {
        name: "orgs",
        sql: "orgs",
        one: "org",
        columns: &[
            filled("id", Kind::Uuid),
            given("name", Kind::Text),
            column("slug", Kind::Text),
            filled("archived", Kind::Boolean),
        ],
        relations: &[array("members", "members", "orgId")],
        uniques: &[unique("orgs_pkey", &["id"]), unique("orgs_slug_key", &["slug"])],
        references: &[],
    },
    Table {
        name: "authUserRoles",
        sql: "user_roles",
        one: "authUserRole",
        columns: &[
            filled("id", Kind::Uuid),
            given("userId", Kind::Uuid),
            given("role", Kind::Text),
        ],
        relations: &[object("user", "users", "userId")],
        uniques: &[
            unique("user_roles_pkey", &["id"]),
            unique("user_roles_user_id_role_key", &["userId", "role"]),
        ],
        references: &[reference("userId", "users", true)],
    },
    Table {
        name: "authUserSecurityKeys",
        sql: "user_security_keys",
        one: "authUserSecurityKey",
        columns: &[
            filled("id", Kind::Uuid),
            given("userId", Kind::Uuid),
            given("credentialId", Kind::Text),
            filled("counter", Kind::Bigint),
            column("credentialPublicKey", Kind::Bytes),
            filled("backedUp", Kind::Boolean),
        ],
        relations: &[object("user", "users", "userId")],
        uniques: &[
            unique("user_security_keys_pkey", &["id"]),
            unique("user_security_key_credential_id_key", &["credentialId"]),
        ],
        references: &[reference("userId", "users", true)],
    },
];
