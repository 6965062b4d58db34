# SPDX-License-Identifier: Apache-2.0
"""Mail addresses: the bank's, its people's and its customers' go, the attacker's stay.

An address is the attacker's when it is written defanged, when a link or host of his stands on its domain, or when its
domain is called like the bank's and is not. Else the words around it decide, and whether it is a function's
(``billing@``) or bears the name of somebody whom the text names. When nothing speaks for him it is a customer's.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator

from tocsin.agent.redaction.narrative.hosts import HOST, HOST_NAME, domain_of, host_of_name
from tocsin.agent.redaction.narrative.known import is_ordinary
from tocsin.agent.redaction.narrative.lists import given_names, one_of, words
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import Own
from tocsin.agent.redaction.narrative.whose import DOUBT, Whose
from tocsin.domain.folding import plain

_AT = r"(?:@|\s?[\[({]\s?(?:@|at)\s?[\])}]\s?|%40)"
_MAIL = re.compile(
    rf"(?<![0-9A-Za-z_.+-])([0-9A-Za-zÀ-ɏ_.+%-]{{1,64}}?){_AT}({HOST})(?![\w-])", re.IGNORECASE
)
_FROM = re.compile(rf"\W*(?:{one_of('header_from')})\s?[:：]")
_TO = re.compile(rf"\W*(?:{one_of('header_to')})\s?[:：]")
_FUNCTIONS = words("functions")
_PARTS = re.compile(r"[^\W\d_]+")
_INITIAL = re.compile(r"[^\W\d_]{1,2}[._-][^\W\d_]{3}")
_STEM = 4
"""Letters by which the words of an address are compared."""


def find_mailboxes(board: Board, own: Own, whose: Whose) -> None:
    """Decide about every mail address, after all links are known."""
    text = board.text
    hostile = _hostile(board, own)
    kept = sorted(at for at, _ in board.kept)
    words_of = _PARTS.findall(_MAIL.sub(" ", text))
    said = {plain(word) for word in words_of if len(word) > 3 and word[0].isupper() and not is_ordinary(word)}
    for found in _MAIL.finditer(board.bare):
        start, end = found.span()
        host = host_of_name(found[2])
        if not host or not board.is_free(start, end):
            continue
        local = found[1].lower()
        defanged = not re.search("@|%40", found[0]) or "[" in found[0]
        sure = defanged or domain_of(host) in hostile or _bears_name(host, own)
        if own.has_host(host):
            board.hide(start, end, Kind.MAIL, f"{local}@{host}")
            continue
        seen = [*_local(local, said), *_domain(host), *_header(board.small, start)]
        if _is_listed(text, start, end, kept):
            seen.append("listed among evidence")
        balance = whose.balance(start, end, "mail", seen)
        if sure:
            board.keep(start, end)
        elif balance > 0:
            whose.keep(start, end)
        else:
            board.hide(start, end, Kind.MAIL, f"{local}@{host}", unsure=balance > DOUBT)


def _hostile(board: Board, own: Own) -> set[str]:
    """The domains of links and hosts that are not the bank's."""
    text = board.text
    found = {domain_of(text[start:end]) for start, end in board.kept}
    for name in HOST_NAME.finditer(board.bare):
        if (
            text[name.start() - 1 : name.start()] != "@"
            and host_of_name(name[1])
            and not own.has_host(name[1])
        ):
            found.add(domain_of(name[1]))
    return found - {""}


def _local(local: str, said: set[str]) -> Iterator[str]:
    """What the name of a mailbox tells: a function, a person, somebody whom the text names."""
    parts = [plain(part) for part in _PARTS.findall(local)]
    if any(part in _FUNCTIONS for part in parts):
        yield "of a function"
    if any(name in part for name in said for part in parts):
        yield "of somebody named"
    if any(part in given_names() for part in parts):
        yield "of a given name"
    if _INITIAL.match(local):
        yield "of an initial and a name"
    if "." in local and len(parts) == 2:
        yield "of two words"
    if any(map(str.isdigit, local)):
        yield "of a word and figures"
    yield from (f"{part[:_STEM]}@" for part in parts)


def _domain(host: str) -> Iterator[str]:
    if "-" in host:
        yield "of a domain of several words"
    yield from (f"@{part[:_STEM]}" for part in _PARTS.findall(host)[:-1])


def _header(text: str, at: int) -> Iterator[str]:
    """Which header an address stands in: who wrote, or to whom."""
    line = text.rfind("\n", 0, at) + 1
    if _TO.match(text, line, at):
        yield "written to"
    elif _FROM.match(text, line, at):
        yield "written by"


def _is_listed(text: str, start: int, end: int, kept: list[int]) -> bool:
    """Whether an address is an item of a list that holds values of the attacker's: alone on its line, among them."""
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line = text[first:start] + text[end : last if last >= 0 else len(text)]
    if any(map(str.isalnum, line)):
        return False
    begin, until = text.rfind("\n\n", 0, start), text.find("\n\n", end)
    until = until if until >= 0 else len(text)
    others = bisect_left(kept, until) - bisect_left(kept, begin)
    return others >= 2 and "\n" in text[max(0, begin) : until]


def _bears_name(host: str, own: Own) -> bool:
    """Whether a host that is not the bank's is called like it: a look-alike."""
    joined = re.sub(r"[^a-z0-9]", "", plain(host))
    return any(name in joined for name in own.names if len(name) > 4)
