# SPDX-License-Identifier: Apache-2.0
"""People, in scripts without capital letters: by family names, titles, forms of address and the place in a line."""

import re
from functools import cache

from tocsin.agent.redaction.narrative.lists import one_of, surnames_of, words
from tocsin.agent.redaction.narrative.marks import Board, Kind

_HAN, _KANA, _HANGUL, _ARABIC, _DEVANAGARI, _HEBREW = (
    "\u4e00-\u9fff々",
    "\u3040-\u30ff",
    "가-힣",
    "\u0620-\u065f\u0670-\u06d3",
    "\u0900-\u0963",
    "\u05d0-\u05ea'",
)
MAX_AGAIN = 200
"""Names of one text that are looked for again; each costs its length once."""
_JA_NAME = f"[{_HAN}{_KANA}ー・]{{1,8}}(?:[ 　][{_HAN}{_KANA}ー・]{{1,8}})?"
_PLACES = (
    # Japanese: family name with a form of address; "I am"
    rf"(?:(?<=[の、。])|(?<=[^{_HAN}{_KANA}])|^)([{_HAN}]{{1,4}}(?:[ 　]?[{_HAN}{_KANA}]{{1,5}})?)"
    rf"(?=(?:{one_of('japanese_behind')}))",
    rf"(?:{one_of('japanese_before')})\s?({_JA_NAME}?)(?=と申|です|、|。|\n|$|（|\()",
    # Chinese: behind what one is, before a title
    rf"(?:{one_of('chinese_before')})\s?([{_HAN}]{{2,4}}?)(?=[，,。、;；（(\s的在于已被称把将收接报说向]|$)",
    rf"([{_HAN}]{{1,3}})(?={one_of('chinese_behind')})",
    # Korean: who, with what they are
    rf"(?<![{_HANGUL}])([{_HANGUL}]{{2,4}}|[{_HANGUL}]{{1,4}}(?: [{_HANGUL}]{{1,4}}){{1,3}}|[{_HANGUL}])"
    rf"(?= ?(?:{one_of('korean_behind')})(?:{one_of('korean_particles')})?(?![{_HANGUL}]{{3}}))",
    rf"(?:{one_of('korean_before')})\s?([{_HANGUL}]{{2,4}}?)(?=입니다|이라고|라고|이고| |,|\)|\n|$)",
    rf"(?<![{_HANGUL}])([{_HANGUL}]{{2,4}}?)(?= ?(?:입니다|이에요|예요|드림|올림|배상))",
    # Arabic
    rf"(?<![{_ARABIC}])(?:{one_of('arabic_before')})[:،]?\s"
    rf"([{_ARABIC}]+(?: (?:بن |بنت |أبو |آل |عبد )?[{_ARABIC}]+){{0,3}}?)"
    rf"(?=\s?[،,.():؛\n]|$| (?:{one_of('arabic_behind')}))",
    # Hindi
    rf"(?:{one_of('hindi_before')})[:,]?\s([{_DEVANAGARI}]{{1,30}}(?: [{_DEVANAGARI}]{{1,30}}){{0,2}}?)"
    rf"(?= ?(?:{one_of('hindi_behind')}|,|।|\(|\n|$))",
    rf"((?<![{_DEVANAGARI}])(?:[{_DEVANAGARI}]{{1,30}} )?[{_DEVANAGARI}]{{1,30}})"
    rf"(?= (?:जी|साहब|मैडम|सर)(?![{_DEVANAGARI}]))",
    # Hebrew
    rf"(?:{one_of('hebrew_before')})\s([{_HEBREW}]+(?:[ -][{_HEBREW}]+){{0,2}}?)"
    rf"(?=[,.:\n(]|$| (?:{one_of('hebrew_behind')}))",
)
_ANY = _HAN + _KANA + _HANGUL + _ARABIC + _DEVANAGARI + _HEBREW
_LINE = re.compile(
    rf"^(?:[\[(]?\d{{1,2}}[:：]\d{{2}}[\])]?\s?)?([{_ANY}]{{1,20}}(?: [{_ANY}]{{1,20}}){{0,2}}) ?[:：]",
    re.MULTILINE,
)
_ALONE = re.compile(
    rf"^\s*([{_HAN}]{{2,4}}|[{_HANGUL}]{{2,4}}|[{_ARABIC}]+(?: [{_ARABIC}]+){{0,3}}"
    rf"|[{_DEVANAGARI}]+(?: [{_DEVANAGARI}]+){{0,2}}|[{_HEBREW}]+(?: [{_HEBREW}]+)?)\s*$",
    re.MULTILINE,
)
_WORD = re.compile(rf"[{_ARABIC}]+|[{_DEVANAGARI}]+|[{_HEBREW}]+")
_LABELS = words("labels")


@cache
def _places() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(place, re.MULTILINE) for place in _PLACES)


def find_people_uncased(board: Board) -> None:
    """Hide everybody who is named in letters that know no capitals, and the same letters wherever they stand again."""
    text = board.text
    if text.isascii():
        return
    for pattern in (*_places(), _LINE, _ALONE):
        for found in pattern.finditer(text):
            if found[1].strip() not in _LABELS:
                _hide(board, found.start(1), found.end(1))
    _by_family_name(board)
    _by_given_name(board)
    for name in {
        m.same for m in board.marks if m.kind is Kind.PERSON and not m.same.isascii() and len(m.same) > 1
    }:
        for found in re.finditer(re.escape(name), text):
            _hide(board, found.start(), found.end())


def _hide(board: Board, start: int, end: int) -> None:
    while end > start and board.text[end - 1] in " 　":
        end -= 1
    board.hide(start, end, Kind.PERSON, board.text[start:end])


def _by_family_name(board: Board) -> None:
    """A family name, then one or two signs, then something that is no part of a word."""
    han = "|".join(sorted(surnames_of("\u4e00", "\u9fff"), key=len, reverse=True))
    for found in re.finditer(
        rf"(?<![{_HAN}{_KANA}])(?:[A-Z][a-z]+ )?(?:{han}) ?[{_HAN}]{{1,3}}(?![{_HAN}{_KANA}])", board.text
    ):
        if found[0] not in _LABELS:
            _hide(board, found.start(), found.end())
    korean = "|".join(sorted(surnames_of("가", "힣"), key=len, reverse=True))
    for found in re.finditer(
        rf"(?<![{_HANGUL}])(?:{korean})[{_HANGUL}]{{2}}(?![{_HANGUL}])(?=[:,.\n)]|$)", board.text
    ):
        if found[0] not in _LABELS:
            _hide(board, found.start(), found.end())


def _by_given_name(board: Board) -> None:
    """A listed name with the words beside it that look like the rest of it, in Arabic, Hindi and Hebrew."""
    known = surnames_of("\u05d0", "\u0963")
    words = list(_WORD.finditer(board.text))
    at = 0
    while at < len(words):
        bare = words[at][0]
        if bare not in known and not (bare[:1] in "ولبכול" and bare[1:] in known):
            at += 1
            continue
        last = at
        while (
            last + 1 < len(words)
            and words[last + 1].start() - words[last].end() == 1
            and (
                words[last + 1][0] in known
                or words[last + 1][0] in ("بن", "بنت", "عبد", "أبو", "آل")
                or words[last][0] in ("بن", "بنت", "عبد")
                or (words[last + 1][0].startswith("ال") and last - at < 3)
            )
        ):
            last += 1
        _hide(board, words[at].start(), words[last].end())
        at = last + 1
