//! What a caller may do: a key or a token was recognised, here is the answer to every "may I?".
//!
//! The levels and their reach are Qdrant's: `r` and `m` for everything, `r`, `rw` and `prw` for one collection. Ours beside them is the
//! filter that a token may carry. It is AND-ed to whatever its holder reads or writes; who holds such a token sees points, and
//! nothing that shows a collection as a whole.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// What an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read points, and what a collection is.
    Read,
    /// Read a collection as a whole: its snapshots, where its parts lie.
    ReadWhole,
    /// Write points.
    Write,
    /// Change a collection as a whole: its payload indexes, its snapshots.
    WriteWhole,
    /// Create and delete collections and aliases, change their settings, and what concerns the whole server.
    Manage,
}

/// A caller who was recognised.
#[derive(Debug, Clone)]
pub struct Access {
    pub(super) subject: Subject,
    pub(super) scope: Scope,
    pub(super) filter: Option<Arc<Value>>,
    pub(super) must_exist: Option<MustExist>,
}

/// Who a caller is, for logs and rates. Says nothing about rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The name in a token, or what kind of key it was.
    pub name: String,
    /// The same for the same key or token, and for nobody else; no key can be found from it.
    pub id: u64,
}

/// What the rights extend to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everything: read, or do.
    Global(GlobalLevel),
    /// Some collections, by name.
    Collections(Vec<(String, CollectionLevel)>),
}

/// What may be done with everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GlobalLevel {
    /// `r`.
    Read,
    /// `m`.
    Manage,
}

/// What may be done with one collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CollectionLevel {
    /// `r`.
    Read,
    /// `rw`.
    ReadWrite,
    /// `prw`: points only.
    PointsReadWrite,
}

/// A point that must be there for a token to be good: taking the point away takes the token back.
#[derive(Debug, Clone, PartialEq)]
pub struct MustExist {
    /// Where it must be.
    pub collection: String,
    /// What it must look like: a filter of the REST API.
    pub filter: Value,
}

/// The caller is known and may not. The text is for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden(String);

impl Access {
    /// Everything, for everyone: no key is configured.
    #[must_use]
    pub fn open() -> Self {
        Self::global("anonymous", 0, GlobalLevel::Manage)
    }

    pub(super) fn global(name: &str, id: u64, level: GlobalLevel) -> Self {
        let subject = Subject { name: name.to_owned(), id };
        Self { subject, scope: Scope::Global(level), filter: None, must_exist: None }
    }

    /// Who it is.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Checks an operation that concerns no single collection.
    ///
    /// # Errors
    /// The caller may not.
    pub fn require_global(&self, right: Right) -> Result<(), Forbidden> {
        if self.filter.is_some() {
            return Err(Forbidden("this is not allowed with a token that carries a filter".to_owned()));
        }
        match self.scope {
            Scope::Global(level) if level.has(right) => Ok(()),
            Scope::Global(_) => Err(Forbidden("Global manage access is required".to_owned())),
            Scope::Collections(_) => Err(Forbidden("Global access is required".to_owned())),
        }
    }

    /// Checks an operation on the collection, or alias, that the request names. The filter that comes back must be AND-ed to
    /// whatever the operation reads, and a point that it writes must pass it.
    ///
    /// # Errors
    /// The caller may not. The answer does not tell whether there is such a collection.
    pub fn require_collection(&self, name: &str, right: Right) -> Result<Option<&Value>, Forbidden> {
        if self.filter.is_some() && !matches!(right, Right::Read | Right::Write) {
            return Err(Forbidden("this is not allowed with a token that carries a filter".to_owned()));
        }
        let is_allowed = match &self.scope {
            Scope::Global(level) => level.has(right),
            Scope::Collections(levels) => match levels.iter().find(|(known, _)| known == name) {
                Some((_, level)) => level.has(right),
                None => return Err(Forbidden(format!("Access to collection {name} is required"))),
            },
        };
        if is_allowed {
            return Ok(self.filter.as_deref());
        }
        Err(Forbidden(match (&self.scope, right) {
            (Scope::Global(_), _) => "Global manage access is required".to_owned(),
            (_, Right::Manage) => "Manage access for this operation is required".to_owned(),
            (_, Right::Write | Right::WriteWhole) => format!("Write access to collection {name} is required"),
            (_, Right::Read | Right::ReadWhole) => {
                format!("Access to the whole collection {name} is required")
            }
        }))
    }

