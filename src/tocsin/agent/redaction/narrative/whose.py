# SPDX-License-Identifier: Apache-2.0
"""Whose a number, an account or an address is, by the words around it.

Words are looked up by their beginnings, in the languages of `whose.toml`. The nearer a word stands, the more it
says, and a word before a value says more than one after it. Nothing beyond the end of a sentence counts, except what
announces a list. When nothing speaks for the attacker the answer is no: over-hiding costs text, under-hiding a victim.
"""

import re
from functools import cache
from importlib.resources import files

import msgspec

BEFORE = 110
AFTER = 60
"""Characters in which words are looked for. A sentence that explains later whose a number is, is not understood."""
_END = re.compile(
    r"(?<=[^\W\d_]{4})[.!?…](?=\s)|(?<=[\d)\"”»])[.!?](?=\s)|[.!?…](?=\s+[A-ZÀ-ÞΑ-ΩА-ЯЇІЄҐ]|\s*\n)|[。！？؟।;；]|\n\s*\n?(?!\s*$)"
)
_BEHIND_NAME = re.compile(r"[^\W\d_]\s?\($")
_BARE_LINE = re.compile(r"[\s\-*•>|,]*(?:\w[\w ()]{0,20}:\s)?")
"""A line on which nothing stands before the value: an item of a list, or somebody's answer."""


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
    """One expression for all beginnings: `_` stands for a space, `$` ends a word, `-` before it: anywhere in a word."""
    parts = []
    for word in listed.split():
        inside = word.startswith("~") or (not word.isascii() and not _is_cased(word))
        body = re.escape(word.lstrip("~").rstrip("$")).replace("_", r"[\s ]+")
        parts.append(f"{'' if inside else chr(92) + 'b'}{body}{chr(92) + 'b' if word.endswith('$') else ''}")
    return re.compile("|".join(parts), re.IGNORECASE)


def _is_cased(word: str) -> bool:
    return word.lower() != word.upper()


def is_attackers(text: str, start: int, end: int, what: str) -> bool:
    """Whether the words around `text[start:end]` say that it is the attacker's; `what`: phone, mail, account."""
    return balance(text, start, end, what) > 0


def balance(text: str, start: int, end: int, what: str) -> float:
    """How much speaks for the attacker; below 0 when more speaks for the bank or its customers."""
    before, after = _around(text, start, end)
    said = -1.5 if _BEHIND_NAME.search(before) else 0.0
    for name, weight in (
        ("attacker", 2.0),
        (f"attacker_{what}", 1.4),
        ("victim", -1.2),
        (f"victim_{what}", -1.2),
    ):
        pattern = _words()[name]
        nearest = max((found.end() for found in pattern.finditer(before)), default=None)
        if nearest is not None:
            said += weight * (1 - (len(before) - nearest) / (BEFORE * 1.3))
        if found := pattern.search(after):
            said += weight * 0.5 * (1 - found.start() / AFTER)
    return said


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    before = text[max(0, start - BEFORE) : start]
    cuts = [found.end() for found in _END.finditer(before)]
    line = before[cuts[-1] :] if cuts else before
    while (
        cuts
        and before[cuts[-1] - 1] == "\n"
        and (_BARE_LINE.fullmatch(line) or before[: cuts[-1]].rstrip().endswith((":", ",")))
    ):
        cuts.pop()
        line = before[cuts[-1] :] if cuts else before
    after = text[end : end + AFTER]
    stop = re.search(r"[.!?。！？।;；\n]", after)
    return line, after[: stop.start()] if stop else after
