//! What a token says: its claims go in, rights come out, or why it is not good.
//!
//! `exp`, `access`, `value_exists`, `sub` and `subject` are as Qdrant documents them, except that `exp` must be there. `filter` is ours.
//! Without `access` a token may do everything, as with Qdrant: who can sign one can do everything too. Whatever looks like a
//! restriction and is not understood makes the token bad, so that no restriction is lost.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::access::{Access, CollectionLevel, GlobalLevel, MustExist, Scope, Subject};

/// Clocks may differ so much, in seconds.
const LEEWAY_S: f64 = 30.0;

/// Why a token that we signed gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadClaims {
    /// It was good once.
    Expired,
    /// It was never good.
    Malformed,
}

/// Rights of a token, at a time in seconds since 1970.
pub(super) fn rights(claims: &Map<String, Value>, id: u64, now_s: u64) -> Result<Access, BadClaims> {
    // Good for 2^53 seconds.
    let now_s = now_s as f64;
    let time = |name| match claims.get(name) {
        None => Ok(None),
        Some(time) => time.as_f64().map(Some).ok_or(BadClaims::Malformed),
    };
    if now_s >= time("exp")?.ok_or(BadClaims::Malformed)? + LEEWAY_S {
        return Err(BadClaims::Expired);
    }
    if time("nbf")?.is_some_and(|from| now_s < from - LEEWAY_S) {
        return Err(BadClaims::Malformed);
    }
    let text = |name| match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(BadClaims::Malformed),
    };
    let name = text("subject")?.or(text("sub")?).unwrap_or("token").to_owned();
    Ok(Access {
        subject: Subject { name, id },
        scope: claims.get("access").map_or(Ok(Scope::Global(GlobalLevel::Manage)), scope)?,
        filter: match claims.get("filter") {
            None | Some(Value::Null) => None,
            Some(filter @ Value::Object(_)) => Some(Arc::new(filter.clone())),
            Some(_) => return Err(BadClaims::Malformed),
        },
        must_exist: match claims.get("value_exists") {
            None | Some(Value::Null) => None,
            Some(claim) => Some(must_exist(claim).ok_or(BadClaims::Malformed)?),
        },
    })
}

fn scope(claim: &Value) -> Result<Scope, BadClaims> {
    match claim {
        Value::String(word) if word == "r" => Ok(Scope::Global(GlobalLevel::Read)),
        Value::String(word) if word == "m" => Ok(Scope::Global(GlobalLevel::Manage)),
        Value::Array(entries) => {
            let levels: Option<Vec<_>> = entries.iter().map(collection_level).collect();
            let levels = levels.ok_or(BadClaims::Malformed)?;
            let is_twice = |(i, (name, _)): (usize, &(String, _))| {
                levels.iter().take(i).any(|(before, _): &(String, CollectionLevel)| before == name)
            };
            if levels.iter().enumerate().any(is_twice) {
                return Err(BadClaims::Malformed);
            }
            Ok(Scope::Collections(levels))
        }
        _ => Err(BadClaims::Malformed),
    }
}

/// One entry of `access`. Qdrant's old `payload`, which narrowed a token, is not understood and thus refused.
fn collection_level(entry: &Value) -> Option<(String, CollectionLevel)> {
    let entry = entry.as_object()?;
    let level = match entry.get("access")?.as_str()? {
        "r" => CollectionLevel::Read,
        "rw" => CollectionLevel::ReadWrite,
        "prw" => CollectionLevel::PointsReadWrite,
        _ => return None,
    };
    let is_known = |(name, value): (&String, &Value)| {
        matches!(name.as_str(), "collection" | "access") || value.is_null()
    };
    entry.iter().all(is_known).then_some(())?;
    Some((entry.get("collection")?.as_str()?.to_owned(), level))
}

