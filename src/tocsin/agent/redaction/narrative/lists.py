# SPDX-License-Identifier: Apache-2.0
"""The word lists beside this file, each read once."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import msgspec

from tocsin.domain.folding import plain

_PLAIN = re.compile(r"[^\W\d_](?![?*+{|])")
_CASED = "A-Za-zÀ-ɏͰ-ӿ"
_ASKED = (
    *("header_from", "header_to", "before_threats", "before_threats_bare", "behind_threats", "message_words"),
    *(
        "subject_words",
        "address_words",
        "case_words",
        "account_words",
        "identity_words",
        "login_words",
        "many",
    ),
)
"""Lists of which the words name nobody."""


@cache
def ordinary() -> frozenset[str]:
    """Words that may stand with a capital letter and name nobody, folded; also those that the finders ask for."""
    asked = (word for name in _ASKED for word in _tables()[name].split())
    listed = (word for line in _lines("ordinary.txt") for word in line.split())
    return frozenset(plain(word) for word in (*listed, *(word for word in asked if word.isalpha())))


@cache
def accented() -> frozenset[str]:
    """Those of `ordinary` that are written with an accent, as they are written."""
    return frozenset(
        word for line in _lines("ordinary.txt") for word in line.split() if word.casefold() != plain(word)
    )


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


def starting(name: str) -> str:
    """The same at the beginning of a word, where the script has capital letters; anywhere, where it has none.

    For text in small letters: an expression that ignores case cannot pass over a word by its first letter.
    """
    some = sorted(dict.fromkeys(_tables()[name].split()), key=len, reverse=True)
    uncased = [
        word
        for word in some
        if (first := re.search(r"[^\W\d_]", word)) and first[0].upper() == first[0].lower()
    ]
    cased = rf"(?<![{_CASED}])(?=[{_CASED}])(?:{by_letter(word for word in some if word not in uncased)})"
    return rf"(?:{cased}|(?=[^\x00-\u058f])(?:{by_letter(uncased)}))" if uncased else cased


def by_letter(words: Iterable[str]) -> str:
    """Alternatives that are told apart by their first letter before any of them is tried: there are thousands."""
    groups: dict[str, list[str]] = {}
    others = []
    for word in words:
        if _PLAIN.match(word):
            groups.setdefault(word[0], []).append(word[1:])
        else:
            others.append(word)
    return "|".join((*(f"{first}(?:{'|'.join(rest)})" for first, rest in groups.items()), *others))


@cache
def _tables() -> dict[str, str]:
    data = files("tocsin.agent.redaction.narrative").joinpath("words.toml").read_bytes()
    return msgspec.toml.decode(data, type=dict[str, str])


def _lines(name: str) -> list[str]:
    text = files("tocsin.agent.redaction.narrative").joinpath(name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
