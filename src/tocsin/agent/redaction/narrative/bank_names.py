# SPDX-License-Identifier: Apache-2.0
"""The bank's own names, however they are written: inflected, joined, in capital letters, with `&`, `+` or "and".

Names of up to three letters count only in capital letters: *BRB* is a bank, *brb* says that somebody will be back.
"""

import re

from tocsin.agent.redaction.assets import is_generic
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import Own
from tocsin.domain.folding import plain

_TOKEN = re.compile(r"[^\W_]+|[&+]")
_BIC = re.compile(r"(?<![A-Za-z0-9])[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?![A-Za-z0-9])")
_CODE = re.compile(r"(?<![\w/.-])[0-9A-Z]+(?:[-/][0-9A-Z]+){1,5}(?![\w/-])")
"""A number of a case that may begin with the bank's letters."""
_LONGEST = 7
"""Words of a name that are joined."""
_OPENING = 3
"""Letters of a first word by which most are passed over."""
_ENDING = 4
"""Letters that a language may put behind a name."""
_FORMS = ("plc", "ag", "as", "pjsc", "ltd")
_BANKS = ("bank", "banc", "banq")
_INFLECTED = ("pank", "pang", "банк", "τραπεζ", "bankas")
"""How a word for a bank begins that is inflected behind a name."""
_GAP = 6
"""Characters between two words of one name: a space, a hyphen, a line's end with a quotation mark."""


def find_bank_names(board: Board, own: Own) -> None:
    """Hide every name of the bank's; also inside of links and file names, never inside of an attacker's host."""
    text = board.text
    for found in _BIC.finditer(text):
        if found[0][:8] in {bic[:8] for bic in own.bic}:
            board.hide(found.start(), found.end(), Kind.BANK, "", guarded=True)
    if own.uncased is not None:
        for found in own.uncased.finditer(text):
            board.hide(found.start(), found.end(), Kind.BANK, "", guarded=True)
    for found in _CODE.finditer(text):
        parts = {part.lower() for part in re.split(r"\W", found[0])}
        if sum(map(str.isdigit, found[0])) > 2 and parts & (own.acronyms | own.names):
            board.hide(found.start(), found.end(), Kind.CASE_NUMBER, found[0].lower(), guarded=True)
    tokens = [(found.start(), found.end(), _word(found[0])) for found in _TOKEN.finditer(text)]
    at = 0
    while at < len(tokens):
        length = _longest(text, tokens, at, own)
        if length:
            start, end = _with_generic(tokens, at, at + length)
            board.hide(start, end, Kind.BANK, "", guarded=True) or board.hide(
                tokens[at][0], tokens[at + length - 1][1], Kind.BANK, "", guarded=True
            )
        at += length or 1


def _word(raw: str) -> str:
    return "and" if raw in "&+" else plain(raw)


def _longest(text: str, tokens: list[tuple[int, int, str]], at: int, own: Own) -> int:
    """How many words from a place on are a name of the bank's; 0 when none are."""
    if tokens[at][2][:_OPENING] not in own.openings:
        return 0
    best, joined = 0, ""
    for number, (start, end, word) in enumerate(tokens[at : at + _LONGEST], 1):
        if number > 1 and start - tokens[at + number - 2][1] > _GAP:
            break
        joined += word
        if _is_name(joined, text[tokens[at][0] : end], len(word), own):
            best = number
    return best


def _is_name(joined: str, raw: str, last: int, own: Own) -> bool:
    if joined in own.names or (joined.replace("and", "") in own.names and "and" in joined):
        return True
    if joined in own.acronyms:
        return raw.isupper() or any(sign in raw for sign in "&+")
    if raw[:1].islower() and not any(sign in raw for sign in "&+"):
        return False
    return any(
        joined[:-cut] in own.names for cut in range(1, min(_ENDING + 1, last)) if len(joined) - cut >= 5
    )


def _with_generic(tokens: list[tuple[int, int, str]], first: int, after: int) -> tuple[int, int]:
    """The name with a word such as *Bank* or *plc* that belongs to it."""
    while after < len(tokens) and tokens[after][0] - tokens[after - 1][1] <= 2 and _belongs(tokens[after][2]):
        after += 1
    if (
        first
        and tokens[first][0] - tokens[first - 1][1] == 1
        and tokens[first - 1][2].startswith(("банк", "bank", "τραπεζ"))
    ):
        first -= 1
    return tokens[first][0], tokens[after - 1][1]


def _belongs(word: str) -> bool:
    return word in _FORMS or word.startswith(_INFLECTED) or (is_generic(word) and word.startswith(_BANKS))
