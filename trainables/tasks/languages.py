"""In which languages is each target of XTREME and XTREME-R scored, and how does the hub name them?

Source: google-research/xtreme evaluate.py XTREME_TASK2LANGS and what XTREME-R adds, here English
first; hub names from the card of google/xtreme.
"""

from __future__ import annotations


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _names(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


XNLI = _codes("en ar bg de el es fr hi ru sw th tr ur vi zh")
PAWSX = _codes("en de es fr ja ko zh")
XCOPA = _codes("et ht id it qu sw ta th tr vi zh")
XQUAD = _codes("en ar de el es hi ru th tr vi zh")
XQUAD_XTREME_R = (*XQUAD, "ro")
MLQA = _codes("en ar de es hi vi zh")
PANX = _codes(
    "en af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw"
    " ta te th tl tr ur vi yo zh"
)
PANX_XTREME_R = (*PANX, *_codes("az gu lt pa pl qu ro uk"))

TYDIQA = _names(
    "en:english ar:arabic bn:bengali fi:finnish id:indonesian ko:korean ru:russian sw:swahili"
    " te:telugu"
)
"""Language to how the ids of its items begin."""

UDPOS = _names(
    "en:English af:Afrikaans ar:Arabic bg:Bulgarian de:German el:Greek es:Spanish et:Estonian"
    " eu:Basque fa:Persian fi:Finnish fr:French he:Hebrew hi:Hindi hu:Hungarian id:Indonesian"
    " it:Italian ja:Japanese kk:Kazakh ko:Korean mr:Marathi nl:Dutch pt:Portuguese ru:Russian"
    " ta:Tamil te:Telugu th:Thai tl:Tagalog tr:Turkish ur:Urdu vi:Vietnamese yo:Yoruba zh:Chinese"
)
"""Language to its name in `udpos.NAME`."""

UDPOS_XTREME_R = (*UDPOS, *_codes("lt pl ro uk wo"))

TATOEBA = _names(
    "af:afr ar:ara bg:bul bn:ben de:deu el:ell es:spa et:est eu:eus fa:pes fi:fin fr:fra he:heb"
    " hi:hin hu:hun id:ind it:ita ja:jpn jv:jav ka:kat kk:kaz ko:kor ml:mal mr:mar nl:nld pt:por"
    " ru:rus sw:swh ta:tam te:tel th:tha tl:tgl tr:tur ur:urd vi:vie zh:cmn"
)
"""Language to its ISO 639-3 code in `tatoeba.CODE`; English is the other side of each."""

TATOEBA_XTREME_R = TATOEBA | _names("az:aze lt:lit pl:pol ro:ron uk:ukr")
"""The same with the languages that XTREME-R adds."""

BUCC = _codes("de fr ru zh")
MEWSLIX = _codes("en ar de es fa ja pl ro ta tr uk")
