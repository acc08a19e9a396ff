//! Queries: trees of stages, each told apart by its shape.

use crate::filter::{Condition, Filter, GeoPoint};
use crate::points::{WithPayload, WithVector};
use crate::untagged::{Kind, one_or_many, read};
use crate::validate::{Problems, Validate};
use crate::vectors::{PointId, Vector, read_array, read_object};
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// A vector, or the point whose vector it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum VectorInput {
    /// The stored vector of this point.
    Id(PointId),
    /// The vector.
    Vector(Vector),
}

impl VectorInput {
    fn from_value<E: serde::de::Error>(value: Value) -> Result<Self, E> {
        read(value)
    }
}

impl<'de> Deserialize<'de> for VectorInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InputVisitor;

        impl<'de> Visitor<'de> for InputVisitor {
            type Value = VectorInput;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vector, or the id of a point")
            }

            fn visit_u64<E>(self, num: u64) -> Result<VectorInput, E> {
                Ok(VectorInput::Id(PointId::Num(num)))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<VectorInput, E> {
                read(Value::String(text.to_owned())).map(VectorInput::Id)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<VectorInput, A::Error> {
                read_array(items).map(VectorInput::Vector)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<VectorInput, A::Error> {
                let map = Map::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                read_object(map).map(VectorInput::Vector)
            }
        }

        deserializer.deserialize_any(InputVisitor)
    }
}

impl Validate for VectorInput {
    fn validate(&self, problems: &mut Problems) {
        if let VectorInput::Vector(vector) = self {
            vector.validate(problems);
        }
    }
}

/// How examples become a score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecommendStrategy {
    /// By their mean.
    #[default]
    AverageVector,
    /// By the nearest.
    BestScore,
    /// By the sum of similarities.
    SumScores,
}

/// An example of what is wanted, and one of what is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContextPair {
    /// Wanted.
    pub positive: VectorInput,
    /// Not wanted.
    pub negative: VectorInput,
}

impl Validate for ContextPair {
    fn validate(&self, problems: &mut Problems) {
        problems.field("positive", &self.positive);
        problems.field("negative", &self.negative);
    }
}

/// Choice of results that differ from each other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Mmr {
    /// 0 for nearness alone, 1 for distance from each other alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diversity: Option<f32>,
    /// Among how many to choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates_limit: Option<usize>,
}

impl Validate for Mmr {
    fn validate(&self, problems: &mut Problems) {
        problems.between("diversity", self.diversity, 0.0, 1.0);
        problems.between("candidates_limit", self.candidates_limit, 0, 16_384);
    }
}

/// Order of values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Smallest first.
    #[default]
    Asc,
    /// Largest first.
    Desc,
}

/// Where an order starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StartFrom {
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// A moment.
    Datetime(String),
}

/// Order by a payload field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderBy {
    /// Path of the field.
    pub key: String,
    /// Which way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_from: Option<StartFrom>,
}

impl<'de> Deserialize<'de> for OrderBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Body {
            key: String,
            direction: Option<Direction>,
            start_from: Option<StartFrom>,
        }
        match Value::deserialize(deserializer)? {
            Value::String(key) => Ok(Self { key, direction: None, start_from: None }),
            other => {
                read(other).map(|Body { key, direction, start_from }| Self { key, direction, start_from })
            }
        }
    }
}

/// How prefetches are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fusion {
    /// By ranks.
    Rrf,
    /// By scores.
    Dbsf,
}

/// Parameters of merging by ranks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rrf {
    /// How little the first ranks stand out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<u64>,
    /// Weight of each prefetch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f32>>,
}

