//! Paths into a payload: `a.b`, `a[0].b`, `a[].b` (every element), `"key with . or space".b`.
//!
//! An unquoted key has letters, digits, `_` and `-`. Editing creates missing objects on the way but no array elements.

use super::payload::Payload;
use crate::error::{Error, Result};
use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;

/// A parsed path with at least one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadPath {
    first: String,
    rest: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    Every,
}

/// Steps in a path; deeper ones cannot exist in a payload.
const STEPS_MAX: usize = super::payload::DEPTH_MAX;

impl PayloadPath {
    /// Asks `test` of each value the path names, up to the first for which it holds; whether there was one.
    pub(crate) fn any<'a>(
        &self,
        map: &'a Map<String, Value>,
        test: &mut dyn FnMut(&'a Value) -> bool,
    ) -> bool {
        map.get(&self.first).is_some_and(|value| any(value, &self.rest, test))
    }

    /// Calls `each` for what the path names; for the elements of an array at its end.
    pub(crate) fn for_each<'a>(&self, map: &'a Map<String, Value>, each: &mut dyn FnMut(&'a Value)) {
        self.any(map, &mut |value| {
            match value {
                Value::Array(items) => items.iter().for_each(&mut *each),
                other => each(other),
            }
            false
        });
    }

    /// What the path names; for an array at its end, its elements.
    pub fn values<'a>(&self, payload: &'a Payload) -> Vec<&'a Value> {
        let mut found = Vec::new();
        self.for_each(payload.as_map(), &mut |value| found.push(value));
        found
    }

    /// Calls `act` on each place the path names, creating objects for missing keys.
    pub(super) fn edit(&self, map: &mut Map<String, Value>, act: &mut dyn FnMut(&mut Value)) {
        edit(map.entry(self.first.clone()).or_insert(Value::Null), &self.rest, act);
    }

    /// Copies each value the path names, with the objects and arrays around it, from one payload into another. Of an array on the way, the elements that are
    /// looked into come along, and nothing else of them.
    pub(super) fn copy(&self, from: &Map<String, Value>, into: &mut Map<String, Value>) {
        if let Some(value) = from.get(&self.first) {
            copy(value, &self.rest, into.entry(self.first.clone()).or_insert(Value::Null));
        }
    }

    /// Removes each value the path names; of an array, all elements or none: to remove one at a place twice would remove two.
    pub(super) fn remove(&self, map: &mut Map<String, Value>) {
        let Some((last, way)) = self.rest.split_last() else {
            map.remove(&self.first);
            return;
        };
        if let Some(value) = map.get_mut(&self.first) {
            remove(value, way, last);
        }
    }
}

fn any<'a>(value: &'a Value, steps: &[Step], test: &mut dyn FnMut(&'a Value) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else { return test(value) };
    match step {
        Step::Key(key) => {
            value.as_object().and_then(|map| map.get(key)).is_some_and(|item| any(item, rest, test))
        }
        Step::Index(index) => value.get(*index).is_some_and(|item| any(item, rest, test)),
        Step::Every => value.as_array().into_iter().flatten().any(|item| any(item, rest, test)),
    }
}

fn edit(value: &mut Value, steps: &[Step], act: &mut dyn FnMut(&mut Value)) {
    let Some((step, rest)) = steps.split_first() else { return act(value) };
    match step {
        Step::Key(key) => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            if let Value::Object(map) = value {
                edit(map.entry(key.clone()).or_insert(Value::Null), rest, act);
            }
        }
        Step::Index(index) => {
            if let Some(item) = value.get_mut(*index) {
                edit(item, rest, act);
            }
        }
        Step::Every => {
            for item in value.as_array_mut().into_iter().flatten() {
                edit(item, rest, act);
            }
        }
    }
}

fn copy(from: &Value, steps: &[Step], into: &mut Value) {
    let Some((step, rest)) = steps.split_first() else {
        *into = from.clone();
        return;
    };
    match (step, from) {
        (Step::Key(key), Value::Object(map)) => {
            if !into.is_object() {
                *into = Value::Object(Map::new());
            }
            if let (Some(value), Some(object)) = (map.get(key), into.as_object_mut()) {
                copy(value, rest, object.entry(key.clone()).or_insert(Value::Null));
            }
        }
        (Step::Index(_) | Step::Every, Value::Array(items)) => {
            if !into.is_array() {
                *into = Value::Array(Vec::new());
            }
            let Some(copied) = into.as_array_mut() else { return };
            if let Step::Index(index) = step {
                copied.extend(items.get(*index).map(|item| copied_alone(item, rest)));
                return;
            }
            // Another path may have brought the same elements: they are completed.
            copied.resize(items.len().max(copied.len()), Value::Null);
            for (item, place) in items.iter().zip(copied) {
                copy(item, rest, place);
            }
        }
        _ => {}
    }
}

fn copied_alone(from: &Value, steps: &[Step]) -> Value {
    let mut copied = Value::Null;
    copy(from, steps, &mut copied);
    copied
}

fn remove(value: &mut Value, way: &[Step], last: &Step) {
    let Some((step, rest)) = way.split_first() else {
        match (last, value) {
            (Step::Key(key), Value::Object(map)) => drop(map.remove(key)),
            (Step::Every, Value::Array(items)) => items.clear(),
            _ => {}
        }
        return;
    };
    match step {
        Step::Key(key) => {
            if let Some(item) = value.as_object_mut().and_then(|map| map.get_mut(key)) {
                remove(item, rest, last);
            }
        }
        Step::Index(index) => {
            if let Some(item) = value.get_mut(*index) {
                remove(item, rest, last);
            }
        }
        Step::Every => {
            for item in value.as_array_mut().into_iter().flatten() {
                remove(item, rest, last);
            }
        }
    }
}

