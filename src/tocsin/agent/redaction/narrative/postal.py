# SPDX-License-Identifier: Apache-2.0
"""Where somebody lives: from what begins an address on, everything that goes on as one does.

1. What says that there is an address: a word for a street or a house, a word that announces one, a postal code beside
   a town, a name with a number and a town, or the order of town, ward and block of East Asia.
2. From there to both sides, word by word.
3. Pieces on one line, or on two that follow each other, are one address with what stands between them.
"""

import re
from collections.abc import Iterator

from tocsin.agent.redaction.narrative.known import is_ordinary
from tocsin.agent.redaction.narrative.lists import one_of, starting, words
from tocsin.agent.redaction.narrative.marks import Board, Kind

_CAPITAL = "A-ZÀ-ÞĀ-ŽΆ-ΏΑ-ΩЀ-Я"
_UNCASED = "\u0620-\u065f\u0671-\u06d3\u0900-\u0963\u05d0-\u05ea"
_STREET = f"(?:{one_of('streets')})"
_ANCHOR = re.compile(rf"(?<![\w-])(?=[^\W\d_]){_STREET}(?![\w-])")
_LABEL = re.compile(rf"{starting('address_words')}\s?(?:[:：,]|[^\d\n.:@]{{0,20}}:)?\s{{0,8}}")
_HAN, _FIGURE = "\u3041-\u30ff\u4e00-\u9fff々", "\\d一二三四五六七八九十"
_BLOCK = rf"(?:丁目|番地?|号|號|弄|巷|栋|幢|座|单元|室|楼|层|層|階|の|ノ|[-－]|[{_FIGURE}]){{0,14}}"
_ROOM = rf"(?:[ 　]?[{_HAN}]{{2,10}}[ 　]?[A-Z]?\d{{1,4}}(?:号室?|室|階)?)?"
_ASIAN = re.compile(
    rf"(?:〒\s?\d{{3}}[-－]?\d{{4}}\s?)?(?:[\u4e00-\u9fff]{{2,4}}[都道府県省市])?[\u4e00-\u9fff]{{1,8}}[市区區郡町村县縣]"
    rf"[{_HAN}]{{1,20}}?[{_FIGURE}]{{1,5}}(?:丁目|番|号|號|弄|巷|栋|幢|座|室|楼|の|ノ|[-－]){_BLOCK}{_ROOM}"
    rf"|[\u4e00-\u9fff]{{2,8}}(?:路|街|道|胡同)[{_FIGURE}]{{1,5}}[号號弄]{_BLOCK}{_ROOM}"
    r"|(?:[가-힣]{2,8}(?:특별시|광역시|특별자치시|도|시|군|구)\s?){1,4}[가-힣\d]{1,12}(?:읍|면|동|리|로|길|가)\s?"
    r"(?:[가-힣\d]{1,10}(?:로|길)\s?)?\d{1,4}(?:-\d{1,4})?(?![\d-])(?:번?길\s?\d{1,4}|번지)?"
    r"(?:,?\s?[가-힣A-Za-z]{0,12}\s?\d{1,4}(?:동|호|층|단지))*"
)
_POSTCODE = re.compile(
    r"(?<![\w-])(?:(?i:[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}(?!\w)|[A-Z]\d[A-Z]\s?\d[A-Z]\d(?!\w))"
    r"|[A-Z]\d[\dW]\s[A-Z][A-Z\d]{3}(?!\w)|[A-Z]{2}\s\d{5}(?:-\d{4})?(?!\d)|〒\s?\d{3}-?\d{4}"
    rf"|(?:\d{{5}}|\d{{4}} ?[A-Z]{{2}}|\d{{2}}-\d{{3}}|\d{{4}}-\d{{3}}|\d{{3}} \d{{2}}) (?=[{_CAPITAL}]\w)"
    rf"|\d{{6}}, (?=[{_CAPITAL}]))"
)
_PLACE = re.compile(
    rf"(?<![\w-])([{_CAPITAL}][^\W\d_]{{2,}})(?: [{_CAPITAL}][^\W\d_]+)?,?\s\d{{1,4}}(?:[^\W\d_]"
    rf"|[-/]\d{{1,4}}){{0,2}},\s"
    rf"(?:\d{{2,3}}[ -]?\d{{2,3}}\s)?[{_CAPITAL}][^\W\d_]{{2,}}"
)
"""A name, a number and a town; a street that does not say that it is one."""
_LINE = re.compile(
    rf"^[ >?]*\d{{1,4}}[a-z]?,? (?:\d{{1,4}} )?([{_CAPITAL}][^\W\d_]+)(?: [^\W\d_.]+){{0,3}}(?: \d{{1,4}})?[.,]?[ ]*$",
    re.MULTILINE,
)
"""The same alone on a line, with the number of the house in front."""
_NUMBERED = re.compile(
    r"\s{0,8}\d{1,4}[a-z]?(?:[ ,]{1,2}(?!\d{4,}[ -]\d|(?:and|or|on|call|tel|who|but|until|since|phone"
    r"|mob)\b)[\w'’.-]{1,30}(?<!\w{3}\.)){1,9}"
)
"""What follows a word that announces an address and begins with a number, in small letters too."""
_SMALL = re.compile(r"(?<!\S)\d{1,4}[a-z]? ([^\W\d_]{3,}(?: [^\W\d_]{3,})?) $")
_HOUSE = re.compile(r"(?<!\S)\d{1,4}[a-z]?,? $")
"""A number before the number of a house: a flat's."""
_IBAN = r"[A-Z]{2}\d{2} ?[A-Z0-9]{4}"
_STOPS = (
    r"(?:and|or|but|on|at|by|to|is|was|has|had|who|she|he|her|his|the|und|wo|wer|et|est|qui|y|e|que|con|i"
    r"|da|na|ja|on|ve|και|и|та|en|och)\b"
)
"""Short words that go on with the sentence, not with the address."""
_STEP = re.compile(
    r"(?:[ ,·/،、#„“]{1,4}| ?[–-] ?|,?\n[ >?]*(?=\d|[A-Z][\w .]+\n|[A-Z]{1,2}\d))?(?!tel|mob|fon|fax|gsm|cell"
    r"|iban|e-?mail|тел|τηλ|puh)(?:"
    rf"(?P<number>(?![^\W_]*\d{{8}})(?!{_IBAN})[A-Za-zÀ-ɏΑ-ωА-я]{{0,4}}\d[0-9A-Za-zÀ-ɏΑ-ωА-я]*[.\-ºª°]{{0,3}}(?:\d+)?)"
    rf"|(?P<label>[^\W\d_]{{1,8}}\.?:?(?=\s?\d{{1,4}}(?!\d|[ -]\d{{2}})))"
    rf"|(?P<word>(?!{_IBAN})[{_CAPITAL}][\w'’.-]*|[{_UNCASED}]+|\([A-Z]{{2,3}}\))"
    rf"|(?P<small>(?:{one_of('address_parts')})(?!\w)[.ºª°]{{0,2}}|[^\W\d_]{{1,5}}\.(?=,|\s[\d{_CAPITAL}])"
    rf"|(?!{_STOPS})(?:[^\W\d_]{{1,4}}|(?<=, )[^\W\d_]{{5,8}})(?=\s[{_CAPITAL}])|(?<!, )[^\W\d_]{{2,8}}(?=,)|r/c))"
)
_BACK = re.compile(
    rf"(?:(?<![\w])(?:\d{{1,4}}[a-zA-Z]?[.,]?|[{_CAPITAL}][\w'’.-]*,?|(?:{one_of('address_before')}),?))[ ,]{{1,2}}$"
)
_JOINT = re.compile(r"[^\n.!?:;@]{0,40}(?:\n[^\n.!?:;@\d]{0,40}){0,2}")
"""What may stand between two pieces of one address."""
_TAIL = re.compile(
    r"(?=[^\d]{0,70}\n)(?:\.?,?\s{0,6}\n[ >?]{0,6},?|,)(?:\s{0,6}[^\W\d_]{2,20}(?:[ -][^\W\d_]{2,20}){0,2},?"
    r"(?:\s{0,6}\n[ >?]{0,6},?)?){0,3}"
    r"\s{1,6}\d{4,6}(?!\w|[.-]\d)"
)
"""Lines of a word or three behind an address, the last of which ends with a postal code."""
_MAYBE = words("maybe_streets")
"""Words that in small letters are of a street only behind a number."""
_ENDS = re.compile(r"(?:[^\W\d_]{5}|\d{3}|\d[A-Z]{2})\.$")
"""What a sentence ends with, and an abbreviation does not."""
_STEPS = 24
_UNCOUNTED = 4
"""Words of a script without capitals that an address goes on with before a number or a comma."""