/// What one stage does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Query {
    /// Nearest, the short form.
    Vector(VectorInput),
    /// Nearest.
    Nearest {
        /// Near to what.
        nearest: VectorInput,
        /// Whether the results are to differ from each other.
        #[serde(skip_serializing_if = "Option::is_none")]
        mmr: Option<Mmr>,
    },
    /// Like some points and unlike others.
    Recommend {
        /// The examples.
        recommend: RecommendInput,
    },
    /// Near to a target on the right side of pairs.
    Discover {
        /// The target and the pairs.
        discover: DiscoverInput,
    },
    /// On the right side of pairs.
    Context {
        /// The pairs.
        context: Vec<ContextPair>,
    },
    /// In the order of a payload field.
    OrderBy {
        /// The order.
        order_by: OrderBy,
    },
    /// Merges the prefetches.
    Fusion {
        /// How.
        fusion: Fusion,
    },
    /// Merges the prefetches by ranks.
    Rrf {
        /// How.
        rrf: Rrf,
    },
    /// Scores by an expression.
    Formula(FormulaInput),
    /// Points at random.
    Sample {
        /// The only way there is.
        sample: Sample,
    },
    /// Nearest, with scores of some results as a hint.
    RelevanceFeedback {
        /// The hint.
        relevance_feedback: RelevanceFeedback,
    },
    /// BM25 over the text index of the field that `using` names.
    Text {
        /// The query.
        text: TextInput,
    },
}

/// Examples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecommendInput {
    /// Wanted.
    #[serde(default)]
    pub positive: Option<Vec<VectorInput>>,
    /// Not wanted.
    #[serde(default)]
    pub negative: Option<Vec<VectorInput>>,
    /// How they become a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<RecommendStrategy>,
}

/// A target and pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiscoverInput {
    /// Near to what.
    pub target: VectorInput,
    /// The pairs.
    #[serde(default, deserialize_with = "one_or_many")]
    pub context: Vec<ContextPair>,
}

/// The only way to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sample {
    /// Each point with the same chance.
    Random,
}

/// Nearest, with scores of some results as a hint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelevanceFeedback {
    /// Near to what.
    pub target: VectorInput,
    /// Results and their scores.
    pub feedback: Vec<FeedbackItem>,
    /// How they are used.
    pub strategy: FeedbackStrategy,
}

/// A result and its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedbackItem {
    /// The result.
    pub example: VectorInput,
    /// Its score.
    pub score: f32,
}

/// How feedback is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackStrategy {
    /// By the difference of two results, weighted by that of their scores.
    Naive {
        /// Weight of nearness.
        a: f32,
        /// Exponent of the difference of scores.
        b: f32,
        /// Weight of the feedback.
        c: f32,
    },
}

/// A text query.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TextInput {
    /// The text.
    pub query: String,
    /// How it is scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scoring: Option<TextScoring>,
}

/// How a text query is scored.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextScoring {
    /// BM25.
    Bm25(Bm25Params),
}

/// Parameters of BM25.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Bm25Params {
    /// How soon more of a word adds nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<f32>,
    /// How much long texts lose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<f32>,
}

impl<'de> Deserialize<'de> for TextInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Body {
            query: String,
            scoring: Option<TextScoring>,
        }
        match Value::deserialize(deserializer)? {
            Value::String(query) => Ok(Self { query, scoring: None }),
            other => read(other).map(|Body { query, scoring }| Self { query, scoring }),
        }
    }
}

/// An expression and what stands in for missing values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormulaInput {
    /// The expression.
    pub formula: Expression,
    /// Values of variables that a point lacks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub defaults: BTreeMap<String, Value>,
}

/// A quotient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DivParams {
    /// What is divided.
    pub left: Box<Expression>,
    /// By what.
    pub right: Box<Expression>,
    /// The value where `right` is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_zero_default: Option<f64>,
}

/// A power.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PowParams {
    /// The base.
    pub base: Box<Expression>,
    /// The exponent.
    pub exponent: Box<Expression>,
}

/// Metres from a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeoDistanceParams {
    /// From where.
    pub origin: GeoPoint,
    /// Path of the other place.
    pub to: String,
}

