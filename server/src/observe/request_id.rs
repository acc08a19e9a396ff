//! The name of a request: what the caller gave, or a new one; it is logged, and sent back.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Where it travels.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longer names are replaced.
const BYTES_MAX: usize = 128;

/// The name of a request: 1 to 128 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's, if it can be used, else a new one (UUID of version 7, RFC 9562).
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let is_printable = |value: &&HeaderValue| {
            let bytes = value.as_bytes();
            (1..=BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(|byte| (b' '..=b'~').contains(byte))
        };
        headers
            .get(&REQUEST_ID_HEADER)
            .filter(is_printable)
            .map_or_else(Self::new, |value| Self(value.clone()))
    }

    fn new() -> Self {
        let text = uuid::Uuid::now_v7().to_string();
        // Hexadecimal digits and hyphens are a header.
        Self(HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("none")))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// As a header.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID_HEADER, HeaderValue::from_bytes(value).expect("a header"));
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn good_names_are_kept_and_others_replaced() {
        assert_eq!(of(b"abc 1/2"), "abc 1/2");
        assert_eq!(of(&[b'x'; 128]), "x".repeat(128));
        let is_new = |text: String| uuid::Uuid::parse_str(&text).is_ok_and(|id| id.get_version_num() == 7);
        assert!(is_new(of(&[b'x'; 129])));
        assert!(is_new(of(b"")));
        assert!(is_new(of("ä".as_bytes())));
        assert!(is_new(of(b"a\tb")));
        assert!(is_new(RequestId::of(&HeaderMap::new()).as_str().to_owned()));
    }
}