impl FromStr for PayloadPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: &str| {
            let shown: String = text.chars().take(64).collect();
            Error::invalid("payload path", why, format!("{shown:?}"))
        };
        let mut rest = text;
        let first =
            key(&mut rest).ok_or_else(|| bad("a key of letters, digits, _ and -, or a quoted key"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if steps.len() == STEPS_MAX {
                return Err(bad("at most 64 steps"));
            }
            if let Some(after) = rest.strip_prefix('.') {
                rest = after;
                steps.push(Step::Key(key(&mut rest).ok_or_else(|| bad("a key after each dot"))?));
            } else {
                let inside = rest.strip_prefix('[').and_then(|r| r.split_once(']'));
                let (index, after) = inside.ok_or_else(|| bad("`.key`, `[index]` or `[]`"))?;
                rest = after;
                steps.push(match index {
                    "" => Step::Every,
                    digits => Step::Index(digits.parse().map_err(|_| bad("a number between brackets"))?),
                });
            }
        }
        Ok(Self { first, rest: steps })
    }
}

impl fmt::Display for PayloadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write_key = |f: &mut fmt::Formatter<'_>, key: &str| {
            let plain = key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
            if plain { f.write_str(key) } else { write!(f, "\"{key}\"") }
        };
        write_key(f, &self.first)?;
        self.rest.iter().try_for_each(|step| match step {
            Step::Key(key) => f.write_str(".").and_then(|()| write_key(f, key)),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Every => f.write_str("[]"),
        })
    }
}

fn key(rest: &mut &str) -> Option<String> {
    if let Some(quoted) = rest.strip_prefix('"') {
        let (key, after) = quoted.split_once('"')?;
        *rest = after;
        return (!key.is_empty()).then(|| key.to_owned());
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
    let (key, after) = rest.split_at_checked(end)?;
    *rest = after;
    (!key.is_empty()).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn removed(value: Value, path: &str) -> Value {
        let Value::Object(mut map) = value else { panic!("not an object") };
        path.parse::<PayloadPath>().expect("path").remove(&mut map);
        Value::Object(map)
    }

    #[test]
    fn removes_what_the_path_names() {
        assert_eq!(removed(json!({"a": {"b": 1, "c": 2}}), "a.b"), json!({"a": {"c": 2}}));
        assert_eq!(
            removed(json!({"a": [{"b": 1}, {"b": 2, "c": 3}]}), "a[].b"),
            json!({"a": [{}, {"c": 3}]})
        );
        assert_eq!(removed(json!({"a": [1, 2]}), "a[0]"), json!({"a": [1, 2]}));
        assert_eq!(removed(json!({"a.b": 1, "a": {"b": 2}}), "\"a.b\""), json!({"a": {"b": 2}}));
        assert_eq!(removed(json!({"도시": "서울", "x": 1}), "도시"), json!({"x": 1}));
        assert_eq!(removed(json!({"a": 1}), "b.c"), json!({"a": 1}));
    }

    #[test]
    fn copies_what_the_path_names_and_what_is_around_it() {
        let copied = |value: Value, paths: &[&str]| {
            let Value::Object(map) = value else { panic!("not an object") };
            let mut into = Map::new();
            paths.iter().for_each(|path| path.parse::<PayloadPath>().expect("path").copy(&map, &mut into));
            Value::Object(into)
        };
        let value = json!({"a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}, {"e": 3}], "g": [1, 2]});
        assert_eq!(copied(value.clone(), &["a.b", "g"]), json!({"a": {"b": 1}, "g": [1, 2]}));
        assert_eq!(copied(value.clone(), &["d[].f"]), json!({"d": [{"f": 2}, {}]}));
        assert_eq!(copied(value.clone(), &["d[].f", "d[].e"]), json!({"d": [{"f": 2, "e": 1}, {"e": 3}]}));
        assert_eq!(copied(value.clone(), &["d[1].e"]), json!({"d": [{"e": 3}]}));
        assert_eq!(copied(value.clone(), &["x.y", "a"]), json!({"a": {"b": 1, "c": 2}}));
        assert_eq!(copied(value, &[]), json!({}));
    }

    #[test]
    fn finds_what_the_path_names() {
        let found = |value: Value, path: &str| {
            let path: PayloadPath = path.parse().expect("path");
            let Value::Object(map) = value else { panic!("not an object") };
            let mut found = Vec::new();
            path.for_each(&map, &mut |value| found.push(value.clone()));
            found
        };
        assert_eq!(found(json!({"a": {"b": 1}}), "a.b"), [json!(1)]);
        assert_eq!(found(json!({"a": [1, [2]]}), "a"), [json!(1), json!([2])]);
        assert_eq!(
            found(json!({"a": [{"b": 1}, {"b": [2, 3]}, 4]}), "a[].b"),
            [json!(1), json!(2), json!(3)]
        );
        assert_eq!(found(json!({"a": [5, 6]}), "a[1]"), [json!(6)]);
        assert_eq!(found(json!({"a": null}), "a"), [json!(null)]);
        assert!(found(json!({"a": [{"b": 1}]}), "a.b").is_empty());
        assert!(found(json!({"a": []}), "a").is_empty());
    }

    #[test]
    fn prints_what_it_read() {
        for text in ["a", "a.b[0].c[].d-e", "\"a b\".\"c.d\"", "도시"] {
            assert_eq!(text.parse::<PayloadPath>().expect("path").to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_no_path() {
        for bad in ["", ".", "a.", "a..b", "a[", "a[x]", "a]", "a b", "\"a", "a[-1]"] {
            assert!(bad.parse::<PayloadPath>().is_err(), "{bad}");
        }
    }
}
