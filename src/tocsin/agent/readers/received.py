# SPDX-License-Identifier: Apache-2.0
"""The way that a mail took: its Received fields → `Hop`s, topmost first. Nothing is believed or judged here.

The field's form is free in practice (RFC 5321 §4.4 is followed by few), so four are read; the address is never the one
that the client itself gave in its HELO:

=====================================  =============================================================
``from HELO (reverse.name [address])``  Postfix, sendmail; *may be forged* takes the reverse name back
``from reverse.name (HELO x) (addr)``   qmail; Exim writes ``([addr] helo=x)``
``from HELO (address)``                 Exchange: no reverse name is told
``by host``                             handed over by nobody: the server's own step; so is ``with IMAP``, a
                                        mailbox that somebody fetched from
=====================================  =============================================================

`tocsin.agent.redaction.route` says which hops are the bank's own and which is the last foreign one.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import islice

from tocsin.agent.readers.gather import plain
from tocsin.agent.readers.reading import Hop
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import Malformed

PLACE = "received header"
"""How the place of a hop ends, but for its number."""
MAX_HOPS = 30
"""Hops of one mail that are read, from the top; a mail passes five or six."""
MAX_FIELD = 2_000

# Each begins with a class of letters, so that the search passes over all others.
_BY = re.compile(r"[(bB](?:(?<=\()(?:[^()]++|\([^()]*+\))*+\)|(?<=[bB])(?<!\S.)[yY]\s+([^\s;()]{1,255}))")
"""A comment, in which a client may have written anything, or what stands behind *by*."""
_FETCHED = re.compile(r"\s(?i:with\s+(?:imap|pop|fetchmail|getmail))")
_FROM = re.compile(r"\s*from\s+([^\s()]{1,255})", re.IGNORECASE)
_HELO = re.compile(r"[hHeE](?<!\w.)(?i:(?<=h)elo|(?<=e)hlo)[=\s]+([^\s()]{1,255})")
_REVERSE = re.compile(r"\(\s*(?:[^\s()\[\]@]{1,64}@)?([^\s()\[\]@]{1,255})\s+\[")
_ADDRESS = re.compile(r"[\[(](?:(?i:IPv6):)?([0-9A-Fa-f:.]{3,45})[\])]")
_PRIVATE = {
    bits: tuple((int(net.network_address), int(net.broadcast_address)) for net in map(ip_network, nets))
    for bits, nets in (
        (32, ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
              "192.168.0.0/16")),
        (128, ("::/127", "fc00::/7", "fe80::/10")),
    )
}  # fmt: skip
"""By the length of an address: the first and the last of each network."""


def hops_in(values: Iterable[str], prefix: str) -> list[Hop]:
    """The hops of one mail; `prefix` begins their places. A field that says neither from whom nor by whom is none."""
    hops = []
    for number, value in enumerate(islice(values, MAX_HOPS), start=1):
        place = f"{prefix}{PLACE}{f' {number}' if number > 1 else ''}"
        if hop := _hop(plain(value, MAX_FIELD), place):
            hops.append(hop)
    return hops


@lru_cache(1_024)
def is_public(text: str) -> bool:
    """Whether it is an address outside of anybody's own network; documentation addresses count as public."""
    try:
        address = IPv6Address(text) if ":" in text else IPv4Address(text)
    except ValueError:
        return False
    number = int(address)
    return not any(first <= number <= last for first, last in _PRIVATE[address.max_prefixlen])


def _hop(value: str, place: str) -> Hop | None:
    by = next((found for found in _BY.finditer(value) if found[1]), None)
    origin = value[: by.start()] if by else value
    taken_by = _name(by[1]) if by else ""
    handed = _FROM.match(origin)
    if handed is None or (by and _FETCHED.search(value, by.end())):
        return Hop(place, "", "", "", taken_by) if by else None
    rest = origin[handed.end() :]
    helo = _HELO.search(rest)
    reverse = _REVERSE.search(rest)
    looked_up = _name(handed[1]) if helo else _name(reverse[1]) if reverse else ""
    if "may be forged" in rest or (looked_up and _address(f"[{looked_up}]")):
        looked_up = "unknown"
    address = _address(_HELO.sub(" ", rest) if helo else rest) or _address(f"[{handed[1].strip('[]')}]")
    return Hop(place, address, _name(helo[1] if helo else handed[1]), looked_up, taken_by)


def _name(text: str) -> str:
    return text.strip("[].").lower()


def _address(text: str) -> str:
    """The first address in brackets, as `Observable` writes it; empty when there is none."""
    return next(filter(None, map(_normal, _ADDRESS.findall(text))), "")


@lru_cache(1_024)  # the same few hosts hand over most mails
def _normal(text: str) -> str:
    try:
        return normalise(Kind.IPV6 if ":" in text else Kind.IPV4, text).value
    except Malformed:
        return ""
