//! Who is asking: the headers of a request go in, what the caller may do comes out, or a refusal.
//!
//! Three keys (admin, a second admin key for rotation, read-only) and, where they are switched on, tokens signed with an admin key.
//! Keys are kept as SHA-256 and compared as such, all of them each time, in constant time. The layer in `layer.rs` is the outermost of
//! both ports; what it lets through carries an [`Access`], and each operation asks that value for the right that it needs.
//!
//! Invariant: whatever is not on the open list, by exact path, needs a key. Refusals do not tell a wrong key from a wrong token.

mod access;
mod claims;
mod layer;
mod token;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use ring::digest::{SHA256, digest};
use subtle::{Choice, ConstantTimeEq};

pub use access::{Access, Forbidden, MustExist, Right, Subject};
pub use layer::{AuthLayer, AuthService, Existence, grpc_refusal, is_open, rest_refusal};

use crate::config::{Credentials, Secret};
use access::GlobalLevel;
use claims::BadClaims;
use token::Signer;

/// The header that carries a key or token; the other is `authorization`.
pub const API_KEY_HEADER: &str = "api-key";

/// Why a caller is not recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// There is no key.
    NoKey,
    /// There is one, and it is nobody's.
    WrongKey,
    /// A good token of the past.
    Expired,
}

/// The keys that are good now.
#[derive(Debug)]
pub struct Keyring {
    admin: [Option<Digest>; 2],
    read_only: Option<Digest>,
    signers: Vec<Signer>,
}

type Digest = [u8; 32];

impl Keyring {
    /// Hashes what was configured.
    #[must_use]
    pub fn new(credentials: &Credentials) -> Self {
        let Credentials { admin, alternative, read_only, tokens } = credentials;
        let hash = |secret: &Option<Secret>| secret.as_ref().map(|secret| sha256(secret.reveal()));
        let signers = [admin, alternative].into_iter().flatten().filter(|_| *tokens);
        Self {
            admin: [hash(admin), hash(alternative)],
            read_only: hash(read_only),
            signers: signers.map(|secret| Signer::new(secret.reveal())).collect(),
        }
    }

    /// Whether nobody is asked for a key.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.admin.iter().chain([&self.read_only]).all(Option::is_none)
    }

    /// Recognises the sender of a request, at a time in seconds since 1970.
    ///
    /// # Errors
    /// Nobody known.
    pub fn identify(&self, headers: &HeaderMap, now_s: u64) -> Result<Access, Denied> {
        if self.is_open() {
            return Ok(Access::open());
        }
        let presented = presented_key(headers)?;
        let hash = sha256(presented);
        let is = |known: &Option<Digest>| known.map_or(Choice::from(0), |known| known.ct_eq(&hash));
        let [first, second] = &self.admin;
        // All three, whichever it is.
        let (is_admin, is_reader) = (is(first) | is(second), is(&self.read_only));
        let [a, b, c, d, e, f, g, h, ..] = hash;
        let id = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        if is_admin.into() {
            return Ok(Access::global("admin", id, GlobalLevel::Manage));
        }
        if is_reader.into() {
            return Ok(Access::global("read-only", id, GlobalLevel::Read));
        }
        let claims = token::open(presented, &self.signers).ok_or(Denied::WrongKey)?;
        claims::rights(&claims, id, now_s).map_err(|bad| match bad {
            BadClaims::Expired => Denied::Expired,
            BadClaims::Malformed => Denied::WrongKey,
        })
    }
}

impl Denied {
    /// What the caller is told.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NoKey => "Must provide an API key or an Authorization bearer token",
            Self::WrongKey => "Invalid API key or JWT",
            Self::Expired => "The token has expired",
        }
    }
}

