//! Nouns that end as if a particle or an ending stood behind them: 회의 is not 회 with 의.
//!
//! Without a dictionary such an end would be taken off. The lists hold common nouns with these ends; what they miss is cut too short,
//! but always in the same way, and the pairs of syllables that are left still find it.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that are not cut when they stand alone.
const ALONE: &str = "\
    회의 강의 논의 합의 동의 정의 결의 협의 심의 제의 발의 건의 유의 고의 임의 호의 편의 명의 상의 하의 예의 거의 민의 전의 창의 \
    질의 항의 모의 불의 대의 열의 성의 한의 양의 토의 문의 주의 \
    제도 정도 속도 온도 태도 지도 각도 농도 밀도 강도 한도 고도 경도 위도 습도 빈도 용도 의도 시도 보도 포도 반도 철도 기도 파도 \
    궤도 난도 독도 진도 완도 구도 인도 국도 유도 연도 년도 복도 차도 수도 면도 검도 선도 주도 감도 만도 채도 명도 전도 \
    결과 학과 성과 통과 경과 초과 부과 전과 일과 본과 내과 외과 안과 치과 문과 효과 사과 \
    높이 깊이 길이 넓이 놀이 먹이 풀이 벌이 종이 굽이 맏이 송이 같이 많이 굳이 \
    대만 불만 자만 오만 낭만 비만 충만 거만 기만 백만 천만 십만 수만 진주만 \
    도로 진로 철로 선로 별로 실로 말로 활로 을지로 바로 서로 새로 주로 대로 스스로 그대로 종로 \
    화가 휴가 추가 주가 대가 허가 부가 시가 유가 여가 요가 소가 \
    하나 누나 한나 아나 바나나 안테나 우간다 캐나다 르완다 \
    업적 목적 유적 실적 표적 흔적 기적 서적 국적 면적 해적 누적 추적 축적 이적 성적 행적 사적 도적 산적 공적 전적 필적 체적 용적 \
    광고 창고 보고 사고 최고 경고 참고 재고 권고 신고 충고 원고 피고 중고 금고 국고 여고 남고 상고 공고 선고 예고 기고 투고 \
    마을 가을 노을 고을 겨울 함께 나라 바다 마다 버들 아들 들판 한라";

/// Nouns that are not cut, alone or at the end of a compound.
const AT_THE_END: &str = "\
    회의 주의 강의 논의 정의 합의 \
    제도 속도 온도 지도 각도 강도 위도 경도 반도 철도 궤도 독도 습도 농도 밀도 용도 주도 상도 라도 청도 원도 기도 해도 안도 인도 수도 국도 \
    결과 학과 성과 효과 외과 내과 \
    고양이 어린이 원숭이 호랑이 쌍둥이 늙은이 젊은이 놀이 높이 깊이 길이 넓이 먹이 풀이 목걸이 맞이 손잡이 곰팡이 달팽이 지팡이 \
    올챙이 구덩이 송이 \
    진로 철로 선로 항로 화가 예술가 휴가 주가 \
    업적 목적 유적 실적 흔적 서적 국적 면적 성적 기적 해적 \
    광고 창고 보고 사고 경고 원고 냉장고 \
    바다 나라 안테나 바나나 마을 캐나다 \
    잠수함 구축함 순양함 전투함 \
    침해 방해 피해 이해 손해 재해 공해 오해 견해 분해 저해 동해 서해 남해 북해 북극해 지중해 카리브해";

static ALONE_SET: LazyLock<HashSet<&str>> = LazyLock::new(|| ALONE.split_whitespace().collect());
static END_SET: LazyLock<HashSet<&str>> = LazyLock::new(|| AT_THE_END.split_whitespace().collect());

/// Whether nothing is to be taken off the end of `word`.
pub(super) fn is_whole(word: &[char]) -> bool {
    let listed =
        |set: &HashSet<&str>, chars: &[char]| set.contains(chars.iter().collect::<String>().as_str());
    if word.len() <= 3 && listed(&ALONE_SET, word) {
        return true;
    }
    (2..=4).any(|len| {
        word.len().checked_sub(len).and_then(|at| word.get(at..)).is_some_and(|end| listed(&END_SET, end))
    })
}
