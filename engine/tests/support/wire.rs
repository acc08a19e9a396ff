//! Requests in the form of Qdrant's REST interface, read as far as recorded cases need it.

use nigh::{
    Collection, Condition, ContextPair, Datetime, DatetimeRange, Decay, DecayShape, Direction, Expression,
    Filter, Formula, Function, Fusion, GeoPoint, Number, OrderBy, PointId, Prefetch, Query, QueryRequest,
    Range, RecommendStrategy, Result, ValuesCount, VectorInput,
};
use serde_json::Value;

/// `lookup` finds collections by name.
pub(crate) fn request(json: &Value, lookup: &dyn Fn(&str) -> Collection) -> Result<QueryRequest> {
    let request = QueryRequest::from(stage(json, lookup)?);
    Ok(request.offset(json.get("offset").map_or(0, count)))
}

fn stage(json: &Value, lookup: &dyn Fn(&str) -> Collection) -> Result<Prefetch> {
    let mut stage = Prefetch::new(json.get("query").map_or(Ok(Query::Scroll), query)?);
    for leg in one_or_many(json.get("prefetch")) {
        stage = stage.prefetch(self::stage(leg, lookup)?);
    }
    stage = stage.limit(json.get("limit").map_or(10, count));
    if let Some(condition) = json.get("filter") {
        stage = stage.filter(filter(condition));
    }
    if let Some(threshold) = json.get("score_threshold") {
        stage = stage.score_threshold(float(threshold) as f32);
    }
    if let Some(place) = json.get("lookup_from") {
        stage = stage.lookup_from(&lookup(text(&place["collection"])));
    }
    Ok(stage)
}

fn query(json: &Value) -> Result<Query> {
    let Some(parts) = json.as_object().filter(|parts| !parts.is_empty()) else {
        return Ok(Query::Nearest(vector(json)));
    };
    let inputs =
        |part: &Value, key: &str| -> Vec<VectorInput> { one_or_many(part.get(key)).map(vector).collect() };
    let weights =
        |part: &Value| one_or_many(part.get("weights")).map(|w| float(w) as f32).collect::<Vec<f32>>();
    let (name, part) =
        parts.iter().find(|(name, _)| !["mmr", "defaults"].contains(&name.as_str())).expect("a query");
    Ok(match name.as_str() {
        "nearest" => match parts.get("mmr") {
            None => Query::Nearest(vector(part)),
            Some(mmr) => Query::Mmr {
                nearest: vector(part),
                diversity: mmr.get("diversity").map_or(0.5, float) as f32,
                candidates: mmr.get("candidates_limit").map(count),
            },
        },
        "recommend" => {
            let strategy = match part.get("strategy").map_or("average_vector", text) {
                "best_score" => RecommendStrategy::BestScore,
                "sum_scores" => RecommendStrategy::SumScores,
                _ => RecommendStrategy::AverageVector,
            };
            Query::recommend(strategy, inputs(part, "positive"), inputs(part, "negative"))
        }
        "discover" => Query::discover(vector(&part["target"]), pairs(&part["context"])),
        "context" => Query::Context(pairs(part)),
        "order_by" => Query::OrderBy(order(part)?),
        "fusion" if text(part) == "dbsf" => Query::Fusion(Fusion::Dbsf),
        "fusion" => Query::Fusion(Fusion::RRF),
        "rrf" => Query::Fusion(Fusion::rrf(part.get("k").map_or(2.0, float) as f32).weights(weights(part))),
        "formula" => {
            let mut formula = Formula::new(expression(part)?);
            for (name, value) in parts.get("defaults").and_then(Value::as_object).into_iter().flatten() {
                formula = formula.with_default(name, value.clone())?;
            }
            Query::Formula(formula)
        }
        other => panic!("a query that no case has: {other}"),
    })
}

/// Of which kind the values are, a server knows from the field's index; here it is `when` that has dates.
fn order(json: &Value) -> Result<OrderBy> {
    let key = text(json.get("key").unwrap_or(json));
    let mut order = if key == "when" { OrderBy::datetime(key)? } else { OrderBy::number(key)? };
    if json.get("direction").is_some_and(|direction| direction == "desc") {
        order = order.direction(Direction::Descending);
    }
    Ok(match json.get("start_from") {
        None => order,
        Some(Value::String(moment)) => order.start_from(moment.parse::<Datetime>()?),
        Some(number) => order.start_from(float(number)),
    })
}

/// The filters that recorded cases have.
fn filter(json: &Value) -> Filter {
    let clause = |key: &str| one_or_many(json.get(key)).map(condition);
    let mut filter = Filter::new();
    filter.must.extend(clause("must"));
    filter.should.extend(clause("should"));
    filter.must_not.extend(clause("must_not"));
    if let Some(clause) = json.get("min_should") {
        let conditions = one_or_many(clause.get("conditions")).map(condition);
        filter = filter.min_should(count(&clause["min_count"]), conditions);
    }
    filter
}

