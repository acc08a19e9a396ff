//! Lists of ours: words that say nothing by themselves. All other languages' lists come from the crate `stop-words` (NLTK's).

/// English articles, prepositions, conjunctions, pronouns and auxiliaries.
pub(super) const ENGLISH: &str = "\
    a about above after again against all also am an and any are as at be because been before being below between both but by \
    can cannot could did do does doing down during each few for from further had has have having he her here hers herself him \
    himself his how i if in into is it its itself may me might more most must my myself no nor not of off on once only or other \
    our ours ourselves out over own same shall she should so some such than that the their theirs them themselves then there \
    these they this those through to too under until up upon very was we were what when where which while who whom why will \
    with would you your yours yourself yourselves";

/// Korean function words, as stems: dependent nouns, pronouns, question words, conjunctions, and auxiliary verbs.
pub(super) const KOREAN: &str = "\
    것 수 등 및 바 데 채 점 중 후 뒤 위 때 때문 경우 가운데 \
    이 그 저 이것 그것 저것 이런 그런 저런 이러한 그러한 이를 그를 여기 거기 저기 우리 자신 \
    무엇 무엇인 무슨 누구 누구인 누가 언제 어디 어디인 얼마 몇 왜 어떻게 어떤 어느 어떠 뭐 뭘 \
    또는 그리고 그러나 하지만 그래서 따라서 또 또한 즉 다시 모두 각각 약 더 매우 가장 당시 이후 이전 \
    대하 대한 대해 위하 위한 위해 의하 의한 의해 통하 통한 통해 관하 관한 관해 따르 따른 따라 인하 인한 인해 \
    있 있는 있었 있다 있던 없 하 되 않 않았 같 같은 라는 라고 하는 한다 했다 한 할 해 하여 하였 된 되는 된다 되어 되었 \
    이다 였다 이었다 이며 며 고 은 는 가 을 를 의 에 로";

/// Japanese particles, auxiliaries and pronouns, as far as they stand as a pair or a single character.
pub(super) const JAPANESE: &str = "\
    の に は を た が で て と し れ さ も な い や へ か だ ば ず せ \
    ある いる する から こと など ない この その あの どの ため よう また もの まで なる より これ それ あれ どれ \
    です ます でも たり では にて ほか うち ただ とも ここ そこ";