def find_postal(board: Board) -> None:
    """Hide every address."""
    pieces = sorted(_pieces(board))
    at = 0
    while at < len(pieces):
        start, end = pieces[at]
        at += 1
        while at < len(pieces) and (
            pieces[at][0] <= end or _JOINT.fullmatch(board.text, end, pieces[at][0]) is not None
        ):
            end = max(end, pieces[at][1])
            at += 1
        tail = _TAIL.match(board.text, end)
        board.hide_free(*board.trimmed(start, tail.end() if tail else end), Kind.POSTAL)


def _pieces(board: Board) -> Iterator[tuple[int, int]]:
    """Where an address stands, or a part of it."""
    text = board.text
    for found in _ASIAN.finditer(text):
        yield found.span()
    for found in _LABEL.finditer(board.small):
        yield from _told(text, found.end(), _forward(text, found.end()))
        if numbered := _NUMBERED.match(text, found.end()):
            yield from _told(text, found.end(), numbered.end())
    for found in _ANCHOR.finditer(board.small):
        start = _backward(text, found.start())
        if found[0] in _MAYBE and text[found.start()].islower() and not text[start].isdigit():
            continue
        yield from _told(text, start, _forward(text, found.end()))
    for found in (*_PLACE.finditer(text), *_LINE.finditer(text)):
        if not is_ordinary(found[1]):
            yield from _told(text, _backward(text, found.start()), _forward(text, found.end()))
    for found in _POSTCODE.finditer(text):
        yield from _told(text, _backward(text, found.start()), _forward(text, found.end()))


