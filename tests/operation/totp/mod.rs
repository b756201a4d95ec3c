//! `generateTotp`, `enableTotp`, `disableTotp`, recovery codes: how factors come, are used, and go.

mod administer;
mod enrol;
mod sign_in;

const FACTORS: &str = "{ myFactors { totp securityKeys recoveryCodesLeft } }";
