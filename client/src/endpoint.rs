//! Where a server is: here is a text such as `http://host:6333/prefix`, give me its parts.
//!
//! Always holds: the host is not empty and has no brackets; the port is not 0; the path is empty, or begins with `/`
//! and does not end in it. Whatever a later part of the client puts together from these is a valid address.
//! Printing an endpoint, for people or for a log, never shows its API key.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::error::{EndpointError, EndpointField};

/// The address of a server, and the key to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    host: String,
    port: u16,
    path: String,
    api_key: Option<String>,
}

/// The protocol an endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// REST in the clear; port 6333 unless another is named.
    Http,
    /// REST over TLS; port 6333 unless another is named.
    Https,
    /// gRPC in the clear; port 6334 unless another is named.
    Grpc,
}

impl Scheme {
    /// The port of a server that was not told another.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http | Self::Https => 6333,
            Self::Grpc => 6334,
        }
    }

    /// The word before `://`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Grpc => "grpc",
        }
    }
}

impl Endpoint {
    /// The same server, asked with `api_key`.
    ///
    /// # Errors
    ///
    /// When the key cannot stand in a header: it is empty, or holds anything but visible ASCII. The error does not
    /// repeat the key.
    pub fn with_api_key(self, api_key: &str) -> Result<Self, EndpointError> {
        let wrong =
            |got| Err(EndpointError::new(EndpointField::ApiKey, "one or more visible ASCII characters", got));
        if api_key.is_empty() {
            return wrong("an empty text");
        }
        if !api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return wrong("other characters");
        }
        Ok(Self { api_key: Some(api_key.to_owned()), ..self })
    }

    /// The protocol.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The machine: a name, an IPv4 address, or an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's own when the text named none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What stands before every path of the server: empty, or as in `/nigh`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The key to send along, for the one place that sends it.
    pub fn api_key(&self) -> Option<&str> {
        self.api_key.as_deref()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    /// Reads `scheme://host[:port][/path]`. Names of schemes and hosts are read in any case and kept in lower case.
    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (parse_scheme(scheme)?, rest),
            None => return Err(EndpointError::new(EndpointField::Scheme, SCHEMES, "no ://")),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (host, port) = split_authority(authority)?;
        Ok(Self {
            scheme,
            host: parse_host(host)?,
            port: port.map_or(Ok(scheme.default_port()), parse_port)?,
            path: parse_path(path)?,
            api_key: None,
        })
    }
}

const SCHEMES: &str = "http://, https:// or grpc://";
const NAME: &str = "a name of letters, digits, dots and hyphens, or an address";

fn parse_scheme(scheme: &str) -> Result<Scheme, EndpointError> {
    let known = [Scheme::Http, Scheme::Https, Scheme::Grpc];
    let found = known.into_iter().find(|known| scheme.eq_ignore_ascii_case(known.as_str()));
    found.ok_or_else(|| EndpointError::new(EndpointField::Scheme, SCHEMES, scheme))
}

/// Splits `host:port`, the host with its brackets.
fn split_authority(authority: &str) -> Result<(&str, Option<&str>), EndpointError> {
    let wrong = |expected, got| Err(EndpointError::new(EndpointField::Host, expected, got));
    if authority.contains('@') {
        // Not repeated: what stands before it is likely a password.
        return wrong("no user or password before the host", "an @");
    }
    if !authority.starts_with('[') {
        return Ok(match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        });
    }
    let Some(close) = authority.find(']') else { return wrong("a closing ]", authority) };
    match authority.split_at(close + 1) {
        (host, "") => Ok((host, None)),
        (host, rest) => match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None => wrong("nothing but a port after ]", rest),
        },
    }
}

fn parse_host(host: &str) -> Result<String, EndpointError> {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let parsed = address.parse::<Ipv6Addr>();
        let parsed = parsed.map_err(|_| {
            EndpointError::new(EndpointField::Host, "an IPv6 address between [ and ]", address)
        })?;
        return Ok(parsed.to_string());
    }
    let is_name =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if is_name {
        Ok(host.to_ascii_lowercase())
    } else {
        Err(EndpointError::new(EndpointField::Host, NAME, host))
    }
}

fn parse_port(port: &str) -> Result<u16, EndpointError> {
    // `u16::from_str` would take a sign.
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let number = port.parse().ok().filter(|number| digits && *number != 0);
    number.ok_or_else(|| EndpointError::new(EndpointField::Port, "a number from 1 to 65535", port))
}

fn parse_path(path: &str) -> Result<String, EndpointError> {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte);
    if !path.bytes().all(allowed) {
        // A query is where people put keys, so no more than its sign is told.
        let got = if path.contains(['?', '#']) { "a ? or #" } else { path };
        return Err(EndpointError::new(EndpointField::Path, "a path without query, fragment or spaces", got));
    }
    Ok(path.trim_end_matches('/').to_owned())
}

impl fmt::Display for Endpoint {
    /// The address in full, as [`Endpoint::from_str`] reads it; without the API key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{}://{open}{}{close}:{}{}", self.scheme.as_str(), self.host, self.port, self.path)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let api_key = self.api_key.as_ref().map(|_| format_args!("***"));
        f.debug_struct("Endpoint").field("address", &self.to_string()).field("api_key", &api_key).finish()
    }
}
