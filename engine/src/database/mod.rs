//! A folder of collections, owned by one process: opened, locked, listed; the top of the engine.
//!
//! The catalog file names collections and aliases and is replaced as a whole, so a change of several aliases happens in one step. A damaged
//! collection is refused by name while the others are served. Background threads belong to the database and end with its last handle.

mod background;
mod catalog;
mod options;
mod verify;

pub use catalog::AliasAction;
pub use options::Options;
pub use verify::{CollectionVerdict, VerifyReport};

use crate::collection::{Background, Collection, CollectionConfig, Env, NAME_BYTES_MAX, Shared, check_name};
use crate::error::{Error, Result};
use crate::io::{FolderLock, remove_tree};
use catalog::CatalogFile;
use nigh_format::layout::collection_dir;
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open database. Cheap to clone; usable from any thread.
#[derive(Debug, Clone)]
pub struct Database {
    inner: Arc<Owner>,
}

/// What handles hold: the last one closes the database, on its own thread, before its drop returns. Background threads hold only the inside.
#[derive(Debug)]
struct Owner(Arc<Inner>);

impl std::ops::Deref for Owner {
    type Target = Arc<Inner>;

    fn deref(&self) -> &Arc<Inner> {
        &self.0
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if self.lock.lock().is_some() || self.env.read_only {
            // Nobody is left to tell.
            drop(self.close());
        }
    }
}

#[derive(Debug)]
pub(crate) struct Inner {
    dir: PathBuf,
    env: Arc<Env>,
    catalog: Mutex<CatalogFile>,
    collections: RwLock<BTreeMap<u64, Slot>>,
    /// Leftovers removed and foreign files seen in the database's own folder.
    removed: Vec<PathBuf>,
    foreign: Vec<PathBuf>,
    /// Released when the last handle is gone, or at [`Database::close`]. Last field: everything else ends before.
    lock: Mutex<Option<FolderLock>>,
}

/// A collection that the catalog names.
#[derive(Debug, Clone)]
enum Slot {
    Open(Arc<Shared>),
    /// Refused by name; the others are served.
    Damaged(Error),
}