def _told(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A piece, if it has a number and is long enough to be a place."""
    raw = text[start:end].strip(" ,.\n")
    if len(raw) > 5 and any(map(str.isdigit, raw)):
        yield start, start + len(text[start:end].rstrip(" ,.\n"))


def _forward(text: str, at: int) -> int:
    """How far an address goes on: numbers, capital letters, small words that only stand in addresses."""
    uncounted = 0
    for _ in range(_STEPS):
        step = _STEP.match(text, at)
        if not step or step.end() == at:
            break
        word = step["word"]
        uncounted = uncounted + 1 if word and word.upper() == word.lower() and step[0][0] == " " else 0
        if uncounted > _UNCOUNTED:
            break
        at = step.end()
        if _ENDS.search(step[0]):
            break
    return at


def _backward(text: str, at: int) -> int:
    """Before a street's word stand a house number and the street's name: at most five words."""
    for _ in range(5):
        step = _BACK.search(text, max(0, at - 30), at)
        if not step:
            break
        at = step.start()
        if text[at].isdigit():
            break
    else:
        return at
    named = _SMALL.search(text, max(0, at - 40), at)
    if named and not is_ordinary(named[1].split()[-1]):
        at = named.start()
    house = _HOUSE.search(text, max(0, at - 8), at)
    return house.start() if house else at
