//! Compiling: a filter goes in, is checked against the limits, and becomes a tree of conditions in the order in which they are asked.

use super::check::{Check, Match, MatchValue, MatchValues};
use super::condition::{Condition, Filter};
use super::datetime::{Datetime, DatetimeRange};
use super::geo::GeoPolygon;
use super::number::Range;
use super::values::{Moments, Test};
use super::words::Words;
use crate::error::{Error, Result};
use crate::point::{PayloadPath, PointId};
use crate::text::Analyzer;
use crate::text::index::Matching;
use std::collections::HashSet;

/// Filters within filters, the outermost counted; objects of `nested` count too.
const DEPTH_MAX: usize = 32;
/// Conditions of one filter, those inside included.
const CONDITIONS_MAX: usize = 10_000;
/// Values or ids in one condition.
const VALUES_MAX: usize = 100_000;
/// Bytes of a text to look for.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// Points of all rings of a polygon.
const RING_POINTS_MAX: usize = 10_000;
/// Reading a payload, in the unit of [`Test::cost`].
const PAYLOAD_COST: u32 = 1000;

/// A filter that was checked and is ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct CompiledFilter {
    /// All of them hold of a point that passes; the cheapest first.
    pub(super) all: Vec<Node>,
}

/// A part of a compiled filter.
#[derive(Debug, Clone)]
pub(super) enum Node {
    All(Vec<Node>),
    AtLeast(usize, Vec<Node>),
    Not(Box<Node>),
    Leaf(Leaf),
}

/// A single condition: what an index may answer for a whole segment.
#[derive(Debug, Clone)]
pub(crate) enum Leaf {
    /// A check of the values at a path.
    Field { path: PayloadPath, test: Test },
    /// One object in the array at the path passes.
    Nested { path: PayloadPath, filter: CompiledFilter },
    /// The point is one of these.
    HasId(HashSet<PointId>),
    /// The point has the vector with this place in the configuration.
    HasVector(usize),
    /// The point is in one of equal parts.
    Slice { total: u64, index: u64 },
}

/// What a filter must know of the collection.
pub(crate) trait Schema {
    /// The place of a vector by its name, if there is one.
    fn vector(&self, name: &str) -> Option<usize>;

    /// The id and the analyzer of the text index at a path, if there is one.
    fn text_index(&self, path: &PayloadPath) -> Option<(u64, Analyzer)>;
}

impl CompiledFilter {
    /// Checks and compiles. `place` is where the filter stands in the request.
    ///
    /// # Errors
    /// `Invalid` or `TooLarge` names what cannot be accepted.
    pub(crate) fn new(filter: &Filter, place: &str, schema: &dyn Schema) -> Result<Self> {
        let mut compiler = Compiler { schema, conditions: 0 };
        compiler.filter(filter, place, Inside { depth: 1, object: false })
    }

    /// What points that have this vector pass.
    pub(crate) fn having_vector(vector: usize) -> Self {
        Self { all: vec![Node::Leaf(Leaf::HasVector(vector))] }
    }

    /// The filter, of points that have this vector only.
    pub(crate) fn with_vector(self, vector: usize) -> Self {
        let mut with = Self::having_vector(vector);
        with.all.extend(self.all);
        with
    }

    fn cost(&self) -> u32 {
        self.all.iter().fold(0, |sum, node| sum.saturating_add(node.cost()))
    }
}

impl Node {
    fn cost(&self) -> u32 {
        match self {
            Node::All(nodes) | Node::AtLeast(_, nodes) => {
                nodes.iter().fold(0, |sum, node| sum.saturating_add(node.cost()))
            }
            Node::Not(node) => node.cost(),
            Node::Leaf(Leaf::HasVector(_)) => 1,
            Node::Leaf(Leaf::HasId(_) | Leaf::Slice { .. }) => 4,
            Node::Leaf(Leaf::Field { test, .. }) => PAYLOAD_COST + test.cost(),
            Node::Leaf(Leaf::Nested { filter, .. }) => filter.cost().saturating_mul(4),
        }
    }
}

/// Where in a filter a condition stands.
#[derive(Debug, Clone, Copy)]
struct Inside {
    depth: usize,
    /// Of an object in a payload rather than of a point.
    object: bool,
}

struct Compiler<'a> {
    schema: &'a dyn Schema,
    conditions: usize,
}

