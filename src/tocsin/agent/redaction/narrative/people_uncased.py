# SPDX-License-Identifier: Apache-2.0
"""People, in scripts without capital letters: by family names, titles, forms of address and the place in a line.

A title or form of address behind a name goes with it.
"""

import re
from functools import cache

from tocsin.agent.redaction.narrative.cues import cues_in
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
_ANY = _HAN + _KANA + _HANGUL + _ARABIC + _DEVANAGARI + _HEBREW
_HAN_FAMILY = "|".join(sorted(surnames_of("\u4e00", "\u9fff"), key=len, reverse=True))
_HANGUL_FAMILY = "|".join(sorted(surnames_of("가", "힣"), key=len, reverse=True))
_JAPANESE_FAMILY = "|".join(
    sorted((n for n in surnames_of("\u4e00", "\u9fff") if len(n) > 1), key=len, reverse=True)
)
_CHINESE_GIVEN = f"[{''.join(sorted(words('chinese_given')))}]"
_KOREAN_GIVEN = f"[{''.join(sorted(words('korean_given')))}]"
_JA_NAME = f"[{_HAN}{_KANA}ー・]{{1,8}}(?:[ 　][{_HAN}{_KANA}ー・]{{1,8}})?"
_PLACES = (
    # Japanese: a family name and a given name with a space between them
    rf"(?:(?<![{_HAN}])|(?<=様))(?P<n>(?:{_HAN_FAMILY})[ 　][{_HAN}\u3041-\u3096]{{1,3}}?)(?=[^{_HAN}]|$|[様氏殿君])",
    # Japanese: a name with a form of address; "I am"; a name from abroad; who signed
    rf"(?:(?<=[の、。はがをにとへもで])|(?<=[^{_HAN}{_KANA}])|^)(?P<n>[{_HAN}]{{1,4}}(?:[ 　]?[{_HAN}{_KANA}]{{1,5}})?)"
    rf"(?P<h>{one_of('japanese_behind')})",
    r"(?<![\u3040-\u309f])(?P<n>[\u3041-\u3096]{2,6}|[\u30a1-\u30faー・]{2,16})(?P<h>さん|様|氏|ちゃん|くん|君)",
    rf"(?:{one_of('japanese_before')})\s?(?P<n>{_JA_NAME}?)(?=と申|です|、|。|\n|$|（|\()",
    r"(?P<n>[\u30a1-\u30faー]{2,10}(?:[・＝][\u30a1-\u30faー]{2,10})+)(?P<h>さん|様|氏)?",
    rf"(?:^|[。\n])(?P<n>{_HAN_FAMILY})(?P<h>（[^）\n]{{1,12}}）)?\s*\Z",
    # Japanese: a family name of two signs, alone or with a given name, behind what one is or a particle, and before one
    rf"(?:(?<![{_HAN}{_KANA}])|(?<=[のはがをにとへも員者様方師長当]))"
    rf"(?P<n>(?:{_JAPANESE_FAMILY})[{_HAN}]{{0,3}})(?P<h>さん|様|氏)?"
    rf"(?=[のはがをにとへもでから、。:：（( 　]"
    rf"|$)",
    # Chinese and Korean: a family name and two signs of which given names are made
    rf"(?P<n>(?:{_HAN_FAMILY}){_CHINESE_GIVEN}{{2}}|(?<![{_HAN}])(?:{_HAN_FAMILY}){_CHINESE_GIVEN}(?![0-9]))",
    rf"(?<![{_HANGUL}])(?!이미지|민원인|안내|정상)(?P<n>(?:{_HANGUL_FAMILY}){_KOREAN_GIVEN}{{2}})"
    rf"(?=(?:{one_of('korean_particles')})?(?![{_HANGUL}]))",
    # Chinese: behind what one is, before a title or what one does, by a nickname, a name from abroad
    rf"(?:{one_of('chinese_before')})\s?(?P<n>[{_HAN}]{{2,4}}?)(?=[，,。、;；：:（(\s的在于已被称把将收接报说向]|$)",
    rf"(?:{one_of('chinese_before')})[ “\"]?"
    rf"(?P<n>(?:{_HAN_FAMILY})(?:[{_HAN}](?!{one_of('chinese_verbs')}))?[{_HAN}](?![{_HAN}]?[元号码]))",
    rf"(?<![{_HAN}])(?P<n>(?:{_HAN_FAMILY})[{_HAN}]{{1,2}}?)(?={one_of('chinese_verbs')})",
    rf"(?P<n>[{_HAN}]{{1,3}})(?P<h>{one_of('chinese_behind')})",
    rf"(?<![{_HAN}大最])(?P<n>[老小阿](?!于|时|金额|白)(?:{_HAN_FAMILY}))",
    rf"(?P<n>[{_HAN}]{{1,8}}(?:·[{_HAN}]{{1,8}})+)",
    rf"(?P<n>[A-Z][a-z]{{1,15}} (?:{_HAN_FAMILY}))(?![{_HAN}])",
    # Korean: who, with what they are
    rf"(?<![{_HANGUL}])(?P<n>[{_HANGUL}]{{2,4}}|[{_HANGUL}]{{1,4}}(?: [{_HANGUL}]{{1,4}}){{1,3}}|[{_HANGUL}])"
    rf"(?P<h> ?(?:{one_of('korean_behind')}))(?=(?:{one_of('korean_particles')})?(?![{_HANGUL}]{{3}}))",
    rf"(?:{one_of('korean_before')})\s?(?P<n>[{_HANGUL}]{{1,4}}?)(?=입니다|이라고|라고|이고| |,|\.|\)|\n|$)",
    rf"(?<![{_HANGUL}])(?P<n>[{_HANGUL}]{{2,4}}?)(?= ?(?:입니다|이에요|예요|드림|올림|배상))",
    # Arabic
    rf"(?<![{_ARABIC}])(?:{one_of('arabic_before')})[:،]?\s"
    rf"(?P<n>[{_ARABIC}]+(?: (?:بن |بنت |أبو |آل |عبد )?[{_ARABIC}]+){{0,3}}?)"
    rf"(?=\s?[،,.():؛\n]|$| (?:{one_of('arabic_behind')}))",
    # Hindi
    rf"(?:{one_of('hindi_before')})[:,]?\s(?P<n>[{_DEVANAGARI}]{{1,30}}(?: [{_DEVANAGARI}]{{1,30}}){{0,2}}?)"
    rf"(?= ?(?:{one_of('hindi_behind')}|,|।|\(|\n|$))",
    rf"(?P<n>(?<![{_DEVANAGARI}])(?:[{_DEVANAGARI}]{{1,30}} )?[{_DEVANAGARI}]{{1,30}})"
    rf"(?P<h> (?:जी|साहब|मैडम|सर))(?![{_DEVANAGARI}])",
    # Hebrew
    rf"(?:{one_of('hebrew_before')})\s(?P<n>[{_HEBREW}]+(?:[ -][{_HEBREW}]+){{0,2}}?)"
    rf"(?=[,.:;!?\n()\"-]|$| (?:{one_of('hebrew_behind')}))",
    rf"(?:{one_of('persian_before')})[.,:]?\s(?P<n>[{_ARABIC}]+(?: [{_ARABIC}]+)?)",
    # who speaks in a line, and who signed
    rf"^(?:[\[(]?\d{{1,2}}[:：]\d{{2}}[\])]?\s?)?(?P<n>[{_ANY}]{{1,20}}(?: [{_ANY}]{{1,20}}){{0,2}}) ?[:：＞›»]",
    rf"^(?P<n>[{_ANY}]{{2,20}}(?:[ 　][{_ANY}]{{1,20}})?)(?=[ 　\t]+[\[(（]?\d{{1,2}}[:：]\d{{2}})",
    rf"^\s*(?P<n>[{_HAN}]{{2,4}}|[{_HANGUL}]{{2,4}}|[{_ARABIC}]+(?: [{_ARABIC}]+){{0,3}}"
    rf"|[{_DEVANAGARI}]+(?: [{_DEVANAGARI}]+){{0,2}}|[{_HEBREW}]+(?: [{_HEBREW}]+)?)\s*$",
    # a family name and one or two signs, alone
    rf"(?<![{_HAN}{_KANA}])(?P<n>(?:[A-Z][a-z]+ )?(?:{_HAN_FAMILY}) ?[{_HAN}]{{1,3}})(?![{_HAN}{_KANA}])",
    rf"(?<![{_HANGUL}])(?P<n>(?:{_HANGUL_FAMILY})[{_HANGUL}]{{2}})(?![{_HANGUL}])(?=[:,.\n)]|$)",
)
_STRANGE = "\u0980-\u0dff\u0e00-\u0eff\u1000-\u10ff\u1200-\u137f\u1780-\u17ff"
_WRITTEN = re.compile(rf"[{_ANY}{_STRANGE}]")
_UNKNOWN = re.compile(
    rf"(?:\d{{1,4}}[/-]?\d{{0,4}},? )?[{_STRANGE}](?:[{_STRANGE} ,./–-]|\d{{1,4}}(?![\d-]))*"
)
"""Scripts of which no rule knows the names, from Bengali to Khmer: all goes, but what is evidence."""
_WORD = re.compile(rf"[{_ARABIC}]+|[{_DEVANAGARI}]+|[{_HEBREW}]+")
_LABELS = words("labels")
_JOINED = ("بن", "بنت", "عبد")
"""Words after which an Arabic name goes on."""


