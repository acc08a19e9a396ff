//! Both indexes against a scan of everything, over random texts, split in any way, with deleted rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use nigh_format::header::{FileKind, Identity};

use super::score::{length_code, length_of};
use super::*;
use crate::io::{BlockFile, BlockWriter, RealVfs};
use crate::text::{Analyzer, AnalyzerConfig, Tokenizer};

/// A corpus of rows, some without a text.
type Corpus = Vec<Option<String>>;

/// A text as its tokens, with their places, and how many there are of each.
struct Read {
    row: u32,
    tokens: Vec<(String, u32)>,
    counts: HashMap<String, f64>,
}

fn read(corpus: &Corpus, analyzer: &Analyzer) -> Vec<Read> {
    let texts = corpus.iter().enumerate().filter_map(|(row, text)| Some((row as u32, text.as_ref()?)));
    let read = texts.map(|(row, text)| {
        let tokens: Vec<_> =
            analyzer.analyze(text).into_iter().map(|token| (token.text, token.position)).collect();
        let mut counts = HashMap::new();
        for (token, _) in &tokens {
            *counts.entry(token.clone()).or_default() += 1.0;
        }
        Read { row, tokens, counts }
    });
    read.collect()
}

/// The score of every row by the formula, from its tokens.
fn oracle(texts: &[Read], query: &Query, bm25: Bm25, is_allowed: impl Fn(u32) -> bool) -> BTreeMap<u32, f64> {
    let count = texts.len() as f64;
    let average = texts.iter().map(|text| text.tokens.len() as f64).sum::<f64>() / count;
    let with = |term: &str| texts.iter().filter(|text| text.counts.contains_key(term)).count() as f64;
    let (k1, b) = (f64::from(bm25.k1), f64::from(bm25.b));
    let terms: Vec<(&query::Term, f64)> = query
        .terms
        .iter()
        .map(|term| {
            let df = with(&term.text);
            (term, f64::from(term.weight) * (1.0 + (count - df + 0.5) / (df + 0.5)).ln() * (k1 + 1.0))
        })
        .collect();
    let mut scores = BTreeMap::new();
    for Read { row, tokens, counts } in texts.iter().filter(|text| is_allowed(text.row)) {
        let length = f64::from(length_of(length_code(tokens.len() as u32)));
        let norm = k1 * (1.0 - b + b * length / average);
        let share = |tf: f64| tf / (tf + norm);
        let tf = |term: &str| counts.get(term).copied().unwrap_or(0.0);
        let found = terms.iter().filter(|(term, _)| tf(&term.text) > 0.0).count();
        let matches = match query.matching {
            Matching::Any => found > 0,
            Matching::All | Matching::Phrase => found == terms.len() && found > 0,
        };
        if !matches {
            continue;
        }
        let score = if query.matching == Matching::Phrase {
            let has = |term: &query::Term, start: u32| {
                tokens.iter().any(|(t, place)| *t == term.text && *place == start + term.position)
            };
            let starts = (0..=tokens.last().map_or(0, |(_, place)| *place))
                .filter(|start| terms.iter().all(|(term, _)| has(term, *start)))
                .count();
            if starts == 0 {
                continue;
            }
            terms.iter().map(|(_, worth)| worth).sum::<f64>() * share(starts as f64)
        } else {
            terms
                .iter()
                .filter(|(term, _)| tf(&term.text) > 0.0)
                .map(|(term, worth)| worth * share(tf(&term.text)))
                .sum()
        };
        scores.insert(*row, score);
    }
    scores
}

/// One segment of a split, of either kind.
enum Segment {
    Memory(Memory, u32),
    Sealed(Sealed),
}

impl Segment {
    fn stats(&self, query: &Query) -> Stats {
        match self {
            Self::Memory(memory, end) => memory.stats(query, *end),
            Self::Sealed(sealed) => sealed.stats(query).expect("readable"),
        }
    }

    fn search(
        &self,
        query: &Query,
        stats: &Stats,
        bm25: Bm25,
        k: usize,
        is_allowed: &dyn Fn(u32) -> bool,
    ) -> Vec<Hit> {
        match self {
            Self::Memory(memory, end) => memory.search(query, stats, bm25, k, *end, is_allowed),
            Self::Sealed(sealed) => sealed.search(query, stats, bm25, k, is_allowed),
        }
        .expect("readable")
    }
}

