# SPDX-License-Identifier: Apache-2.0
"""Where somebody lives: from a street or a house word on, everything that goes on as an address does."""

import re

from tocsin.agent.redaction.narrative.lists import one_of
from tocsin.agent.redaction.narrative.marks import Board, Kind

_STREET = f"(?:{one_of('streets')})"
_ANCHOR = re.compile(rf"(?<![\w-]){_STREET}(?![\w-])", re.IGNORECASE)
_LABEL = re.compile(rf"(?:{one_of('address_words')})\s?[:：,]?\s?", re.IGNORECASE)
_ASIAN = re.compile(
    r"(?:[\u4e00-\u9fff]{2,4}[都道府県省市])?[\u4e00-\u9fff]{1,8}[市区區郡町村县縣][\u3040-\u30ff\u4e00-\u9fff]{1,20}?\d[\d\-－]*(?:丁目|番地?|号|號|弄|室|楼|幢|[\-－]|\d){0,12}(?:\s?[\u30a0-\u30ff\u4e00-\u9fff]{2,8}\d{2,4}号?室?)?"
    r"|[가-힣]{2,8}(?:특별시|광역시|도|시)\s[가-힣\d\s]{2,20}(?:로|길|동)\s?\d[\d-]*(?:번?길\s?\d+)?(?:,\s?\d+(?:동|호|층))*(?:\s?\d+호)?"
)
_STEP = re.compile(
    r"(?:[ ,·/]{1,3}|\n(?=\d|[A-Z][\w .]+\n|[A-Z]{1,2}\d))?"
    r"(?:[^\W_]*\d[^\W_]*[.\-ºª°]{0,3}(?:\d+)?|[A-ZÀ-ÞĀ-ŽΑ-ΩА-ЯЇІЄҐŠ][\w'’.-]*"
    rf"|[\u0600-\u06ff\u0900-\u097f\u0590-\u05ff]+|(?:{one_of('address_parts')})(?!\w)[.ºª°]{{0,2}})"
)
_POSTCODE = re.compile(
    r"(?<![\w-])(?:[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}|(?:\d{5}|\d{4} ?[A-Z]{2}|\d{2}-\d{3}|\d{4}-\d{3}) (?=[A-Z]))"
)
_STEPS = 24


def find_postal(board: Board) -> None:
    """Hide addresses: those that follow a word that announces one, those around a street, those with a postal code."""
    for found in _ASIAN.finditer(board.text):
        board.hide_free(found.start(), found.end(), Kind.POSTAL)
    for found in _LABEL.finditer(board.text):
        _take(board, found.end(), _forward(board.text, found.end()))
    for found in _ANCHOR.finditer(board.text):
        _take(board, _backward(board.text, found.start()), _forward(board.text, found.end()))
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
    r"(?:(?<![\w])(?:\d{1,4}[a-zA-Z]?[.,]?|[A-ZÀ-ÞĀ-ŽА-ЯЇІЄ][\w'’.-]*,?|bis,|rue|des|de|la|du|am))[ ,]{1,2}$"
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
    return at


def _take(board: Board, start: int, end: int) -> None:
    start, end = board.trimmed(start, end)
    raw = board.text[start:end]
    if not any(map(str.isdigit, raw)) and len(raw.split()) < 3:
        return
    if any(map(str.isdigit, raw)) and len(raw) > 5:
        board.hide_free(start, end, Kind.POSTAL)
