# SPDX-License-Identifier: Apache-2.0
"""Numbers that stand for somebody: accounts, cards, identity and case numbers, phones. Strict: from five digits on,
whatever is not known to be harmless or the attacker's goes.

An account number of another bank stays when the words around it say that it is the attacker's or that money went to
it; a phone when they say that he called from it. Check digits only choose the placeholder: a number with a wrong one
is mistyped, and still somebody's.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from stdnum import iban as iban_number
from stdnum import luhn, numdb

from tocsin.agent.redaction.narrative.lists import one_of, starting
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import Own
from tocsin.agent.redaction.narrative.whose import DOUBT, Whose

_GAP = r"[ \t\u00a0\u202f.-]?\n?"
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])([A-Z]{{2}}\d{{2}}(?:{_GAP}[A-Z0-9]){{10,30}})(?![A-Za-z0-9])", re.IGNORECASE
)
_RUN = re.compile(
    r"(?<![0-9A-Za-z_.,:#-])[+(（＋]{0,2}\d(?:[\d０-９]|[ \u00a0\t\-－–./()（）']{1,3}(?=[\d０-９])){0,30}(?!\w*@)"
)
_JAPANESE_ACCOUNT = re.compile(
    r"(?:普通|当座|貯蓄)(?:預金)?(?:口座)?[ \u3000:：]?([\d０-９]{6,8})(?![\d０-９])"
)
_CODE = re.compile(
    r"(?<![0-9A-Za-zÀ-ɏ_/@.\\-])(?=[^\s]{0,40}\d)(?=[0-9A-Za-zΑ-ΩА-Я])[0-9A-Za-zÀ-ɏΑ-ΩА-Я]{0,12}(?:[-/#:_.][0-9A-Za-zÀ-ɏΑ-ΩА-Я]{1,14}){0,5}(?![0-9A-Za-zÀ-ɏ_@])"
)
_MASKED_CARD = re.compile(r"(?<![\w*])(?=[\d*•#])[\dxX*•#]{4,6}(?:[ -]?[*xX•#]{2,4}){1,4}[ -]?\d{2,4}(?!\w)")
_ACCOUNT_LABEL = re.compile(rf"{starting('account_words')}\W{{0,6}}$")
_ACCOUNT_NEAR = re.compile(rf"{starting('account_words')}(?![a-zà-ɏα-ωа-я])[^\d\n]{{0,25}}$")
"""The same for a number that does not look like a phone."""
_LABEL = re.compile(rf"{starting('case_words')}\W{{0,4}}$")
_NUMERO = re.compile(r"(?<![^\W\d_])(?:nr|no|n[°ºo]|nro|num|numer|numero|número|numéro|№|αρ)\W{0,4}$")
"""What stands before a phone as well as before a case."""
_ID_LABEL = re.compile(rf"{starting('identity_words')}\W{{0,14}}$")
_NATIONAL = re.compile(
    r"(?<![0-9A-Za-z_-])(?:\d{3}-\d{2}-\d{4}|\d{17}[\dX]|\d{6}-[1-8]\d{6}|\d{3}-\d{4}-\d{7}-\d|[A-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D]|[XYZ]?\d{7,8}-?[A-Z]|\d{6}[-+A]\d{3}[0-9A-Z]"
    r"|[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]|[A-Z]\d{2}[A-Z]\d{2}[A-Z]\d{3}|[A-Z]{1,3}\s?\d{6,9}|[12]\s?\d{2}\s?\d{2}\s?\d{2}\s?\d{3}\s?\d{3}\s?\d{2})(?![0-9A-Za-z_]|[-/]\d)"
)
_EXTENSION = re.compile(
    rf"(?<!\w)(?:x|(?:{one_of('extension_words')})[.:]?\s?(?:n[ro]?[.°]?\s?)?)-?(\d{{3,6}})(?!\w)"
)
_SPOKEN = re.compile(rf"(?<![^\W\d_])(?:(?:{one_of('spoken_figures')})(?!\w)[ ,-]*){{5,}}")
_TICKET = re.compile(r"[A-ZΑ-ΩА-Я]{1,6}(?:[-/#:][A-Z0-9]{1,6}){0,3}[-#/:]\d{3,}(?:[-/]\d+)*")
_ENDING = re.compile(rf"(?:{one_of('endings_of_numbers')})\W{{0,3}}(\d{{3,4}})(?!\d)")
"""The last figures of a card or an account."""
_HARMLESS = re.compile(
    r"(?:SHA|MD|TLP|UTF|ISO|RFC|MT|PSD|IPv|HTTP|TLS|SMB|PIN|v|T0|D|Q|H|L|KW|GB|MB|KB|COVID|M365|O365|W|Win|Office)[-/]?\d{1,4}[a-z]?",
    re.I,
)
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})")
_PAID = re.compile(r"(?:\+?1[ .-])?\(?(?:0?[89]\d?0[05]?\d?|03[04]\d|0120|400|1[58]\d\d)(?!\d)")
"""How the numbers of services begin that nobody has at home, free of charge or dear."""
_MISTYPED = 14
"""Figures from which what has the length of an account number of its country is one, whatever its check digits say."""
_HELD = re.compile(r"\b[^\W\d_a-zß-ÿ][^\W\d_]+ \((?:\w{1,12}[ :]{1,2})?$")
"""In brackets behind a name: it is whose account it is."""
_UNDECLARED = 2.5
"""What must speak for the attacker when the bank did not declare how its own accounts begin: each may be one."""
_LEAST = 5
"""Digits from which a number may be somebody's."""


