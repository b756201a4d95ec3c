//! Whatever is sent or stored is read or refused: nothing panics, and what is read is what the rules allow. More
//! cases than usual are tried with `PROPTEST_CASES=1000000`.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use url::Url;
use uuid::Uuid;

use crate::jwt::Unverified;
use crate::password::{PasswordCost, PasswordHash};
use crate::policy::Policy;
use crate::testing::TestEntropy;
use crate::ticket::Presented;
use crate::token::RefreshToken;
use crate::value::{Email, Password, RedirectUrl, Username};

/// Text with what parsers trip over: separators, escapes, letters that look alike, control characters.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("https://"),
        Just("app.example.org"),
        Just("evil.example"),
        Just("@"),
        Just("."),
        Just(".."),
        Just("/"),
        Just("\\"),
        Just("%2e"),
        Just("%2F"),
        Just("%00"),
        Just(":443"),
        Just(":"),
        Just("?"),
        Just("#"),
        Just("$"),
        Just("\r\n"),
        Just("\0"),
        Just("\u{202e}"),
        Just("ａ"),
        Just("а"),
        Just("ß"),
        Just("İ"),
        Just("xn--"),
        Just("xn--bcher-kva"),
        Just("argon2id"),
        Just("$v=19$m=19456,t=2,p=1$"),
        Just("2b"),
        Just("scrypt"),
        Just("ln=10,r=8,p=1"),
        Just("4294967296"),
        Just("-1"),
        Just("="),
        Just("prt_"),
        Just("eyJhbGciOiJub25lIn0"),
    ];
    let piece = prop_oneof![3 => piece.prop_map(str::to_owned), 1 => ".{0,8}"];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn policy() -> Policy {
    Policy {
        client_url: Some("https://app.example.org/in".into()),
        redirect_urls: vec!["https://*.preview.example.org/".into()],
        ..Policy::default()
    }
}

/// A refresh token of these bytes.
fn token(bytes: &[u8]) -> String {
    format!("prt_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// What may be between the parts of a hash, and how far its costs go.
fn hash_like() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec![
        "argon2id",
        "argon2i",
        "argon2d",
        "2a",
        "2b",
        "2y",
        "scrypt",
        "fbscrypt",
        "pbkdf2",
        "pbkdf2-sha1",
        "pbkdf2-sha256",
        "pbkdf2-sha512",
    ]);
    let costs = prop_oneof![
        (any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(m, t, p)| format!("v=19$m={m},t={t},p={p}")),
        (0..40_u32, any::<u32>(), any::<u32>()).prop_map(|(n, r, p)| format!("ln={n},r={r},p={p}")),
        any::<u64>().prop_map(|rounds| format!("i={rounds}")),
        "[0-9]{2}",
    ];
    (scheme, costs, "[A-Za-z0-9+/.=]{0,64}", "[A-Za-z0-9+/.=]{0,90}")
        .prop_map(|(scheme, costs, salt, hash)| format!("${scheme}${costs}${salt}${hash}"))
}

proptest! {
    #[test]
    fn a_redirection_leads_to_the_client_or_a_listed_host(text in hostile()) {
        if let Ok(url) = RedirectUrl::parse(&text, &policy()) {
            let read = Url::parse(url.as_str()).unwrap();
            let host = read.host_str().unwrap();
            prop_assert_eq!(read.scheme(), "https");
            prop_assert_eq!(read.port(), None);
            prop_assert!(read.username().is_empty() && read.password().is_none());
            let of_client = host == "app.example.org" && (read.path() == "/in" || read.path().starts_with("/in/"));
            prop_assert!(of_client || host.ends_with(".preview.example.org"), "{}", read);
            // What was taken is taken again, as what it was taken for.
            prop_assert_eq!(RedirectUrl::parse(url.as_str(), &policy()).unwrap(), url);
        }
    }

    #[test]
    fn an_address_has_one_form(text in prop_oneof![hostile(), "[ -~]{1,20}@[a-zA-Zäßа.-]{1,20}"]) {
        if let Ok(email) = Email::parse(&text) {
            prop_assert!(email.as_str().is_ascii() && email.as_str().len() <= 254);
            prop_assert!(!email.as_str().bytes().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_control()));
            prop_assert_eq!(email.as_str().matches('@').count(), 1);
            prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email);
        }
    }

    #[test]
    fn names_and_passwords_are_read_or_refused(text in hostile()) {
        if let Ok(name) = Username::parse(&text) {
            prop_assert_eq!(Username::parse(name.as_str()).unwrap(), name);
        }
        let _ = Password::parse(&text);
        let _ = Password::parse_presented(&text);
        let _ = Presented::new(text, None);
    }

    #[test]
    fn only_what_was_made_is_a_refresh_token(
        text in hostile(),
        bytes in prop::collection::vec(any::<u8>(), 84),
        place in 0..84_usize,
        flip in 1..=u8::MAX,
    ) {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
        prop_assert!(RefreshToken::parse(&key, &text).is_err());
        prop_assert!(RefreshToken::parse(&key, &token(&bytes)).is_err());
        let made = RefreshToken::create(&key, &TestEntropy::default(), Uuid::from_u128(7), 1).unwrap();
        let made = made.into_plain();
        let mut changed = URL_SAFE_NO_PAD.decode(&made.reveal()[4..]).unwrap();
        changed[place] ^= flip;
        prop_assert!(RefreshToken::parse(&key, &token(&changed)).is_err());
    }

    #[test]
    fn a_header_that_is_not_ours_is_no_access_token(text in hostile(), header in "[ -~]{0,60}") {
        let _ = Unverified::parse(&text);
        let encoded = URL_SAFE_NO_PAD.encode(&header);
        let _ = Unverified::parse(&format!("{encoded}.{encoded}.{encoded}"));
    }

    #[test]
    fn a_stored_hash_is_read_within_its_bounds_or_refused(text in prop_oneof![hostile(), hash_like()]) {
        // Its costs are bounded before anything is computed: see the tests of each form.
        let _ = PasswordHash::parse(&text);
        let _ = PasswordHash::is_current(&text, PasswordCost::default());
    }
}
