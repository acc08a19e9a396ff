//! Text searches and filters on words find what BM25 by its formula and a look at every text find: while points are written, replaced and deleted, while
//! segments wait for their index, after merges, and after opening again.

mod support;
#[path = "support/words.rs"]
mod words;

use nigh::io::SimVfs;
use nigh::{
    Analyzer, AnalyzerConfig, Collection, CollectionConfig, Condition, FieldKind, Filter, ManualClock,
    Payload, Point, PointId, Range, ScoredPoint, TextMatching, TextRequest, Tokenizer, Uuid,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use support::{Rng, seeds};
use words::Corpus;

const WORDS: [&str; 14] = [
    "서울",
    "서울에서",
    "데이터",
    "베이스의",
    "데이터베이스를",
    "검색",
    "search",
    "searching",
    "engine",
    "the",
    "fast",
    "벡터",
    "朝鮮語",
    "sea",
];
const MATCHINGS: [TextMatching; 4] =
    [TextMatching::Any, TextMatching::All, TextMatching::Phrase, TextMatching::Prefix];

/// What the points have at `text`, and their numbers.
type Known = BTreeMap<PointId, (Option<String>, u64)>;

fn id(n: u64) -> PointId {
    if n % 4 == 3 { Uuid::from_u128(u128::from(n) << 80).into() } else { n.into() }
}

fn text(rng: &mut Rng, words_max: u64) -> String {
    (0..rng.below(words_max)).map(|_| *rng.pick(&WORDS)).collect::<Vec<_>>().join(" ")
}

/// Texts are there as one or as several.
fn write(points: &Collection, known: &mut Known, rng: &mut Rng, ids: std::ops::Range<u64>) {
    let mut batch = Vec::new();
    for n in ids {
        let (content, number) = (text(rng, 7), rng.below(10));
        let (value, content) = match rng.below(8) {
            0 => (json!(null), None),
            1 => (json!([1, content, false, "sea"]), Some(format!("{content}\nsea"))),
            2 => (json!([content]), Some(content)),
            _ => (json!(content), Some(content)),
        };
        let payload = Payload::from_json(json!({"text": value, "number": number})).expect("an object");
        batch.push(Point::without_vectors(id(n)).with_payload(payload));
        known.insert(id(n), (content, number));
    }
    points.upsert(batch).expect("upsert");
}

fn analyzers() -> [AnalyzerConfig; 4] {
    let prefix = AnalyzerConfig::new(Tokenizer::Prefix).min_token_len(2).max_token_len(5);
    [AnalyzerConfig::korean(), AnalyzerConfig::auto(), AnalyzerConfig::new(Tokenizer::Word), prefix]
}

fn corpus<'a>(analyzer: &'a Analyzer, known: &'a Known) -> Corpus<'a> {
    let texts = known.iter().filter_map(|(id, (text, _))| Some((*id, text.as_deref()?)));
    Corpus::new(analyzer, texts)
}

/// Whether all scores are what the formula says, or only who is found: dead points count in the scores until they are gone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scores {
    Exact,
    WithDead,
}

/// The whole answer, from pages.
fn paged(points: &Collection, request: &TextRequest, page: usize) -> Vec<ScoredPoint> {
    let mut all = Vec::new();
    loop {
        let request = request.clone().offset(all.len()).limit(page);
        let found = points.search_text(&request).expect("search");
        let ends = found.len() < page;
        all.extend(found);
        if ends {
            return all;
        }
    }
}

fn check(
    points: &Collection,
    known: &Known,
    config: &AnalyzerConfig,
    rng: &mut Rng,
    scores: Scores,
    place: &str,
) {
    let analyzer = Analyzer::new(config).expect("valid");
    let corpus = corpus(&analyzer, known);
    for _ in 0..4 {
        let query = text(rng, 4);
        for matching in MATCHINGS {
            let place = format!("{place}, {:?}, {matching:?} {query:?}", config.tokenizer());
            let mut expected = corpus.scores(&query, matching);
            let mut request = TextRequest::new("text", query.clone()).matching(matching);
            if rng.chance(40) {
                request = request.filter(Condition::range("number", Range::new().lt(6)));
                expected.retain(|id, _| known[id].1 < 6);
            }
            let found = points.search_text(&request.clone().limit(1000)).expect("search");
            let ids: BTreeSet<PointId> = found.iter().map(|hit| hit.id).collect();
            assert_eq!(ids, expected.keys().copied().collect(), "{place}");
            assert_eq!(ids.len(), found.len(), "{place}: a point twice");
            let in_order =
                |a: &ScoredPoint, b: &ScoredPoint| a.score > b.score || (a.score == b.score && a.id < b.id);
            assert!(found.is_sorted_by(in_order), "{place}: {found:?}");
            assert_eq!(paged(points, &request, 3), found, "{place}: pages");
            for hit in found.iter().filter(|_| scores == Scores::Exact) {
                let right = expected[&hit.id];
                let off = (f64::from(hit.score) - right).abs() / right;
                assert!(off < 1e-4, "{place}: {} has {}, expected {right}", hit.id, hit.score);
            }
        }
        let filters = [
            (TextMatching::All, Condition::matches_text("text", query.clone())),
            (TextMatching::Any, Condition::matches_text_any("text", query.clone())),
            (TextMatching::Phrase, Condition::matches_phrase("text", query.clone())),
        ];
        for (matching, condition) in filters {
            let place = format!("{place}, {:?}, filter {matching:?} {query:?}", config.tokenizer());
            let expected = corpus.scores(&query, matching).len() as u64;
            assert_eq!(points.count_matching(condition.clone()).expect("count"), expected, "{place}");
            let others = Filter::new().must_not(condition);
            assert_eq!(
                points.count_matching(others).expect("count"),
                known.len() as u64 - expected,
                "{place}, not"
            );
        }
    }
}

