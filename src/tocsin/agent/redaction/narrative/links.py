# SPDX-License-Identifier: Apache-2.0
"""Links: the bank's own go, the attacker's stay without what in them was made for one reader.

What is left of an attacker's link is guarded (`tocsin.agent.redaction.narrative.marks`): names that are found
elsewhere in the text may still be taken out of it.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from ipaddress import ip_network
from urllib.parse import unquote

from tocsin.agent.readers.extract import refang
from tocsin.agent.redaction.narrative.hosts import HOST, PLACE, SCHEME, host_of_name
from tocsin.agent.redaction.narrative.lists import words
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import Own
from tocsin.domain.folding import plain

_NOT_URL = r"\s<>\"'|⟧«»“”„\u3000-\u303f\uff00-\uff0f\uff1a-\uff20"
_URL = re.compile(
    rf"{SCHEME}[^{_NOT_URL}]{{2,2000}}|(?<![\w@.\])-])(?:{HOST})(?::\d{{2,5}})?/[^{_NOT_URL}]{{0,2000}}",
    re.IGNORECASE,
)
_PIECE = re.compile(r"[^/?&#=;]+")
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w")
_BASE64 = re.compile(r"[A-Za-z0-9+_-]{12,}={0,2}")
_PERSONAL = words("personal_keys")
_LOOSE_NUMBER = re.compile(r"\d(?:[\d \-.+]|%20)*\d")


def find_links(board: Board, own: Own) -> None:
    """Decide about every link, with a scheme or with a path behind a host."""
    for start, end in links_in(board.filled):
        _link(board, own, start, end)


def links_in(text: str) -> Iterator[tuple[int, int]]:
    """Where in a text links stand, live or defanged, without the punctuation of the sentence around them."""
    for found in _URL.finditer(text):
        yield found.start(), _end_of(text, found.start(), found.end())


def _end_of(text: str, start: int, end: int) -> int:
    """Where a link ends that a sentence goes on after."""
    while end > start and text[end - 1] in ".,;:!?)]}*_\\`—–-…":
        opener = _CLOSERS.get(text[end - 1])
        if opener and text.count(opener, start, end) >= text.count(text[end - 1], start, end):
            break
        end -= 1
    return end


def _link(board: Board, own: Own, start: int, end: int) -> None:
    text = board.filled[start:end]
    head = PLACE.match(text)
    assert head is not None  # it matches the empty text
    place = re.sub(r":\d+$", "", head[1].rpartition("@")[2])
    host = refang(place).lower()
    if "://" not in refang(text)[:9] and not host_of_name(place) and not re.fullmatch(r"[\d.]+", host):
        return
    if own.has_host(host) or _is_own_address(own, host):
        board.hide(start, end, Kind.OWN_HOST, host)
        return
    for first, last, kind in _tailored_parts(text, head.end(), own):
        board.hide(start + first, start + last, kind, plain(unquote(text[first:last])))
    board.keep(start, start + head.end())
    board.guard(start, end)


def _tailored_parts(text: str, at: int, own: Own) -> Iterator[tuple[int, int, Kind]]:
    """The segments and values of a link that tell about its reader."""
    in_query, key = False, ""
    for piece in _PIECE.finditer(text, at):
        before, behind = text[piece.start() - 1], text[piece.end() : piece.end() + 1]
        in_query = in_query or before in "?#"
        if before != "=":
            key = piece[0].lower()
        if before in "?&" and behind == "=":
            continue
        kind = tailored(piece[0], own, key=key if before == "=" else "", in_query=in_query)
        if kind:
            yield piece.start(), piece.end(), kind


def tailored(piece: str, own: Own, *, key: str, in_query: bool) -> Kind | None:
    """What kind of thing one segment or value of a link tells about its reader; None when it tells nothing."""
    clear = unquote(unquote(piece))
    if _ADDRESS.search(clear) or _hides_mail(clear):
        return Kind.MAIL
    if own.has_machine(clear):
        return Kind.OWN_HOST
    digits = sum(map(str.isdigit, clear))
    if in_query and digits >= 5 and (clear.isdigit() or _LOOSE_NUMBER.search(clear) or key):
        return Kind.NUMBER
    if not in_query and clear.isdigit() and digits >= 9:
        return Kind.NUMBER
    if key in _PERSONAL and len(clear) > 2 and any(map(str.isalpha, clear)) and not clear.startswith("{"):
        return Kind.PERSON
    return None


def _hides_mail(text: str) -> bool:
    """Whether base64 in a text decodes to a mail address."""
    for found in _BASE64.finditer(text):
        raw = found[0].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            clear = base64.b64decode(raw + "=" * (-len(raw) % 4))
        except binascii.Error:
            continue
        if re.search(rb"[\w.+-]@[\w-]+\.\w", clear):
            return True
    return False


def _is_own_address(own: Own, host: str) -> bool:
    try:
        return own.has_network(ip_network(host.strip("[]")))
    except ValueError:
        return False
