//! Mail: what is sent, how the way to the mail server is protected, and what happens where that server fails.

mod faults;
mod nodes;
mod outbox_page;
mod sent;
