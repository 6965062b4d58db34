# SPDX-License-Identifier: Apache-2.0
"""Whoever was found once, wherever else it stands: inflected, alone, in a link, a file name or a subject line, and the
login names that are made of it. Linear in the text, however many names were found.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain

from tocsin.agent.readers.people import spellings_of
from tocsin.agent.redaction.narrative.known import TITLES, is_known, is_ordinary
from tocsin.agent.redaction.narrative.lists import given_names, ordinary, threats, words
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import Own
from tocsin.domain.folding import plain

_WORD = re.compile(r"[^\W\d_]+(?:['’`.-]?[^\W\d_]+)*")
_SIMPLE = re.compile(r"[^\W_]+")
_SPLIT = re.compile(r"[\s_.@-]+")
_SIGNED = re.compile(r"(?:--|—|\.)\s?([a-z]{2,3})\s*$", re.MULTILINE)
_PARTICLES = words("particles")
_ENDING = 4
"""Letters that a language may put behind a name."""
_SHORTEST_SURNAME = 2
_LONGEST = 60
"""Characters of a name from which login names are made."""


def hide_name(
    board: Board, start: int, end: int, kind: Kind, *, guarded: bool = False, quoted: bool = False
) -> None:
    """Hide a name, whole or, where something in it was decided, word by word; titles do not tell two apart."""
    quoted = quoted or kind is Kind.PERSON
    start, end = board.trimmed(start, end)
    if board.is_taken(start, end):
        return
    told = [word for word in plain(board.text[start:end]).split() if word.strip(".") not in TITLES]
    if not board.hide(start, end, kind, " ".join(sorted(told)), guarded=guarded, quoted=quoted):
        is_evidence = board.keeps(start, end)
        for found in _WORD.finditer(board.text, start, end):
            # In front, in capital letters, and behind a full stop stands what names nobody.
            goes_on = board.text[max(0, found.start() - 2) : found.start()].rstrip(" -").isalnum()
            says_what = kind is Kind.NAME and (
                is_evidence or found.start() == start or found[0].isupper() or not goes_on
            )
            if plain(found[0]) not in TITLES and not (says_what and is_known(found[0])):
                board.hide(found.start(), found.end(), kind, plain(found[0]), guarded=guarded, quoted=quoted)


def places_of(text: str, names: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Every place where one of the names stands, letter for letter, the longest first."""
    lengths: dict[str, set[int]] = {}
    for name in names:
        lengths.setdefault(name[0], set()).add(len(name))
    tried = {first: sorted(some, reverse=True) for first, some in lengths.items()}
    for at, letter in enumerate(text):
        for length in tried.get(letter, ()):
            if at + length <= len(text) and text[at : at + length] in names:
                yield at, at + length
                break


def find_again(board: Board, own: Own) -> None:
    """Hide what was found wherever else it stands: in the text and as a login name; in what is guarded, if it is sure.

    A single word that may be a name, or also is one of malware, is not sure.
    """
    text = board.text
    named = [(text[m.start : m.end], m.kind) for m in board.marks if m.kind in (Kind.PERSON, Kind.NAME)]
    found = [name for name, _ in named]
    perhaps = {plain(name) for name, kind in named if kind is Kind.NAME} - given_names()
    uncased = frozenset(name for name in found if len(name) > 1 and name.lower() == name.upper())
    for start, end in places_of(text, uncased):
        hide_name(board, start, end, Kind.PERSON)
    staff_stems, staff_logins = _forms(own.staff)
    stems, logins = _forms(tuple(dict.fromkeys(found)))
    locals_of = {m.same.partition("@")[0] for m in board.marks if m.kind is Kind.MAIL}
    stems, logins = (
        stems | staff_stems,
        logins | staff_logins | {name for name in locals_of if len(name) > _ENDING},
    )
    for word in _SIMPLE.finditer(text):
        folded = plain(word[0])
        if folded in stems or folded in logins or (word[0][0].isupper() and _inflects(folded, stems)):
            sure = folded not in perhaps and folded not in threats()
            hide_name(board, word.start(), word.end(), Kind.PERSON, guarded=sure)
    for start, end in places_of(text, _ordinary_surnames(named)):
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            hide_name(board, start, end, Kind.PERSON)
    initials = {"".join(part[0] for part in plain(name).split()) for name in found if " " in name}
    for signed in _SIGNED.finditer(text):
        if signed[1] in initials:
            hide_name(board, signed.start(1), signed.end(1), Kind.PERSON)


def _ordinary_surnames(named: Iterable[tuple[str, Kind]]) -> frozenset[str]:
    """What of people's names is a word too, as *Price*: it names them where it stands alone with its capital."""
    return frozenset(
        part
        for name, kind in named
        if kind is Kind.PERSON or plain(name.split()[0]) in given_names()
        for part in name.split()[1:]
        if len(part) > _SHORTEST_SURNAME
        and part.istitle()
        and is_ordinary(part)
        and plain(part) not in TITLES
    )


@lru_cache(maxsize=64)
def _forms(names: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """The words by which people are found again, folded, and the login names that may be theirs."""
    parts = {part for name in names for part in _SPLIT.split(name) if len(part) > 2 and not is_ordinary(part)}
    stems = frozenset(map(plain, parts)) - TITLES - _PARTICLES
    spelled = (form for name in _with_short(names) if len(name) < _LONGEST for form in spellings_of(name))
    logins = chain(spelled, map(_initials_of, names))
    return stems, frozenset(login for login in logins if len(login) > 3 and login not in ordinary())


def _initials_of(name: str) -> str:
    """The login name of somebody who is told family name first: the initials of the others, and the first of it."""
    family, _, given = plain(name).partition(",")
    return (
        "".join(word[0] for word in given.split()) + family.split()[0]
        if given.strip() and family.strip()
        else ""
    )


def _with_short(names: Iterable[str]) -> Iterator[str]:
    """Names, and the first name with each half of a double family name."""
    for name in names:
        yield name
        if " " in name:
            first, *_, last = name.split()
            yield from (f"{first} {half}" for half in last.split("-"))


def _inflects(folded: str, stems: frozenset[str]) -> bool:
    return any(folded[:-cut] in stems for cut in range(1, _ENDING + 1) if len(folded) - cut > 2)
