//! Access tokens: JWTs (RFC 7519) signed by one key with one algorithm, and read just as strictly.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::Header;
use jsonwebtoken::errors::ErrorKind;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::refusal::TokenFault;
use crate::signing_key::{KeyError, SigningKey};

/// Longer ones are refused unread.
pub(crate) const MAXIMUM_LENGTH: usize = 8 * 1024;
/// Most of ours are shorter, and so need not be moved while they are written.
const ROOM: usize = 1024;
/// How far the clocks of two nodes may be apart.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// Tells an access token from whatever else may be signed with the same key one day.
const ACCESS: &str = "access";

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) sub: Uuid,
    pub(crate) sid: Uuid,
    pub(crate) jti: Uuid,
    pub(crate) typ: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    /// What proved the user (RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) amr: Vec<String>,
    #[serde(rename = "https://hasura.io/jwt/claims")]
    pub(crate) hasura: HasuraClaims,
}

/// What permissions are decided by: strings all of them, but for the list of roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HasuraClaims {
    #[serde(rename = "x-hasura-allowed-roles")]
    pub(crate) allowed_roles: Vec<String>,
    #[serde(rename = "x-hasura-default-role")]
    pub(crate) default_role: String,
    #[serde(rename = "x-hasura-user-id")]
    pub(crate) user_id: Uuid,
    #[serde(rename = "x-hasura-user-is-anonymous")]
    pub(crate) anonymous: String,
    /// The user again, in a session that is elevated for as long as the token is valid.
    #[serde(
        rename = "x-hasura-auth-elevated",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) elevated: Option<Uuid>,
    /// What proved the user anew.
    #[serde(
        rename = "x-hasura-auth-elevated-by",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) elevated_by: Option<String>,
    /// When that was (RFC 3339).
    #[serde(
        rename = "x-hasura-auth-elevated-at",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) elevated_at: Option<String>,
    #[serde(flatten)]
    pub(crate) custom: BTreeMap<String, String>,
}

impl Claims {
    /// Claims of type access token.
    pub(crate) fn access_type() -> String {
        ACCESS.to_owned()
    }
}

/// Signs claims.
pub(crate) fn sign(kid: &str, key: &SigningKey, claims: &Claims) -> Result<String, KeyError> {
    let mut header = Header::new(key.algorithm().into());
    header.kid = Some(kid.to_owned());
    encode(&header, claims, key)
}

fn encode(header: &Header, claims: &impl Serialize, key: &SigningKey) -> Result<String, KeyError> {
    let mut token = String::with_capacity(ROOM);
    encode_part(header, &mut token)?;
    token.push('.');
    encode_part(claims, &mut token)?;
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

fn encode_part(part: &impl Serialize, token: &mut String) -> Result<(), KeyError> {
    let mut json = Vec::with_capacity(ROOM);
    serde_json::to_writer(&mut json, part).map_err(|_| KeyError::Failed)?;
    URL_SAFE_NO_PAD.encode_string(json, token);
    Ok(())
}

/// A token of which only the header was read, nothing of it believed yet.
pub(crate) struct Unverified<'a> {
    token: &'a str,
    kid: String,
}