/// `{collection, matches: [{key, value}, …]}`: a point must match all of them.
fn must_exist(claim: &Value) -> Option<MustExist> {
    let claim = claim.as_object()?;
    let condition = |pair: &Value| {
        let value = pair.get("value").filter(|value| !value.is_object() && !value.is_array())?;
        Some(json!({"key": pair.get("key")?.as_str()?, "match": {"value": value}}))
    };
    let conditions: Option<Vec<_>> = claim.get("matches")?.as_array()?.iter().map(condition).collect();
    let collection = claim.get("collection")?.as_str()?.to_owned();
    Some(MustExist { collection, filter: json!({ "must": conditions? }) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::access::Right;

    fn read(claims: Value) -> Result<Access, BadClaims> {
        rights(claims.as_object().expect("an object"), 7, 1_000)
    }

    /// With a time to come.
    fn with(claim: &str, value: Value) -> Result<Access, BadClaims> {
        read(json!({"exp": 2_000, claim: value}))
    }

    #[test]
    fn the_time_is_checked_with_some_leeway() {
        let outcome = |exp: Value| read(json!({ "exp": exp })).map(|_| ());
        assert_eq!(outcome(json!(971)), Ok(()));
        assert_eq!(outcome(json!(970)), Err(BadClaims::Expired));
        assert_eq!(outcome(json!(970.5)), Ok(()));
        assert_eq!(outcome(json!(-1)), Err(BadClaims::Expired));
        assert_eq!(outcome(json!("2000")), Err(BadClaims::Malformed));
        assert_eq!(outcome(json!(null)), Err(BadClaims::Malformed));
        assert_eq!(read(json!({})).map(|_| ()), Err(BadClaims::Malformed));
        assert!(with("nbf", json!(1_030)).is_ok());
        assert!(with("nbf", json!(1_031)).is_err());
    }

    #[test]
    fn access_is_read() {
        let scope = |value| with("access", value).map(|access| access.scope);
        assert_eq!(scope(json!("r")), Ok(Scope::Global(GlobalLevel::Read)));
        assert_eq!(scope(json!("m")), Ok(Scope::Global(GlobalLevel::Manage)));
        assert_eq!(scope(json!([])), Ok(Scope::Collections(vec![])));
        let levels = json!([
            {"collection": "a", "access": "r"},
            {"collection": "b", "access": "rw"},
            {"collection": "c", "access": "prw", "payload": null},
        ]);
        let expected = vec![
            ("a".to_owned(), CollectionLevel::Read),
            ("b".to_owned(), CollectionLevel::ReadWrite),
            ("c".to_owned(), CollectionLevel::PointsReadWrite),
        ];
        assert_eq!(scope(levels), Ok(Scope::Collections(expected)));
        assert_eq!(read(json!({"exp": 2_000})).map(|a| a.scope), Ok(Scope::Global(GlobalLevel::Manage)));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for access in [
            json!("rw"),
            json!("M"),
            json!(null),
            json!({}),
            json!(["r"]),
            json!([{"collection": "a"}]),
            json!([{"access": "r"}]),
            json!([{"collection": "a", "access": "m"}]),
            json!([{"collection": "a", "access": "r", "payload": {"x": 1}}]),
            json!([{"collection": "a", "access": "r"}, {"collection": "a", "access": "rw"}]),
        ] {
            assert!(with("access", access.clone()).is_err(), "{access}");
        }
        assert!(with("filter", json!("x")).is_err());
        assert!(with("sub", json!(1)).is_err());
        assert!(with("value_exists", json!({"collection": "a"})).is_err());
        assert!(with("value_exists", json!({"collection": "a", "matches": [{"key": "k"}]})).is_err());
        assert!(
            with("value_exists", json!({"collection": "a", "matches": [{"key": "k", "value": [1]}]}))
                .is_err()
        );
    }

    #[test]
    fn subjects_filters_and_points_come_through() {
        assert_eq!(with("sub", json!("me")).map(|a| a.subject.name), Ok("me".to_owned()));
        let both = read(json!({"exp": 2_000, "sub": "me", "subject": "you"}));
        assert_eq!(both.map(|a| a.subject), Ok(Subject { name: "you".to_owned(), id: 7 }));
        let filter = json!({"must": []});
        let access = with("filter", filter.clone()).expect("a filter");
        assert_eq!(access.require_collection("a", Right::Read), Ok(Some(&filter)));
        let claim = json!({"collection": "users", "matches": [{"key": "id", "value": 3}, {"key": "role", "value": "x"}]});
        let expected = MustExist {
            collection: "users".to_owned(),
            filter: json!({"must": [{"key": "id", "match": {"value": 3}}, {"key": "role", "match": {"value": "x"}}]}),
        };
        assert_eq!(with("value_exists", claim).map(|a| a.must_exist), Ok(Some(expected)));
    }
}
