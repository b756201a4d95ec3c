//! Access tokens: JWTs (RFC 7519) signed by one key with one algorithm, and read just as strictly.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::InternalError;
use crate::refusal::TokenFault;
use crate::signing_key::SigningKey;

/// Longer ones are refused unread.
const MAXIMUM_LENGTH: usize = 8 * 1024;
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
    #[serde(flatten)]
    pub(crate) custom: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    kid: String,
    #[serde(default)]
    typ: Option<String>,
    /// Extensions a reader must understand (RFC 7515, 4.1.11); this one understands none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
}

impl Claims {
    /// Claims of type access token.
    pub(crate) fn access_type() -> String {
        ACCESS.to_owned()
    }
}

/// Signs claims.
pub(crate) fn sign(kid: &str, key: &SigningKey, claims: &Claims) -> Result<String, InternalError> {
    let header = Header {
        alg: key.algorithm().as_str().to_owned(),
        kid: kid.to_owned(),
        typ: Some("JWT".to_owned()),
        crit: None,
    };
    let mut token = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header)?);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// A token taken apart, nothing of it believed yet.
pub(crate) struct Unverified<'a> {
    header: Header,
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart.
    pub(crate) fn parse(token: &'a str) -> Result<Self, TokenFault> {
        if token.len() > MAXIMUM_LENGTH {
            return Err(TokenFault::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
        let header: Header = json(header)?;
        if header.crit.is_some() || header.typ.as_deref().is_some_and(|typ| typ != "JWT") {
            return Err(TokenFault::Malformed);
        }
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| TokenFault::Malformed)?;
        Ok(Self {
            header,
            signed,
            claims,
            signature,
        })
    }

    /// The key it names.
    pub(crate) fn kid(&self) -> &str {
        &self.header.kid
    }

    /// Believes the token if this key signed it, this issuer made it and it is valid now.
    pub(crate) fn verify(
        &self,
        key: &SigningKey,
        issuer: &str,
        now: DateTime<Utc>,
    ) -> Result<Claims, TokenFault> {
        // The key decides the algorithm, the header may only agree.
        if self.header.alg != key.algorithm().as_str() {
            return Err(TokenFault::Algorithm);
        }
        if !key.verify(self.signed.as_bytes(), &self.signature) {
            return Err(TokenFault::Signature);
        }
        let claims: Claims = json(self.claims)?;
        if claims.iss != issuer {
            return Err(TokenFault::Issuer);
        }
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

fn json<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, TokenFault> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenFault::Malformed)
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
        SigningKey::from_private(algorithm, &private).unwrap()
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
            hasura: HasuraClaims {
                allowed_roles: vec!["me".into(), "user".into()],
                default_role: "user".into(),
                user_id: user,
                anonymous: "false".into(),
                custom: BTreeMap::new(),
            },
        }
    }

    fn read(token: &str, key: &SigningKey, at: DateTime<Utc>) -> Result<Claims, TokenFault> {
        Unverified::parse(token)?.verify(key, "portico", at)
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
    fn another_library_accepts_our_tokens_with_the_published_key() {
        for algorithm in ALGORITHMS {
            let key = key(algorithm);
            let Some(jwk) = key.public_jwk("k1") else {
                assert_eq!(algorithm, SigningAlgorithm::Hs256);
                continue;
            };
            let token = sign("k1", &key, &claims()).unwrap();
            let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk).unwrap();
            let theirs = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
            let mut rules = jsonwebtoken::Validation::new(algorithm.as_str().parse().unwrap());
            rules.validate_exp = false;
            let read = jsonwebtoken::decode::<Claims>(&token, &theirs, &rules).unwrap();
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
        let issuer = Unverified::parse(&token).unwrap().verify(&ours, "other", now());
        assert_eq!(issuer, Err(TokenFault::Issuer));
        let entropy = TestEntropy::default();
        SigningKey::generate(SigningAlgorithm::EdDsa, &entropy).unwrap();
        let private = SigningKey::generate(SigningAlgorithm::EdDsa, &entropy).unwrap();
        let foreign = SigningKey::from_private(SigningAlgorithm::EdDsa, &private).unwrap();
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
        for alg in ["none", "None", "HS256", "ES256", "eddsa", ""] {
            let changed = with_header(&token, &format!(r#"{{"alg":"{alg}","kid":"k1"}}"#));
            assert_eq!(read(&changed, &key, now()), Err(TokenFault::Algorithm), "{alg}");
            let (unsigned, _) = changed.rsplit_once('.').unwrap();
            assert_eq!(
                read(&format!("{unsigned}."), &key, now()),
                Err(TokenFault::Algorithm)
            );
        }
        // The classic confusion: our public key as the secret of an HMAC.
        let public = key.public_jwk("k1").unwrap();
        let secret = URL_SAFE_NO_PAD
            .decode(public.get("x").unwrap().as_str().unwrap())
            .unwrap();
        let confused = SigningKey::from_private(SigningAlgorithm::Hs256, &secret).unwrap();
        let token = sign("k1", &confused, &claims()).unwrap();
        assert_eq!(read(&token, &key, now()), Err(TokenFault::Algorithm));
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
