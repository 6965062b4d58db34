# SPDX-License-Identifier: Apache-2.0
"""Where somebody lives: from a street or a house word on, everything that goes on as an address does."""

import re

from tocsin.agent.redaction.narrative.known import is_ordinary
from tocsin.agent.redaction.narrative.lists import one_of, starting
from tocsin.agent.redaction.narrative.marks import Board, Kind

_STREET = f"(?:{one_of('streets')})"
_ANCHOR = re.compile(rf"(?<![\w-])(?=[^\W\d_]){_STREET}(?![\w-])")
_LABEL = re.compile(rf"{starting('address_words')}\s?[:：,]?\s?")
_ASIAN = re.compile(
    r"(?:[\u4e00-\u9fff]{2,4}[都道府県省市])?[\u4e00-\u9fff]{1,8}[市区區郡町村县縣][\u3040-\u30ff\u4e00-\u9fff]{1,20}?\d[\d\-－]*(?:丁目|番地?|号|號|弄|室|楼|幢|[\-－]|\d){0,12}(?:\s?[\u30a0-\u30ff\u4e00-\u9fff]{2,8}\d{2,4}号?室?)?"
    r"|[가-힣]{2,8}(?:특별시|광역시|도|시)\s[가-힣\d\s]{2,20}(?:로|길|동)\s?\d[\d-]*(?:번?길\s?\d+)?(?:,\s?\d+(?:동|호|층))*(?:\s?\d+호)?"
)
_STEP = re.compile(
    r"(?:[ ,·/]{1,3}|\n(?=\d|[A-Z][\w .]+\n|[A-Z]{1,2}\d))?"
    r"(?:[^\W_]*\d[^\W_]*[.\-ºª°]{0,3}(?:\d+)?|[^\W\d_]{1,6}\.?:(?=\s?\d)|[A-ZÀ-ÞĀ-ŽΑ-ΩА-ЯЇІЄҐŠ][\w'’.-]*"
    rf"|[\u0600-\u06ff\u0900-\u097f\u0590-\u05ff]+|(?:{one_of('address_parts')})(?!\w)[.ºª°]{{0,2}})"
)
_POSTCODE = re.compile(
    r"(?<![\w-])(?:[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}|(?:\d{5}|\d{4} ?[A-Z]{2}|\d{2}-\d{3}|\d{4}-\d{3}) (?=[A-Z]))"
)
_PLACE = re.compile(
    r"(?<![\w-])([A-ZÀ-ÞĀ-Ž][^\W\d_]{2,})(?: [A-ZÀ-ÞĀ-Ž][^\W\d_]+)?\s\d{1,4}(?:[a-zA-Z]|[-/]\d{1,4})?,\s"
    r"(?:\d{4,6}\s)?[A-ZÀ-ÞĀ-Ž][^\W\d_]{2,}"
)
"""A name, a number and a town; a street that does not say that it is one."""
_LINE = re.compile(
    r"^[ >]*\d{1,4}[a-z]? (?:\d{1,4} )?([A-ZÀ-ÞĀ-Ž][^\W\d_]+)(?: [^\W\d_.]+){0,3}(?: \d{1,4})?[.,]?[ ]*$",
    re.MULTILINE,
)
"""The same alone on a line, with the number of the house in front."""
_NUMBERED = re.compile(r"\s{0,8}\d{1,4}[a-z]?(?:[ ,]{1,2}[\w'’.-]{1,30}){1,9}")
"""What follows a word that announces an address and begins with a number, in small letters too."""
_SMALL = re.compile(r"(?<!\S)\d{1,4}[a-z]? ([^\W\d_]{3,}(?: [^\W\d_]{3,})?) $")
_HOUSE = re.compile(r"(?<!\S)\d{1,4}[a-z]?,? $")
"""A number before the number of a house: a flat's."""
_STEPS = 24


def find_postal(board: Board) -> None:
    """Hide addresses: those that follow a word that announces one, those around a street, those with a postal code."""
    for found in _ASIAN.finditer(board.text):
        board.hide_free(found.start(), found.end(), Kind.POSTAL)
    for found in _LABEL.finditer(board.small):
        _take(board, found.end(), _forward(board.text, found.end()))
        if numbered := _NUMBERED.match(board.text, found.end()):
            _take(board, found.end(), numbered.end())
    for found in _ANCHOR.finditer(board.small):
        _take(board, _backward(board.text, found.start()), _forward(board.text, found.end()))
    for found in (*_PLACE.finditer(board.text), *_LINE.finditer(board.text)):
        if not is_ordinary(found[1]):
            _take(board, _backward(board.text, found.start()), found.end())
    for found in _POSTCODE.finditer(board.text):
        _take(board, _backward(board.text, found.start()), _forward(board.text, found.end()))


def _forward(text: str, at: int) -> int:
    for _ in range(_STEPS):
        step = _STEP.match(text, at)
        if not step or step.end() == at:
            break
        at = step.end()
    return at


_BACK = re.compile(
    r"(?:(?<![\w])(?:\d{1,4}[a-zA-Z]?[.,]?|[A-ZÀ-ÞĀ-ŽА-ЯЇІЄ][\w'’.-]*,?|bis,?|ter,?|rue|des|de|la|du|am))[ ,]{1,2}$"
)


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


def _take(board: Board, start: int, end: int) -> None:
    start, end = board.trimmed(start, end)
    raw = board.text[start:end]
    if not any(map(str.isdigit, raw)) and len(raw.split()) < 3:
        return
    if any(map(str.isdigit, raw)) and len(raw) > 5:
        board.hide_free(start, end, Kind.POSTAL)
