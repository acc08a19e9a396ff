//! JSON web tokens: a token and signing keys go in, its payload comes out, or nothing.
//!
//! One algorithm, HS256, and it is ours to name, not the token's: a token that names another, or `none`, is refused before its
//! signature is looked at. Keys that a header offers (`jwk`, `jku`, `x5u`) are never read. Only the compact form with three parts.
//!
//! Sources: RFC 7515 (form), RFC 7518 section 3.2 (HS256), RFC 8725 (what goes wrong).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Map, Value};

/// Longer tokens carry more than rights.
const BYTES_MAX: usize = 16 << 10;

/// What one secret signs.
#[derive(Debug, Clone)]
pub(super) struct Signer(hmac::Key);

impl Signer {
    /// For a secret.
    pub(super) fn new(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }
}

/// The claims of a token that one of `signers` signed.
pub(super) fn open(token: &str, signers: &[Signer]) -> Option<Map<String, Value>> {
    if token.len() > BYTES_MAX {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    if payload.contains('.') || !is_hs256(&object(header)?) {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    // `verify` compares in constant time.
    let is_ours = signers.iter().any(|Signer(key)| hmac::verify(key, signed.as_bytes(), &signature).is_ok());
    if is_ours { object(payload) } else { None }
}

/// One part: base64url without padding, of a JSON object.
fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

fn is_hs256(header: &Map<String, Value>) -> bool {
    let is_jwt = match header.get("typ") {
        None => true,
        Some(kind) => kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("JWT")),
    };
    // Extensions that must be understood: we know none.
    header.get("alg").and_then(Value::as_str) == Some("HS256") && is_jwt && !header.contains_key("crit")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// Signs whatever it is given.
    pub(in crate::auth) fn sign(header: &Value, payload: &Value, secret: &str) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(payload));
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes())))
    }

    fn opens(token: &str) -> bool {
        open(token, &[Signer::new("first"), Signer::new("second")]).is_some()
    }

    #[test]
    fn the_example_of_the_specification_opens() {
        // RFC 7515, appendix A.1; its key is binary.
        let key = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .expect("base64");
        let token = concat!(
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
            ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
        let claims = open(token, &[Signer(hmac::Key::new(hmac::HMAC_SHA256, &key))]).expect("a good token");
        assert_eq!(claims.get("iss"), Some(&json!("joe")));
        assert_eq!(claims.get("exp"), Some(&json!(1_300_819_380_u64)));
    }

    #[test]
    fn either_key_signs_and_no_other() {
        let header = json!({"alg": "HS256", "typ": "JWT"});
        assert!(opens(&sign(&header, &json!({}), "first")));
        assert!(opens(&sign(&header, &json!({}), "second")));
        assert!(!opens(&sign(&header, &json!({}), "third")));
        assert!(!opens(&sign(&header, &json!({}), "")));
    }

    #[test]
    fn other_algorithms_are_refused_although_the_signature_is_right() {
        for header in [
            json!({"alg": "none"}),
            json!({"alg": "None"}),
            json!({"alg": "hs256"}),
            json!({"alg": "HS384"}),
            json!({"alg": "RS256"}),
            json!({"alg": ["HS256"]}),
            json!({"alg": null}),
            json!({}),
            json!([]),
            json!({"alg": "HS256", "typ": "JWE"}),
            json!({"alg": "HS256", "crit": ["exp"]}),
        ] {
            assert!(!opens(&sign(&header, &json!({}), "first")), "{header}");
        }
        assert!(opens(&sign(
            &json!({"alg": "HS256", "kid": "x", "jku": "http://evil"}),
            &json!({}),
            "first"
        )));
    }

    #[test]
    fn other_forms_are_refused() {
        let good = sign(&json!({"alg": "HS256"}), &json!({"a": 1}), "first");
        assert!(opens(&good));
        let (signed, signature) = good.rsplit_once('.').expect("three parts");
        for bad in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            signed.to_owned(),
            format!("{signed}."),
            format!("{good}."),
            format!(".{good}"),
            format!("{good}.{signature}"),
            format!("{good}="),
            format!(" {good}"),
            good.to_ascii_lowercase(),
            format!("{signed}.{}", &signature[..signature.len() - 4]),
            sign(&json!({"alg": "HS256"}), &json!([]), "first"),
            sign(&json!({"alg": "HS256"}), &json!("x".repeat(BYTES_MAX)), "first"),
        ] {
            assert!(!opens(&bad), "{bad:?}");
        }
    }

    #[test]
    fn no_flipped_bit_opens() {
        let good = sign(&json!({"alg": "HS256"}), &json!({"a": 1}), "first");
        for at in 0..good.len() {
            for bit in 0..7 {
                let mut bytes = good.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(bad) = String::from_utf8(bytes) else { continue };
                assert!(!opens(&bad), "{bad:?}");
            }
        }
    }
}
