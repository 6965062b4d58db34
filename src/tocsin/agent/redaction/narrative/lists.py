# SPDX-License-Identifier: Apache-2.0
"""The word lists beside this file, each read once."""

from functools import cache
from importlib.resources import files

import msgspec

from tocsin.domain.folding import plain


@cache
def ordinary() -> frozenset[str]:
    """Words that may stand with a capital letter and name nobody, folded."""
    return frozenset(plain(word) for line in _lines("ordinary.txt") for word in line.split())


@cache
def given_names() -> frozenset[str]:
    """Names that tell a person where capital letters do not, folded."""
    return frozenset(plain(word) for line in _lines("names.txt") for word in line.split())


@cache
def surnames_of(first: str, last: str) -> frozenset[str]:
    """The names of one script, as they are written: those whose first sign lies between two."""
    return frozenset(
        word for line in _lines("names.txt") for word in line.split() if first <= word[0] <= last
    )


@cache
def threats() -> frozenset[str]:
    """Names of malware, tools and actors, lower case."""
    return frozenset(_lines("threats.txt"))


@cache
def words(name: str) -> frozenset[str]:
    """One list of `words.toml`."""
    return frozenset(_tables()[name].split())


def one_of(name: str) -> str:
    """The same as alternatives of a regular expression, the longest first."""
    return "|".join(sorted(dict.fromkeys(_tables()[name].split()), key=len, reverse=True))


@cache
def _tables() -> dict[str, str]:
    data = files("tocsin.agent.redaction.narrative").joinpath("words.toml").read_bytes()
    return msgspec.toml.decode(data, type=dict[str, str])


def _lines(name: str) -> list[str]:
    text = files("tocsin.agent.redaction.narrative").joinpath(name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
