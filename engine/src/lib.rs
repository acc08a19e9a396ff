//! Nigh is a vector database in your process: points with vectors and JSON payloads go in, survive anything, and the nearest are found.
//!
//! # A tour
//!
//! A [`Database`] is a folder that one process owns. It holds [`Collection`]s: named sets of [`Point`]s that share a configuration
//! ([`CollectionConfig`]). A point has an id (integer or UUID), vectors by name, and a [`Payload`].
//!
//! ```
//! use nigh::{CollectionConfig, Database, Metric, Payload, Point, SearchRequest, VectorConfig, WithPayload};
//! use serde_json::json;
//! # fn main() -> nigh::Result<()> {
//! # let dir = tempfile::tempdir().expect("a folder");
//! let db = Database::open(dir.path())?;
//! let config = CollectionConfig::single(VectorConfig::new(2, Metric::Euclid));
//! let cities = db.create_collection("cities", &config)?;
//! cities.upsert([
//!     Point::new(1u64, [37.57, 126.98]).with_payload(Payload::from_json(json!({"name": "서울"}))?),
//!     Point::new(2u64, [48.86, 2.35]).with_payload(Payload::from_json(json!({"name": "Paris"}))?),
//! ])?;
//!
//! let near = SearchRequest::new([37.0, 127.0]).limit(1).with_payload(WithPayload::All);
//! let hits = cities.search(&near)?;
//! assert_eq!(hits[0].id, 1u64.into());
//! # Ok(())
//! # }
//! ```
//!
//! # What a write means
//!
//! A call that returned is visible to every later read (`Async`: as soon as it is committed). What else it means is its [`Durability`]: `Sync` (the default) survives
//! a power cut; `Buffered` survives the death of the process and reaches the disk within the flush interval; `Async` is only accepted. One call is atomic:
//! after any crash all of it is there or none of it.
//!
//! # Reading
//!
//! Each read answers from one moment: vectors and payloads of the same state, however many writers are at work. [`SearchRequest`] is the nearest points to a vector;
//! [`QueryRequest`] is a tree of questions, whose answers are merged or scored again; [`ScrollRequest`] walks through all in id order, [`Collection::scroll_by`] in the
//! order of a value. A [`Filter`] says which points count; searches, queries, scrolls, counts, facets and groups take one, and so do deletes and edits of payloads. A score
//! of a search is always larger for the nearer point; one of a query is on the scale of its root.
//!
//! # Errors
//!
//! Every call returns [`Error`], whose [`kind`](Error::kind) says what can be done and whose [`applied`](Error::applied) says what became of a write. Damaged files are
//! named with the place of the damage; nothing is ever answered from them.
//!
//! The rooms behind this façade are described in `docs/ARCHITECTURE.md`.

// Data from disk and from callers never panics (docs/RELIABILITY.md); tests may.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

mod collection;
mod database;
mod error;
mod filter;
mod hnsw;
mod ids;
pub mod io;
mod kernels;
mod optimizer;
mod payload;
mod point;
mod quantization;
mod query;
mod scorer;
mod segment;
mod sparse;
mod text;
mod threads;
mod vectors;
mod wal;

pub use collection::{
    Background, Collection, CollectionConfig, CollectionInfo, CollectionUpdate, DistanceMatrix, Group,
    GroupRequest, IndexConfig, IndexInfo, Limits, MatrixOffsets, MatrixPair, MatrixRequest, OptimizerConfig,
    PayloadIndexInfo, Prefetch, QueryRequest, RecallAudit, RecoveryReport, SegmentInfo, Selection,
    UpsertMode, UpsertOptions, VectorConfig,
};
pub use database::{AliasAction, CollectionVerdict, Database, Options, VerifyReport};
pub use error::{Applied, Error, ErrorKind, Result};
pub use filter::{
    Check, Condition, Datetime, DatetimeRange, Filter, GeoBoundingBox, GeoPoint, GeoPolygon, GeoRadius,
    Match, MatchValue, MatchValues, MinShould, Number, Range, ValuesCount,
};
pub use ids::{SegmentId, SeqNo};
pub use nigh_format::manifest::{Datatype, Durability, Metric};
pub use nigh_format::payload_index::FieldKind;
pub use optimizer::{JobInfo, JobKind, JobState};
pub use point::{DEFAULT_VECTOR, Payload, PayloadPath, Point, PointId, SparseVector};
pub use query::{
    ContextPair, Decay, DecayShape, Direction, Effort, Explain, Expression, FacetHit, FacetRequest,
    FacetValue, Formula, Function, Fusion, HybridAnswer, HybridPoint, LegExplain, LegScore, OrderBy,
    OrderValue, OrderedRecord, Plan, Quantization, Query, Ranked, RecommendStrategy, Record, ScoredPoint,
    ScrollPage, ScrollRequest, SearchRequest, SegmentExplain, TextMatching, TextRequest, VectorInput,
    WithPayload, WithVectors,
};
pub use sparse::{
    SparseHits, SparseIndex, SparseModifier, SparseRequest, SparseTouched, bm25_document, bm25_query, idf,
};
pub use text::{Analyzer, AnalyzerConfig, Language, Token, Tokenizer};
pub use threads::{CancelToken, Clock, ManualClock, SystemClock};
pub use uuid::Uuid;