def find_accounts(board: Board, own: Own, whose: Whose) -> None:
    """Decide about every account number that begins with its country, before any of its figures is taken for a sum."""
    at = 0
    while found := _IBAN.search(board.text, at):
        at = _iban(board, own, whose, found)


def find_identifiers(board: Board, own: Own, whose: Whose) -> None:
    """Hide every other number that may be the bank's, its customers' or its people's; keep the attacker's."""
    text = board.text
    for found in _MASKED_CARD.finditer(text):
        board.hide(found.start(), found.end(), Kind.CARD, _digits(found[0]))
    for found in _ENDING.finditer(board.small):
        board.hide(*found.span(1), Kind.NUMBER, _digits(found[1]))
    for found in _JAPANESE_ACCOUNT.finditer(text):
        _owned(board, whose, *found.span(), _digits(found[1]), is_account=True)
    for found in _NATIONAL.finditer(text):
        if sum(map(str.isdigit, found[0])) >= 6:
            board.hide(found.start(), found.end(), Kind.NATIONAL_ID, _digits(found[0]))
    for found in _CODE.finditer(text):
        _code(board, found.start(), found.end())
    for found in _RUN.finditer(text):
        _number(board, own, whose, *found.span())
    for pattern, kind in ((_EXTENSION, Kind.PHONE), (_SPOKEN, Kind.NUMBER)):
        for found in pattern.finditer(board.small):
            board.hide(*board.trimmed(*found.span()), kind, found[0].strip())


