# SPDX-License-Identifier: Apache-2.0
"""Whose a number, an account or an address is, by everything that stands around it.

Each thing seen about a value has a name: what kind of words stand near it (`cues.py`), which words those are, how its
line is built, what was decided beside it. What each is worth for a phone, a mailbox or an account was learned from the
labelled texts of `tests/corpus` by logistic regression (`tests/corpus/learn_whose.py`) and stands in
`whose_worth.toml`, where everybody can read it. Words beyond the end of a sentence count little.

When little speaks for the attacker the answer is no: over-hiding costs text, under-hiding a victim. How much is enough
is learned too, as a margin for each kind; who reads the text is told which values may still be the attacker's.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

import msgspec

from tocsin.agent.redaction.narrative.cues import cues_in
from tocsin.agent.redaction.narrative.marks import PLACEHOLDER, Board
from tocsin.agent.redaction.narrative.quotes import quoted_in

BEFORE = 110
AFTER = 60
"""Characters in which words are looked for."""
DOUBT = -5.0
"""From here to 0 a value is hidden, and may be the attacker's: a person is asked."""
_SENTENCE = 240
"""Characters in which its subject is looked for."""
HALF = 60
"""Characters over which a word before a value loses half of what it says."""
_END = re.compile(
    r"(?<=[^\W\d_]{4})[.!?…](?=\s)|(?<=[\d·)\"”»])[.!?](?=\s)|[.!?…](?=\s+[A-ZÀ-ÞΑ-ΩА-ЯЇІЄҐ]|\s*\n)|[。！？؟।;；]|\n\s*\n?"
)
_STOP = re.compile(r"[.!?。！？।;；\n]")
_BARE_LINE = re.compile(r"[\s\-*•>|,]*(?:\w[\w ()]{0,20}:\s)?")
"""A line on which nothing stands before the value: an item of a list, or somebody's answer."""
_LABELLED = re.compile(r"\s*[^\W\d_][\w ]{0,16}[:：]\s")
"""Before a value nothing but what it is; the sentence before says whose."""
_ASKED = re.compile(r"[^\n?？؟]{0,40}[?？؟;]\s*\n")
_SAYS = (
    ("attacker", "attacker's name"),
    ("attacker_{}", "attacker's word"),
    ("victim", "victim's name"),
    ("victim_{}", "victim's word"),
    ("us", "telling us"),
    ("genuine", "what is genuine"),
    ("denied", "not ours"),
)
"""The kinds of cue words for a kind of value, and what they are called in what was learned."""
_VALUE = re.compile(
    r"\[(?:phone|mail|account|card|number) \d+\]"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}|\+?\d(?:[ \u00a0()./-]{0,2}\d){6,30}"
)
_SIGNS = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"(?=([{_SIGNS}]{{2}}))[{_SIGNS}]|(?:[^\W\d_{_SIGNS}]|[\u064b-\u065f\u0900-\u0963])+")
"""Two signs of a script that puts no spaces between words, or a word of another."""
_ROUND = {
    "behind a name": re.compile(r"(?:·|\b[^\W\d_a-zß-ÿ]\w*)\s?[(（<]$"),
    "behind a word": re.compile(r"\w\s?[(（<]$"),
    "after a name": re.compile(r"(?:·|\b[A-ZÀ-ÞΑ-ΩА-Я][^\W\d_]+)(?:,\s|\s[|/–-]\s|\s|\n)$"),
    "after a label": re.compile(r"[^\W\d_]\.?\s?[:：]\s?$"),
    "after a value": re.compile(r"[\d·]\)?\s?[,;/|]\s?$"),
}
"""What may stand directly before a value."""
_NEAR = 30
"""Characters in which it is looked for."""
_MUCH = 6
"""Values of the attacker's, from which a text is an analyst's."""
_WORDS_BEFORE, _WORDS_AFTER = 5, 3
_STEM = 5
"""Letters of a word that are compared: a language changes its end."""


class Learned(msgspec.Struct, frozen=True):
    """What was learned of each kind of value, in log-odds for the attacker."""

    margin: dict[str, float]
    """What all that is seen must be worth before a value stays."""
    worth: dict[str, dict[str, float]]
    """What each thing seen is worth."""


