//! What a user can do, one file per operation, named like the operation.

mod change_password;
mod elevate_password;
mod refresh_token;
mod revoke_session;
mod sign_in;
mod sign_in_email_password;
mod sign_in_username_password;
mod sign_out;
mod sign_up;
mod sign_up_email_password;
mod sign_up_username_password;
mod verify_token;

pub use change_password::{ChangePasswordInput, change_password};
pub use elevate_password::{ElevatePasswordInput, elevate_password};
pub use refresh_token::{RefreshTokenInput, refresh_token};
pub use revoke_session::{RevokeSessionInput, revoke_session};
pub use sign_in_email_password::{SignInEmailPasswordInput, sign_in_email_password};
pub use sign_in_username_password::{SignInUsernamePasswordInput, sign_in_username_password};
pub use sign_out::{SignOutInput, sign_out};
pub use sign_up_email_password::{SignUpEmailPasswordInput, sign_up_email_password};
pub use sign_up_username_password::{SignUpUsernamePasswordInput, sign_up_username_password};
pub use verify_token::{VerifyTokenInput, verify_token};

pub(crate) use sign_up::Created;
