# SPDX-License-Identifier: Apache-2.0
"""Numbers that stand for somebody: accounts, cards, identity and case numbers, phones. Strict: from five digits on,
whatever is not known to be harmless or the attacker's goes.

An account number of another bank stays when the words around it say that it is the attacker's or that money went to
it; a phone when they say that he called from it. Check digits only choose the placeholder: a number with a wrong one
is mistyped, and still somebody's.
"""

import re
import unicodedata
from functools import cache

from stdnum import iban as iban_number
from stdnum import luhn, numdb

from tocsin.agent.redaction.narrative.lists import one_of
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import Own
from tocsin.agent.redaction.narrative.whose import DOUBT, Whose

_GAP = r"[ \t\u00a0\u202f.-]?\n?"
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])([A-Z]{{2}}\d{{2}}(?:{_GAP}[A-Z0-9]){{10,30}})(?![A-Za-z0-9])", re.IGNORECASE
)
_RUN = re.compile(
    r"(?<![0-9A-Za-z_.,:#/-])[+(（＋]{0,2}\d(?:[\d０-９]|[ \u00a0\t\-－–./()（）']{1,3}(?=[\d０-９])){0,30}(?!\w*@)"
)
_JAPANESE_ACCOUNT = re.compile(
    r"(?:普通|当座|貯蓄)(?:預金)?(?:口座)?[ \u3000:：]?([\d０-９]{6,8})(?![\d０-９])"
)
_CODE = re.compile(
    r"(?<![0-9A-Za-zÀ-ɏ_/@.\\-])(?=[^\s]{0,40}\d)(?=[0-9A-Za-z])[0-9A-Za-zÀ-ɏ]{0,12}(?:[-/#:_.][0-9A-Za-zÀ-ɏ]{1,14}){0,5}(?![0-9A-Za-zÀ-ɏ_@])"
)
_MASKED_CARD = re.compile(r"(?<![\w*])\d{4,6}(?:[ -]?[*xX•#]{2,4}){1,4}[ -]?\d{2,4}(?!\w)")
_ACCOUNT_LABEL = re.compile(rf"(?:{one_of('account_words')})\W{{0,6}}$")
_LABEL = re.compile(rf"(?:{one_of('case_words')})\W{{0,4}}$")
_ID_LABEL = re.compile(rf"(?:{one_of('identity_words')})\W{{0,14}}$")
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
_LIST = {True: 1.2, False: -0.6, None: 0.0}
"""What the value before it in a list says of a number: it stays, it goes, there is none."""
_MISTYPED = 14
"""Figures from which what has the length of an account number of its country is one, whatever its check digits say."""
_LEAST = 5
"""Digits from which a number may be somebody's."""


def find_identifiers(board: Board, own: Own, whose: Whose) -> None:
    """Hide every number that may be the bank's, its customers' or its people's; keep the attacker's."""
    text = board.text
    at = 0
    while found := _IBAN.search(text, at):
        at = _iban(board, own, whose, found)
    for found in _MASKED_CARD.finditer(text):
        board.hide(found.start(), found.end(), Kind.CARD, _digits(found[0]))
    for found in _JAPANESE_ACCOUNT.finditer(text):
        board.hide(found.start(), found.end(), Kind.ACCOUNT, _digits(found[1]))
    for found in _NATIONAL.finditer(text):
        if sum(map(str.isdigit, found[0])) >= 6:
            board.hide(found.start(), found.end(), Kind.NATIONAL_ID, _digits(found[0]))
    for found in _CODE.finditer(text):
        _code(board, found.start(), found.end())
    for found in _RUN.finditer(text):
        _number(board, own, whose, *found.span())
    for pattern, kind in ((_EXTENSION, Kind.PHONE), (_SPOKEN, Kind.NUMBER)):
        for found in pattern.finditer(text):
            board.hide(*board.trimmed(found.start(), found.end()), kind, found[0].strip().lower())


def _iban(board: Board, own: Own, whose: Whose, found: re.Match[str]) -> int:
    """An account number with its country, cut to its check: what follows may look like a part of it. Where to go on."""
    signs = [at for at in range(found.start(), found.end()) if found.string[at].isalnum()]
    length = _iban_length(found[1][:2].upper())
    compact = "".join(found.string[at] for at in signs[:length]).upper()
    is_one = iban_number.is_valid(compact) or sum(map(str.isdigit, compact)) >= _MISTYPED
    if not length or len(signs) < length or not is_one:
        return found.start() + 4
    end = signs[length - 1] + 1
    said = whose.balance(found.start(), end, "account")
    if own.has_iban(compact) or said <= (_FOREIGN if own.iban else 0.0):
        unsure = said > DOUBT and not own.has_iban(compact)
        board.hide(found.start(), end, Kind.ACCOUNT, compact, unsure=unsure)
    else:
        board.keep(found.start(), end)
    return end


@cache
def _iban_length(country: str) -> int:
    """How many signs an account number of a country has; 0 when it has none."""
    known = numdb.get("iban").info(country)[0][1]
    return 4 + sum(map(int, re.findall(r"\d+", known["bban"]))) if "bban" in known else 0


def _number(board: Board, own: Own, whose: Whose, start: int, end: int) -> None:
    text = board.text
    while end > start and text[end - 1] in " -./(（'":
        end -= 1
    while text[start] in "(（" and not any(sign in text[start:end] for sign in ")）"):
        start += 1
    raw = text[start:end]
    digits = _digits(raw)
    if not board.is_free(start, end) or _DATE.fullmatch(raw):
        return
    before = board.small[max(0, start - 30) : start]
    labelled = _LABEL.search(before)
    if len(digits) < _LEAST and not (len(digits) >= 3 and labelled):
        return
    if 13 <= len(digits) <= 19 and (own.has_card(digits) or luhn.is_valid(digits)):
        board.hide(start, end, Kind.CARD, digits)
    elif _ID_LABEL.search(before):
        board.hide(start, end, Kind.NATIONAL_ID, digits)
    elif labelled:
        board.hide(start, end, Kind.CASE_NUMBER, digits)
    else:
        _owned(board, whose, start, end, digits, is_account=_ACCOUNT_LABEL.search(before) is not None)


def _owned(board: Board, whose: Whose, start: int, end: int, digits: str, *, is_account: bool) -> None:
    """A phone or an account without its country: the attacker's stays."""
    raw = board.text[start:end]
    is_phone = not is_account and _is_phone(raw, digits)
    said = whose.balance(start, end, "account" if is_account else "phone") + _LIST[board.kept_before(start)]
    if said > 0 and (is_account or is_phone):
        board.keep(start, end)
        return
    kind = Kind.ACCOUNT if is_account else Kind.PHONE if raw[0] in "+0(（＋０" else Kind.NUMBER
    board.hide(start, end, kind, digits, unsure=is_phone and said > DOUBT)


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
    labelled = _LABEL.search(board.small[max(0, start - 30) : start])
    if (digits >= 4 and (raw.upper() == raw or digits >= _LEAST)) or (labelled and digits >= 2):
        board.hide(start, end, Kind.CASE_NUMBER, raw.lower())


def _digits(raw: str) -> str:
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c.upper() for c in raw if c.isalnum())