#[test]
fn texts_are_found_by_their_words() {
    for seed in seeds(6) {
        let mut rng = Rng::new(seed);
        let vfs = SimVfs::new();
        let options = || support::options(vfs.clone(), &Arc::new(ManualClock::default()));
        let db = options().open(support::DIR).expect("open");
        let config = CollectionConfig::new().with_optimizer(support::small(1 << 20));
        let points = db.create_collection("points", &config).expect("create");
        let mut known = Known::new();
        let analyzer = *rng.pick(&[0, 1, 2, 3]);
        let analyzer = analyzers()[analyzer].clone();

        // Without an index; the first segment will wait for it.
        write(&points, &mut known, &mut rng, 0..30);
        points.checkpoint().expect("checkpoint");
        assert!(points.create_text_index("text", &analyzer).expect("create"));
        assert!(!points.create_text_index("text", &analyzer).expect("create"));
        assert!(points.create_payload_index("number", FieldKind::Integer).expect("create"));
        write(&points, &mut known, &mut rng, 30..60);
        check(&points, &known, &analyzer, &mut rng, Scores::Exact, &format!("seed {seed}, waiting"));
        points.checkpoint().expect("checkpoint");
        write(&points, &mut known, &mut rng, 60..75);
        check(&points, &known, &analyzer, &mut rng, Scores::Exact, &format!("seed {seed}, three segments"));

        // Replaced and deleted.
        for _ in 0..6 {
            let from = rng.below(70);
            write(&points, &mut known, &mut rng, from..from + 8);
            let gone: Vec<PointId> = (0..3).map(|_| id(rng.below(75))).collect();
            points.delete(gone.clone()).expect("delete");
            known.retain(|id, _| !gone.contains(id));
            check(&points, &known, &analyzer, &mut rng, Scores::WithDead, &format!("seed {seed}, replaced"));
            if rng.chance(40) {
                points.checkpoint().expect("checkpoint");
            }
            if rng.chance(40) {
                db.run_background_jobs();
            }
        }
        points.optimize().expect("optimize");
        let indexes = points.payload_indexes().expect("indexes");
        let of_text = indexes.iter().find(|index| index.path == "text").expect("declared");
        assert_eq!((of_text.kind, of_text.segments_waiting), (FieldKind::Text, 0));
        assert_eq!(of_text.analyzer.as_ref(), Some(&analyzer));
        let with_text = known.values().filter(|(text, _)| text.is_some()).count() as u64;
        assert_eq!(of_text.point_count, with_text, "seed {seed}");
        check(&points, &known, &analyzer, &mut rng, Scores::Exact, &format!("seed {seed}, optimized"));

        // Another analyzer, at once; then with its index, and opened again.
        let other = analyzers()[rng.below(4) as usize].clone();
        assert_eq!(points.create_text_index("text", &other).expect("create"), other != analyzer);
        check(&points, &known, &other, &mut rng, Scores::Exact, &format!("seed {seed}, other analyzer"));
        db.run_background_jobs();
        drop(points);
        db.close().expect("close");
        let db = options().open(support::DIR).expect("open");
        let points = db.collection("points").expect("collection");
        check(&points, &known, &other, &mut rng, Scores::Exact, &format!("seed {seed}, opened"));
        let verdict = db.verify(&nigh::CancelToken::new(), |_, _| ());
        assert!(verdict.is_clean(), "seed {seed}: {verdict:?}");

        // Without an index, a filter is containment letter for letter.
        assert!(points.delete_payload_index("text").expect("delete"));
        assert!(points.search_text(&TextRequest::new("text", "sea")).is_err());
        let contains = known.values().filter(|(t, _)| t.as_ref().is_some_and(|t| t.contains("ea")));
        let found = points.count_matching(Condition::matches_text("text", "ea")).expect("count");
        assert_eq!(found, contains.count() as u64, "seed {seed}");
    }
}
