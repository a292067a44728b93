"""What is known of a language without any model? Script, family, morphology, pretraining text.

One row per language of the declared tasks, by the code that they use (ISO 639-1). A language that
is not here is unknown, which is said and counted, never guessed. Distances: `analysis/uriel.py`.

Sources. Script and family: XTREME (Hu et al. 2020, arXiv 2003.11080, table 4) and XTREME-R (Ruder
et al. 2021, arXiv 2104.07412). Agglutinative: whether grammatical meaning is mostly said by chains
of suffixes or prefixes with one meaning each, the textbook cases being Turkic, Uralic, Dravidian,
Japanese, Korean, Basque, Georgian, Quechua and Bantu (Comrie 1989, "Language Universals and
Linguistic Typology", chapter 2; compare WALS chapters 20 to 22); None where grammars disagree or
inflection is slight. CC-100, on which XLM-R was pretrained: Conneau et al. 2020 (arXiv 1911.02116),
appendix A, table 6, with Ukrainian as its authors corrected it; 0 where it has no such language.
Rows in Latin letters of languages that have a script of their own are left out there, and Chinese
is the sum of its two scripts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SOURCE = "analysis/languages.py"
UNSPACED = frozenset({"ja", "my", "th", "zh"})
"""Of the languages below, those whose words no space divides: their token counts in CC-100, which
are counts of what stands between spaces, compare with no other language's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageFacts:
    """What is known of one language."""

    code: str
    """As in the tasks: ISO 639-1."""
    iso3: str
    """ISO 639-3 of the variety that is meant, for URIEL+."""
    script: str
    """ISO 15924."""
    family: str
    """Top level; Indo-European by branch, as in XTREME."""
    agglutinative: bool | None
    """None: disputed, or unknown."""
    cc100_gib: float
    """Text in CC-100, GiB; 0: none."""
    cc100_tokens: float | None
    """White-space tokens in CC-100, millions; None where words have no spaces between them."""


_IE = "Indo-European: "
_TABLE = """
af afr Latn Germanic        no   1.3     242
ar arb Arab Afro-Asiatic    no  28      2869
az azj Latn Turkic          yes  6.5     783
bg bul Cyrl Slavic          no  57.5    5487
bn ben Beng Indo-Aryan      no   8.4     525
de deu Latn Germanic        no  66.6   10297
el ell Grek Greek           no  46.9    4285
en eng Latn Germanic        no 300.8   55608
es spa Latn Romance         no  53.3    9374
et ekk Latn Uralic          ?    6.1     843
eu eus Latn Basque          yes  2       270
fa pes Arab Iranian         no 111.6   13259
fi fin Latn Uralic          yes 54.3    6730
fr fra Latn Romance         no  56.8    9780
gu guj Gujr Indo-Aryan      no   1.9     140
he heb Hebr Afro-Asiatic    no  31.6    3399
hi hin Deva Indo-Aryan      no  20.2    1715
ht hat Latn Creole          no   0         0
hu hun Latn Uralic          yes 58.4    7807
id ind Latn Austronesian    ?  148.3   22704
it ita Latn Romance         no  30.2    4983
ja jpn Jpan Japonic         yes 69.3     530
jv jav Latn Austronesian    ?    0.2      24
ka kat Geor Kartvelian      yes  9.1     469
kk kaz Cyrl Turkic          yes  6.4     476
ko kor Kore Koreanic        yes 54.2    5644
lt lit Latn Baltic          no  13.7    1835
ml mal Mlym Dravidian       yes  7.6     313
mr mar Deva Indo-Aryan      ?    2.8     175
ms zsm Latn Austronesian    ?    8.5    1318
my mya Mymr Sino-Tibetan    ?    2.0      71
nl nld Latn Germanic        no  29.3    5025
pa pan Guru Indo-Aryan      no   0.8      68
pl pol Latn Slavic          no  44.6    6490
pt por Latn Romance         no  49.1    8405
qu quz Latn Quechuan        yes  0         0
ro ron Latn Romance         no  61.4   10354
ru rus Cyrl Slavic          no 278     23408
sw swh Latn Niger-Congo     yes  1.6     275
ta tam Taml Dravidian       yes 12.2     595
te tel Telu Dravidian       yes  4.7     249
th tha Thai Kra-Dai         no  71.7    1834
tl tgl Latn Austronesian    ?    3.1     556
tr tur Latn Turkic          yes 20.9    2736
uk ukr Cyrl Slavic          no  84.6    6960
ur urd Arab Indo-Aryan      no   5.7     730
vi vie Latn Austroasiatic   no 137.3   24757
wo wol Latn Niger-Congo     ?    0         0
yo yor Latn Niger-Congo     no   0         0
zh cmn Hani Sino-Tibetan    no  63.5     435
"""
"""Code, ISO 639-3, script, family or branch of Indo-European, agglutinative, GiB, million tokens.

Azerbaijani is North Azerbaijani, Quechua that of Cusco (XCOPA's is its neighbour of Apurimac).
Burmese is the sum of its two encodings.
"""
_BRANCHES = frozenset({"Baltic", "Germanic", "Greek", "Indo-Aryan", "Iranian", "Romance", "Slavic"})


def _facts(line: str) -> LanguageFacts:
    code, iso3, script, family, agglutinative, gib, tokens = line.split()
    return LanguageFacts(
        code=code,
        iso3=iso3,
        script=script,
        family=_IE + family if family in _BRANCHES else family,
        agglutinative={"yes": True, "no": False, "?": None}[agglutinative],
        cc100_gib=float(gib),
        cc100_tokens=None if code in UNSPACED else float(tokens),
    )


LANGUAGES: dict[str, LanguageFacts] = {
    facts.code: facts for facts in map(_facts, _TABLE.strip().splitlines())
}
"""By code."""


def unknown_languages(codes: Iterable[str]) -> list[str]:
    """Those that are not in the table, in their order, each once."""
    return [code for code in dict.fromkeys(codes) if code not in LANGUAGES]