/// How near a number is to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecayParams {
    /// The number.
    pub x: Box<Expression>,
    /// The other; 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Box<Expression>>,
    /// At this distance the value is `midpoint`; 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f32>,
    /// 0.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub midpoint: Option<f32>,
}

/// A number that is worked out for each point.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Expression {
    /// A number.
    Constant(f64),
    /// A score, or the number at a path.
    Variable(String),
    /// 1 if the point passes, else 0.
    Condition(Box<Condition>),
    /// One of the operations.
    Operation(Operation),
}

/// An operation of an expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// The sum.
    Sum(Vec<Expression>),
    /// The product.
    Mult(Vec<Expression>),
    /// The other sign.
    Neg(Box<Expression>),
    /// Without its sign.
    Abs(Box<Expression>),
    /// A quotient.
    Div(DivParams),
    /// Square root.
    Sqrt(Box<Expression>),
    /// A power.
    Pow(PowParams),
    /// e to the power of it.
    Exp(Box<Expression>),
    /// Natural logarithm.
    Ln(Box<Expression>),
    /// Logarithm to base 10.
    Log10(Box<Expression>),
    /// Inverse hyperbolic cosine.
    Acosh(Box<Expression>),
    /// The largest.
    Max(Vec<Expression>),
    /// The smallest.
    Min(Vec<Expression>),
    /// Metres from a place.
    GeoDistance(GeoDistanceParams),
    /// A moment, as seconds since 1970.
    Datetime(String),
    /// The moment at a path, as seconds since 1970.
    DatetimeKey(String),
    /// Falls in a straight line.
    LinDecay(DecayParams),
    /// Falls exponentially.
    ExpDecay(DecayParams),
    /// Falls as a bell curve.
    GaussDecay(DecayParams),
}

/// Keys of [`Operation`].
const OPERATIONS: [&str; 19] = [
    "sum",
    "mult",
    "neg",
    "abs",
    "div",
    "sqrt",
    "pow",
    "exp",
    "ln",
    "log10",
    "acosh",
    "max",
    "min",
    "geo_distance",
    "datetime",
    "datetime_key",
    "lin_decay",
    "exp_decay",
    "gauss_decay",
];

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Number(number) => match number.as_f64() {
                Some(number) => Ok(Expression::Constant(number)),
                None => Err(D::Error::custom(format_args!("number out of range: {number}"))),
            },
            Value::String(name) => Ok(Expression::Variable(name)),
            Value::Object(map) if map.keys().any(|key| OPERATIONS.contains(&key.as_str())) => {
                read(Value::Object(map)).map(Expression::Operation)
            }
            map @ Value::Object(_) => read(map).map(|condition| Expression::Condition(Box::new(condition))),
            other => Err(D::Error::custom(format_args!(
                "invalid type: {}, expected a number, a variable, a condition or an operation",
                Kind(&other)
            ))),
        }
    }
}

impl<'de> Deserialize<'de> for Query {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QueryVisitor;

        impl<'de> Visitor<'de> for QueryVisitor {
            type Value = Query;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vector, the id of a point, or an object with a query")
            }

