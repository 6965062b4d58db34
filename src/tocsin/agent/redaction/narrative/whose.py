# SPDX-License-Identifier: Apache-2.0
"""Whose a number, an account or an address is, by the words around it.

Words are looked up by their beginnings, in the languages of `whose.toml`, once for a whole text. The nearer a word
stands, the more it says, and a word before a value says more than one after it. Nothing beyond the end of a sentence
counts, except what announces a list. When nothing speaks for the attacker the answer is no: over-hiding costs text,
under-hiding a victim; who reads the text is told which values were hidden with something speaking against it.
"""

import re
from bisect import bisect_left, bisect_right
from functools import cache, lru_cache
from importlib.resources import files

import msgspec

from tocsin.agent.redaction.narrative.marks import PLACEHOLDER

BEFORE = 110
AFTER = 60
"""Characters in which words are looked for. A sentence that explains later whose a number is, is not understood."""
DOUBT = -0.45
"""From here to 0 a value is hidden, and may well be the attacker's."""
_END = re.compile(
    r"(?<=[^\W\d_]{4})[.!?…](?=\s)|(?<=[\d·)\"”»])[.!?](?=\s)|[.!?…](?=\s+[A-ZÀ-ÞΑ-ΩА-ЯЇІЄҐ]|\s*\n)|[。！？؟।;；]|\n\s*\n?"
)
_STOP = re.compile(r"[.!?。！？।;；\n]")
_BEHIND_NAME = re.compile(r"(?:(?P<name>·|\b[^\W\d_a-zß-ÿ]\w*)|\w)\s?[(（]$")
"""A value in brackets behind a word, which is a name if it begins with a capital letter or knows none."""
_LONGEST_NAME = 30
_BARE_LINE = re.compile(r"[\s\-*•>|,]*(?:\w[\w ()]{0,20}:\s)?")
"""A line on which nothing stands before the value: an item of a list, or somebody's answer."""
_LABELLED = re.compile(r"\s*[^\W\d_][\w ]{0,16}[:：]\s")
"""Before a value nothing but what it is; the sentence before says whose."""
HALF = 60
"""Characters over which a word before a value loses half of what it says."""
_BEYOND = 0.35
"""What is left of a word's weight beyond another value that has words of its own behind it."""
_VALUE = re.compile(
    r"\[(?:phone|mail|account|card|number) \d+\]"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}|\+?\d(?:[ \u00a0()./-]{0,2}\d){6,30}"
)
_WEIGHTS = (("attacker", 2.0), ("attacker_{}", 1.4), ("victim", -1.2), ("victim_{}", -1.2))


class _Words(msgspec.Struct, frozen=True):
    """Beginnings of words by what they say about whose a value is."""

    attacker: str
    attacker_phone: str
    attacker_mail: str
    attacker_account: str
    victim: str
    victim_phone: str
    victim_mail: str
    victim_account: str


@cache
def _words() -> dict[str, re.Pattern[str]]:
    data = files("tocsin.agent.redaction.narrative").joinpath("whose.toml").read_bytes()
    words = msgspec.toml.decode(data, type=_Words)
    return {name: _pattern(getattr(words, name)) for name in words.__struct_fields__}


def _pattern(listed: str) -> re.Pattern[str]:
    """One expression for all beginnings: `_` a space, `_*_` up to three words, `$` a word's end, `~` inside of a word.

    It is for text in small letters: what ignores case cannot skip an alternative by its first letter.
    """
    begin: list[str] = []
    inside: list[str] = []
    uncased: list[str] = []
    for word in listed.lower().split():
        body = (
            re.escape(word.lstrip("~").rstrip("$"))
            .replace(r"_\*_", r"\s+(?:\S+\s+){0,3}?")
            .replace("_", r"\s+")
        )
        body += r"\b" if word.endswith("$") else ""
        of = (
            inside
            if word.startswith("~")
            else uncased
            if word.upper() == word and not word.isascii()
            else begin
        )
        of.append(body)
    groups = (
        rf"\b(?:{'|'.join(begin)})",
        *inside,
        rf"(?=[^\x00-\u058f])(?:{'|'.join(uncased)})" if uncased else "",
    )
    return re.compile("|".join(filter(None, groups)))


_CUE = 5
"""Letters of a word's beginning from which it is taken for what it announces, not for somebody's name."""


@lru_cache(maxsize=16_384)
def says_whose(small: str) -> bool:
    """Whether a word, in small letters, is one of those that say whose a value is."""
    return any(
        (found := pattern.match(small)) and found.end() >= min(_CUE, len(small))
        for pattern in _words().values()
    )


class Whose:
    """Where in one text words stand that say whose the values near them are."""

    def __init__(self, text: str) -> None:
        self._values = [found.end() for found in _VALUE.finditer(text)]
        text = PLACEHOLDER.sub(lambda found: "·" * len(found[0]), text)
        self._text = text
        small = text.replace("İ", "i").lower()
        self._cues = {
            name: [found.span() for found in pattern.finditer(small)] for name, pattern in _words().items()
        }
        self._ends = [found.end() for found in _END.finditer(text)]

    def balance(self, start: int, end: int, what: str) -> float:
        """How much speaks for the attacker; below 0 when more speaks for the bank or its customers.

        `what`: phone, mail, account.
        """
        first = self._first(start)
        stop = _STOP.search(self._text, end, end + AFTER)
        last = stop.start() if stop else end + AFTER
        aside = _BEHIND_NAME.search(self._text, max(first, start - _LONGEST_NAME), start)
        said = 0.0 if aside is None else -1.5 if aside["name"] else -0.7
        other = self._between(first, start, what)
        for name, weight in _WEIGHTS:
            cues = self._cues[name.format(what)]
            if (at := bisect_right(cues, start, key=lambda cue: cue[1])) and cues[at - 1][0] >= first:
                near = weight * 0.5 ** ((start - cues[at - 1][1]) / HALF)
                said += near if cues[at - 1][1] > other else near * _BEYOND
            if (at := bisect_left(cues, end, key=lambda cue: cue[0])) < len(cues) and cues[at][1] <= last:
                said += weight * 0.5 * (1 - (cues[at][0] - end) / AFTER)
        return said

    def _between(self, first: int, start: int, what: str) -> int:
        """Where the last other value before a place ends, if a word behind it says whose the next one is; else 0."""
        at = bisect_right(self._values, start - 1)
        other = self._values[at - 1] if at else 0
        if other <= first:
            return 0
        for name, _ in _WEIGHTS:
            cues = self._cues[name.format(what)]
            if (at := bisect_right(cues, start, key=lambda cue: cue[1])) and cues[at - 1][0] >= other:
                return other
        return 0

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
