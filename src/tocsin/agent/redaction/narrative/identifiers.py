# SPDX-License-Identifier: Apache-2.0
"""Numbers that stand for somebody: accounts, cards, identity and case numbers, phones. Strict: from five digits on,
whatever is not known to be harmless or the attacker's goes.

An account number of another bank stays when the words around it say that it is the attacker's or that money went to
it; a phone when they say that he called from it. Check digits only choose the placeholder: a number with a wrong one
is mistyped, and still somebody's.
"""

import re
import unicodedata

from stdnum import iban as iban_number
from stdnum import luhn

from tocsin.agent.redaction.narrative.lists import one_of
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import Own
from tocsin.agent.redaction.narrative.whose import balance, is_attackers

_GAP = r"[ \t\u00a0\u202f.-]?\n?"
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])([A-Z]{{2}}\d{{2}}(?:{_GAP}[A-Z0-9]){{10,30}})(?![A-Za-z0-9])", re.IGNORECASE
)
_RUN = re.compile(
    r"(?<![0-9A-Za-z_.,:#/-])[+(（＋]{0,2}\d(?:[\d０-９]|[ \u00a0\t\-－–./()（）']{1,2}(?=[\d０-９])){0,30}(?!\w*@)"
)
_CODE = re.compile(
    r"(?<![0-9A-Za-zÀ-ɏ_/@.\\-])(?=[^\s]{0,40}\d)(?=[0-9A-Za-z])[0-9A-Za-zÀ-ɏ]{0,12}(?:[-/#:_.][0-9A-Za-zÀ-ɏ]{1,14}){0,5}(?![0-9A-Za-zÀ-ɏ_@])"
)
_LABEL = re.compile(rf"(?:{one_of('case_words')})\W{{0,4}}$", re.IGNORECASE)
_ID_LABEL = re.compile(rf"(?:{one_of('identity_words')})\W{{0,14}}$", re.IGNORECASE)
_NATIONAL = re.compile(
    r"(?<![0-9A-Za-z_-])(?:\d{3}-\d{2}-\d{4}|\d{17}[\dX]|\d{6}-[1-8]\d{6}|\d{3}-\d{4}-\d{7}-\d|[A-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D]|[XYZ]?\d{7,8}-?[A-Z]|\d{6}[-+A]\d{3}[0-9A-Z]"
    r"|[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]|[A-Z]\d{2}[A-Z]\d{2}[A-Z]\d{3}|[A-Z]{1,3}\s?\d{6,9}|[12]\s?\d{2}\s?\d{2}\s?\d{2}\s?\d{3}\s?\d{3}\s?\d{2})(?![0-9A-Za-z_]|[-/]\d)"
)
_EXTENSION = re.compile(r"(?<!\w)(?:x|ext\.?\s?|app\.?\s?|durchwahl\s?|poste\s)\d{3,6}(?!\w)", re.IGNORECASE)
_SPOKEN = re.compile(
    r"\b(?:(?:oh|zero|nought|one|two|three|four|five|six|seven|eight|nine|double|triple"
    r"|null|eins|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zéro|un|deux|trois|quatre|cinq|sept|huit|neuf"
    r"|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve)\b[ ,-]*){5,}",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"(?:SHA|MD|TLP|UTF|ISO|RFC|MT|PSD|IPv|HTTP|TLS|SMB|PIN|v|T0|D|Q|H|L|KW|GB|MB|KB|COVID|M365|O365|W|Win|Office)[-/]?\d{1,4}[a-z]?",
    re.I,
)
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})")
_FOREIGN = -1.0
"""What must speak for a customer before an account at another bank goes: money that is told of mostly went there."""
_LEAST = 5
"""Digits from which a number may be somebody's."""


def find_identifiers(board: Board, own: Own) -> None:
    """Hide every number that may be the bank's, its customers' or its people's; keep the attacker's."""
    text = board.text
    at = 0
    while found := _IBAN.search(text, at):
        at = _iban(board, own, found)
    for found in _NATIONAL.finditer(text):
        if sum(map(str.isdigit, found[0])) >= 6:
            board.hide(found.start(), found.end(), Kind.NATIONAL_ID, _digits(found[0]))
    for found in _CODE.finditer(text):
        _code(board, found.start(), found.end())
    for found in _RUN.finditer(text):
        _number(board, found.start(), found.end())
    for pattern, kind in ((_EXTENSION, Kind.PHONE), (_SPOKEN, Kind.NUMBER)):
        for found in pattern.finditer(text):
            board.hide(*board.trimmed(found.start(), found.end()), kind, found[0].strip().lower())


def _iban(board: Board, own: Own, found: re.Match[str]) -> int:
    """An account number with its country, cut to its check: what follows may look like a part of it. Where to go on."""
    end = found.end()
    while end > found.start() + 14:
        compact = re.sub(r"[^A-Za-z0-9]", "", found.string[found.start() : end]).upper()
        if iban_number.is_valid(compact):
            break
        end -= 1
    else:
        return found.start() + 4
    said = balance(board.text, found.start(), end, "account")
    if own.has_iban(compact) or said <= (_FOREIGN if own.iban else 0.0):
        board.hide(found.start(), end, Kind.ACCOUNT, compact)
    else:
        board.keep(found.start(), end)
    return end


def _number(board: Board, start: int, end: int) -> None:
    text = board.text
    while end > start and text[end - 1] in " -./(（'":
        end -= 1
    raw = text[start:end]
    digits = _digits(raw)
    if not board.is_free(start, end) or _DATE.fullmatch(raw):
        return
    before = text[max(0, start - 30) : start]
    if len(digits) < _LEAST and not (len(digits) >= 3 and _LABEL.search(before)):
        return
    if 13 <= len(digits) <= 19 and luhn.is_valid(digits):
        board.hide(start, end, Kind.CARD, digits)
    elif _ID_LABEL.search(before):
        board.hide(start, end, Kind.NATIONAL_ID, digits)
    elif _LABEL.search(before):
        board.hide(start, end, Kind.CASE_NUMBER, digits)
    elif is_attackers(text, start, end, "phone") and _is_phone(raw, digits):
        board.keep(start, end)
    else:
        board.hide(start, end, Kind.PHONE if raw[0] in "+0(（＋０" else Kind.NUMBER, digits)


def _is_phone(raw: str, digits: str) -> bool:
    return 5 <= len(digits) <= 15 and (
        unicodedata.normalize("NFKC", raw)[0] in "+0("
        or any(sign in raw for sign in " -－")
        or len(digits) >= 8
    )


def _code(board: Board, start: int, end: int) -> None:
    """A word of letters and digits: a ticket, a customer's number, a document."""
    raw = board.text[start:end]
    digits = sum(map(str.isdigit, raw))
    if not board.is_free(start, end) or not any(map(str.isalpha, raw)) or _HARMLESS.fullmatch(raw):
        return
    labelled = _LABEL.search(board.text[max(0, start - 30) : start])
    if (digits >= 4 and (raw.upper() == raw or digits >= _LEAST)) or (labelled and digits >= 2):
        board.hide(start, end, Kind.CASE_NUMBER, raw.lower())


def _digits(raw: str) -> str:
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c.upper() for c in raw if c.isalnum())