fn sealed(rows: &[Option<String>], analyzer: &Analyzer) -> Sealed {
    let texts = rows.iter().enumerate().filter_map(|(row, text)| Some(Ok((row as u32, text.as_deref()?))));
    let bytes = build(texts, analyzer).expect("built");
    Sealed::open(Source::Owned(bytes.into())).expect("opened")
}

/// Rows that a reader with `end` does not see are appended behind the others.
fn memory(rows: &[Option<String>], analyzer: &Analyzer, unseen: &str) -> Segment {
    let memory = Memory::default();
    for (row, text) in rows.iter().enumerate() {
        if let Some(text) = text {
            memory.append(row as u32, text, analyzer);
        }
    }
    let end = rows.len() as u32;
    memory.append(end, unseen, analyzer);
    Segment::Memory(memory, end)
}

/// Searches all segments of a split and merges: rows of the whole corpus with their scores.
fn search_split(
    split: &[(u32, Segment)],
    query: &Query,
    bm25: Bm25,
    k: usize,
    is_allowed: &dyn Fn(u32) -> bool,
) -> Vec<(u32, f32)> {
    let stats: Stats = split.iter().map(|(_, segment)| segment.stats(query)).sum();
    let mut hits: Vec<(u32, f32)> = Vec::new();
    for (first, segment) in split {
        let found = segment.search(query, &stats, bm25, k, &|row| is_allowed(first + row));
        assert!(found.is_sorted_by(|a, b| a > b), "best first: {found:?}");
        hits.extend(found.iter().map(|hit| (first + hit.row, hit.score)));
    }
    hits.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    hits.truncate(k);
    hits
}

#[track_caller]
fn check(got: &[(u32, f32)], expected: &BTreeMap<u32, f64>, k: usize, what: &str) {
    let mut best: Vec<f64> = expected.values().copied().collect();
    best.sort_by(|a, b| b.total_cmp(a));
    best.truncate(k);
    assert_eq!(got.len(), best.len(), "{what}");
    let rows: BTreeSet<u32> = got.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows.len(), got.len(), "{what}: a row came twice");
    for ((row, score), best) in got.iter().zip(best) {
        let own = expected.get(row).unwrap_or_else(|| panic!("{what}: row {row} does not match"));
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-5 * b.max(1.0);
        assert!(near(f64::from(*score), *own), "{what}: row {row} has {score}, expected {own}");
        assert!(near(f64::from(*score), best), "{what}: {score} where {best} is the best left");
    }
}

/// Words by a distribution with a long tail, so that some lists are long and some have one row.
fn word(random: &mut StdRng, vocabulary: u32) -> String {
    let share: f64 = random.random();
    format!("w{}", (f64::from(vocabulary).powf(share) as u32).min(vocabulary) - 1)
}

