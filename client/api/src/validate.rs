//! Limits that a well-formed body may break, and the messages that clients compare.

use std::fmt;

/// One broken limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: keys joined by dots, indexes in brackets.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// Limits that a body breaks, in the order of its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    path: Vec<String>,
    found: Vec<Problem>,
}

impl Problems {
    /// None yet; paths begin at the body.
    pub fn new() -> Self {
        Self::default()
    }

    /// None yet; paths begin with `root`.
    pub fn under(root: &str) -> Self {
        Self { path: vec![root.to_owned()], found: Vec::new() }
    }

    /// What `body` breaks, if it breaks anything.
    pub fn of(body: &impl Validate) -> Option<Self> {
        let mut problems = Self::new();
        body.validate(&mut problems);
        (!problems.is_empty()).then_some(problems)
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The problems.
    pub fn found(&self) -> &[Problem] {
        &self.found
    }

    /// Adds a problem of the field `key`.
    pub fn add(&mut self, key: &str, message: impl fmt::Display) {
        let mut path = self.path.join(".");
        if !path.is_empty() && !key.is_empty() {
            path.push('.');
        }
        path.push_str(key);
        self.found.push(Problem { path, message: message.to_string() });
    }

    /// Looks into the field `key`.
    pub fn field(&mut self, key: &str, inner: &impl Validate) {
        self.inside(key, |problems| inner.validate(problems));
    }

    /// Looks into an optional field.
    pub fn optional(&mut self, key: &str, inner: Option<&impl Validate>) {
        if let Some(inner) = inner {
            self.field(key, inner);
        }
    }

    /// Looks into each element of a list.
    pub fn each<'a, T: Validate + 'a>(&mut self, key: &str, items: impl IntoIterator<Item = &'a T>) {
        for (i, item) in items.into_iter().enumerate() {
            self.field(&format!("{key}[{i}]"), item);
        }
    }

    /// Looks at what is under `key`.
    pub fn inside(&mut self, key: &str, look: impl FnOnce(&mut Self)) {
        self.path.push(key.to_owned());
        look(self);
        self.path.pop();
    }

    /// The number is so large or larger.
    pub fn at_least<N: PartialOrd + fmt::Display>(&mut self, key: &str, value: Option<N>, min: N) {
        if let Some(value) = value {
            // So that what is no number is not large enough.
            let is_enough = value >= min;
            if !is_enough {
                self.add(key, format_args!("value {value} invalid, must be {min} or larger"));
            }
        }
    }

    /// The number is in a range, both ends included.
    pub fn between<N: PartialOrd + fmt::Display>(&mut self, key: &str, value: Option<N>, min: N, max: N) {
        if let Some(value) = value
            && !(value >= min && value <= max)
        {
            self.add(key, format_args!("value {value} invalid, must be from {min} to {max}"));
        }
    }
}

impl fmt::Display for Problems {
    /// `[path: message; path: message]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, problem) in self.found.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}: {}", problem.path, problem.message)?;
        }
        f.write_str("]")
    }
}

/// A body with limits.
pub trait Validate {
    /// Adds what it breaks.
    fn validate(&self, problems: &mut Problems);
}

/// A name of a collection, alias or vector that is to be made.
pub(crate) fn check_name(problems: &mut Problems, key: &str, name: &str, max: usize) {
    let length = name.chars().count();
    if length == 0 || length > max {
        problems.add(key, format_args!("value {name:?} invalid, must be from 1 to {max} characters"));
    }
    if let Some(bad) = name.chars().find(|c| "<>:\"/\\|?*\0\u{1f}".contains(*c)) {
        problems.add(key, format_args!("cannot contain {bad:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing(u32);

    impl Validate for Thing {
        fn validate(&self, problems: &mut Problems) {
            problems.at_least("idx", Some(self.0), 20);
        }
    }

    #[test]
    fn paths_and_messages_are_those_of_the_wire() {
        let mut problems = Problems::new();
        problems.each("things", &[Thing(10), Thing(30)]);
        problems.inside("internal", |p| p.between("limit", Some(0), 1, 5));
        let expected = "[things[0].idx: value 10 invalid, must be 20 or larger; \
            internal.limit: value 0 invalid, must be from 1 to 5]";
        assert_eq!(problems.to_string(), expected);
    }

    #[test]
    fn numbers_that_are_none_are_out_of_every_range() {
        let mut problems = Problems::new();
        problems.at_least("a", Some(f64::NAN), 0.0);
        problems.between("b", Some(f64::NAN), 0.0, 1.0);
        assert_eq!(problems.found().len(), 2);
    }
}
