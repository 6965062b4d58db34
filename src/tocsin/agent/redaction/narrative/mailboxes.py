# SPDX-License-Identifier: Apache-2.0
"""Mail addresses: the bank's, its people's and its customers' go, the attacker's stay.

An address is the attacker's when it is written defanged, when a link or host of his stands on its domain, or when its
domain is called like the bank's and is not. Else the words around it decide, and whether it is a function's
(``billing@``) or bears the name of somebody whom the text names. When nothing speaks for him it is a customer's.
"""

import re
from bisect import bisect_left

from tocsin.agent.redaction.narrative.hosts import HOST, HOST_NAME, domain_of, host_of_name
from tocsin.agent.redaction.narrative.known import is_ordinary
from tocsin.agent.redaction.narrative.lists import one_of, words
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import Own
from tocsin.agent.redaction.narrative.whose import DOUBT, Whose
from tocsin.domain.folding import plain

_AT = r"(?:@|\s?[\[({]\s?(?:@|at)\s?[\])}]\s?|%40)"
_MAIL = re.compile(
    rf"(?<![0-9A-Za-z_.+-])([0-9A-Za-zÀ-ɏ_.+%-]{{1,64}}?){_AT}({HOST})(?![\w-])", re.IGNORECASE
)
_FUNCTION, _NAMESAKE = 0.9, -2.4
"""What a function's name speaks for the attacker, and a name that the text knows against him."""
_SENDER, _RECIPIENT = 1.0, -3.0
_FROM = re.compile(rf"\W*(?:{one_of('header_from')})\s?[:：]")
_TO = re.compile(rf"\W*(?:{one_of('header_to')})\s?[:：]")
_FUNCTIONS = words("functions")
_PARTS = re.compile(r"[^\W\d_]+")


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
        sure = "@" not in found[0] or "[" in found[0] or domain_of(host) in hostile or _bears_name(host, own)
        weight = (
            whose.balance(start, end, "mail")
            + _local_weight(local, said)
            + _header_weight(board.small, start)
        )
        if not own.has_host(host) and (sure or weight > 0 or _is_listed(text, start, end, kept)):
            board.keep(start, end)
        else:
            unsure = weight > DOUBT and not own.has_host(host)
            board.hide(start, end, Kind.MAIL, f"{local}@{host}", unsure=unsure)


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


def _local_weight(local: str, said: set[str]) -> float:
    parts = [plain(part) for part in _PARTS.findall(local)]
    if any(part in _FUNCTIONS for part in parts):
        return _FUNCTION
    return _NAMESAKE if any(name in part for name in said for part in parts) else 0.0


def _header_weight(text: str, at: int) -> float:
    """What the header says that an address stands in: who wrote is the attacker, to whom is not."""
    line = text.rfind("\n", 0, at) + 1
    if _TO.match(text, line, at):
        return _RECIPIENT
    return _SENDER if _FROM.match(text, line, at) else 0.0


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
