//! What the server does, whichever way it is asked: requests as the values of `nigh-api` go in, answers as such values come out.
//!
//! All of it blocks; [`App::run`] is how a service of a port gets here. Each function opens the collection that it works on through [`Scope::open`], which
//! asks whether the caller may, and hands back the filter that is forced on the caller.
//!
//! Invariant: what the caller may not see is AND-ed out of every read and write here, not by the caller.

pub(crate) mod collections;
pub(crate) mod indexes;
pub(crate) mod query;
pub(crate) mod read;
pub(crate) mod strict;
pub(crate) mod write;

use crate::auth::{Access, Forbidden, Right};
use crate::config::{Live, Names, Pools};
use crate::convert::collections::Given;
use crate::convert::filter::filter_in;
use crate::engine_pool::{EnginePool, Lane, Lanes, Work};
use crate::error::{ApiError, Kind, Result};
use crate::limits::CollectionRates;
use arc_swap::ArcSwap;
use nigh::{CancelToken, Collection, CollectionConfig, Database, Filter};
use serde::Deserialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The version of the API, as clients compare it with their own.
pub(crate) const VERSION: &str = "1.19.0";

/// What all requests share.
#[derive(Debug)]
pub struct App {
    pub(crate) db: Database,
    pub(crate) names: Names,
    pub(crate) live: Arc<ArcSwap<Live>>,
    pub(crate) rates: CollectionRates,
    /// When the server began.
    pub(crate) began: Instant,
    pool: EnginePool,
}

/// Who asks, and how long the answer may take.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// What the caller may do.
    pub(crate) access: Arc<Access>,
    /// How long the caller would wait, if it says.
    pub(crate) timeout: Option<Duration>,
    /// When the request was read.
    pub(crate) began: Instant,
}

/// One request at work.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) app: Arc<App>,
    access: Arc<Access>,
    /// When the caller stops waiting.
    deadline: Instant,
    /// How long the caller said it would wait.
    pub(crate) timeout: Option<Duration>,
    /// Cancelled when the caller goes away.
    pub(crate) cancel: CancelToken,
}

impl App {
    /// Serves a database.
    ///
    /// # Errors
    /// The system's, if it has no more threads.
    pub fn new(db: Database, names: Names, pools: &Pools, live: Arc<ArcSwap<Live>>) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        let lane = |pool: crate::config::Pool| Lane {
            threads: if pool.threads == 0 { cores } else { pool.threads },
            queue: pool.queue,
        };
        let lanes = Lanes { read: lane(pools.search), write: lane(pools.write), admin: lane(pools.admin) };
        let pool = EnginePool::start(&lanes)?;
        Ok(Self { db, names, live, rates: CollectionRates::new(), began: Instant::now(), pool })
    }

    /// Looks whether a point is there that a token hangs on. `None`: it could not be told.
    pub async fn has_point(self: &Arc<Self>, looked_for: crate::auth::MustExist) -> Option<bool> {
        let call = Call { access: Arc::new(Access::open()), timeout: None, began: Instant::now() };
        let service =
            move |scope: &Scope| Ok(read::is_there(&scope.app, &looked_for.collection, &looked_for.filter));
        self.run(Work::Read, call, service).await.ok()?
    }

    /// Does a piece of work for a caller, on a thread for such work.
    ///
    /// # Errors
    /// As [`EnginePool::run`]; `Validation` for a timeout that is none.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: Work,
        call: Call,
        service: impl FnOnce(&Scope) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Call { access, timeout, began } = call;
        let live = self.live.load();
        let longest = timeout.unwrap_or(live.limits.timeout).min(live.limits.timeout_max);
        let deadline = began + longest;
        let app = Arc::clone(self);
        let job = move |cancel: &CancelToken| {
            service(&Scope { app, access, deadline, timeout, cancel: cancel.clone() })
        };
        self.pool.run(work, deadline, job).await
    }

    /// Jobs of a kind that wait.
    pub(crate) fn waiting(&self, work: Work) -> usize {
        self.pool.waiting(work)
    }
}

impl From<Forbidden> for ApiError {
    fn from(forbidden: Forbidden) -> Self {
        ApiError::new(Kind::Forbidden, forbidden)
    }
}

/// A collection that the caller may work on.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) collection: Collection,
    pub(crate) config: CollectionConfig,
    pub(crate) given: Given,
    /// What all points that the caller reads or writes must pass.
    pub(crate) forced: Option<Filter>,
}

impl Scope {
    /// What is left of the caller's time.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Checks an operation that concerns no single collection.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(crate) fn require(&self, right: Right) -> Result<()> {
        Ok(self.access.require_global(right)?)
    }

    /// Whether a list of collections may show this one.
    pub(crate) fn can_see(&self, name: &str) -> bool {
        self.access.can_see(name)
    }

    /// Opens a collection, by its name or an alias, for a caller who has the right.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`.
    pub(crate) fn open(&self, name: &str, right: Right) -> Result<Opened> {
        let forced = self.access.require_collection(name, right)?;
        let forced = forced.map(forced_filter).transpose()?;
        let collection = self.collection(name)?;
        let config = collection.config();
        let given = Given::of(&config)?;
        Ok(Opened { collection, config, given, forced })
    }

    /// Opens a collection that vectors or records are looked up in.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound` in the words of lookups.
    pub(crate) fn open_for_lookup(&self, name: &str) -> Result<Collection> {
        // A filter cannot be put on what is looked up by id, so a caller with one may not.
        if self.access.require_collection(name, Right::Read)?.is_some() {
            return Err(ApiError::new(
                Kind::Forbidden,
                "this is not allowed with a token that carries a filter",
            ));
        }
        self.app.db.collection(name).map_err(|e| match e.kind() {
            nigh::ErrorKind::NotFound => ApiError::not_found(format_args!("Collection {name} not found")),
            _ => e.into(),
        })
    }

    fn collection(&self, name: &str) -> Result<Collection> {
        self.app.db.collection(name).map_err(|e| match e.kind() {
            nigh::ErrorKind::NotFound => ApiError::no_collection(name),
            _ => e.into(),
        })
    }
}

impl Opened {
    /// A caller's filter, and the one that is forced on it.
    ///
    /// # Errors
    /// `BadInput`.
    pub(crate) fn filter(&self, asked: Option<nigh_api::Filter>) -> Result<Option<Filter>> {
        let asked = asked.map(filter_in).transpose()?;
        Ok(match (asked, &self.forced) {
            (Some(asked), Some(forced)) => Some(Filter::new().must(asked).must(forced.clone())),
            (Some(asked), None) => Some(asked),
            (None, forced) => forced.clone(),
        })
    }
}

fn forced_filter(value: &serde_json::Value) -> Result<Filter> {
    let filter = nigh_api::Filter::deserialize(value)
        .map_err(|e| ApiError::new(Kind::Forbidden, format_args!("the filter of the token is none: {e}")))?;
    filter_in(filter)
}
