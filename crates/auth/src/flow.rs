//! What a user can do, one file per operation, named like the operation.

mod activate_account;
mod add_security_key;
mod administer;
mod change_email;
mod change_password;
mod confirm_ticket;
mod create_pat;
mod create_user;
mod deanonymize;
mod disable_totp;
mod elevate_code;
mod elevate_password;
mod elevate_webauthn;
mod enable_totp;
mod exchange_code;
mod factors;
mod follow_link;
mod generate_totp;
mod mail_password_reset;
mod mailed;
pub(crate) mod passkey;
mod recovery_codes;
mod refresh_token;
mod remove_security_key;
mod rename_security_key;
mod resend_activation_code;
mod reset_factors;
mod reset_password;
mod revoke_session;
mod send_password_reset_email;
mod send_verification_email;
mod set_password;
mod set_user_roles;
mod sign_in;
mod sign_in_anonymous;
mod sign_in_email;
mod sign_in_email_password;
mod sign_in_pat;
mod sign_in_username_password;
mod sign_in_webauthn;
mod sign_out;
mod sign_out_others;
mod sign_up;
mod sign_up_email_password;
mod sign_up_username_password;
mod sign_up_webauthn;
mod undo_email_change;
mod verify_sign_in_mfa;
mod verify_sign_in_mfa_webauthn;
mod verify_token;

pub use activate_account::{ActivateAccountInput, activate_account};
pub use add_security_key::{VerifyAddSecurityKeyInput, add_security_key, verify_add_security_key};
pub use administer::{Administration, administer};
pub use change_email::{ChangeEmailInput, change_email};
pub use change_password::{ChangePasswordInput, change_password};
pub use confirm_ticket::{ConfirmTicketInput, confirm_ticket};
pub use create_pat::{CreatePatInput, CreatedPat, create_pat};
pub use create_user::{CreateUserInput, NewPassword, Welcome, create_user};
pub use deanonymize::{DeanonymizeInput, DeanonymizeMethod, deanonymize};
pub use disable_totp::{DisableTotpInput, disable_totp};
pub use elevate_code::{ElevateCodeInput, elevate_code};
pub use elevate_password::{ElevatePasswordInput, elevate_password};
pub use elevate_webauthn::{VerifyElevateWebauthnInput, elevate_webauthn, verify_elevate_webauthn};
pub use enable_totp::{EnableTotpInput, enable_totp};
pub use exchange_code::{ExchangeCodeInput, exchange_code};
pub use factors::{Factors, my_factors, user_factors};
pub use follow_link::{Followed, follow_link};
pub use generate_totp::{NewTotp, generate_totp};
pub use mail_password_reset::{MailPasswordResetInput, mail_password_reset};
pub use recovery_codes::regenerate_recovery_codes;
pub use refresh_token::{RefreshTokenInput, refresh_token};
pub use remove_security_key::{RemoveSecurityKeyInput, remove_security_key};
pub use rename_security_key::{RenameSecurityKeyInput, rename_security_key};
pub use resend_activation_code::{ResendActivationCodeInput, resend_activation_code};
pub use reset_factors::reset_factors;
pub use reset_password::{ResetPasswordInput, reset_password};
pub use revoke_session::{RevokeSessionInput, revoke_session};
pub use send_password_reset_email::{SendPasswordResetEmailInput, send_password_reset_email};
pub use send_verification_email::{SendVerificationEmailInput, send_verification_email};
pub use set_password::{SetPasswordInput, set_password};
pub use set_user_roles::{SetUserRolesInput, set_user_roles};
pub use sign_in_anonymous::{SignInAnonymousInput, sign_in_anonymous};
pub use sign_in_email::{
    SignInEmailForm, SignInEmailInput, VerifySignInOtpEmailInput, sign_in_email, verify_sign_in_otp_email,
};
pub use sign_in_email_password::{SignInEmailPasswordInput, sign_in_email_password};
pub use sign_in_pat::{SignInPatInput, sign_in_pat};
pub use sign_in_username_password::{SignInUsernamePasswordInput, sign_in_username_password};
pub use sign_in_webauthn::{
    SignInWebauthnInput, VerifySignInWebauthnInput, sign_in_webauthn, verify_sign_in_webauthn,
};
pub use sign_out::{SignOutInput, sign_out};
pub use sign_out_others::sign_out_others;
pub use sign_up_email_password::{SignUpEmailPasswordInput, sign_up_email_password};
pub use sign_up_username_password::{SignUpUsernamePasswordInput, sign_up_username_password};
pub use sign_up_webauthn::{
    SignUpWebauthnInput, VerifySignUpWebauthnInput, sign_up_webauthn, verify_sign_up_webauthn,
};
pub use undo_email_change::{UndoEmailChangeInput, undo_email_change};
pub use verify_sign_in_mfa::{VerifySignInMfaInput, verify_sign_in_mfa};
pub use verify_sign_in_mfa_webauthn::{VerifySignInMfaWebauthnInput, verify_sign_in_mfa_webauthn};
pub use verify_token::{VerifyTokenInput, verify_token};

pub(crate) use deanonymize::Identified;
pub(crate) use sign_up::Created;
