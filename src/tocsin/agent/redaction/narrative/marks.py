# SPDX-License-Identifier: Apache-2.0
"""Which pieces of a text go, which stay whatever follows, and how the text reads then.

Finders work in an order, and the first that speaks for a place is right: what it marked or kept is not asked again.
A place that is *guarded* is evidence as a whole (the rest of an attacker's link, a file name, a subject line): only
finders that are sure of what they found may take something out of it. What is *quoted* of nobody knows whom may be the
attacker's words or a customer's: whoever is named there goes too. Unless it is the bank's own, a person is asked.

>>> board = Board("Anna wrote to Anna")
>>> board.hide(0, 4, Kind.PERSON, "anna"), board.hide(14, 18, Kind.PERSON, "anna")
(True, True)
>>> render(board.text, placed(board.text, board.marks))
'[person 1] wrote to [person 1]'
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from unicodedata import category

import msgspec


class Kind(StrEnum):
    """What stood in a place; the placeholder says it."""

    BANK = "our bank"
    OWN_HOST = "own host"
    OWN_ADDRESS = "own address"
    PERSON = "person"
    NAME = "name"
    """A word that may be a name, of whom or what is not known."""
    MAIL = "mail"
    PHONE = "phone"
    ACCOUNT = "account"
    CARD = "card"
    NATIONAL_ID = "national id"
    POSTAL = "postal address"
    CASE_NUMBER = "case number"
    NUMBER = "number"
    AMOUNT = "amount"
    MOMENT = "moment"


class Mark(msgspec.Struct, frozen=True):
    """One piece that goes: `text[start:end]`. What has the same kind and `same` gets the same placeholder."""

    start: int
    end: int
    kind: Kind
    same: str
    """The thing in normal form; for amounts and moments what is shown instead."""
    unsure: bool = False
    """Whether it may as well be the attacker's: whoever approves the text is asked to look."""


_OWN = (Kind.BANK, Kind.OWN_HOST, Kind.OWN_ADDRESS)
_SAID = (Kind.AMOUNT, Kind.MOMENT, Kind.BANK)
_NUMBERED = "|".join(kind.value for kind in Kind if kind not in _SAID)
_TIMES = "in the (?:night|morning|afternoon|evening)(?: of [0-9]{4}-[0-9]{2}-[0-9]{2})?"
_SUMS = "(?:some|some tens of|some hundreds of) (?:units|thousand|million|billion)|no sum"
PLACEHOLDER = re.compile(
    rf"\[(?:(?:{_NUMBERED}) [0-9]{{1,6}}|our bank|{_TIMES}|(?:{_SUMS})(?: [A-Z]{{3}})?)\]"
)
"""Every placeholder that `render` writes, and nothing else."""
_NUMBERED_ONE = re.compile(rf"\[({_NUMBERED}) ([0-9]{{1,6}})\]")

_FREE, _QUOTED, _GUARDED, _TAKEN, _KEPT = range(5)

UNCASED = (
    "\u05d0-\u05ea\u0620-\u064a\u0671-\u06d3\u0900-\u0963\u0e00-\u0e4e\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
)
"""Letters of scripts without capitals, for a class of a regular expression."""
_BESIDE = re.compile(rf"[{UNCASED}](?=[0-9A-Za-z])|(?<=[0-9A-Za-z])[{UNCASED}]")
_LONGEST_JOINT = 6
_JOINT = re.compile(r"(?:\s?[,;/|&+、，،]\s?|\s(?:and|und|et|y|e|i|ja|ve|en|и|та|και|و|और|och)\s)$")
"""What joins the values of a list."""