impl<'a> Unverified<'a> {
    /// Reads the header.
    pub(crate) fn parse(token: &'a str) -> Result<Self, TokenFault> {
        if token.len() > MAXIMUM_LENGTH {
            return Err(TokenFault::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenFault::Malformed)?;
        // Extensions that a reader must understand (RFC 7515, 4.1.11): this one understands none.
        if header.crit.is_some() || header.typ.is_some_and(|typ| typ != "JWT") {
            return Err(TokenFault::Malformed);
        }
        let kid = header.kid.ok_or(TokenFault::Malformed)?;
        Ok(Self { token, kid })
    }

    /// The key it names.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// Believes the token if this key signed it, its issuer made it and it is valid now. The key
    /// decides the algorithm, the header may only agree.
    pub(crate) fn verify(&self, key: &SigningKey, now: DateTime<Utc>) -> Result<Claims, TokenFault> {
        let claims: Claims = jsonwebtoken::decode(self.token, key.public(), key.rules())
            .map_err(|error| fault(error.kind()))?
            .claims;
        if claims.typ != ACCESS || claims.sub != claims.hasura.user_id {
            return Err(TokenFault::Malformed);
        }
        if now.timestamp() >= claims.exp {
            return Err(TokenFault::Expired);
        }
        if claims.iat > (now + SKEW).timestamp() {
            return Err(TokenFault::NotYetValid);
        }
        Ok(claims)
    }
}

fn fault(kind: &ErrorKind) -> TokenFault {
    match kind {
        ErrorKind::InvalidAlgorithm => TokenFault::Algorithm,
        ErrorKind::InvalidSignature => TokenFault::Signature,
        ErrorKind::InvalidIssuer => TokenFault::Issuer,
        _ => TokenFault::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::SigningAlgorithm;
    use crate::testing::TestEntropy;

    const ALGORITHMS: [SigningAlgorithm; 4] = [
        SigningAlgorithm::EdDsa,
        SigningAlgorithm::Es256,
        SigningAlgorithm::Rs256,
        SigningAlgorithm::Hs256,
    ];

    fn key(algorithm: SigningAlgorithm) -> SigningKey {
        let private = SigningKey::generate(algorithm, &TestEntropy::default()).unwrap();
        SigningKey::from_private(algorithm, &private, "portico").unwrap()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn claims() -> Claims {
        let user = Uuid::from_u128(1);
        Claims {
            iss: "portico".into(),
            sub: user,
            sid: Uuid::from_u128(2),
            jti: Uuid::from_u128(3),
            typ: Claims::access_type(),
            iat: now().timestamp(),
            exp: now().timestamp() + 900,
            amr: Vec::new(),
            hasura: HasuraClaims {
                allowed_roles: vec!["me".into(), "user".into()],
                default_role: "user".into(),
                user_id: user,
                anonymous: "false".into(),
                elevated: None,
                elevated_by: None,
                elevated_at: None,
                custom: BTreeMap::new(),
            },
        }
    }

    fn read(token: &str, key: &SigningKey, at: DateTime<Utc>) -> Result<Claims, TokenFault> {
        Unverified::parse(token)?.verify(key, at)
    }

    fn with_header(token: &str, header: &str) -> String {
        let (_, rest) = token.split_once('.').unwrap();
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn every_algorithm_signs_and_verifies() {
        for algorithm in ALGORITHMS {
            let key = key(algorithm);
            let token = sign("k1", &key, &claims()).unwrap();
            assert_eq!(Unverified::parse(&token).unwrap().kid(), "k1");
            assert_eq!(read(&token, &key, now()), Ok(claims()), "{algorithm:?}");
        }
    }

    #[test]
    fn the_published_key_verifies_and_a_shared_secret_is_not_published() {
        for algorithm in ALGORITHMS {
            let key = key(algorithm);
            let Some(published) = key.public_jwk("k1").unwrap() else {
                assert_eq!(algorithm, SigningAlgorithm::Hs256);
                continue;
            };
            let mut names: Vec<_> = published.as_object().unwrap().keys().collect();
            names.sort_unstable();
            let (expected, kind): (&[&str], _) = match algorithm {
                SigningAlgorithm::EdDsa => (&["alg", "crv", "kid", "kty", "use", "x"], "OKP"),
                SigningAlgorithm::Es256 => (&["alg", "crv", "kid", "kty", "use", "x", "y"], "EC"),
                _ => (&["alg", "e", "kid", "kty", "n", "use"], "RSA"),
            };
            assert_eq!(names, expected);
            assert_eq!(published["kty"], kind);
            assert_eq!(published["alg"], algorithm.as_str());
            assert_eq!(
                (&published["use"], &published["kid"]),
                (&"sig".into(), &"k1".into())
            );
            let token = sign("k1", &key, &claims()).unwrap();
            let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(published).unwrap();
            let public = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
            let read = jsonwebtoken::decode::<Claims>(&token, &public, key.rules()).unwrap();
            assert_eq!(read.claims, claims());
        }
    }

    #[test]
    fn expired_early_and_foreign_tokens_are_refused() {
        let ours = key(SigningAlgorithm::EdDsa);
        let token = sign("k1", &ours, &claims()).unwrap();
        assert_eq!(read(&token, &ours, now() + TimeDelta::seconds(899)), Ok(claims()));
        assert_eq!(
            read(&token, &ours, now() + TimeDelta::seconds(900)),
            Err(TokenFault::Expired)
        );
        assert_eq!(
            read(&token, &ours, now() - TimeDelta::seconds(61)),
            Err(TokenFault::NotYetValid)
        );
        let other_issuer = Claims {
            iss: "other".into(),
            ..claims()
        };
        let elsewhere = sign("k1", &ours, &other_issuer).unwrap();
        assert_eq!(read(&elsewhere, &ours, now()), Err(TokenFault::Issuer));
        let entropy = TestEntropy::default();
        SigningKey::generate(SigningAlgorithm::EdDsa, &entropy).unwrap();
        let private = SigningKey::generate(SigningAlgorithm::EdDsa, &entropy).unwrap();
        let foreign = SigningKey::from_private(SigningAlgorithm::EdDsa, &private, "portico").unwrap();
        assert_eq!(read(&token, &foreign, now()), Err(TokenFault::Signature));
        let other_type = Claims {
            typ: "state".into(),
            ..claims()
        };
        let token = sign("k1", &ours, &other_type).unwrap();
        assert_eq!(read(&token, &ours, now()), Err(TokenFault::Malformed));
    }

    #[test]
    fn the_header_does_not_choose_the_algorithm() {
        let key = key(SigningAlgorithm::EdDsa);
        let token = sign("k1", &key, &claims()).unwrap();
        for (alg, expected) in [
            ("none", TokenFault::Malformed),
            ("None", TokenFault::Malformed),
            ("eddsa", TokenFault::Malformed),
            ("", TokenFault::Malformed),
            ("HS256", TokenFault::Algorithm),
            ("ES256", TokenFault::Algorithm),
            ("RS256", TokenFault::Algorithm),
        ] {
            let changed = with_header(&token, &format!(r#"{{"alg":"{alg}","kid":"k1"}}"#));
            assert_eq!(read(&changed, &key, now()), Err(expected), "{alg}");
            let (unsigned, _) = changed.rsplit_once('.').unwrap();
            assert_eq!(read(&format!("{unsigned}."), &key, now()), Err(expected));
        }
        // The classic confusion: our public key as the secret of an HMAC.
        let secret = key.public().try_get_as_bytes().unwrap();
        let confused = SigningKey::from_private(SigningAlgorithm::Hs256, secret, "portico").unwrap();
        let token = sign("k1", &confused, &claims()).unwrap();
        assert_eq!(read(&token, &key, now()), Err(TokenFault::Algorithm));
    }

    #[test]
    fn a_token_for_somebody_else_or_without_a_claim_is_refused() {
        let key = key(SigningAlgorithm::EdDsa);
        let header = Header {
            kid: Some("k1".to_owned()),
            ..Header::new(jsonwebtoken::Algorithm::EdDSA)
        };
        let complete = serde_json::to_value(claims()).unwrap();
        let signed = |claims: &serde_json::Value| {
            let token = encode(&header, claims, &key).unwrap();
            read(&token, &key, now())
        };
        assert_eq!(signed(&complete), Ok(claims()));
        let mut with_audience = complete.clone();
        with_audience["aud"] = "another service".into();
        assert_eq!(signed(&with_audience), Err(TokenFault::Malformed));
        for claim in complete.as_object().unwrap().keys() {
            let mut incomplete = complete.clone();
            incomplete.as_object_mut().unwrap().remove(claim);
            assert_eq!(signed(&incomplete), Err(TokenFault::Malformed), "{claim}");
        }
    }

    #[test]
    fn what_is_no_token_or_was_changed_is_refused() {
        let key = key(SigningAlgorithm::EdDsa);
        let token = sign("k1", &key, &claims()).unwrap();
        let long = "a".repeat(MAXIMUM_LENGTH + 1);
        for text in ["", ".", "..", "...", "a.b.c", "e30.e30.e30", &long] {
            assert_eq!(read(text, &key, now()), Err(TokenFault::Malformed), "{text}");
        }
        let critical = with_header(&token, r#"{"alg":"EdDSA","kid":"k1","crit":["exp"]}"#);
        assert_eq!(read(&critical, &key, now()), Err(TokenFault::Malformed));
        for header in [
            r#"{"alg":"EdDSA"}"#,
            r#"{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}"#,
        ] {
            let other = with_header(&token, header);
            assert_eq!(read(&other, &key, now()), Err(TokenFault::Malformed));
        }
        let [header, body, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            panic!()
        };
        let mut changed = URL_SAFE_NO_PAD.decode(body).unwrap();
        let place = changed.windows(4).position(|window| window == b"user").unwrap();
        changed[place..place + 4].copy_from_slice(b"root");
        let changed = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(changed));
        assert_eq!(read(&changed, &key, now()), Err(TokenFault::Signature));
    }
}
