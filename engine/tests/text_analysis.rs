//! What analyzers make of texts: words, stems, beginnings, pairs; and that no text is too strange for any of them.

use nigh::{Analyzer, AnalyzerConfig, ErrorKind, Language, Tokenizer};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

#[track_caller]
fn check(config: AnalyzerConfig, cases: &[(&str, &[&str])]) {
    let analyzer = Analyzer::new(&config).expect("a valid configuration");
    for (text, expected) in cases {
        let tokens: Vec<_> = analyzer.analyze(text).into_iter().map(|token| token.text).collect();
        assert_eq!(tokens, *expected, "{text}");
    }
}

#[test]
fn standard_words_follow_unicode() {
    check(
        AnalyzerConfig::new(Tokenizer::Standard),
        &[
            (
                "The quick (\"brown\") fox can't jump 32.3 feet, right?",
                &["the", "quick", "brown", "fox", "can't", "jump", "32.3", "feet", "right"],
            ),
            ("Ελλάδα ΠΟΛΙΤΗΣ", &["ελλάδα", "πολιτης"].map(|word| word)),
            ("", &[]),
        ],
    );
}

#[test]
fn english_is_stemmed_and_folded_without_its_stop_words() {
    check(
        AnalyzerConfig::english(),
        &[
            ("The cats were running to the cafés", &["cat", "run", "cafe"]),
            ("it is what it is", &[]),
            ("studies of databases", &["studi", "databas"]),
        ],
    );
}

#[test]
fn other_languages_have_their_stemmers() {
    check(AnalyzerConfig::language(Language::German), &[("die Häuser und der Straße", &["haus", "strass"])]);
    check(AnalyzerConfig::language(Language::French), &[("les chevaux", &["cheval"])]);
    check(AnalyzerConfig::language(Language::Russian), &[("книги", &["книг"])]);
}

#[test]
fn plain_tokenizers_cut_where_they_say() {
    let text = "Hello, World-wide 한국어";
    check(AnalyzerConfig::new(Tokenizer::Whitespace), &[(text, &["hello,", "world-wide", "한국어"])]);
    check(AnalyzerConfig::new(Tokenizer::Word), &[(text, &["hello", "world", "wide", "한국어"])]);
    check(AnalyzerConfig::new(Tokenizer::Word).lowercase(false), &[("Hello", &["Hello"])]);
    check(AnalyzerConfig::new(Tokenizer::Word).min_token_len(5), &[(text, &["hello", "world"])]);
    check(AnalyzerConfig::new(Tokenizer::Word).custom_stopwords(["WORLD"]), &[("the World", &["the"])]);
}

#[test]
fn prefixes_are_stored_and_the_longest_is_looked_for() {
    let config = AnalyzerConfig::new(Tokenizer::Prefix).min_token_len(2).max_token_len(4);
    check(config.clone(), &[("Hello a", &["he", "hel", "hell"]), ("한국어", &["한국", "한국어"])]);
    let query = Analyzer::new(&config).expect("valid").analyze_query("hello hel");
    let query: Vec<_> = query.into_iter().map(|token| token.text).collect();
    assert_eq!(query, ["hell", "hel"]);
}

#[test]
fn chinese_and_japanese_are_pairs() {
    let cases: &[(&str, &[&str])] = &[
        ("東京都は", &["東京", "京都", "都は"]),
        ("水", &["水"]),
        ("数据库 index", &["数据", "据库", "index"]),
        ("ﾃﾞｰﾀ", &["デー", "ータ"]),
    ];
    check(AnalyzerConfig::new(Tokenizer::Cjk), cases);
    check(AnalyzerConfig::new(Tokenizer::Auto), cases);
}

#[test]
fn auto_reads_each_script_its_own_way() {
    check(
        AnalyzerConfig::auto(),
        &[
            ("Searching 데이터를 with 東京", &["search", "데이", "이터", "東京"]),
            ("ＧＰＴ모델", &["gpt", "모델"]),
        ],
    );
    let texts = |config| Analyzer::new(&config).expect("valid").analyze("GPT모델을 3월에 東京で running");
    assert_eq!(
        texts(AnalyzerConfig::new(Tokenizer::Multilingual)),
        texts(AnalyzerConfig::new(Tokenizer::Auto))
    );
}

#[test]
fn options_that_contradict_are_refused() {
    let crossed = AnalyzerConfig::new(Tokenizer::Word).min_token_len(3).max_token_len(2);
    let without_stemmer = AnalyzerConfig::new(Tokenizer::Word).stemmer(Language::Japanese);
    for config in [crossed, without_stemmer] {
        let error = Analyzer::new(&config).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
    assert_eq!(Language::from_name("xx").expect_err("unknown").kind(), ErrorKind::InvalidArgument);
}

/// Ranges lie at character boundaries, positions do not fall, tokens are not empty, whatever the text.
#[test]
fn any_text_can_be_read() {
    let configs = [
        AnalyzerConfig::new(Tokenizer::Standard),
        AnalyzerConfig::new(Tokenizer::Whitespace),
        AnalyzerConfig::new(Tokenizer::Word).ascii_folding(true),
        AnalyzerConfig::new(Tokenizer::Prefix),
        AnalyzerConfig::new(Tokenizer::Cjk),
        AnalyzerConfig::korean(),
        AnalyzerConfig::auto(),
    ];
    let analyzers = configs.map(|config| Analyzer::new(&config).expect("valid"));
    let pieces: Vec<char> =
        "가힣각하되다는의을했이 aZéß09.,'_-\u{301}\u{1100}\u{1161}\u{11a8}ㄱㅏ京々ーァﾃﾞ①㎏ﬁ½\u{200d}👨👩🇰🇷\0\n\u{feff}İıΣς"
            .chars()
            .collect();
    let mut random = StdRng::seed_from_u64(20);
    for _ in 0..3000 {
        let len = random.random_range(0..24);
        let text: String = (0..len).map(|_| pieces[random.random_range(0..pieces.len())]).collect();
        for analyzer in &analyzers {
            let tokens = analyzer.analyze(&text);
            assert_eq!(tokens, analyzer.analyze(&text));
            let mut position = 0;
            for token in tokens {
                assert!(
                    text.get(token.bytes.clone()).is_some_and(|part| !part.is_empty()),
                    "{text:?} {token:?}"
                );
                assert!(!token.text.is_empty() && token.position >= position, "{text:?} {token:?}");
                assert!(token.weight > 0.0 && token.weight <= 1.0);
                position = token.position;
            }
        }
    }
}