    /// Whether a list of collections may show this one.
    #[must_use]
    pub fn can_see(&self, name: &str) -> bool {
        self.require_collection(name, Right::Read).is_ok()
    }

    /// The filter that is forced on this caller, on any collection.
    #[must_use]
    pub fn filter(&self) -> Option<&Value> {
        self.filter.as_deref()
    }
}

impl GlobalLevel {
    fn has(self, right: Right) -> bool {
        match self {
            Self::Read => matches!(right, Right::Read | Right::ReadWhole),
            Self::Manage => true,
        }
    }
}

impl CollectionLevel {
    fn has(self, right: Right) -> bool {
        match self {
            Self::Read => matches!(right, Right::Read | Right::ReadWhole),
            Self::ReadWrite => right != Right::Manage,
            Self::PointsReadWrite => matches!(right, Right::Read | Right::Write),
        }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Forbidden {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const RIGHTS: [Right; 5] =
        [Right::Read, Right::ReadWhole, Right::Write, Right::WriteWhole, Right::Manage];

    fn some(levels: &[(&str, CollectionLevel)]) -> Access {
        let levels = levels.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect();
        Access { scope: Scope::Collections(levels), ..Access::open() }
    }

    /// Which rights on collection `a` there are, as a row of 0 and 1.
    fn row(access: &Access) -> String {
        RIGHTS
            .map(|right| if access.require_collection("a", right).is_ok() { '1' } else { '0' })
            .iter()
            .collect()
    }

    /// The same for the whole server.
    fn global_row(access: &Access) -> String {
        RIGHTS.map(|right| if access.require_global(right).is_ok() { '1' } else { '0' }).iter().collect()
    }

    #[test]
    fn levels_reach_as_far_as_they_say() {
        let read = Access::global("x", 0, GlobalLevel::Read);
        assert_eq!((row(&Access::open()), global_row(&Access::open())), ("11111".into(), "11111".into()));
        assert_eq!((row(&read), global_row(&read)), ("11000".into(), "11000".into()));
        let levels = [
            (CollectionLevel::Read, "11000"),
            (CollectionLevel::ReadWrite, "11110"),
            (CollectionLevel::PointsReadWrite, "10100"),
        ];
        for (level, expected) in levels {
            let access = some(&[("b", CollectionLevel::ReadWrite), ("a", level)]);
            assert_eq!((row(&access), global_row(&access)), (expected.into(), "00000".into()), "{level:?}");
            assert_eq!(row(&some(&[("A", level)])), "00000", "names are compared exactly");
        }
    }

    #[test]
    fn a_filter_leaves_points_only() {
        let filter = json!({"must": [{"key": "tenant", "match": {"value": 1}}]});
        let access = Access { filter: Some(Arc::new(filter.clone())), ..Access::open() };
        assert_eq!((row(&access), global_row(&access)), ("10100".into(), "00000".into()));
        assert_eq!(access.require_collection("a", Right::Read), Ok(Some(&filter)));
        assert_eq!(access.require_collection("a", Right::Write), Ok(Some(&filter)));
    }

    #[test]
    fn refusals_say_what_is_missing() {
        let text = |access: &Access, name, right| match access.require_collection(name, right) {
            Ok(_) => "allowed".to_owned(),
            Err(refusal) => refusal.to_string(),
        };
        let access = some(&[("a", CollectionLevel::Read)]);
        assert_eq!(text(&access, "b", Right::Read), "Access to collection b is required");
        assert_eq!(text(&access, "a", Right::Write), "Write access to collection a is required");
        assert_eq!(text(&access, "a", Right::Manage), "Manage access for this operation is required");
        assert!(access.can_see("a") && !access.can_see("b"));
    }
}
