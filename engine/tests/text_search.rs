//! Searching texts through a collection: words of Korean in all their forms, texts that were just written, and requests that cannot be answered.

mod support;

use nigh::io::SimVfs;
use nigh::{
    AnalyzerConfig, CancelToken, Collection, CollectionConfig, Database, Error, ErrorKind, FieldKind,
    Language, ManualClock, Metric, Payload, Point, PointId, SearchRequest, TextMatching, TextRequest,
    Tokenizer, VectorConfig, WithPayload,
};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

fn collection() -> (Database, Collection) {
    let db = support::options(SimVfs::new(), &Arc::new(ManualClock::default()));
    let db = db.open(support::DIR).expect("open");
    let points = db.create_collection("points", &CollectionConfig::new()).expect("create");
    (db, points)
}

fn point(id: u64, text: &str) -> Point {
    Point::without_vectors(id).with_payload(Payload::from_json(json!({"text": text})).expect("an object"))
}

fn found(points: &Collection, request: &TextRequest) -> Vec<PointId> {
    points.search_text(request).expect("search").into_iter().map(|hit| hit.id).collect()
}

#[test]
fn korean_words_are_found_with_any_particle_and_spacing() {
    let (_db, points) = collection();
    assert!(points.create_text_index("text", &AnalyzerConfig::korean()).expect("create"));
    let texts = [
        "데이터베이스의 구조를 설명한다",
        "데이터베이스를 만들었다",
        "데이터 베이스 입문",
        "요리책을 읽었다",
    ];
    points.upsert((1..).zip(texts).map(|(id, text)| point(id, text))).expect("upsert");
    for query in ["데이터베이스", "데이터베이스는", "데이터 베이스"] {
        let mut ids = found(&points, &TextRequest::new("text", query));
        ids.sort();
        assert_eq!(ids, [1, 2, 3].map(PointId::from), "{query}");
    }
    points.optimize().expect("optimize");
    let mut ids = found(&points, &TextRequest::new("text", "데이터베이스에서"));
    ids.sort();
    assert_eq!(ids, [1, 2, 3].map(PointId::from));
}

#[test]
fn a_text_is_found_when_the_write_returns() {
    let (_db, points) = collection();
    assert!(points.create_text_index("text", &AnalyzerConfig::english()).expect("create"));
    for n in 0..50u64 {
        points.upsert([point(n, &format!("unique{n} words"))]).expect("upsert");
        let request = TextRequest::new("text", format!("unique{n}")).with_payload(WithPayload::All);
        let hits = points.search_text(&request).expect("search");
        assert_eq!(hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [n.into()]);
        assert_eq!(
            hits[0].payload.as_ref().and_then(|p| p.get("text")?.as_str()),
            Some(&*format!("unique{n} words"))
        );
    }
    points.upsert([point(7, "other")]).expect("upsert");
    assert!(found(&points, &TextRequest::new("text", "unique7")).is_empty());
    points.delete([8.into()]).expect("delete");
    assert!(found(&points, &TextRequest::new("text", "unique8")).is_empty());
    let beginnings = TextRequest::new("text", "uniq").matching(TextMatching::Prefix).limit(100);
    assert_eq!(found(&points, &beginnings).len(), 48);
}

#[test]
fn equal_texts_come_in_the_order_of_their_ids() {
    let (_db, points) = collection();
    assert!(points.create_text_index("text", &AnalyzerConfig::english()).expect("create"));
    let ids = |step: u64| (0..60u64).map(move |n| n * step % 61);
    points.upsert(ids(7).map(|id| point(id, "three same words"))).expect("upsert");
    points.checkpoint().expect("checkpoint");
    points.upsert(ids(11).map(|id| point(100 + id, "three same words"))).expect("upsert");
    let expected: Vec<PointId> = {
        let mut all: Vec<u64> = ids(7).chain(ids(11).map(|id| 100 + id)).collect();
        all.sort_unstable();
        all.into_iter().map(PointId::from).collect()
    };
    for limit in [1, 5, 59, 60, 61, 200] {
        let first = &expected[..limit.min(expected.len())];
        assert_eq!(found(&points, &TextRequest::new("text", "same words").limit(limit)), first, "{limit}");
    }
}