impl Compiler<'_> {
    fn filter(&mut self, filter: &Filter, place: &str, inside: Inside) -> Result<CompiledFilter> {
        check_max("depth of a filter", inside.depth, DEPTH_MAX)?;
        let mut all = Vec::new();
        for node in self.conditions(&filter.must, &format!("{place}.must"), inside)? {
            match node {
                Node::All(nodes) => all.extend(nodes),
                node => all.push(node),
            }
        }
        let should = self.conditions(&filter.should, &format!("{place}.should"), inside)?;
        if !should.is_empty() {
            all.push(Node::AtLeast(1, should));
        }
        let must_not = self.conditions(&filter.must_not, &format!("{place}.must_not"), inside)?;
        all.extend(must_not.into_iter().map(|node| Node::Not(Box::new(node))));
        if let Some(min_should) = &filter.min_should {
            if min_should.min_count == 0 {
                return Err(Error::invalid(format!("{place}.min_should.min_count"), "1 or more", 0));
            }
            let nodes =
                self.conditions(&min_should.conditions, &format!("{place}.min_should.conditions"), inside)?;
            all.push(Node::AtLeast(min_should.min_count, nodes));
        }
        all.sort_by_key(Node::cost);
        Ok(CompiledFilter { all })
    }

    fn conditions(&mut self, conditions: &[Condition], place: &str, inside: Inside) -> Result<Vec<Node>> {
        self.conditions = self.conditions.saturating_add(conditions.len());
        check_max("conditions of a filter", self.conditions, CONDITIONS_MAX)?;
        let mut nodes = Vec::with_capacity(conditions.len());
        for (i, condition) in conditions.iter().enumerate() {
            nodes.push(self.condition(condition, &format!("{place}[{i}]"), inside)?);
        }
        nodes.sort_by_key(Node::cost);
        Ok(nodes)
    }

    fn condition(&mut self, condition: &Condition, place: &str, inside: Inside) -> Result<Node> {
        let deeper = Inside { depth: inside.depth + 1, ..inside };
        let of_point = |what: &str| {
            if inside.object {
                return Err(Error::invalid(place, "a condition on values inside of a nested filter", what));
            }
            Ok(())
        };
        Ok(Node::Leaf(match condition {
            Condition::Filter(filter) => {
                return Ok(Node::All(self.filter(filter, &format!("{place}.filter"), deeper)?.all));
            }
            Condition::Field { key, check } => {
                let (path, test) = (path(key, place)?, test(check, place)?);
                // Paths of a nested filter begin in an object; no index is of these.
                let words = if inside.object { None } else { self.words(&path, check) };
                Leaf::Field { path, test: words.map_or(test, Test::Words) }
            }
            Condition::Nested { key, filter } => {
                let path = path(key.strip_suffix("[]").unwrap_or(key), place)?;
                let filter = self.filter(
                    filter,
                    &format!("{place}.nested.filter"),
                    Inside { object: true, ..deeper },
                )?;
                Leaf::Nested { path, filter }
            }
            Condition::HasId(ids) => {
                of_point("has_id")?;
                check_max("ids in one condition", ids.len(), VALUES_MAX)?;
                Leaf::HasId(ids.iter().copied().collect())
            }
            Condition::HasVector(name) => {
                of_point("has_vector")?;
                match self.schema.vector(name) {
                    Some(vector) => Leaf::HasVector(vector),
                    // No point has it.
                    None => return Ok(Node::AtLeast(1, Vec::new())),
                }
            }
            Condition::Slice { total, index } => {
                of_point("slice")?;
                if index >= total {
                    let got = format!("index {index} of {total}");
                    return Err(Error::invalid(format!("{place}.slice"), "an index below the total", got));
                }
                Leaf::Slice { total: *total, index: *index }
            }
        }))
    }
}

impl Compiler<'_> {
    /// A check of words, if it is one and the field has an index of them.
    fn words(&self, path: &PayloadPath, check: &Check) -> Option<Words> {
        let (text, matching) = match check {
            Check::Match(Match::Text(text)) => (text, Matching::All),
            Check::Match(Match::TextAny(text)) => (text, Matching::Any),
            Check::Match(Match::Phrase(text)) => (text, Matching::Phrase),
            _ => return None,
        };
        let (field, analyzer) = self.schema.text_index(path)?;
        Some(Words::new(field, &analyzer, text, matching))
    }
}

fn check_max(what: &'static str, got: usize, limit: usize) -> Result<()> {
    if got <= limit {
        return Ok(());
    }
    Err(Error::TooLarge { what, limit: limit as u64, got: got as u64 })
}

fn path(key: &str, place: &str) -> Result<PayloadPath> {
    key.parse().map_err(|error| match error {
        Error::Invalid { expected, got, .. } => {
            Error::Invalid { field: format!("{place}.key"), expected, got }
        }
        other => other,
    })
}

