# SPDX-License-Identifier: Apache-2.0
"""Tells a text without whom it is about, and keeps every piece of the attacker's evidence byte for byte.

1. Close the placeholders that the text already has: what was redacted stays as it is.
2. Machines' values: own hosts and addresses go, the attacker's stay (`machines.py`).
3. The bank's names (`bank_names.py`), then the names that are evidence (`evidence_names.py`).
4. Accounts with their country (`identifiers.py`), sums and times told coarsely (`coarse.py`), addresses (`postal.py`),
   then all other numbers.
5. People, in scripts with capital letters (`people.py`) and without (`people_uncased.py`).
6. Whoever was found, wherever else it stands (`again.py`).

The walk is repeated over what it left until it finds nothing more, so that redacting twice changes nothing.

What this cannot see: a story that only one bank or customer can have lived. The text stays identifying (58 % of
published narratives still told the victim to those who searched); it stays home unless a person approves it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from tocsin.agent.redaction.narrative.again import find_again
from tocsin.agent.redaction.narrative.bank_names import find_bank_names
from tocsin.agent.redaction.narrative.coarse import find_coarse
from tocsin.agent.redaction.narrative.evidence_names import find_evidence_names
from tocsin.agent.redaction.narrative.identifiers import find_accounts, find_identifiers
from tocsin.agent.redaction.narrative.machines import find_machines
from tocsin.agent.redaction.narrative.marks import PLACEHOLDER, Board, Kind, Mark, placed, render
from tocsin.agent.redaction.narrative.own import Own, own_of
from tocsin.agent.redaction.narrative.people import find_people
from tocsin.agent.redaction.narrative.people_uncased import find_people_uncased
from tocsin.agent.redaction.narrative.postal import find_postal
from tocsin.agent.redaction.narrative.whose import Whose
from tocsin.config.agent import OwnAssets
from tocsin.errors import InputError, TooCostly, TooLarge

MAX_TEXT = 20_000
"""Characters; as many as a reader hands over."""
MAX_ROUNDS = 12
"""Walks over one text; three are enough for texts that people write."""


class Redacted(msgspec.Struct, frozen=True):
    """A text that names nobody, and what was done to it."""

    text: str
    marks: tuple[Mark, ...]
    """What went, by its place in the text as it was."""
    doubts: tuple[str, ...] = ()
    """The placeholders of what went although it may be the attacker's, each once: a person looks at them."""
    stays: tuple[str, ...] = ()
    """The phones, accounts and mailboxes that stand in it as the attacker's, each once: a person looks at them too."""

    def counts(self) -> tuple[tuple[str, int], ...]:
        """How many pieces went, by their kind, the most first."""
        return tuple(Counter(mark.kind.value for mark in self.marks).most_common())


def redact_text(text: str, declared: OwnAssets, hidden: Iterable[str] = ()) -> Redacted:
    """The text with a placeholder for everything that identifies the bank, its people, customers and systems.

    `hidden`: words that a person says must go as well, wherever they stand. Raises TooLarge above `MAX_TEXT`
    characters, TooCostly when `MAX_ROUNDS` walks still find something.
    """
    if len(text) > MAX_TEXT:
        raise TooLarge(f"The text has {len(text):,} characters; at most {MAX_TEXT:,} are redacted at once.")
    own, said = own_of(declared), frozenset(filter(None, hidden))
    marks: list[Mark] = []
    for _ in range(MAX_ROUNDS):
        shown, origin = _shown(text, marks)
        new, stays = _found(shown, own, said)
        if not new:
            return _redacted(text, placed(text, marks), stays)
        marks += [msgspec.structs.replace(m, start=origin[m.start], end=origin[m.end - 1] + 1) for m in new]
    raise TooCostly(f"The text still names somebody after {MAX_ROUNDS} walks over it.")


def answered(text: str, redacted: Redacted, attackers: Iterable[str]) -> Redacted:
    """A redaction of a text in which the placeholders that a person says are the attacker's stand as they were.

    InputError for one that is none of its `doubts`: what is surely the bank's, or somebody's, is not put back.
    """
    back = set(attackers)
    if strange := sorted(back.difference(redacted.doubts)):
        raise InputError(
            f"{strange[0][:80]} is none of the doubts: {', '.join(redacted.doubts) or 'there are none'}.",
            next_step="Put back only what is named under the text as shown without --keep.",
        )
    shown = [
        (mark, placeholder) for mark, placeholder in placed(text, redacted.marks) if placeholder not in back
    ]
    return _redacted(text, shown, redacted.stays)


def _redacted(text: str, shown: list[tuple[Mark, str]], stays: Iterable[str]) -> Redacted:
    doubts = dict.fromkeys(placeholder for mark, placeholder in shown if mark.unsure)
    return Redacted(render(text, shown), tuple(mark for mark, _ in shown), tuple(doubts), tuple(stays))


def _found(text: str, own: Own, said: frozenset[str]) -> tuple[list[Mark], list[str]]:
    """Everything that one walk finds, and what it lets stay because of the words around it."""
    board = Board(text)
    for placeholder in PLACEHOLDER.finditer(text):
        board.settle(placeholder.start(), placeholder.end())
    for start, end in _said(text, said):
        board.hide(start, end, Kind.NAME, text[start:end].lower(), guarded=True)
    whose = Whose(board)
    find_machines(board, own, whose)
    find_bank_names(board, own)
    find_evidence_names(board)
    find_accounts(board, own, whose)
    find_coarse(board)
    find_postal(board)
    find_identifiers(board, own, whose)
    find_people(board, own)
    find_people_uncased(board)
    find_again(board, own)
    return board.marks, list(dict.fromkeys(text[start:end] for start, end in whose.stayed))


def _said(text: str, words: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Where words that a person named stand, in capitals too: as whole words, in a script that puts spaces between."""
    for word in sorted(words, key=lambda word: (-len(word), word)):
        joined = word.isalpha() and word.lower() == word.upper()
        written = re.escape(word) if joined else rf"(?<![^\W_]){re.escape(word)}(?![^\W_])"
        yield from (found.span() for found in re.finditer(written, text, re.IGNORECASE))


def _shown(text: str, marks: list[Mark]) -> tuple[str, list[int]]:
    """The text as it reads now, and where each of its characters stood before."""
    pieces, origin, at = [], [], 0
    for mark, placeholder in placed(text, marks):
        pieces += [text[at : mark.start], placeholder]
        origin += [*range(at, mark.start), *([mark.start] * len(placeholder))]
        at = mark.end
    return "".join((*pieces, text[at:])), [*origin, *range(at, len(text))]
