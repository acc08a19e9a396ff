//! The other reads: by id, in order, counts, facets, distances; and which parts of points come with an answer.

use ::qdrant_client::qdrant as wire;
use nigh_api::{
    CountRequest, FacetRequest, PayloadSelector, PointRequest, ScrollRequest, SearchMatrixRequest,
    WithPayload, WithVector,
};

use super::filter::filter;
use super::query::order_by;
use super::values::{point_id, shard_key};
use super::{ConvertError, Result, count, each, optional};

/// Which payload comes with a point, if it was said.
pub(super) fn with_payload(
    field: &str,
    message: Option<wire::WithPayloadSelector>,
) -> Result<Option<WithPayload>> {
    use wire::with_payload_selector::SelectorOptions;
    optional(field, message, |message| {
        Ok(match message.selector_options.ok_or_else(|| ConvertError::missing("selector_options"))? {
            SelectorOptions::Enable(all) => WithPayload::Bool(all),
            SelectorOptions::Include(paths) => WithPayload::Selector(PayloadSelector::Include(paths.fields)),
            SelectorOptions::Exclude(paths) => WithPayload::Selector(PayloadSelector::Exclude(paths.fields)),
        })
    })
}

/// Which vectors come with a point, if it was said.
pub(super) fn with_vector(message: Option<wire::WithVectorsSelector>) -> Option<WithVector> {
    use wire::with_vectors_selector::SelectorOptions;
    Some(match message?.selector_options? {
        SelectorOptions::Enable(all) => WithVector::Bool(all),
        SelectorOptions::Include(names) => WithVector::Names(names.names),
    })
}

/// Points by id.
pub(in crate::grpc) fn get_points(message: wire::GetPoints) -> Result<PointRequest> {
    Ok(PointRequest {
        ids: each("ids", message.ids, point_id)?,
        with_payload: with_payload("with_payload", message.with_payload)?,
        with_vector: with_vector(message.with_vectors),
        shard_key: shard_key(message.shard_key_selector)?,
    })
}

/// Points in order.
pub(in crate::grpc) fn scroll_points(message: wire::ScrollPoints) -> Result<ScrollRequest> {
    Ok(ScrollRequest {
        offset: optional("offset", message.offset, point_id)?,
        limit: message.limit.map(|limit| count(limit.into())),
        filter: optional("filter", message.filter, filter)?,
        with_payload: with_payload("with_payload", message.with_payload)?,
        with_vector: with_vector(message.with_vectors),
        order_by: optional("order_by", message.order_by, order_by)?,
        shard_key: shard_key(message.shard_key_selector)?,
    })
}

/// How many points there are.
pub(in crate::grpc) fn count_points(message: wire::CountPoints) -> Result<CountRequest> {
    Ok(CountRequest {
        filter: optional("filter", message.filter, filter)?,
        exact: message.exact,
        shard_key: shard_key(message.shard_key_selector)?,
    })
}

/// The most frequent values of a field.
pub(in crate::grpc) fn facet_counts(message: wire::FacetCounts) -> Result<FacetRequest> {
    Ok(FacetRequest {
        key: message.key,
        limit: message.limit.map(count),
        filter: optional("filter", message.filter, filter)?,
        exact: message.exact,
        shard_key: shard_key(message.shard_key_selector)?,
    })
}