fn test(check: &Check, place: &str) -> Result<Test> {
    Ok(match check {
        Check::Match(matched) => match_test(matched)?,
        Check::Range(range) => {
            check_range(range, place)?;
            Test::Range(*range)
        }
        Check::DatetimeRange(range) => Test::Datetimes(moments(range, place)?),
        Check::GeoBoundingBox(bounds) => {
            bounds.top_left.check(&format!("{place}.geo_bounding_box.top_left"))?;
            bounds.bottom_right.check(&format!("{place}.geo_bounding_box.bottom_right"))?;
            Test::InBox(*bounds)
        }
        Check::GeoRadius(circle) => {
            circle.center.check(&format!("{place}.geo_radius.center"))?;
            if circle.radius_metres.is_nan() || circle.radius_metres < 0.0 {
                let field = format!("{place}.geo_radius.radius");
                return Err(Error::invalid(field, "0 metres or more", circle.radius_metres));
            }
            Test::Around(*circle)
        }
        Check::GeoPolygon(polygon) => {
            check_polygon(polygon, place)?;
            Test::InPolygon(polygon.clone())
        }
        Check::ValuesCount(count) => Test::Count(*count),
        Check::IsEmpty(wanted) => Test::Empty(*wanted),
        Check::IsNull(wanted) => Test::Null(*wanted),
    })
}

fn match_test(matched: &Match) -> Result<Test> {
    Ok(match matched {
        Match::Value(MatchValue::Keyword(keyword)) => Test::Keyword(text(keyword)?),
        Match::Value(MatchValue::Integer(integer)) => Test::Integer(*integer),
        Match::Value(MatchValue::Bool(value)) => Test::Bool(*value),
        Match::Any(MatchValues::Keywords(texts)) => Test::AnyKeyword(keywords(texts)?),
        Match::Any(MatchValues::Integers(values)) => Test::AnyInteger(integers(values)?),
        Match::Except(MatchValues::Keywords(texts)) => Test::ExceptKeywords(keywords(texts)?),
        Match::Except(MatchValues::Integers(values)) => Test::ExceptIntegers(integers(values)?),
        Match::Text(part) | Match::Phrase(part) | Match::Substring(part) => Test::Contains(text(part)?),
        Match::TextAny(words) => {
            Test::ContainsAny(text(words)?.split_whitespace().map(str::to_owned).collect())
        }
        Match::Prefix(prefix) => Test::Prefix(text(prefix)?),
    })
}

fn text(text: &str) -> Result<String> {
    check_max("text of a condition in bytes", text.len(), TEXT_BYTES_MAX)?;
    Ok(text.to_owned())
}

fn keywords(texts: &[String]) -> Result<HashSet<String>> {
    check_max("values in one condition", texts.len(), VALUES_MAX)?;
    texts.iter().map(|keyword| text(keyword)).collect()
}

fn integers(values: &[i128]) -> Result<HashSet<i128>> {
    check_max("values in one condition", values.len(), VALUES_MAX)?;
    Ok(values.iter().copied().collect())
}

fn check_range(range: &Range, place: &str) -> Result<()> {
    let bounds = [("lt", range.lt), ("gt", range.gt), ("gte", range.gte), ("lte", range.lte)];
    match bounds.iter().find(|(_, bound)| bound.is_some_and(|bound| bound.is_nan())) {
        Some((name, _)) => Err(Error::invalid(format!("{place}.range.{name}"), "a number", "NaN")),
        None => Ok(()),
    }
}

fn moments(range: &DatetimeRange, place: &str) -> Result<Moments> {
    let read = |name: &str, bound: &Option<String>| {
        let read = |text: &String| {
            text.parse::<Datetime>().map_err(|error| match error {
                Error::Invalid { expected, got, .. } => {
                    Error::Invalid { field: format!("{place}.range.{name}"), expected, got }
                }
                other => other,
            })
        };
        bound.as_ref().map(read).transpose()
    };
    Ok(Moments {
        lt: read("lt", &range.lt)?,
        gt: read("gt", &range.gt)?,
        gte: read("gte", &range.gte)?,
        lte: read("lte", &range.lte)?,
    })
}

fn check_polygon(polygon: &GeoPolygon, place: &str) -> Result<()> {
    let holes = polygon.interiors.iter().enumerate();
    let holes = holes.map(|(i, ring)| (format!("{place}.geo_polygon.interiors[{i}]"), ring));
    let mut count = 0usize;
    for (field, ring) in
        [(format!("{place}.geo_polygon.exterior"), &polygon.exterior)].into_iter().chain(holes)
    {
        count = count.saturating_add(ring.len());
        check_max("points of a polygon", count, RING_POINTS_MAX)?;
        if ring.len() < 4 {
            return Err(Error::invalid(field, "4 points or more", ring.len()));
        }
        ring.iter().try_for_each(|point| point.check(&field))?;
        if ring.first() != ring.last() {
            return Err(Error::invalid(field, "a ring that ends with its first point", "another last point"));
        }
    }
    Ok(())
}
