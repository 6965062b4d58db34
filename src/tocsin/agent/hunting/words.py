# SPDX-License-Identifier: Apache-2.0
"""Which values stand in the text of a log: whole words only, as programs write them.

A word ends at a blank, a quote, a bracket, a comma, a semicolon or a bar; in a word, what stands behind the last equals
sign counts (``src=192.0.2.1``), and a port, a zone or a full stop behind a host does not. Nothing is refanged: a log
holds what was on the wire. A host and a page without a scheme are a URL, an address and a length are a network, which
nobody visited.

>>> [str(one) for one in values_in('src=192.0.2.1:443 "GET http://Evil.example/a"')]
['ipv4:192.0.2.1', 'url:http://evil.example/a']
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from tocsin.domain.observable import DIGESTS, MAX_VALUE, Kind, Observable, normalise
from tocsin.errors import Malformed

SEPARATORS = " \t\r\n\v\f\"'`<>()[]{},;|\0"
"""Where one word ends and the next begins. `tocsin.agent.hunting.sieve` cuts bytes at the same."""
MIN_WORD, MAX_WORD = 4, MAX_VALUE
DIGEST_LENGTHS = {32: Kind.MD5, 40: Kind.SHA1, 64: Kind.SHA256, 128: Kind.SHA512}
assert set(DIGEST_LENGTHS.values()) == DIGESTS

_CUT = str.maketrans(dict.fromkeys(SEPARATORS, " "))
_HEX = re.compile(r"[0-9a-fA-F]+")
_URL = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)
_PORT = re.compile(r":\d{1,5}$", re.ASCII)
_REMEMBERED = 16_384
"""Words whose value is kept: a log says the same again and again. At most 40 MB."""


def values_in(text: str) -> Iterator[Observable]:
    """Every value in a text, in normal form; the same one as often as it stands there."""
    for word in text.translate(_CUT).split(" "):
        if (found := value_of(word)) is not None:
            yield found


@lru_cache(_REMEMBERED)
def value_of(word: str) -> Observable | None:
    """The value that a word is; None when it is none."""
    if not MIN_WORD <= len(word) <= MAX_WORD:
        return None
    if scheme := _URL.search(word):
        return _normal(Kind.URL, word[scheme.start() :].rstrip(".:"))
    bare = word.rpartition("=")[2].strip(".:")
    if (kind := DIGEST_LENGTHS.get(len(bare))) and _HEX.fullmatch(bare):
        return _normal(kind, bare)
    if bare.count(":") > 1:
        return _normal(Kind.IPV6, bare.partition("%")[0])
    return _at_host(bare) if "." in bare else None


def _at_host(bare: str) -> Observable | None:
    if "@" in bare:
        return _normal(Kind.EMAIL, bare.rpartition(":")[2])
    return _host_or_page(bare)


def _host_or_page(bare: str) -> Observable | None:
    """``host``, ``host:port``, ``host/page``; with a port and a page too."""
    place, slash, page = bare.partition("/")
    host = _PORT.sub("", place).rpartition(":")[2]
    is_address = _ADDRESS.fullmatch(host)
    if slash and not (is_address and page.isdecimal()):
        return _normal(Kind.URL, f"http://{bare}")
    if not is_address and host.isascii() and host.rpartition(".")[2].isdigit():
        return None  # a number of seconds, mostly: no name ends so
    return None if slash else _normal(Kind.IPV4 if is_address else Kind.DOMAIN, host)


def _normal(kind: Kind, text: str) -> Observable | None:
    try:
        return normalise(kind, text)
    except Malformed:
        return None