fn text(random: &mut StdRng, vocabulary: u32) -> String {
    let len = if random.random_bool(0.1) { random.random_range(0..300) } else { random.random_range(0..40) };
    (0..len).map(|_| word(random, vocabulary)).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_split_gives_the_scores_of_a_scan() {
    let analyzer = Analyzer::new(&AnalyzerConfig::new(Tokenizer::Word)).expect("valid");
    for seed in 0..12 {
        let mut random = StdRng::seed_from_u64(seed);
        let rows = [40, 400, 2500][seed as usize % 3];
        let vocabulary = [20, 200][seed as usize % 2];
        let corpus: Corpus =
            (0..rows).map(|_| random.random_bool(0.9).then(|| text(&mut random, vocabulary))).collect();
        let texts = read(&corpus, &analyzer);
        let mut split = Vec::new();
        let mut first = 0;
        while first < rows {
            let end = (first + random.random_range(1..=rows)).min(rows);
            let part = &corpus[first..end];
            let segment = if random.random_bool(0.5) {
                memory(part, &analyzer, &text(&mut random, vocabulary))
            } else {
                Segment::Sealed(sealed(part, &analyzer))
            };
            split.push((first as u32, segment));
            first = end;
        }
        let deleted: BTreeSet<u32> = (0..rows as u32).filter(|_| random.random_bool(0.2)).collect();
        let is_allowed = |row: u32| !deleted.contains(&row);
        for round in 0..30 {
            let words: Vec<_> =
                (0..random.random_range(1..6)).map(|_| word(&mut random, vocabulary)).collect();
            let bm25 = [Bm25::default(), Bm25 { k1: 0.4, b: 0.4 }, Bm25 { k1: 2.0, b: 1.0 }][round % 3];
            let k = [1, 10, 100][random.random_range(0..3)];
            for (matching, words) in [
                (Matching::Any, &words[..]),
                (Matching::All, &words[..]),
                (Matching::Phrase, &words[..words.len().min(2)]),
            ] {
                let query = Query::new(&analyzer, &words.join(" "), matching);
                let expected = oracle(&texts, &query, bm25, is_allowed);
                let got = search_split(&split, &query, bm25, k, &is_allowed);
                check(
                    &got,
                    &expected,
                    k,
                    &format!("seed {seed}, {query:?}, k {k}, {} segments", split.len()),
                );
            }
        }
    }
}

#[test]
fn parts_of_words_count_by_their_weights() {
    let analyzer = Analyzer::new(&AnalyzerConfig::korean()).expect("valid");
    let texts = [
        "데이터베이스의 구조",
        "데이터 베이스",
        "베이스 기타를 3월에",
        "회의에서 데이터를",
        "구조를 바꾸었다",
    ];
    let corpus: Corpus = texts.iter().map(|text| Some((*text).to_owned())).collect();
    let split = [
        (0, Segment::Sealed(sealed(&corpus[..2], &analyzer))),
        (2, memory(&corpus[2..], &analyzer, "데이터")),
    ];
    for (text, matching, rows) in [
        ("데이터베이스", Matching::Any, vec![0, 1, 2, 3]),
        ("데이터베이스를", Matching::All, vec![0]),
        ("데이터베이스 구조", Matching::Phrase, vec![0]),
        ("베이스 기타", Matching::Phrase, vec![2]),
    ] {
        let query = Query::new(&analyzer, text, matching);
        let got = search_split(&split, &query, Bm25::default(), 10, &|_| true);
        check(&got, &oracle(&read(&corpus, &analyzer), &query, Bm25::default(), |_| true), 10, text);
        let mut found: Vec<u32> = got.iter().map(|(row, _)| *row).collect();
        found.sort_unstable();
        assert_eq!(found, rows, "{text}");
    }
}

#[test]
fn prefixes_are_expanded_by_all_segments_together() {
    let analyzer = Analyzer::new(&AnalyzerConfig::new(Tokenizer::Word)).expect("valid");
    let corpus: Corpus = ["search", "searching sea", "seal other", "see"]
        .iter()
        .map(|text| Some((*text).to_owned()))
        .collect();
    let sealed_part = sealed(&corpus[..2], &analyzer);
    let Segment::Memory(memory_part, end) = memory(&corpus[2..], &analyzer, "seattle") else {
        unreachable!()
    };
    let mut words = sealed_part.terms_from("sea", 10).expect("readable");
    assert_eq!(words, ["sea", "search", "searching"]);
    assert_eq!(sealed_part.terms_from("sea", 2).expect("readable"), ["sea", "search"]);
    words.extend(memory_part.terms_from("sea", 10));
    let query = Query::any_of(words);
    let split = [(0, Segment::Sealed(sealed_part)), (2, Segment::Memory(memory_part, end))];
    let got = search_split(&split, &query, Bm25::default(), 10, &|_| true);
    check(&got, &oracle(&read(&corpus, &analyzer), &query, Bm25::default(), |_| true), 10, "sea*");
    assert_eq!(got.len(), 3);
}

#[test]
fn nothing_is_found_in_nothing() {
    let analyzer = Analyzer::new(&AnalyzerConfig::english()).expect("valid");
    let empty = sealed(&[None, None], &analyzer);
    let query = Query::new(&analyzer, "word", Matching::Any);
    assert_eq!(empty.stats(&query).expect("readable"), Stats::default());
    assert_eq!(
        empty.search(&query, &Stats::default(), Bm25::default(), 10, &|_| true).expect("readable"),
        []
    );
    assert!(empty.terms_from("w", 10).expect("readable").is_empty());
    let full = sealed(&[Some("word".to_owned()), Some(String::new())], &analyzer);
    for text in ["", "the", "other"] {
        let query = Query::new(&analyzer, text, Matching::All);
        let stats = full.stats(&query).expect("readable");
        assert_eq!(
            full.search(&query, &stats, Bm25::default(), 10, &|_| true).expect("readable"),
            [],
            "{text}"
        );
    }
}

#[test]
fn a_file_is_read_as_memory_is() {
    let analyzer = Analyzer::new(&AnalyzerConfig::english()).expect("valid");
    let bytes = build([Ok((0, "some words")), Ok((5, "other words of more"))], &analyzer).expect("built");
    let dir = tempfile::tempdir().expect("a folder");
    let (path, identity) = (dir.path().join("text"), Identity { collection: 1, owner: 2, tag: 0 });
    let mut writer = BlockWriter::create(&RealVfs, path.clone(), FileKind::Payloads, identity, &|_| Ok(()))
        .expect("created");
    writer.write(&bytes).expect("written");
    writer.finish().expect("published");
    let file = BlockFile::open(&RealVfs, &path, FileKind::Payloads, identity).expect("whole");
    let place = 0..file.data_len();
    let from_file = Sealed::open(Source::File(Arc::new(file), place)).expect("opened");
    let from_memory = Sealed::open(Source::Owned(bytes.into())).expect("opened");
    for (text, matching) in [("word", Matching::Any), ("other words", Matching::Phrase)] {
        let query = Query::new(&analyzer, text, matching);
        let stats = from_file.stats(&query).expect("readable");
        assert_eq!(stats, from_memory.stats(&query).expect("readable"));
        let search =
            |index: &Sealed| index.search(&query, &stats, Bm25::default(), 10, &|_| true).expect("readable");
        assert_eq!(search(&from_file), search(&from_memory));
        assert!(!search(&from_file).is_empty());
    }
}

#[test]
fn equal_texts_give_equal_bytes() {
    let analyzer = Analyzer::new(&AnalyzerConfig::korean()).expect("valid");
    let make = |texts: [&'static str; 3]| {
        build(texts.into_iter().zip([0, 3, 4]).map(|(text, row)| Ok((row, text))), &analyzer).expect("built")
    };
    let texts = ["데이터베이스의 첫 글", "some words", ""];
    assert_eq!(make(texts), make(texts));
    let open = |texts| Sealed::open(Source::Owned(make(texts).into())).expect("opened");
    assert!(open(texts).equals(&open(texts)).expect("readable"));
    for other in
        [["데이터베이스의 첫 글", "words some", ""], ["데이터베이스의 글", "some words", ""], ["", "", ""]]
    {
        assert!(!open(texts).equals(&open(other)).expect("readable"), "{other:?}");
    }
}

#[test]
fn memory_grows_with_what_is_appended() {
    let analyzer = Analyzer::new(&AnalyzerConfig::english()).expect("valid");
    let memory = Memory::default();
    let mut before = memory.byte_count();
    for row in 0..10 {
        memory.append(row, &format!("new words {row}"), &analyzer);
        assert!(memory.byte_count() > before);
        before = memory.byte_count();
    }
}

#[test]
fn rows_of_a_sealed_index_must_come_in_order() {
    let analyzer = Analyzer::new(&AnalyzerConfig::english()).expect("valid");
    assert!(build([Ok((1, "a")), Ok((1, "b"))], &analyzer).is_err());
}

#[test]
fn damaged_bytes_are_an_error() {
    let analyzer = Analyzer::new(&AnalyzerConfig::english()).expect("valid");
    let bytes = build([Ok((0, "some words")), Ok((1, "other words"))], &analyzer).expect("built");
    for len in (0..bytes.len().saturating_sub(64)).step_by(37) {
        assert!(Sealed::open(Source::Owned(bytes[..len].into())).is_err(), "cut at {len}");
    }
}