/// Distances among points that are drawn at random.
pub(in crate::grpc) fn search_matrix(message: wire::SearchMatrixPoints) -> Result<SearchMatrixRequest> {
    Ok(SearchMatrixRequest {
        filter: optional("filter", message.filter, filter)?,
        sample: message.sample.map(count),
        limit: message.limit.map(count),
        using: message.using,
        shard_key: shard_key(message.shard_key_selector)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::values::point_id_message;
    use super::*;
    use nigh_api::PointId;
    use serde_json::json;
    use wire::{with_payload_selector, with_vectors_selector};

    fn payload_of(options: with_payload_selector::SelectorOptions) -> Option<wire::WithPayloadSelector> {
        Some(wire::WithPayloadSelector { selector_options: Some(options) })
    }

    fn vectors_of(options: with_vectors_selector::SelectorOptions) -> Option<wire::WithVectorsSelector> {
        Some(wire::WithVectorsSelector { selector_options: Some(options) })
    }

    #[test]
    fn parts_of_points_are_those_of_rest() {
        use with_payload_selector::SelectorOptions as P;
        let fields = || vec!["a.b".to_owned()];
        for (options, rest) in [
            (P::Enable(true), json!(true)),
            (P::Include(wire::PayloadIncludeSelector { fields: fields() }), json!({"include": ["a.b"]})),
            (P::Exclude(wire::PayloadExcludeSelector { fields: fields() }), json!({"exclude": ["a.b"]})),
        ] {
            let read = serde_json::from_value(rest).expect("a selector");
            assert_eq!(with_payload("with_payload", payload_of(options)), Ok(Some(read)));
        }
        assert_eq!(with_payload("with_payload", None), Ok(None));
        let empty = Some(wire::WithPayloadSelector { selector_options: None });
        let error = with_payload("with_payload", empty).expect_err("it says nothing");
        assert_eq!(error.to_string(), "with_payload.selector_options: required, but not given");

        use with_vectors_selector::SelectorOptions as V;
        let names = wire::VectorsSelector { names: vec!["v".to_owned()] };
        for (options, rest) in [(V::Enable(false), json!(false)), (V::Include(names), json!(["v"]))] {
            assert_eq!(with_vector(vectors_of(options)), serde_json::from_value(rest).expect("a selector"));
        }
        assert_eq!(with_vector(Some(wire::WithVectorsSelector { selector_options: None })), None);
    }

    #[test]
    fn reads_are_those_of_rest() {
        let has_id = wire::HasIdCondition { has_id: vec![point_id_message(PointId::Num(3))] };
        let condition =
            wire::Condition { condition_one_of: Some(wire::condition::ConditionOneOf::HasId(has_id)) };
        let passing = || Some(wire::Filter { must: vec![condition.clone()], ..Default::default() });
        let passing_rest = json!({"must": [{"has_id": [3]}]});
        let collection_name = || "c".to_owned();
        let all = || vectors_of(with_vectors_selector::SelectorOptions::Enable(true));

        let get = wire::GetPoints {
            collection_name: collection_name(),
            ids: vec![point_id_message(PointId::Num(1))],
            with_vectors: all(),
            ..Default::default()
        };
        let rest = json!({"ids": [1], "with_vector": true});
        assert_eq!(get_points(get), Ok(serde_json::from_value(rest).expect("a body")));

        let order = wire::OrderBy {
            key: "at".to_owned(),
            direction: Some(1),
            start_from: Some(wire::StartFrom { value: Some(wire::start_from::Value::Float(1.5)) }),
        };
        let scroll = wire::ScrollPoints {
            collection_name: collection_name(),
            filter: passing(),
            offset: Some(point_id_message(PointId::Num(7))),
            limit: Some(20),
            with_payload: payload_of(with_payload_selector::SelectorOptions::Enable(false)),
            with_vectors: all(),
            order_by: Some(order),
            ..Default::default()
        };
        let rest = json!({"filter": passing_rest, "offset": 7, "limit": 20, "with_payload": false,
            "with_vector": true, "order_by": {"key": "at", "direction": "desc", "start_from": 1.5}});
        assert_eq!(scroll_points(scroll), Ok(serde_json::from_value(rest).expect("a body")));

        let count = wire::CountPoints { filter: passing(), exact: Some(false), ..Default::default() };
        let rest = json!({"filter": passing_rest, "exact": false});
        assert_eq!(count_points(count), Ok(serde_json::from_value(rest).expect("a body")));

        let facet = wire::FacetCounts {
            key: "k".to_owned(),
            filter: passing(),
            limit: Some(5),
            exact: Some(true),
            ..Default::default()
        };
        let rest = json!({"key": "k", "filter": passing_rest, "limit": 5, "exact": true});
        assert_eq!(facet_counts(facet), Ok(serde_json::from_value(rest).expect("a body")));

        let matrix = wire::SearchMatrixPoints {
            filter: passing(),
            sample: Some(50),
            limit: Some(4),
            using: Some("v".to_owned()),
            ..Default::default()
        };
        let rest = json!({"filter": passing_rest, "sample": 50, "limit": 4, "using": "v"});
        assert_eq!(search_matrix(matrix), Ok(serde_json::from_value(rest).expect("a body")));
    }
}