@cache
def _places() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(place, re.MULTILINE) for place in _PLACES)


def find_people_uncased(board: Board) -> None:
    """Hide everybody who is named in letters that know no capitals."""
    if not _WRITTEN.search(board.text):
        return
    for pattern in _places():
        honoured = "h" in pattern.groupindex
        for found in pattern.finditer(board.text):
            if found["n"].strip() not in _LABELS:
                _hide(board, found.start("n"), found.end("h" if honoured and found["h"] else "n"), found["n"])
    _by_given_name(board)
    if _UNKNOWN.search(board.text):
        _hide_unknown(board)


def _hide_unknown(board: Board) -> None:
    """Hide what is written in scripts without rules, but the words that say whose a value is."""
    cues = sorted(span for spans in cues_in(board.small).values() for span in spans)
    for found in _UNKNOWN.finditer(board.text):
        at = found.start()
        for start, end in (cue for cue in cues if found.start() <= cue[0] < found.end()):
            board.hide_free(at, max(at, start), Kind.NAME)
            at = max(at, end)
        board.hide_free(at, found.end(), Kind.NAME)


def _hide(board: Board, start: int, end: int, name: str) -> None:
    while end > start and board.text[end - 1] in " 　":
        end -= 1
    if not board.hide(start, end, Kind.PERSON, name.strip(), quoted=True):
        board.hide_free(start, end, Kind.PERSON)


def _by_given_name(board: Board) -> None:
    """A listed name with the words beside it that look like the rest of it, in Arabic, Hindi and Hebrew."""
    known = surnames_of("\u05d0", "\u0963")
    spelled = list(_WORD.finditer(board.text))
    at = 0
    while at < len(spelled):
        bare = spelled[at][0]
        last = at
        if bare in known or (bare[:1] in "ولبכולש" and bare[1:] in known):
            while last + 1 < len(spelled) and _goes_on(spelled[last], spelled[last + 1], known, last - at):
                last += 1
            _hide(
                board,
                spelled[at].start(),
                spelled[last].end(),
                board.text[spelled[at].start() : spelled[last].end()],
            )
        at = last + 1


def _goes_on(word: re.Match[str], follows: re.Match[str], known: frozenset[str], length: int) -> bool:
    return follows.start() - word.end() == 1 and (
        follows[0] in known
        or follows[0] in (*_JOINED, "أبو", "آل")
        or word[0] in _JOINED
        or (follows[0].startswith("ال") and length < 3)
    )
