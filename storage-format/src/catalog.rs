//! The catalog: which collections and aliases exist.
//!
//! Goes in: a [`Catalog`] or a whole file. Comes out: a whole file, or a catalog whose rules all hold (see
//! [`Catalog::check`]). Bytes: docs/storage-format.md, section 4.

use std::collections::HashSet;

use rkyv::{Archive, Deserialize, Serialize};

use crate::archive;
use crate::block::{decode_file, encode_file};
use crate::error::FormatError;
use crate::header::{FileKind, HEADER_LEN, Identity};
use crate::manifest::COUNTER_MAX;

/// The collections and aliases of a database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Archive, Serialize, Deserialize)]
pub struct Catalog {
    /// Grows by one with each publication.
    pub generation: u64,
    /// Above every collection id ever given.
    pub next_collection_id: u64,
    /// Sorted by name.
    pub collections: Vec<CollectionEntry>,
    /// Sorted by name.
    pub aliases: Vec<AliasEntry>,
}

/// A collection's id and name.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct CollectionEntry {
    /// Names the folder; never 0, never used again.
    pub id: u64,
    /// What users call it.
    pub name: String,
}

/// A second name for a collection.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct AliasEntry {
    /// What users call it.
    pub name: String,
    /// Which collection it means.
    pub collection_id: u64,
}

impl Catalog {
    /// The whole file. A catalog that breaks a rule is written, but not read again: see [`check`](Self::check).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode_file(FileKind::Catalog, self.identity(), &archive::encode_small(self))
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// Anything that is wrong with the file, the record or what it says.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let (header, data) = decode_file(bytes, FileKind::Catalog)?;
        let catalog: Self = archive::decode(data).map_err(|error| error.shift(HEADER_LEN as u64))?;
        header.expect(FileKind::Catalog, catalog.identity())?;
        catalog.check()?;
        Ok(catalog)
    }

    /// Checks that names are sorted and unique, ids are unique and below the next one, and aliases lead somewhere.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), FormatError> {
        check_sorted("collections", self.collections.iter().map(|entry| entry.name.as_str()))?;
        check_sorted("aliases", self.aliases.iter().map(|entry| entry.name.as_str()))?;
        if self.generation > COUNTER_MAX || self.next_collection_id > COUNTER_MAX {
            let got = self.generation.max(self.next_collection_id);
            return Err(invalid("catalog counter", format!("at most {COUNTER_MAX}"), got));
        }
        let mut ids = HashSet::new();
        for entry in &self.collections {
            if entry.id == 0 || entry.id >= self.next_collection_id {
                let expected = format!("1 or more, below {}", self.next_collection_id);
                return Err(invalid("collection id", expected, entry.id));
            }
            if !ids.insert(entry.id) {
                return Err(invalid(
                    "collection id",
                    "each id once".to_owned(),
                    format!("{} twice", entry.id),
                ));
            }
        }
        let names: HashSet<_> = self.collections.iter().map(|entry| entry.name.as_str()).collect();
        for alias in &self.aliases {
            if names.contains(alias.name.as_str()) {
                return Err(invalid("alias", "no collection's name".to_owned(), &alias.name));
            }
            if !ids.contains(&alias.collection_id) {
                return Err(invalid("alias", "the id of a collection".to_owned(), alias.collection_id));
            }
        }
        Ok(())
    }

    fn identity(&self) -> Identity {
        Identity { collection: 0, owner: 0, tag: self.generation }
    }
}

fn check_sorted<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), FormatError> {
    for (before, name) in names.clone().zip(names.skip(1)) {
        if before >= name {
            return Err(invalid(
                what,
                "names in ascending order".to_owned(),
                format!("{name:?} after {before:?}"),
            ));
        }
    }
    Ok(())
}

fn invalid(what: &'static str, expected: String, got: impl std::fmt::Display) -> FormatError {
    FormatError::invalid(HEADER_LEN as u64, what, expected, got)
}