/// The key or token of a request: of `api-key`, else of `authorization: Bearer`. Two values of one header are none.
fn presented_key(headers: &HeaderMap) -> Result<&str, Denied> {
    let one = |name: &str| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| Denied::WrongKey),
            (Some(_), Some(_)) => Err(Denied::WrongKey),
        }
    };
    let key = match one(API_KEY_HEADER)? {
        Some(key) => key,
        None => bearer(one(AUTHORIZATION.as_str())?.ok_or(Denied::NoKey)?).ok_or(Denied::WrongKey)?,
    };
    if key.is_empty() { Err(Denied::NoKey) } else { Ok(key) }
}

/// RFC 6750, section 2.1; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim_start_matches(' '))
}

fn sha256(text: &str) -> Digest {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::token::tests::sign;
    use super::*;
    use http::{HeaderName, HeaderValue};
    use serde_json::json;

    const NOW: u64 = 1_000;

    fn keyring(tokens: bool) -> Keyring {
        let secret = |text| Some(Secret::new(text));
        Keyring::new(&Credentials {
            admin: secret("admin-key"),
            alternative: secret("next-key"),
            read_only: secret("reader"),
            tokens,
        })
    }

    /// Who is recognised by these headers.
    fn who(keyring: &Keyring, headers: &[(&'static str, &str)]) -> Result<String, Denied> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
        }
        keyring.identify(&map, NOW).map(|access| access.subject().name.clone())
    }

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], expected: Result<&str, Denied>) {
        assert_eq!(who(&keyring(true), headers), expected.map(str::to_owned), "{headers:?}");
    }

    #[test]
    fn keys_are_recognised_in_both_headers() {
        check(&[("api-key", "admin-key")], Ok("admin"));
        check(&[("api-key", "next-key")], Ok("admin"));
        check(&[("api-key", "reader")], Ok("read-only"));
        check(&[("authorization", "Bearer reader")], Ok("read-only"));
        check(&[("authorization", "bearer  reader")], Ok("read-only"));
        check(&[("api-key", "reader"), ("authorization", "Basic eDp5")], Ok("read-only"));
    }

    #[test]
    fn everything_else_is_nobody() {
        check(&[], Err(Denied::NoKey));
        check(&[("api-key", "")], Err(Denied::NoKey));
        check(&[("authorization", "Bearer ")], Err(Denied::NoKey));
        check(&[("authorization", "Basic eDp5")], Err(Denied::WrongKey));
        check(&[("authorization", "reader")], Err(Denied::WrongKey));
        check(&[("api-key", "Reader")], Err(Denied::WrongKey));
        check(&[("api-key", "reader ")], Err(Denied::WrongKey));
        check(&[("api-key", "rëader")], Err(Denied::WrongKey));
        check(&[("api-key", "x"), ("authorization", "Bearer reader")], Err(Denied::WrongKey));
        check(&[("api-key", "reader"), ("api-key", "reader")], Err(Denied::WrongKey));
    }

    #[test]
    fn without_keys_nobody_is_asked() {
        let open = Keyring::new(&Credentials::default());
        assert!(open.is_open());
        assert_eq!(who(&open, &[("api-key", "whatever")]), Ok("anonymous".to_owned()));
    }

    #[test]
    fn tokens_are_good_only_when_switched_on() {
        let header = json!({"alg": "HS256"});
        let good = sign(&header, &json!({"exp": 2_000, "sub": "me"}), "admin-key");
        let next = sign(&header, &json!({"exp": 2_000, "sub": "me"}), "next-key");
        let old = sign(&header, &json!({"exp": 900}), "admin-key");
        let reader = sign(&header, &json!({"exp": 2_000}), "reader");
        check(&[("api-key", &good)], Ok("me"));
        check(&[("authorization", &format!("Bearer {next}"))], Ok("me"));
        check(&[("api-key", &old)], Err(Denied::Expired));
        check(&[("api-key", &reader)], Err(Denied::WrongKey));
        assert_eq!(who(&keyring(false), &[("api-key", &good)]), Err(Denied::WrongKey));
    }

    #[test]
    fn nothing_shows_a_key() {
        let shown = format!("{:?}", keyring(true));
        assert!(!shown.contains("admin-key") && !shown.contains("reader\""), "{shown}");
    }
}
