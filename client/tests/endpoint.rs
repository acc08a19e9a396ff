//! An address is read into its parts, or refused with the part that was wrong; its key stays secret.

use nigh_client::{Endpoint, EndpointField, Scheme};

/// What `text` means, written out in full.
#[track_caller]
fn check(text: &str, full: &str) {
    let endpoint: Endpoint = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(endpoint.to_string(), full);
    assert_eq!(full.parse(), Ok(endpoint), "the full form of {text} means the same");
}

/// That `text` is refused for `field`, having got `got`.
#[track_caller]
fn check_refused(text: &str, field: EndpointField, got: &str) {
    let error = text.parse::<Endpoint>().expect_err(text);
    assert_eq!((error.field(), error.got()), (field, got), "{text}: {error}");
}

#[test]
fn parts_that_are_named_are_taken() {
    check("http://search.example:80", "http://search.example:80");
    check("https://10.0.0.7:443/nigh/eu", "https://10.0.0.7:443/nigh/eu");
    check("grpc://my_host-1:65535", "grpc://my_host-1:65535");
}

#[test]
fn each_scheme_has_its_port() {
    check("http://host", "http://host:6333");
    check("https://host", "https://host:6333");
    check("grpc://host/prefix", "grpc://host:6334/prefix");
}

#[test]
fn ipv6_stands_in_brackets_outside_and_bare_inside() {
    check("grpc://[::1]", "grpc://[::1]:6334");
    check("http://[2001:DB8:0::7]:8080/x", "http://[2001:db8::7]:8080/x");
    let endpoint: Endpoint = "http://[::1]:80".parse().unwrap();
    assert_eq!(endpoint.host(), "::1");
}

#[test]
fn two_ways_to_write_one_address_are_equal() {
    check("HTTP://Search.Example", "http://search.example:6333");
    check("http://host/", "http://host:6333");
    check("http://host/a/b//", "http://host:6333/a/b");
}

#[test]
fn parts_can_be_asked_for() {
    let endpoint: Endpoint = "https://host:1/a".parse().unwrap();
    assert_eq!(endpoint.scheme(), Scheme::Https);
    assert_eq!((endpoint.host(), endpoint.port(), endpoint.path()), ("host", 1, "/a"));
    assert_eq!(endpoint.api_key(), None);
}

#[test]
fn wrong_parts_are_named() {
    check_refused("host:6333", EndpointField::Scheme, "no ://");
    check_refused("", EndpointField::Scheme, "no ://");
    check_refused("ftp://host", EndpointField::Scheme, "ftp");
    check_refused("http://", EndpointField::Host, "");
    check_refused("http://:80", EndpointField::Host, "");
    check_refused("http://ho st", EndpointField::Host, "ho st");
    check_refused("http://[::1", EndpointField::Host, "[::1");
    check_refused("http://[]", EndpointField::Host, "");
    check_refused("http://[host]", EndpointField::Host, "host");
    check_refused("http://[::1]80", EndpointField::Host, "80");
    check_refused("http://::1", EndpointField::Host, "");
    check_refused("http://host:", EndpointField::Port, "");
    check_refused("http://host:0", EndpointField::Port, "0");
    check_refused("http://host:+80", EndpointField::Port, "+80");
    check_refused("http://host:65536", EndpointField::Port, "65536");
    check_refused("http://host/a b", EndpointField::Path, "/a b");
    check_refused("http://host#x", EndpointField::Path, "a ? or #");
}

#[test]
fn an_error_says_what_was_expected() {
    let error = "http://host:x".parse::<Endpoint>().unwrap_err();
    assert_eq!(error.to_string(), "endpoint port: expected a number from 1 to 65535, got \"x\"");
}

#[test]
fn a_key_is_kept_and_never_shown() {
    let open: Endpoint = "http://host".parse().unwrap();
    let endpoint = open.clone().with_api_key("s3cret").unwrap();
    assert_eq!(endpoint.api_key(), Some("s3cret"));
    assert_ne!(endpoint, open);
    for shown in [format!("{endpoint:?}"), format!("{endpoint:#?}"), endpoint.to_string()] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    assert_eq!(format!("{endpoint:?}"), r#"Endpoint { address: "http://host:6333", api_key: Some(***) }"#);
    assert_eq!(format!("{open:?}"), r#"Endpoint { address: "http://host:6333", api_key: None }"#);
}

#[test]
fn secrets_are_not_repeated_in_errors() {
    let open: Endpoint = "http://host".parse().unwrap();
    for key in ["", "s3cret\n", "s3cret 2", "s3cret\u{e9}"] {
        let error = open.clone().with_api_key(key).unwrap_err();
        assert_eq!(error.field(), EndpointField::ApiKey);
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    check_refused("http://me:s3cret@host", EndpointField::Host, "an @");
    check_refused("http://host?api_key=s3cret", EndpointField::Path, "a ? or #");
}