@cache
def _learned() -> Learned:
    data = files("tocsin.agent.redaction.narrative").joinpath("whose_worth.toml").read_bytes()
    return msgspec.toml.decode(data, type=Learned)


class Whose:
    """What stands where in one text that says whose the values near it are."""

    def __init__(self, board: Board) -> None:
        text = board.text
        self._board = board
        self._values = [found.span() for found in _VALUE.finditer(text)]
        self._text = text = PLACEHOLDER.sub(lambda found: "·" * len(found[0]), text)
        self._cues = cues_in(text.replace("İ", "i").lower())
        self._ends = [found.end() for found in _END.finditer(text)]
        self._quoted = list(quoted_in(text))
        self.stayed: list[tuple[int, int]] = []
        """The values that stay because they were found to be the attacker's."""
        self._last: dict[str, bool] = {}
        """Whether the value of a kind that was asked about last is the attacker's."""

    def balance(self, start: int, end: int, what: str, said: Iterable[str] = ()) -> float:
        """How much more speaks for the attacker, as log-odds, than must for a value of its kind to stay.

        `what`: phone, mail, account. `said`: what the caller knows of the value besides its place.
        """
        learned = _learned()
        worth = learned.worth[what]
        seen = self.evidence(start, end, what, said)
        beyond = sum(worth.get(name, 0.0) * much for name, much in seen.items()) - learned.margin[what]
        self._last[what] = beyond > 0
        return beyond

    def keep(self, start: int, end: int) -> None:
        """Let a value stay as the attacker's, because of what stands around it."""
        if self._board.keep(start, end):
            self.stayed.append((start, end))

    def evidence(self, start: int, end: int, what: str, said: Iterable[str] = ()) -> dict[str, float]:
        """Everything seen about a value, and how much of it; `what` and `said` as for `balance`."""
        first = self._first(start)
        stop = _STOP.search(self._text, end, end + AFTER)
        last = stop.start() if stop else min(end + AFTER, len(self._text))
        seen = dict.fromkeys(said, 1.0) | {"always": 1.0}
        seen.update(self._cue_words(first, start, end, last, what))
        seen.update(dict.fromkeys(self._place(start, end), 1.0))
        seen.update(dict.fromkeys(self._decided(first, start, end, last, what), 1.0))
        seen.update(dict.fromkeys(self._words(first, start, end, last), 1.0))
        return seen

    def _cue_words(
        self, first: int, start: int, end: int, last: int, what: str
    ) -> Iterator[tuple[str, float]]:
        """The nearest cue of every kind on either side, less by its distance; *far*: beyond another value."""
        values = bisect_right(self._values, start, key=lambda value: value[1])
        other = self._values[values - 1][1] if values else 0
        follows = bisect_left(self._values, end, key=lambda value: value[0])
        another = self._values[follows][0] if follows < len(self._values) else len(self._text)
        answered = self._answer(end)
        nearest = (0.0, "")
        for kind, name in _SAYS:
            cues = self._cues[kind.format(what)]
            at = bisect_right(cues, start, key=lambda cue: cue[1])
            if at and cues[at - 1][0] >= first:
                near = 0.5 ** ((start - cues[at - 1][1]) / HALF)
                yield f"{name} {'far ' if cues[at - 1][1] <= other else ''}before", near
                nearest = max(nearest, (near, name))
            elif at and cues[at - 1][0] >= first - BEFORE:
                yield f"{name} in the sentence before", 1.0
            at = bisect_left(cues, end, key=lambda cue: cue[0])
            if at < len(cues) and cues[at][1] <= last:
                yield (
                    f"{name} {'far ' if cues[at][0] >= another else ''}after",
                    1 - (cues[at][0] - end) / AFTER,
                )
            if at < len(cues) and answered[0] <= cues[at][0] < answered[1]:
                yield f"{name} in the answer", 1.0
        if nearest[1]:
            yield f"{nearest[1]} nearest", 1.0
        begins = max(self._sentence(start), other)
        roles = [
            (cues[at][0], name)
            for kind, name in _SAYS
            if kind in ("attacker", "victim", "us")
            and (at := bisect_left(cues := self._cues[kind], begins, key=lambda cue: cue[0])) < len(cues)
            and cues[at][0] < start
        ]
        begun = min(roles)[1] if roles else "nobody"
        yield f"{begun} first", 1.0
        yield f"{begun} first, then {nearest[1] or 'nothing'}", 1.0

    def _sentence(self, start: int) -> int:
        """Where the sentence of a value begins."""
        at = bisect_right(self._ends, start)
        return max(self._ends[at - 1] if at else 0, start - _SENTENCE)

    def _answer(self, end: int) -> tuple[int, int]:
        """Where the answer stands to a question that ends soon behind a value; nothing when none is asked."""
        asked = _ASKED.match(self._text, end)
        return (asked.end(), asked.end() + BEFORE) if asked else (0, 0)

    def _place(self, start: int, end: int) -> Iterator[str]:
        """How the line and the text are built around a value."""
        text = self._text
        near = text[max(0, start - _NEAR) : start]
        yield from (name for name, pattern in _ROUND.items() if pattern.search(near))
        line = text.rfind("\n", 0, start) + 1
        rest = text.find("\n", end)
        rest = len(text) if rest < 0 else rest
        before, behind = text[line:start], text[end:rest]
        if not any(map(str.isalnum, before)):
            yield "begins its line" if any(map(str.isalnum, behind)) else "alone on its line"
        elif not any(map(str.isalnum, behind)):
            yield "ends its line"
        between = next((sign for sign in "\t;|" if (before + behind).count(sign) > 1), None)
        if between:
            yield "in a table"
            yield from self._heading(between, before.count(between))
        if text.count(text[start:end]) > 1:
            yield "said again"
        if text.count("\n", end) <= 2 and text.count("\n") > 2:
            yield "at the end"
        at = bisect_right(self._quoted, start, key=lambda quoted: quoted[0])
        if at and self._quoted[at - 1][1] >= end:
            yield "quoted"

    def _heading(self, between: str, column: int) -> Iterator[str]:
        """What stands over a value in the first line that has as many columns."""
        heads = next(
            (line for line in self._text.splitlines() if line.count(between) >= column > 0), ""
        ).split(between)
        if column < len(heads):
            said = cues_in(heads[column].lower())
            yield from (f"{name} over it" for kind, name in _SAYS if said.get(kind.format("phone")))
            yield from (f"{stem} over it …" for stem in _stems(heads[column]))

    def _decided(self, first: int, start: int, end: int, last: int, what: str) -> Iterator[str]:
        """What was decided about values beside this one."""
        kept = self._board.kept_before(start)
        if kept is not None:
            yield "listed behind the attacker's" if kept else "listed behind what goes"
        for name, of in (("evidence", self._board.keeps), ("hidden", self._board.hides)):
            if of(first, start):
                yield f"{name} {'just ' if of(max(first, start - _NEAR), start) else ''}before"
            if of(end, last):
                yield f"{name} after"
        if len(self._board.kept) > 1:
            yield (
                "in a text with evidence" if len(self._board.kept) < _MUCH else "in a text with much evidence"
            )
        yield "one of several" if len(self._values) > 1 else "the only one"
        if what in self._last:
            yield "after the attacker's" if self._last[what] else "after what goes"

    def _words(self, first: int, start: int, end: int, last: int) -> Iterator[str]:
        """The words next to a value by their beginnings, in small letters, before it and behind it."""
        before = _stems(self._text[max(first, start - BEFORE // 2) : start])
        yield from (f"{word} …" for word in before[-_WORDS_BEFORE:])
        yield from (f"… {word}" for word in _stems(self._text[end:last])[:_WORDS_AFTER])

    def _first(self, start: int) -> int:
        """Where what is said about a value begins: its sentence, or what announces the list that it stands in."""
        text, limit = self._text, max(0, start - BEFORE)
        at = bisect_right(self._ends, start)
        if (
            at
            and text[self._ends[at - 1] - 1].strip()
            and _LABELLED.fullmatch(text, self._ends[at - 1], start)
        ):
            at -= 1
        while at and self._ends[at - 1] > limit:
            cut = self._ends[at - 1]
            said = text[limit:cut].rstrip()
            newlines = text.count("\n", limit + len(said), cut)
            announced = said.endswith((":", ","))
            if not newlines or not (announced or (newlines == 1 and _BARE_LINE.fullmatch(text, cut, start))):
                return cut
            at -= 1
        return limit


def _stems(text: str) -> list[str]:
    return [found[1] or found[0].lower()[:_STEM] for found in _WORD.finditer(text)]