#[test]
fn a_hybrid_search_joins_both_answers() {
    let db = support::options(SimVfs::new(), &Arc::new(ManualClock::default()));
    let db = db.open(support::DIR).expect("open");
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Euclid));
    let points = db.create_collection("points", &config).expect("create");
    assert!(points.create_text_index("text", &AnalyzerConfig::english()).expect("create"));
    let texts = ["blue whale", "whale song", "red fox", "fox trot", "whale"];
    let of = |n: u64, text: &str| {
        Point::new(n, [n as f32]).with_payload(Payload::from_json(json!({"text": text})).expect("an object"))
    };
    points.upsert((0..).zip(texts).map(|(n, text)| of(n, text))).expect("upsert");
    let near = |place: f32| SearchRequest::new([place]).with_payload(WithPayload::All);
    let answer = points.search_hybrid(&near(4.0), &TextRequest::new("text", "whales"), 3).expect("search");
    assert_eq!((answer.vector_count, answer.text_count, answer.points.len()), (5, 3, 3));
    let first = &answer.points[0];
    assert_eq!((first.point.id, first.point.score), (4.into(), 1.0));
    assert_eq!(first.point.payload.as_ref().and_then(|p| p.get("text")?.as_str()), Some("whale"));
    assert_eq!((first.vector.map(|v| v.rank), first.text.map(|t| t.rank)), (Some(1), Some(1)));
    let alone = points.search_hybrid(&near(2.0), &TextRequest::new("text", "unknown"), 2).expect("search");
    assert_eq!((alone.text_count, alone.points[0].point.id, alone.points[0].point.score), (0, 2.into(), 1.0));
    assert!(alone.points[0].text.is_none());
    assert!(points.search_hybrid(&near(2.0), &TextRequest::new("text", "fox"), 0).is_err());
    assert!(points.search_hybrid(&near(2.0), &TextRequest::new("other", "fox"), 1).is_err());
}

#[test]
fn bad_requests_are_refused() {
    let (_db, points) = collection();
    let kind = |request: &TextRequest| points.search_text(request).expect_err("bad").kind();
    assert_eq!(kind(&TextRequest::new("text", "word")), ErrorKind::NotFound);
    assert!(points.create_payload_index("text", FieldKind::Keyword).expect("create"));
    assert_eq!(kind(&TextRequest::new("text", "word")), ErrorKind::NotFound);
    assert!(points.create_text_index("text", &AnalyzerConfig::english()).expect("create"));
    points.upsert([point(1, "some words")]).expect("upsert");

    let request = || TextRequest::new("text", "word");
    let invalid = [
        TextRequest::new("a..b", "word"),
        request().limit(0),
        request().limit(10_001),
        request().offset(100_000),
        request().k1(-0.1),
        request().k1(f32::NAN),
        request().b(1.1),
        request().b(f32::NAN),
        request().filter(nigh::Condition::is_null("a..b")),
    ];
    for bad in invalid {
        assert_eq!(kind(&bad), ErrorKind::InvalidArgument, "{bad:?}");
    }
    assert_eq!(kind(&TextRequest::new("text", "x".repeat(65 << 10))), ErrorKind::TooLarge);
    assert_eq!(
        kind(&request().with_vectors(nigh::WithVectors::Names(vec!["no".into()]))),
        ErrorKind::NotFound
    );
    let cancelled = CancelToken::new();
    cancelled.cancel();
    assert_eq!(kind(&request().cancel(&cancelled)), ErrorKind::Cancelled);
    assert_eq!(kind(&request().timeout(Duration::ZERO)), ErrorKind::Cancelled);
    for nothing in ["", "the", "?!", "unknown"] {
        assert!(found(&points, &TextRequest::new("text", nothing)).is_empty(), "{nothing}");
    }

    let create =
        |path: &str, config: &AnalyzerConfig| points.create_text_index(path, config).expect_err("bad");
    let words = AnalyzerConfig::new(Tokenizer::Word);
    assert_eq!(create("a..b", &words).kind(), ErrorKind::InvalidArgument);
    assert_eq!(
        create("text", &words.clone().min_token_len(5).max_token_len(2)).kind(),
        ErrorKind::InvalidArgument
    );
    assert_eq!(create("text", &words.clone().stemmer(Language::Chinese)).kind(), ErrorKind::InvalidArgument);
    let long = words.custom_stopwords((0..10_000).map(|n| format!("stopword{n}")));
    assert!(matches!(create("text", &long), Error::TooLarge { .. }));
    let text = points.create_payload_index("text", FieldKind::Text).expect_err("needs an analyzer");
    assert_eq!(text.kind(), ErrorKind::InvalidArgument);
}