def _iban(board: Board, own: Own, whose: Whose, found: re.Match[str]) -> int:
    """An account number with its country, cut to its check: what follows may look like a part of it. Where to go on."""
    signs = [at for at in range(found.start(), found.end()) if found.string[at].isalnum()]
    length = _iban_length(found[1][:2].upper())
    compact = "".join(found.string[at] for at in signs[:length]).upper()
    is_one = iban_number.is_valid(compact) or sum(map(str.isdigit, compact)) >= _MISTYPED
    if not length or len(signs) < length or not is_one:
        return found.start() + 4
    end = signs[length - 1] + 1
    if own.has_iban(compact) or _HELD.search(board.text, max(0, found.start() - 40), found.start()):
        board.hide(found.start(), end, Kind.ACCOUNT, compact)
        return end
    abroad = bool(own.bic) and own.bic[0][4:6] != compact[:2]
    said = ("with its country", "abroad" if abroad else "at another bank" if own.iban else "of our country")
    balance = whose.balance(found.start(), end, "account", said)
    if balance > (0.0 if own.iban else _UNDECLARED):
        whose.keep(found.start(), end)
    else:
        board.hide(found.start(), end, Kind.ACCOUNT, compact, unsure=balance > DOUBT)
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
    before = board.small[max(0, start - 30) : start]
    if not board.is_free(start, end) or (_is_date(raw) and not _ACCOUNT_LABEL.search(before)):
        return
    looks_dialled = raw[0] in "+0(（＋０" and _is_phone(raw, digits)
    dialled = looks_dialled and (raw[0] in "+＋" or _NUMERO.search(before) is not None)
    labelled = not dialled and _LABEL.search(before)
    if len(digits) < _LEAST and not (len(digits) >= 3 and (labelled or _NUMERO.search(before))):
        return
    account = _ACCOUNT_LABEL if looks_dialled else _ACCOUNT_NEAR
    is_account = account.search(before) is not None
    if 13 <= len(digits) <= 19 and (
        own.has_card(digits) or (luhn.is_valid(digits) and not is_account and not dialled)
    ):
        board.hide(start, end, Kind.CARD, digits)
    elif not dialled and _ID_LABEL.search(before):
        board.hide(start, end, Kind.NATIONAL_ID, digits)
    elif labelled:
        board.hide(start, end, Kind.CASE_NUMBER, digits)
    else:
        _owned(board, whose, start, end, digits, is_account=is_account)


def _owned(board: Board, whose: Whose, start: int, end: int, digits: str, *, is_account: bool) -> None:
    """A phone or an account without its country: the attacker's stays."""
    raw = unicodedata.normalize("NFKC", board.text[start:end])
    is_phone = not is_account and _is_phone(raw, digits)
    balance = (
        whose.balance(start, end, "account") if is_account else whose.balance(start, end, "phone", _form(raw))
    )
    if balance > 0 and (is_account or is_phone):
        whose.keep(start, end)
        return
    kind = Kind.ACCOUNT if is_account else Kind.PHONE if raw[0] in "+0(" else Kind.NUMBER
    board.hide(start, end, kind, digits, unsure=balance > DOUBT)


def _is_date(raw: str) -> bool:
    """Whether three numbers can be a day of a month of a year: a British sort code, as 20-45-77, often cannot."""
    if not _DATE.fullmatch(raw):
        return False
    first, second, third = map(int, re.findall(r"\d+", raw))
    return any(
        0 < day <= 31 and 0 < month <= 12
        for day, month in ((first, second), (second, first), (third, second))
    )


def _form(raw: str) -> Iterator[str]:
    """What the form of a phone says of it."""
    if raw.startswith(("+", "00")):
        yield "with its country"
    if _PAID.match(raw):
        yield "of a service"
    if raw.isdigit():
        yield "in one piece"


def _is_phone(raw: str, digits: str) -> bool:
    return 5 <= len(digits) <= 15 and (
        raw[0] in "+0(（＋０" or any(sign in raw for sign in " -－") or len(digits) >= 8
    )


def _code(board: Board, start: int, end: int) -> None:
    """A word of letters and digits: a ticket, a customer's number, a document."""
    raw = board.text[start:end]
    digits = sum(map(str.isdigit, raw))
    if not digits or not any(map(str.isalpha, raw)) or _HARMLESS.fullmatch(raw):
        return
    labelled = _LABEL.search(board.small, max(0, start - 30), start) is not None
    capital = digits >= 4 and (raw.upper() == raw or digits >= _LEAST)
    if capital or (labelled and digits >= 2) or _TICKET.fullmatch(raw):
        board.hide(start, end, Kind.CASE_NUMBER, raw.lower(), guarded=labelled)


def _digits(raw: str) -> str:
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c.upper() for c in raw if c.isalnum())
