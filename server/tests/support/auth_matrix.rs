//! Every way to ask without the right: a list of routes goes in, requests come out, each with what must become of it.
//!
//! Callers, beside those without a key: a wrong key, the read-only key, tokens for another collection, of the past, of another algorithm, of the wrong key, with
//! a tenant's filter. Paths: as they are, and written in other ways that a router may take for the same.

#![allow(dead_code, reason = "each test file uses a part of this")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use nigh_server::auth::Right;
use ring::hmac;
use serde_json::{Value, json};

/// May do everything; signs tokens.
pub(crate) const ADMIN: &str = "the-admin-key";
/// May read.
pub(crate) const READER: &str = "the-read-only-key";
/// The collection of all routes.
pub(crate) const COLLECTION: &str = "mine";

/// One route, and what it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// With [`COLLECTION`] in its place.
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
}

/// What a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing.
    Nobody,
    /// Any key.
    Anybody,
    /// A right on the whole server.
    Global(Right),
    /// A right on the collection.
    Collection(Right),
    /// The same, and no filter.
    Unfiltered(Right),
}

/// What must become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Neither of the others.
    Admitted,
    /// 401.
    Unknown,
    /// 403.
    Forbidden,
    /// Anything but an answer that only someone with a key may have.
    NotServed,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) name: String,
    pub(crate) request: Request<String>,
    pub(crate) expected: Outcome,
}

/// A caller: a name, headers, and who it is.
struct Caller {
    name: &'static str,
    headers: Vec<(&'static str, String)>,
    who: Who,
}

/// Who a caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    Admin,
    Reader,
    /// `rw` on [`COLLECTION`].
    Writer,
    /// `prw` on [`COLLECTION`].
    PointWriter,
    /// `rw` on another collection.
    Stranger,
    /// Everything, with a filter.
    Tenant,
}

/// All cells of all routes.
pub(crate) fn cells(routes: &[Route]) -> Vec<Cell> {
    let callers = callers();
    let mut cells = Vec::new();
    for route in routes {
        for caller in &callers {
            let expected = expected(caller.who, route.needs);
            cells.push(cell(route.method, route.path, caller, expected));
        }
        let nobody = callers.iter().find(|caller| caller.who == Who::Nobody).expect("nobody");
        let is_open = route.needs == Needs::Nobody;
        for path in disguises(route.path) {
            // An open path in disguise is not open; what a proxy makes of it is not ours to know.
            cells.push(cell(route.method, &path, nobody, Outcome::NotServed));
        }
        if !is_open {
            for method in ["HEAD", "OPTIONS", "TRACE", "get", "PROPFIND"] {
                cells.push(cell(method, route.path, nobody, Outcome::NotServed));
            }
            for header in ["x-http-method-override", "x-original-url", "x-rewrite-url", "x-forwarded-for"] {
                let mut disguised = cell("GET", "/collections", nobody, Outcome::NotServed);
                let value = if header.contains("method") { "OPTIONS" } else { "/healthz" };
                disguised.request.headers_mut().insert(header, value.parse().expect("a header"));
                disguised.name.push_str(header);
                cells.push(disguised);
            }
        }
    }
    cells
}

/// What the rights say; kept apart from the code that decides it.
fn expected(who: Who, needs: Needs) -> Outcome {
    let may = match (needs, who) {
        (Needs::Nobody, _) => true,
        (_, Who::Nobody) => return Outcome::Unknown,
        (Needs::Anybody, _) | (_, Who::Admin) => true,
        (Needs::Unfiltered(_), Who::Tenant) => false,
        (Needs::Unfiltered(right), who) => return expected(who, Needs::Collection(right)),
        (Needs::Global(right) | Needs::Collection(right), Who::Reader) => {
            matches!(right, Right::Read | Right::ReadWhole)
        }
        (Needs::Global(_), _) | (Needs::Collection(_), Who::Stranger) => false,
        (Needs::Collection(right), Who::Writer) => right != Right::Manage,
        (Needs::Collection(right), Who::PointWriter | Who::Tenant) => {
            matches!(right, Right::Read | Right::Write)
        }
    };
    if may { Outcome::Admitted } else { Outcome::Forbidden }
}

