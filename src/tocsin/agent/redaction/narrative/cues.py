# SPDX-License-Identifier: Apache-2.0
"""Words that say whose a value near them is, by their beginnings, in the languages of `cues.toml`.

A text is looked through for all of them once.
"""

import re
from functools import cache, lru_cache
from importlib.resources import files

import msgspec

from tocsin.agent.redaction.narrative.lists import by_letter


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
    us: str
    genuine: str
    denied: str


@cache
def _words() -> dict[str, re.Pattern[str]]:
    data = files("tocsin.agent.redaction.narrative").joinpath("cues.toml").read_bytes()
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
        rf"\b(?:{by_letter(begin)})",
        *inside,
        rf"(?=[^\x00-\u058f])(?:{by_letter(uncased)})" if uncased else "",
    )
    return re.compile("|".join(filter(None, groups)))


def cues_in(small: str) -> dict[str, list[tuple[int, int]]]:
    """Where words of every kind stand in a text in small letters."""
    return {name: [found.span() for found in pattern.finditer(small)] for name, pattern in _words().items()}


_CUE = 5
"""Letters of a word's beginning from which it is taken for what it announces, not for somebody's name."""


@lru_cache(maxsize=16_384)
def says_whose(small: str) -> bool:
    """Whether a word, in small letters, is one of those that say whose a value is."""
    return any(
        (found := pattern.match(small)) and found.end() >= min(_CUE, len(small))
        for pattern in _words().values()
    )
