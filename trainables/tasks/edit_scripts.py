"""How does a form become its lemma? As a script that other words share: `lower:0+|1+y`.

Chrupala 2006 (lemmatisation as classification of edit scripts); Straka 2018 (UDPipe 2, K18-2020)
edits the two ends around the longest common part and keeps the case of the lemma apart. So here:

    lower:0+|3+        lower-cased, nothing before, the last 3 letters away: Running, run
    capital:0+|1+      the same with a capital: TURKS, Turk
    upper:0+|1+        all capitals: CDs, CD
    kept:0+|1+         where the lemma has another case, the letters of the form as they stand
    =be                the lemma itself, where the two share no letter: was, be

A part is `cut+added`: how many letters are cut off that end of the form, and what stands there
instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

_WHOLE = "="
_CASES: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "capital": str.capitalize,
    "upper": str.upper,
}
"""The case of a lemma that was made of the lower-cased form."""
_KEPT = "kept"
_SCRIPT = re.compile(rf"({'|'.join(_CASES)}|{_KEPT}):(\d+)\+(.*)\|(\d+)\+(.*)", re.DOTALL)


def edit_script(form: str, lemma: str) -> str:
    """The first script of the order above that turns the form into the lemma."""
    return next(s for s in _candidates(form, lemma) if apply_script(s, form) == lemma)


def apply_script(script: str, form: str) -> str | None:
    """The lemma; None where the form is shorter than what the script cuts off.

    Raises:
        ValueError: if it is no script.
    """
    if script.startswith(_WHOLE):
        return script.removeprefix(_WHOLE)
    match = _SCRIPT.fullmatch(script)
    if match is None:
        raise ValueError(f"{script!r} is no edit script; wanted =LEMMA or CASE:CUT+TEXT|CUT+TEXT")
    case, front, before, back, after = match.groups()
    letters = form if case == _KEPT else form.lower()
    if int(front) + int(back) > len(letters):
        return None
    lemma = before + letters[int(front) : len(letters) - int(back)] + after
    return lemma if case == _KEPT else _CASES[case](lemma)


def _candidates(form: str, lemma: str) -> Iterator[str]:
    ends = _ends(form.lower(), lemma.lower())
    if ends:
        yield from (f"{case}:{ends}" for case in _CASES)
    if ends := _ends(form, lemma):
        yield f"{_KEPT}:{ends}"
    yield _WHOLE + lemma


def _ends(form: str, lemma: str) -> str:
    """What is cut and added at both ends of their longest common part; "" if they have none."""
    matcher = SequenceMatcher(None, form, lemma, autojunk=False)
    common = matcher.find_longest_match()
    if not common.size:
        return ""
    end, lemma_end = common.a + common.size, common.b + common.size
    before, after = lemma[: common.b], lemma[lemma_end:]
    return f"{common.a}+{before}|{len(form) - end}+{after}"
