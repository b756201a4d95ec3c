//! Mail: which messages there are, what they say in each language, and their way out of the outbox.

mod language;
mod outbox;
mod render;
mod template;

pub use language::TemplateError;
pub use outbox::{MailFailure, OutboxMessage, OutboxState};
pub use render::{Content, MailFacts, MailTemplates};

pub(crate) use render::Variables;
pub(crate) use template::Template;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A message that this node has claimed and now has to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The same at every attempt, so that a mail server can tell a second copy.
    pub id: Uuid,
    /// The address.
    pub recipient: String,
    /// When its cause happened.
    pub created_at: DateTime<Utc>,
    /// What it says.
    pub content: Content,
    /// Number of this attempt, from 1.
    attempt: i32,
    /// Until when no other node takes it.
    pub claimed_until: DateTime<Utc>,
}