            fn visit_u64<E>(self, num: u64) -> Result<Query, E> {
                Ok(Query::Vector(VectorInput::Id(PointId::Num(num))))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Query, E> {
                read(Value::String(text.to_owned())).map(|id| Query::Vector(VectorInput::Id(id)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Query, A::Error> {
                read_array(items).map(|vector| Query::Vector(VectorInput::Vector(vector)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Query, A::Error> {
                from_map(Map::deserialize(serde::de::value::MapAccessDeserializer::new(map))?)
            }
        }

        deserializer.deserialize_any(QueryVisitor)
    }
}

fn from_map<E: serde::de::Error>(mut map: Map<String, Value>) -> Result<Query, E> {
    let mut take = |key: &str| map.remove(key);
    if let Some(nearest) = take("nearest") {
        let mmr = take("mmr").filter(|mmr| !mmr.is_null()).map(read).transpose()?;
        return Ok(Query::Nearest { nearest: VectorInput::from_value(nearest)?, mmr });
    }
    if let Some(inner) = take("recommend") {
        return Ok(Query::Recommend { recommend: read(inner)? });
    }
    if let Some(inner) = take("discover") {
        return Ok(Query::Discover { discover: read(inner)? });
    }
    if let Some(inner) = take("context") {
        return Ok(Query::Context { context: one_or_many(inner).map_err(E::custom)? });
    }
    if let Some(inner) = take("order_by") {
        return Ok(Query::OrderBy { order_by: read(inner)? });
    }
    if let Some(inner) = take("fusion") {
        return Ok(Query::Fusion { fusion: read(inner)? });
    }
    if let Some(inner) = take("rrf") {
        return Ok(Query::Rrf { rrf: read(inner)? });
    }
    if let Some(inner) = take("sample") {
        return Ok(Query::Sample { sample: read(inner)? });
    }
    if let Some(inner) = take("relevance_feedback") {
        return Ok(Query::RelevanceFeedback { relevance_feedback: read(inner)? });
    }
    if map.contains_key("formula") {
        return read(Value::Object(map)).map(Query::Formula);
    }
    // A document for a model has a model; a text query has none.
    if !map.contains_key("model")
        && let Some(text) = map.remove("text")
    {
        return Ok(Query::Text { text: read(text)? });
    }
    read_object(map).map(|vector| Query::Vector(VectorInput::Vector(vector)))
}

impl Validate for Query {
    fn validate(&self, problems: &mut Problems) {
        match self {
            Query::Vector(input) => input.validate(problems),
            Query::Nearest { nearest, mmr } => {
                problems.field("nearest", nearest);
                problems.optional("mmr", mmr.as_ref());
            }
            Query::Recommend { recommend } => problems.inside("recommend", |problems| {
                problems.each("positive", recommend.positive.iter().flatten());
                problems.each("negative", recommend.negative.iter().flatten());
            }),
            Query::Discover { discover } => problems.inside("discover", |problems| {
                problems.field("target", &discover.target);
                problems.each("context", &discover.context);
            }),
            Query::Context { context } => problems.each("context", context),
            Query::Rrf { rrf } => problems.inside("rrf", |problems| problems.at_least("k", rrf.k, 1)),
            Query::RelevanceFeedback { relevance_feedback } => {
                problems.inside("relevance_feedback", |problems| {
                    if relevance_feedback.feedback.is_empty() {
                        problems.add("feedback", "feedback elements must be non-empty");
                    }
                    let FeedbackStrategy::Naive { b, .. } = relevance_feedback.strategy;
                    problems.inside("strategy.naive", |problems| problems.at_least("b", Some(b), 0.0));
                });
            }
            Query::OrderBy { .. }
            | Query::Fusion { .. }
            | Query::Formula(_)
            | Query::Sample { .. }
            | Query::Text { .. } => {}
        }
    }
}

/// How codes are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct QuantizationSearchParams {
    /// Not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<bool>,
    /// Whether candidates are scored again by their vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescore: Option<bool>,
    /// How many candidates for each result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oversampling: Option<f64>,
}

/// How to search.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchParams {
    /// Candidates kept on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hnsw_ef: Option<usize>,
    /// Compares with every point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<bool>,
    /// How codes are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantization: Option<QuantizationSearchParams>,
    /// Only in segments with a graph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexed_only: Option<bool>,
    /// Accepted: filters are always walked among the points that pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acorn: Option<AcornSearchParams>,
}

/// Accepted, of no effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct AcornSearchParams {
    /// Accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable: Option<bool>,
    /// Accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_selectivity: Option<f64>,
}

impl Validate for SearchParams {
    fn validate(&self, problems: &mut Problems) {
        problems.at_least("hnsw_ef", self.hnsw_ef, 1);
        if let Some(quantization) = &self.quantization {
            problems.inside("quantization", |problems| {
                problems.at_least("oversampling", quantization.oversampling, 1.0);
            });
        }
        if let Some(acorn) = &self.acorn {
            problems.inside("acorn", |problems| {
                problems.between("max_selectivity", acorn.max_selectivity, 0.0, 1.0);
            });
        }
    }
}

/// Where the vectors of points that are named by id come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupLocation {
    /// The collection.
    pub collection: String,
    /// The vector; the searched one if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<String>,
    /// Of custom sharding, which needs a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<Value>,
}

/// A stage that finds candidates for the one above it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Prefetch {
    /// Stages that find candidates for this one.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub prefetch: Vec<Prefetch>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Query>,
    /// The vector's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    /// What must hold of its points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// How to search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<SearchParams>,
    /// Better scores only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_threshold: Option<f32>,
    /// How many candidates; 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Where vectors of points that are named by id come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_from: Option<LookupLocation>,
}

