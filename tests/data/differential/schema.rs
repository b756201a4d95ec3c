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

/// A column by its name in GraphQL.
#[derive(Debug, PartialEq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
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
    Column { name, kind }
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
            column("id", Kind::Uuid),
            column("displayName", Kind::Text),
            column("newEmail", Kind::Citext),
            column("metadata", Kind::Json),
            column("importedFrom", Kind::Json),
            column("attemptNumber", Kind::Int),
            column("disabled", Kind::Boolean),
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
    },
    Table {
        name: "members",
        sql: "members",
        one: "member",
        columns: &[
            column("id", Kind::Uuid),
            column("orgId", Kind::Uuid),
            column("userId", Kind::Uuid),
            column("name", Kind::Text),
            column("inviteEmail", Kind::Text),
            column("inviteDate", Kind::Time),
            column("archived", Kind::Boolean),
        ],
        relations: &[object("org", "orgs", "orgId"), object("user", "users", "userId")],
    },
    Table {
        name: "orgs",
        sql: "orgs",
        one: "org",
        columns: &[
            column("id", Kind::Uuid),
            column("name", Kind::Text),
            column("slug", Kind::Text),
            column("archived", Kind::Boolean),
        ],
        relations: &[array("members", "members", "orgId")],
    },
    Table {
        name: "authUserRoles",
        sql: "user_roles",
        one: "authUserRole",
        columns: &[
            column("id", Kind::Uuid),
            column("userId", Kind::Uuid),
            column("role", Kind::Text),
        ],
        relations: &[object("user", "users", "userId")],
    },
    Table {
        name: "authUserSecurityKeys",
        sql: "user_security_keys",
        one: "authUserSecurityKey",
        columns: &[
            column("id", Kind::Uuid),
            column("userId", Kind::Uuid),
            column("counter", Kind::Bigint),
            column("credentialPublicKey", Kind::Bytes),
            column("backedUp", Kind::Boolean),
        ],
        relations: &[object("user", "users", "userId")],
    },
];
