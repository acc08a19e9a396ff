//! The catalog: which collections and aliases exist. Each change writes the whole file anew and publishes it in one step.

use crate::collection::{Env, Fate, NAME_BYTES_MAX, RecoveryReport, check_name, sweep_dir};
use crate::error::{Error, Result};
use crate::io::{publish, read_file, retry};
use nigh_format::catalog::{AliasEntry, Catalog, CollectionEntry};
use nigh_format::layout::{CATALOG_FILE, LOCK_FILE, parse_collection_dir};
use std::path::Path;

/// One change of aliases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AliasAction {
    /// Lets `alias` stand for `collection`; an alias that exists is pointed there.
    Create {
        /// The alias.
        alias: String,
        /// An existing collection.
        collection: String,
    },
    /// Renames an alias.
    Rename {
        /// An existing alias.
        from: String,
        /// A free name.
        to: String,
    },
    /// Removes an alias.
    Delete {
        /// An existing alias.
        alias: String,
    },
}

/// The catalog as on disk.
#[derive(Debug)]
pub(super) struct CatalogFile {
    content: Catalog,
    /// Set when it is not known which content is on disk.
    poisoned: Option<String>,
}

impl CatalogFile {
    pub(super) fn load(env: &Env, dir: &Path) -> Result<Self> {
        let path = dir.join(CATALOG_FILE);
        let bytes = read_file(env.vfs.as_ref(), &path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                Error::NotFound { what: format!("a database in {}", dir.display()) }
            }
            _ => Error::io("read", &path, e),
        })?;
        let content = Catalog::decode(&bytes).map_err(|e| Error::format(&path, &e))?;
        Ok(Self { content, poisoned: None })
    }

    /// Loads the catalog, or creates it in a folder that has no collections yet.
    pub(super) fn load_or_create(env: &Env, dir: &Path) -> Result<Self> {
        match Self::load(env, dir) {
            Err(Error::NotFound { .. }) => {}
            Err(e) => return Err(e),
            Ok(file) => {
                // Its name may be as new as the crash of the process before: durable before anything is built on it.
                env.vfs.sync_dir(dir).map_err(|e| Error::io("sync", dir, e))?;
                return Ok(file);
            }
        }
        let entries = retry(|| env.vfs.list(dir)).map_err(|e| Error::io("list", dir, e))?;
        if let Some(entry) = entries.iter().find(|e| parse_collection_dir(&e.name).is_some()) {
            let what = format!("expected a catalog beside {}, got none", entry.name);
            return Err(Error::corrupt(&dir.join(CATALOG_FILE), 0, what));
        }
        sync_ancestors(env, dir)?;
        let content =
            Catalog { generation: 0, next_collection_id: 1, collections: Vec::new(), aliases: Vec::new() };
        let mut file = Self { content, poisoned: None };
        file.publish(env, dir, |_| Ok(()))?;
        Ok(file)
    }

    /// Removes folders of collections that were never published or already dropped.
    pub(super) fn sweep(&self, env: &Env, dir: &Path) -> Result<RecoveryReport> {
        let mut report = RecoveryReport::default();
        sweep_dir(env, dir, &mut report, |name, is_dir| match parse_collection_dir(name) {
            Some(id) if is_dir && self.content.collections.iter().any(|c| c.id == id) => Fate::Keep,
            Some(_) if is_dir => Fate::Remove,
            _ if name == CATALOG_FILE || name == LOCK_FILE => Fate::Keep,
            _ => Fate::Foreign,
        })?;
        Ok(report)
    }

    /// Changes the content on disk, then here. If `change` fails nothing happens.
    pub(super) fn publish(
        &mut self,
        env: &Env,
        dir: &Path,
        change: impl FnOnce(&mut Draft) -> Result<()>,
    ) -> Result<()> {
        self.check_not_poisoned()?;
        let mut draft = Draft(self.content.clone());
        change(&mut draft)?;
        let mut next = draft.0;
        next.generation += 1;
        let path = dir.join(CATALOG_FILE);
        // In doubt until it has returned, also if it panics.
        self.poisoned = Some(format!("publishing {} did not end", path.display()));
        let published = publish(env.vfs.as_ref(), &path, &next.encode()).map_err(|e| e.into_error(&path));
        self.poisoned = match &published {
            Err(error @ Error::Poisoned { .. }) => Some(error.to_string()),
            _ => None,
        };
        published?;
        self.content = next;
        Ok(())
    }

    /// After a publication that is in doubt the catalog on disk may name more than this one.
    pub(super) fn check_not_poisoned(&self) -> Result<()> {
        match &self.poisoned {
            Some(cause) => Err(Error::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// Grows with each publication.
    pub(super) fn generation(&self) -> u64 {
        self.content.generation
    }

    pub(super) fn entries(&self) -> Vec<(u64, String)> {
        self.content.collections.iter().map(|c| (c.id, c.name.clone())).collect()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.content.collections.iter().map(|c| c.name.clone()).collect()
    }

    pub(super) fn collection_count(&self) -> usize {
        self.content.collections.len()
    }

    pub(super) fn next_id(&self) -> u64 {
        self.content.next_collection_id
    }

    /// Id of the collection with this name; aliases do not count.
    pub(super) fn id_of(&self, name: &str) -> Option<u64> {
        self.content.collections.iter().find(|c| c.name == name).map(|c| c.id)
    }

    /// Id of the collection with this name or alias.
    pub(super) fn resolve(&self, name: &str) -> Option<u64> {
        let alias = || self.content.aliases.iter().find(|a| a.name == name).map(|a| a.collection_id);
        self.id_of(name).or_else(alias)
    }

    pub(super) fn check_free(&self, name: &str) -> Result<()> {
        match self.resolve(name) {
            Some(_) => Err(Error::AlreadyExists { what: format!("collection or alias {name:?}") }),
            None => Ok(()),
        }
    }

    pub(super) fn aliases(&self) -> Vec<(String, String)> {
        let name = |id| self.content.collections.iter().find(|c| c.id == id).map(|c| c.name.clone());
        let pair = |a: &AliasEntry| Some((a.name.clone(), name(a.collection_id)?));
        self.content.aliases.iter().filter_map(pair).collect()
    }
}

/// The names of the folder and of those above it may be as new as the database, whoever made them: durable before anything in it is.
fn sync_ancestors(env: &Env, dir: &Path) -> Result<()> {
    for parent in dir.ancestors().skip(1) {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        match env.vfs.sync_dir(parent) {
            // A folder that we may not read was not made by us.
            Err(e) if e.kind() != std::io::ErrorKind::PermissionDenied => {
                return Err(Error::io("sync", parent, e));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A catalog that is being changed.
pub(super) struct Draft(Catalog);

impl Draft {
    pub(super) fn add(&mut self, id: u64, name: &str) -> Result<()> {
        self.0.collections.push(CollectionEntry { id, name: name.to_owned() });
        self.0.collections.sort_by(|a, b| a.name.cmp(&b.name));
        self.0.next_collection_id = self.0.next_collection_id.max(id + 1);
        Ok(())
    }

    pub(super) fn remove(&mut self, id: u64) -> Result<()> {
        self.0.collections.retain(|c| c.id != id);
        self.0.aliases.retain(|a| a.collection_id != id);
        Ok(())
    }

    pub(super) fn change_alias(&mut self, action: &AliasAction) -> Result<()> {
        match action {
            AliasAction::Create { alias, collection } => {
                let collection_id = self.0.collections.iter().find(|c| c.name == *collection).map(|c| c.id);
                let collection_id = collection_id
                    .ok_or_else(|| Error::NotFound { what: format!("collection {collection:?}") })?;
                self.put_alias(alias, collection_id)
            }
            AliasAction::Rename { from, to } => {
                let collection_id = self.take_alias(from)?;
                if self.0.aliases.iter().any(|a| a.name == *to) {
                    return Err(Error::AlreadyExists { what: format!("alias {to:?}") });
                }
                self.put_alias(to, collection_id)
            }
            AliasAction::Delete { alias } => self.take_alias(alias).map(drop),
        }
    }

    fn put_alias(&mut self, alias: &str, collection_id: u64) -> Result<()> {
        check_name("alias name", alias, NAME_BYTES_MAX)?;
        if self.0.collections.iter().any(|c| c.name == alias) {
            return Err(Error::AlreadyExists { what: format!("collection {alias:?}") });
        }
        self.0.aliases.retain(|a| a.name != alias);
        self.0.aliases.push(AliasEntry { name: alias.to_owned(), collection_id });
        self.0.aliases.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    fn take_alias(&mut self, alias: &str) -> Result<u64> {
        let place = self.0.aliases.iter().position(|a| a.name == alias);
        let place = place.ok_or_else(|| Error::NotFound { what: format!("alias {alias:?}") })?;
        Ok(self.0.aliases.remove(place).collection_id)
    }
}