impl Database {
    /// Opens or creates the database in `dir` with default options, for this process alone.
    ///
    /// # Errors
    /// `Locked` with the owner's pid at once if another process has it; `Corrupt` if the catalog is damaged; `Version` if it is newer; `Io`.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Options::new().open(dir)
    }

    /// Opens an existing database for reading, whether or not another process writes to it. See [`Database::refresh`].
    ///
    /// # Errors
    /// As [`Database::open`], but never `Locked`.
    pub fn open_read_only(dir: impl AsRef<Path>) -> Result<Self> {
        Options::new().open_read_only(dir)
    }

    /// Creates a collection. It exists durably when this returns.
    ///
    /// # Errors
    /// `Invalid` for an illegal name or configuration, `AlreadyExists` if a collection or alias has the name.
    pub fn create_collection(&self, name: &str, config: &CollectionConfig) -> Result<Collection> {
        let inner = &self.inner;
        inner.env.check_writable()?;
        check_name("collection name", name, NAME_BYTES_MAX)?;
        config.check()?;
        let mut catalog = inner.catalog.lock();
        catalog.check_not_poisoned()?;
        catalog.check_free(name)?;
        let limit = inner.env.limits.collections_max;
        if catalog.collection_count() >= limit {
            let (limit, got) = (limit as u64, catalog.collection_count() as u64 + 1);
            return Err(Error::TooLarge { what: "number of collections", limit, got });
        }
        let id = catalog.next_id();
        let dir = inner.dir.join(collection_dir(id));
        // A folder with this number was never published: an earlier attempt that failed.
        remove_tree(inner.env.vfs.as_ref(), &dir).map_err(|e| Error::io("remove", &dir, e))?;
        Shared::create(&inner.env, &inner.dir, id, config)?;
        let shared = Arc::new(Shared::open(&inner.env, &inner.dir, id, name.to_owned())?);
        catalog.publish(&inner.env, &inner.dir, |c| c.add(id, name))?;
        inner.collections.write().insert(id, Slot::Open(Arc::clone(&shared)));
        Ok(self.handle(shared))
    }

    /// The collection with this name or alias.
    ///
    /// # Errors
    /// `NotFound`; `Corrupt` or `Version` if its files are damaged or newer.
    pub fn collection(&self, name: &str) -> Result<Collection> {
        self.inner.env.check_open()?;
        let missing = || Error::NotFound { what: format!("collection {name:?}") };
        let id = self.inner.catalog.lock().resolve(name).ok_or_else(missing)?;
        match self.inner.collections.read().get(&id) {
            Some(Slot::Open(shared)) => Ok(self.handle(Arc::clone(shared))),
            Some(Slot::Damaged(error)) => Err(error.clone()),
            None => Err(missing()),
        }
    }

    /// Names of all collections, sorted; damaged ones too.
    pub fn collections(&self) -> Vec<String> {
        self.inner.catalog.lock().names()
    }

    /// Removes a collection and its aliases; false if there was none. Answers that are being computed are finished.
    ///
    /// # Errors
    /// `Io`, `NoSpace`, `ReadOnly`.
    pub fn drop_collection(&self, name: &str) -> Result<bool> {
        let inner = &self.inner;
        inner.env.check_writable()?;
        let mut catalog = inner.catalog.lock();
        let Some(id) = catalog.id_of(name) else { return Ok(false) };
        if let Err(e) = catalog.publish(&inner.env, &inner.dir, |c| c.remove(id)) {
            // If the removal is in doubt, nothing may be acknowledged that the next open could remove.
            if let (Error::Poisoned { cause }, Some(Slot::Open(shared))) =
                (&e, inner.collections.read().get(&id))
            {
                shared.poison(cause);
            }
            return Err(e);
        }
        let slot = inner.collections.write().remove(&id);
        drop(catalog);
        if let Some(Slot::Open(shared)) = slot {
            shared.set_dropped();
        }
        // Space only: what cannot be removed now is removed at the next open.
        drop(remove_tree(inner.env.vfs.as_ref(), &inner.dir.join(collection_dir(id))));
        Ok(true)
    }

    /// Aliases and the collections they stand for, sorted by alias.
    pub fn aliases(&self) -> Vec<(String, String)> {
        self.inner.catalog.lock().aliases()
    }

    /// Changes aliases: all actions in one durable step, or none.
    ///
    /// # Errors
    /// `Invalid` for an illegal name, `NotFound` if a collection or alias does not exist, `AlreadyExists` if an alias would hide a collection.
    pub fn update_aliases(&self, actions: &[AliasAction]) -> Result<()> {
        let inner = &self.inner;
        inner.env.check_writable()?;
        let mut catalog = inner.catalog.lock();
        catalog
            .publish(&inner.env, &inner.dir, |c| actions.iter().try_for_each(|action| c.change_alias(action)))
    }

    /// For databases opened for reading: takes over what the owner has written since. With background threads it happens twice a second by itself.
    ///
    /// # Errors
    /// `Corrupt` if what was written is damaged; the state before stays.
    pub fn refresh(&self) -> Result<()> {
        self.inner.env.check_open()?;
        if self.inner.env.read_only { self.inner.follow() } else { Ok(()) }
    }

    /// Does all background work that is due, on this thread; how many jobs there were. Only useful with [`Background::Manual`].
    pub fn run_background_jobs(&self) -> usize {
        self.inner.run_due()
    }

    /// Files in the database's own folder that are not ours; left alone.
    pub fn foreign_files(&self) -> &[PathBuf] {
        &self.inner.foreign
    }

    /// Leftovers of a dead process that were removed from the database's own folder when it was opened.
    pub fn removed_files(&self) -> &[PathBuf] {
        &self.inner.removed
    }

    /// Makes everything acknowledged durable, stops background work and lets go of the folder. All handles are closed then. Not needed for
    /// safety: dropping the last handle does the same, without telling errors.
    ///
    /// # Errors
    /// The first failure to make a collection's log durable.
    pub fn close(&self) -> Result<()> {
        self.inner.close()
    }

    fn handle(&self, shared: Arc<Shared>) -> Collection {
        let owner: Arc<Owner> = Arc::clone(&self.inner);
        Collection::new(shared, owner)
    }
}

impl Inner {
    fn open_collections(&self) -> Vec<Arc<Shared>> {
        let open = |slot: &Slot| match slot {
            Slot::Open(shared) => Some(Arc::clone(shared)),
            Slot::Damaged(_) => None,
        };
        self.collections.read().values().filter_map(open).collect()
    }

    fn close(&self) -> Result<()> {
        self.env.close();
        self.env.stop();
        let mut result = Ok(());
        if !self.env.read_only {
            for shared in self.open_collections() {
                let flushed = shared.shut();
                if result.is_ok() {
                    result = flushed;
                }
            }
        }
        *self.lock.lock() = None;
        result
    }

    fn is_manual(&self) -> bool {
        self.env.background == Background::Manual
    }
}