fn callers() -> Vec<Caller> {
    let api_key = |name, key: &str, who| Caller { name, headers: vec![("api-key", key.to_owned())], who };
    let hs256 = json!({"alg": "HS256", "typ": "JWT"});
    let later = 4_102_444_800_u64;
    let on = |collection: &str, access: &str| {
        let access = json!([{"collection": collection, "access": access}]);
        sign(&hs256, &json!({"exp": later, "access": access}), ADMIN)
    };
    let all = json!({"exp": later, "access": "m"});
    let unsigned = |alg: &str| {
        let whole = sign(&json!({ "alg": alg }), &all, ADMIN);
        whole.rsplit_once('.').map(|(signed, _)| format!("{signed}.")).expect("three parts")
    };
    let filter = json!({"must": [{"key": "tenant", "match": {"value": 7}}]});
    let bearer = |name, token: &str, who| Caller {
        name,
        headers: vec![("authorization", format!("Bearer {token}"))],
        who,
    };
    vec![
        Caller { name: "no key", headers: vec![], who: Who::Nobody },
        api_key("empty key", "", Who::Nobody),
        api_key("wrong key", "wrong", Who::Nobody),
        api_key("beginning of the key", &ADMIN[..5], Who::Nobody),
        api_key("more than the key", &format!("{ADMIN}x"), Who::Nobody),
        Caller {
            name: "basic",
            headers: vec![("authorization", format!("Basic {}", URL_SAFE_NO_PAD.encode(ADMIN)))],
            who: Who::Nobody,
        },
        Caller {
            name: "two keys",
            headers: vec![("api-key", "wrong".to_owned()), ("api-key", ADMIN.to_owned())],
            who: Who::Nobody,
        },
        api_key("expired", &sign(&hs256, &json!({"exp": 1_000, "access": "m"}), ADMIN), Who::Nobody),
        api_key("without a time", &sign(&hs256, &json!({"access": "m"}), ADMIN), Who::Nobody),
        api_key("alg none", &unsigned("none"), Who::Nobody),
        api_key("alg None", &unsigned("None"), Who::Nobody),
        api_key("alg HS256 without a signature", &unsigned("HS256"), Who::Nobody),
        api_key("alg RS256", &sign(&json!({"alg": "RS256"}), &all, ADMIN), Who::Nobody),
        api_key("alg HS512", &sign(&json!({"alg": "HS512"}), &all, ADMIN), Who::Nobody),
        api_key("signed with the read-only key", &sign(&hs256, &all, READER), Who::Nobody),
        api_key("signed with nothing", &sign(&hs256, &all, ""), Who::Nobody),
        api_key("admin", ADMIN, Who::Admin),
        bearer("admin as bearer", ADMIN, Who::Admin),
        api_key("admin token", &sign(&hs256, &all, ADMIN), Who::Admin),
        api_key("read-only", READER, Who::Reader),
        bearer("read-only token", &sign(&hs256, &json!({"exp": later, "access": "r"}), ADMIN), Who::Reader),
        api_key("writer", &on(COLLECTION, "rw"), Who::Writer),
        api_key("writer of points", &on(COLLECTION, "prw"), Who::PointWriter),
        api_key("other collection", &on("other", "rw"), Who::Stranger),
        api_key("other case", &on("MINE", "rw"), Who::Stranger),
        api_key("no collection", &sign(&hs256, &json!({"exp": later, "access": []}), ADMIN), Who::Stranger),
        api_key(
            "tenant",
            &sign(&hs256, &json!({"exp": later, "access": "m", "filter": filter}), ADMIN),
            Who::Tenant,
        ),
    ]
}

/// A good token with these claims.
pub(crate) fn token(claims: &Value) -> String {
    sign(&json!({"alg": "HS256", "typ": "JWT"}), claims, ADMIN)
}

/// Other ways to write a path.
fn disguises(path: &str) -> Vec<String> {
    let mut all = vec![
        format!("/{path}"),
        format!("{path}/"),
        format!("{path}//"),
        format!("/.{path}"),
        format!("{path}/."),
        format!("/x/..{path}"),
        format!("{path}/../healthz"),
        format!("/healthz/..{path}"),
        format!("/healthz/%2e%2e{path}"),
        format!("/healthz;{path}"),
        format!("{path}%2f"),
        format!("{path}%00"),
        format!("{path};x=healthz"),
        format!("{path}%3f/healthz"),
        path.to_uppercase(),
        path.replacen('/', "/%2f", 1),
        path.replacen('/', "%2f", 1).replacen("%2f", "/%2F", 1),
        path.replace("coll", "%63oll"),
    ];
    all.retain(|disguise| disguise != path);
    all.sort();
    all.dedup();
    all
}

fn cell(method: &str, path: &str, caller: &Caller, expected: Outcome) -> Cell {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    for (name, value) in &caller.headers {
        request = request.header(*name, value);
    }
    let request = request.body("{}".to_owned()).unwrap_or_else(|e| panic!("{method} {path}: {e}"));
    Cell { name: format!("{method} {path}, {}", caller.name), request, expected }
}

/// A token with any header.
pub(crate) fn sign(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes())))
}
