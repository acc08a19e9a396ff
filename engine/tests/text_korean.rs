//! Korean is found by its stems: particles, endings, spaces in compounds and the encoding of syllables make no difference.

use nigh::{Analyzer, AnalyzerConfig};
use unicode_normalization::UnicodeNormalization;

fn korean() -> Analyzer {
    Analyzer::new(&AnalyzerConfig::korean()).expect("a valid configuration")
}

fn tokens(text: &str) -> Vec<String> {
    korean().analyze(text).into_iter().map(|token| token.text).collect()
}

/// All the forms give the same tokens.
#[track_caller]
fn same(forms: &[&str]) {
    let expected = tokens(forms[0]);
    assert!(!expected.is_empty(), "{}", forms[0]);
    for form in forms {
        assert_eq!(tokens(form), expected, "{form} against {}", forms[0]);
    }
}

/// The share of the query's tokens that the text has.
fn overlap(query: &str, text: &str) -> f64 {
    let text = tokens(text);
    let query = tokens(query);
    query.iter().filter(|token| text.contains(token)).count() as f64 / query.len() as f64
}

#[test]
fn particles_make_no_difference() {
    same(&[
        "데이터베이스",
        "데이터베이스의",
        "데이터베이스를",
        "데이터베이스에서",
        "데이터베이스에서는",
        "데이터베이스로부터",
        "데이터베이스라는",
    ]);
    same(&[
        "서울",
        "서울은",
        "서울이",
        "서울을",
        "서울의",
        "서울에서",
        "서울로",
        "서울까지",
        "서울부터의",
        "서울에서도",
        "서울이나",
        "서울이다",
    ]);
    same(&[
        "학교",
        "학교는",
        "학교가",
        "학교를",
        "학교와",
        "학교로",
        "학교까지는",
        "학교에서의",
        "학교마다",
        "학교였다",
        "학교라고",
    ]);
    same(&["사람", "사람들", "사람들은", "사람들에게", "사람이었다"]);
    same(&["경제", "경제적", "경제적인", "경제적으로", "경제의"]);
}

#[test]
fn nouns_that_look_like_more_stay_whole() {
    same(&["회의", "회의의", "회의를", "회의에서는"]);
    same(&["고양이", "고양이는", "고양이가", "고양이를"]);
    same(&["결과", "결과는", "결과를", "결과의"]);
    same(&["제도", "제도의", "제도를", "제도가"]);
    same(&["도로", "도로의", "도로를", "도로에서"]);
    same(&["바나나", "바나나를", "바나나의"]);
    same(&["마을", "마을의", "마을을"]);
}

#[test]
fn a_noun_and_its_verb_are_the_same() {
    same(&[
        "발견",
        "발견을",
        "발견했다",
        "발견하였다",
        "발견하여",
        "발견하는",
        "발견된",
        "발견되었다",
        "발견하고",
        "발견할",
        "발견하기",
    ]);
    same(&["파견", "파견하여", "파견되었던", "파견시켰다"]);
    same(&["유명", "유명한", "유명하다", "유명하지만"]);
}

#[test]
fn verbs_are_found_by_their_stem() {
    same(&["만들었다", "만들었던", "만들고", "만들며", "만들면서", "만들지만"]);
    same(&["세웠다", "세우고", "세우며", "세웠으며", "세운다"]);
    same(&["이루어졌다", "이루어진", "이루어지며", "이루어지고"]);
    same(&["돌아왔다", "돌아온", "돌아오며"]);
}

#[test]
fn compounds_are_found_however_they_are_spaced() {
    assert!(overlap("데이터 베이스", "데이터베이스의 구조") >= 1.0);
    assert!(overlap("데이터베이스를", "데이터 베이스 구조") >= 0.8);
    assert!(overlap("지방검찰청", "서울지방검찰청에서") >= 1.0);
    assert!(overlap("인공 지능", "인공지능은") >= 1.0);
    assert!(overlap("소프트웨어", "소프트 웨어를") >= 0.7);
}

#[test]
fn other_scripts_and_numbers_are_parted_from_hangul() {
    assert_eq!(tokens("GPT모델을"), ["gpt", "모델"]);
    assert_eq!(tokens("3월에"), ["3", "3월", "월"]);
    assert_eq!(tokens("1,000원은"), ["1,000", "1,000원", "원"]);
    assert_eq!(tokens("12명이"), ["12", "12명", "명"]);
    assert_eq!(tokens("API의 SDK를"), ["api", "sdk"]);
    assert_eq!(tokens("2024년까지는"), ["2024", "2024년", "년"]);
    assert_eq!(tokens("大韓民國의"), ["大韓", "韓民", "民國"]);
}

#[test]
fn function_words_are_left_out() {
    assert_eq!(tokens("그리고 무엇이 있는 것은"), Vec::<String>::new());
    assert_eq!(tokens("수도는 어디인가?"), tokens("수도"));
}

#[test]
fn syllables_written_as_letters_are_the_same() {
    let text = "데이터베이스의 회의를 3월에 GPT모델로 발견했다";
    let letters: String = text.nfd().collect();
    assert_ne!(text, letters);
    let (composed, decomposed) = (korean().analyze(text), korean().analyze(&letters));
    let texts = |tokens: &[nigh::Token]| tokens.iter().map(|token| token.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&composed), texts(&decomposed));
    for (here, there) in composed.iter().zip(&decomposed) {
        let given: String = letters[there.bytes.clone()].nfc().collect();
        assert_eq!(given, text[here.bytes.clone()]);
    }
}

#[test]
fn tokens_say_where_they_stand_and_what_they_count() {
    let text = "서울의 데이터베이스";
    let tokens = korean().analyze(text);
    let places: Vec<_> = tokens
        .iter()
        .map(|token| (token.text.as_str(), token.position, &text[token.bytes.clone()]))
        .collect();
    let expected = [
        ("서울", 0, "서울"),
        ("데이", 1, "데이"),
        ("이터", 1, "이터"),
        ("터베", 1, "터베"),
        ("베이", 1, "베이"),
        ("이스", 1, "이스"),
    ];
    assert_eq!(places, expected);
    assert_eq!(tokens[0].weight, 1.0);
    let parts: f32 = tokens[1..].iter().map(|token| token.weight).sum();
    assert!(parts > 1.0 && parts < 2.0, "five parts of one word count as {parts}");
}