impl Validate for Prefetch {
    fn validate(&self, problems: &mut Problems) {
        problems.each("prefetch", &self.prefetch);
        problems.optional("query", self.query.as_ref());
        problems.optional("filter", self.filter.as_ref());
        problems.optional("params", self.params.as_ref());
        problems.at_least("limit", self.limit, 1);
    }
}

/// A query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryRequest {
    /// Stages that find candidates.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub prefetch: Vec<Prefetch>,
    /// What it does; points in the order of ids if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Query>,
    /// The vector's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    /// What must hold of all points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// How to search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<SearchParams>,
    /// Better scores only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_threshold: Option<f32>,
    /// How many points; 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// How many of the best are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// Which vectors come with each; none.
    #[serde(default, alias = "with_vectors", skip_serializing_if = "Option::is_none")]
    pub with_vector: Option<WithVector>,
    /// Which payload comes with each; none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_payload: Option<WithPayload>,
    /// Where vectors of points that are named by id come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_from: Option<LookupLocation>,
    /// Of custom sharding, which needs a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<Value>,
}

impl QueryRequest {
    fn validate_inside(&self, problems: &mut Problems) {
        problems.each("prefetch", &self.prefetch);
        problems.optional("query", self.query.as_ref());
        problems.optional("filter", self.filter.as_ref());
        problems.optional("params", self.params.as_ref());
        problems.at_least("limit", self.limit, 1);
    }
}

impl Validate for QueryRequest {
    fn validate(&self, problems: &mut Problems) {
        // Qdrant's body is a struct in a struct, and its paths tell.
        problems.inside("internal", |problems| self.validate_inside(problems));
    }
}

/// Several queries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryRequestBatch {
    /// The queries.
    pub searches: Vec<QueryRequest>,
}

impl Validate for QueryRequestBatch {
    fn validate(&self, problems: &mut Problems) {
        problems.each("searches", &self.searches);
    }
}

/// Points with the ids of groups, from another collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WithLookup {
    /// The collection.
    pub collection: String,
    /// Which payload comes with each; all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_payload: Option<WithPayload>,
    /// Which vectors come with each; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_vectors: Option<WithVector>,
}

impl<'de> Deserialize<'de> for WithLookup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Body {
            collection: String,
            with_payload: Option<WithPayload>,
            #[serde(alias = "with_vector")]
            with_vectors: Option<WithVector>,
        }
        match Value::deserialize(deserializer)? {
            Value::String(collection) => Ok(Self { collection, with_payload: None, with_vectors: None }),
            other => read(other).map(|Body { collection, with_payload, with_vectors }| Self {
                collection,
                with_payload,
                with_vectors,
            }),
        }
    }
}