fn condition(json: &Value) -> Condition {
    if let Some(ids) = json.get("has_id") {
        return Condition::has_id(one_or_many(Some(ids)).map(id));
    }
    if let Some(part) = json.get("is_empty") {
        return Condition::is_empty(text(&part["key"]));
    }
    let Some(key) = json.get("key").map(text) else { return filter(json).into() };
    if let Some(range) = json.get("range") {
        let bound = |name: &str| range.get(name).filter(|bound| !bound.is_null());
        if ["lt", "gt", "gte", "lte"].iter().any(|name| bound(name).is_some_and(Value::is_string)) {
            let moment = |name: &str| bound(name).map(|bound| text(bound).to_owned());
            let (lt, gt, gte, lte) = (moment("lt"), moment("gt"), moment("gte"), moment("lte"));
            return Condition::datetime_range(key, DatetimeRange { lt, gt, gte, lte });
        }
        let number = |name: &str| bound(name).map(|bound| Number::from(float(bound)));
        let (lt, gt, gte, lte) = (number("lt"), number("gt"), number("gte"), number("lte"));
        return Condition::range(key, Range { lt, gt, gte, lte });
    }
    if let Some(circle) = json.get("geo_radius") {
        return Condition::geo_radius(key, place(&circle["center"]), float(&circle["radius"]));
    }
    if let Some(count) = json.get("values_count") {
        let bound = |name: &str| count.get(name).and_then(Value::as_u64);
        let (lt, gt, gte, lte) = (bound("lt"), bound("gt"), bound("gte"), bound("lte"));
        return Condition::values_count(key, ValuesCount { lt, gt, gte, lte });
    }
    let integers = |json: &Value| -> Vec<i64> {
        one_or_many(Some(json)).map(|value| value.as_i64().expect("a whole number")).collect()
    };
    let (name, value) = json["match"].as_object().and_then(|parts| parts.iter().next()).expect("a match");
    match (name.as_str(), value) {
        ("value", Value::String(keyword)) => Condition::matches(key, keyword.as_str()),
        ("value", value) => Condition::matches(key, value.as_i64().expect("a whole number")),
        ("any", values) => Condition::matches_any(key, integers(values)),
        ("except", values) => Condition::matches_except(key, integers(values)),
        (other, _) => panic!("a match that no case has: {other}"),
    }
}

fn place(json: &Value) -> GeoPoint {
    GeoPoint::new(float(&json["lon"]), float(&json["lat"]))
}

/// Whether an expression is a condition of a filter.
fn is_condition(json: &Value) -> bool {
    ["key", "has_id", "is_empty", "must", "should", "must_not", "min_should"]
        .iter()
        .any(|key| json.get(key).is_some())
}

fn expression(json: &Value) -> Result<Expression> {
    if let Some(number) = json.as_f64() {
        return Ok(number.into());
    }
    if let Some(name) = json.as_str() {
        return Expression::variable(name);
    }
    if is_condition(json) {
        return Ok(Expression::condition(condition(json)));
    }
    let (name, part) = json.as_object().and_then(|parts| parts.iter().next()).expect("an expression");
    let all = || one_or_many(Some(part)).map(expression).collect::<Result<Vec<Expression>>>();
    let apply = |function| Ok(expression(part)?.apply(function));
    let decay = |shape| -> Result<Expression> {
        let mut decay = Decay::new(shape, expression(&part["x"])?);
        if let Some(target) = part.get("target") {
            decay = decay.target(expression(target)?);
        }
        let scale = part.get("scale").map_or(1.0, float);
        Ok(decay.scale(scale).midpoint(part.get("midpoint").map_or(0.5, float)).into())
    };
    match name.as_str() {
        "sum" => Ok(Expression::sum(all()?)),
        "mult" => Ok(Expression::product(all()?)),
        "max" => Ok(Expression::max(all()?)),
        "min" => Ok(Expression::min(all()?)),
        "neg" => apply(Function::Neg),
        "abs" => apply(Function::Abs),
        "sqrt" => apply(Function::Sqrt),
        "exp" => apply(Function::Exp),
        "ln" => apply(Function::Ln),
        "log10" => apply(Function::Log10),
        "acosh" => apply(Function::Acosh),
        "div" => {
            let (left, right) = (expression(&part["left"])?, expression(&part["right"])?);
            Ok(match part.get("by_zero_default") {
                Some(by_zero) => left.divided_or(right, float(by_zero)),
                None => left / right,
            })
        }
        "pow" => Ok(expression(&part["base"])?.pow(expression(&part["exponent"])?)),
        "geo_distance" => Expression::metres_from(place(&part["origin"]), text(&part["to"])),
        "datetime" => Expression::datetime(text(part)),
        "datetime_key" => Expression::datetime_at(text(part)),
        "lin_decay" => decay(DecayShape::Linear),
        "exp_decay" => decay(DecayShape::Exponential),
        "gauss_decay" => decay(DecayShape::Gauss),
        other => panic!("an expression that no case has: {other}"),
    }
}

fn pairs(json: &Value) -> Vec<ContextPair> {
    let pair = |json: &Value| ContextPair::new(vector(&json["positive"]), vector(&json["negative"]));
    one_or_many(Some(json)).map(pair).collect()
}

fn vector(json: &Value) -> VectorInput {
    match json {
        Value::Array(values) => values.iter().map(|v| float(v) as f32).collect::<Vec<f32>>().into(),
        id => self::id(id).into(),
    }
}

pub(crate) fn id(json: &Value) -> PointId {
    json.as_u64().map_or_else(|| text(json).parse().expect("an id"), PointId::from)
}

fn one_or_many(json: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (many, one) = match json {
        Some(Value::Array(many)) => (Some(many), None),
        one => (None, one),
    };
    many.into_iter().flatten().chain(one)
}

fn text(json: &Value) -> &str {
    json.as_str().expect("a text")
}

fn float(json: &Value) -> f64 {
    json.as_f64().expect("a number")
}

fn count(json: &Value) -> usize {
    json.as_u64().expect("a count") as usize
}