class Board:
    """One text and what was decided about its places so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.marks: list[Mark] = []
        self.small = text.replace("İ", "i").lower()
        """The text in small letters, place for place."""
        self.filled = PLACEHOLDER.sub(lambda found: "_" * len(found[0]), text)
        """The text with placeholders that may be a part of a link or a file's name."""
        self.bare = _BESIDE.sub(" ", self.filled)
        """The same with a space for each letter of a script without capitals that touches a Latin one or a figure."""
        self.kept: list[tuple[int, int]] = []
        """Values of the attacker's, in the order in which they were found."""
        self._state = bytearray(len(text))
        self._kept_until: dict[int, bool] = {}

    def is_free(self, start: int, end: int, *, guarded: bool = False, quoted: bool = False) -> bool:
        """Whether nothing was decided about a piece; `guarded` and `quoted` ask for one who may enter such places."""
        limit = _GUARDED if guarded else _QUOTED if quoted else _FREE
        return start < end and max(self._state[start:end]) <= limit

    def is_taken(self, start: int, end: int) -> bool:
        """Whether everything in a piece was decided."""
        return start >= end or min(self._state[start:end]) >= _TAKEN

    def hide(
        self,
        start: int,
        end: int,
        kind: Kind,
        same: str,
        *,
        guarded: bool = False,
        quoted: bool = False,
        unsure: bool = False,
    ) -> bool:
        """Let a piece go, if nothing was decided about it; whether it goes."""
        if not self.is_free(start, end, guarded=guarded, quoted=quoted):
            return False
        within = kind not in _OWN and max(self._state[start:end]) > _FREE
        self.marks.append(Mark(start, end, kind, same, unsure or within))
        self._kept_until[end] = False
        self._set(start, end, _TAKEN)
        return True

    def hide_free(self, start: int, end: int, kind: Kind) -> None:
        """Let go of whatever in a piece is still free, in as few pieces as there are."""
        at = start
        while at < end:
            until = at
            while until < end and self._state[until] == _FREE:
                until += 1
            first, last = self.trimmed(at, until)
            self.hide(first, last, kind, " ".join(self.text[first:last].lower().split()))
            at = until + 1

    def keep(self, start: int, end: int) -> bool:
        """Let a piece stay byte for byte, if nothing was decided about it."""
        if not self.is_free(start, end, guarded=True):
            return False
        self.kept.append((start, end))
        self._kept_until[end] = True
        self._set(start, end, _KEPT)
        return True

    def guard(self, start: int, end: int, *, quoted: bool = False) -> None:
        """Leave to the sure finders whatever is still free in a piece; `quoted`: and to those who find people."""
        for at in range(start, end):
            self._state[at] = max(self._state[at], _QUOTED if quoted else _GUARDED)

    def keeps(self, start: int, end: int) -> bool:
        """Whether something in a piece stays as the attacker's."""
        return self._state.find(_KEPT, start, max(start, end)) >= 0

    def hides(self, start: int, end: int) -> bool:
        """Whether something in a piece goes."""
        return self._state.find(_TAKEN, start, max(start, end)) >= 0

    def kept_before(self, start: int) -> bool | None:
        """Whether the value that a piece follows in a list stays; None when it follows none."""
        joint = _JOINT.search(self.text, max(0, start - _LONGEST_JOINT), start)
        return self._kept_until.get(joint.start()) if joint else None

    def settle(self, start: int, end: int) -> None:
        """Close a piece that says nothing about anybody: nobody looks at it again."""
        self._set(start, end, _TAKEN)

    def trimmed(self, start: int, end: int) -> tuple[int, int]:
        """A piece without spaces and punctuation at its ends; vowel signs belong to a letter."""
        while start < end and not self.text[start].isalnum():
            start += 1
        while end > start and not (self.text[end - 1].isalnum() or category(self.text[end - 1])[0] == "M"):
            end -= 1
        return start, end

    def _set(self, start: int, end: int, state: int) -> None:
        self._state[start:end] = bytes([state]) * (end - start)


def render(text: str, shown: Iterable[tuple[Mark, str]]) -> str:
    """The text with a placeholder for every mark; `shown` by `placed`."""
    pieces, at = [], 0
    for mark, placeholder in shown:
        pieces += [text[at : mark.start], placeholder]
        at = mark.end
    return "".join((*pieces, text[at:]))


def placed(text: str, marks: Iterable[Mark]) -> list[tuple[Mark, str]]:
    """Every mark in the order of the text, with its placeholder; numbers go on after the highest that it has."""
    last = dict.fromkeys(Kind, 0)
    for kind, number in _NUMBERED_ONE.findall(text):
        last[Kind(kind)] = max(last[Kind(kind)], int(number))
    known: dict[tuple[Kind, str], str] = {}
    found = []
    for mark in sorted(marks, key=lambda mark: mark.start):
        if mark.kind in _SAID:
            shown = f"[{mark.same or mark.kind.value}]"
        else:
            if (mark.kind, mark.same) not in known:
                last[mark.kind] += 1
                known[mark.kind, mark.same] = f"[{mark.kind.value} {last[mark.kind]}]"
            shown = known[mark.kind, mark.same]
        found.append((mark, shown))
    return found