/// A query whose answer is grouped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryGroupsRequest {
    /// The query; `limit` is the number of groups.
    #[serde(flatten)]
    pub query: QueryRequest,
    /// Path of what a group has in common.
    pub group_by: String,
    /// Points in a group; 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_size: Option<usize>,
    /// Points with the ids of groups, from another collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_lookup: Option<WithLookup>,
}

impl Validate for QueryGroupsRequest {
    fn validate(&self, problems: &mut Problems) {
        self.query.validate_inside(problems);
        if self.group_by.is_empty() {
            problems.add("group_by", "value \"\" invalid, must be at least 1 characters");
        }
        problems.at_least("group_size", self.group_size, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn query(value: Value) -> Query {
        serde_json::from_str(&value.to_string()).expect("a query")
    }

    #[test]
    fn the_shape_tells_what_a_query_is() {
        assert!(matches!(query(json!([1, 2])), Query::Vector(VectorInput::Vector(Vector::Dense(_)))));
        assert!(matches!(query(json!(5)), Query::Vector(VectorInput::Id(PointId::Num(5)))));
        assert!(matches!(
            query(json!("550e8400-e29b-41d4-a716-446655440000")),
            Query::Vector(VectorInput::Id(_))
        ));
        assert!(matches!(
            query(json!({"indices": [1], "values": [1.0]})),
            Query::Vector(VectorInput::Vector(Vector::Sparse(_)))
        ));
        assert!(matches!(
            query(json!({"text": "a", "model": "bm25"})),
            Query::Vector(VectorInput::Vector(Vector::Document(_)))
        ));
        assert!(matches!(query(json!({"text": "a"})), Query::Text { .. }));
        assert!(matches!(
            query(json!({"nearest": [1.0], "mmr": {"diversity": 0.3}})),
            Query::Nearest { mmr: Some(_), .. }
        ));
        assert!(matches!(
            query(json!({"recommend": {"positive": [1], "negative": [[1.0]]}})),
            Query::Recommend { .. }
        ));
        let pair = json!({"positive": 1, "negative": 2});
        assert!(matches!(query(json!({"context": pair})), Query::Context { context } if context.len() == 1));
        assert!(matches!(
            query(json!({"discover": {"target": 1, "context": [pair]}})),
            Query::Discover { .. }
        ));
        assert!(matches!(query(json!({"order_by": "a.b"})), Query::OrderBy { .. }));
        assert!(matches!(query(json!({"fusion": "dbsf"})), Query::Fusion { fusion: Fusion::Dbsf }));
        assert!(matches!(query(json!({"rrf": {"k": 60}})), Query::Rrf { .. }));
        assert!(matches!(query(json!({"sample": "random"})), Query::Sample { .. }));
    }

    #[test]
    fn formulas_are_read_and_written() {
        let value = json!({
            "formula": {"sum": ["$score", {"mult": [0.5, {"key": "tag", "match": {"any": ["h1"]}}]},
                {"gauss_decay": {"x": {"geo_distance": {"origin": {"lon": 1.0, "lat": 2.0}, "to": "p"}}, "scale": 5000.0}}]},
            "defaults": {"p": {"lon": 0.0, "lat": 0.0}},
        });
        let read = query(value.clone());
        assert!(matches!(read, Query::Formula(_)));
        assert_eq!(serde_json::to_value(&read).expect("a value"), value);
    }

    #[test]
    fn paths_of_problems_begin_with_internal() {
        let request: QueryRequest =
            serde_json::from_value(json!({"limit": 0, "prefetch": {"limit": 0}, "params": {"hnsw_ef": 0}}))
                .expect("a body");
        let text = Problems::of(&request).expect("problems").to_string();
        assert_eq!(
            text,
            "[internal.prefetch[0].limit: value 0 invalid, must be 1 or larger; \
             internal.params.hnsw_ef: value 0 invalid, must be 1 or larger; \
             internal.limit: value 0 invalid, must be 1 or larger]"
        );
    }
}
