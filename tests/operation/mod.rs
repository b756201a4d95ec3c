//! The operations beside the data, a file per flow, and who may ask for anything at all.

mod administer;
mod algorithms;
mod auth_config;
mod breached_passwords;
mod consequences;
mod create_user;
mod elevate_password;
mod every_column;
mod limits;
mod mailed;
mod me;
mod refresh_token;
mod revoke_session;
mod sessions;
mod set_user_roles;
mod sign_in_email_password;
mod sign_in_username_password;
mod sign_out;
mod sign_out_others;
mod sign_up_email_password;
mod sign_up_username_password;
mod together;
mod token;
mod token_cache;
mod verify_token;
mod who_asks;
