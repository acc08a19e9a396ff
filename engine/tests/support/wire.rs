//! Requests in the form of Qdrant's REST interface, read as far as recorded cases need it.

use nigh::{
    Collection, ContextPair, Decay, DecayShape, Direction, Expression, Formula, Function, Fusion, GeoPoint,
    OrderBy, OrderValue, PointId, Prefetch, Query, QueryRequest, RecommendStrategy, Result, VectorInput,
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

fn order(json: &Value) -> Result<OrderBy> {
    if let Some(path) = json.as_str() {
        return OrderBy::new(path);
    }
    let mut order = OrderBy::new(text(&json["key"]))?;
    if json.get("direction").is_some_and(|direction| direction == "desc") {
        order = order.direction(Direction::Descending);
    }
    Ok(match json.get("start_from") {
        None => order,
        Some(Value::String(moment)) => order.start_from(OrderValue::Datetime(moment.parse()?)),
        Some(number) => {
            order.start_from(number.as_i64().map_or_else(|| float(number).into(), OrderValue::from))
        }
    })
}

fn expression(json: &Value) -> Result<Expression> {
    if let Some(number) = json.as_f64() {
        return Ok(number.into());
    }
    if let Some(name) = json.as_str() {
        return Expression::variable(name);
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
        "geo_distance" => {
            let origin = GeoPoint::new(float(&part["origin"]["lon"]), float(&part["origin"]["lat"]));
            Expression::metres_from(origin, text(&part["to"]))
        }
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
