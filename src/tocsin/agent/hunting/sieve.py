# SPDX-License-Identifier: Apache-2.0
"""Which lines of a block of text are worth reading exactly: nearly none are, and this says so cheaply.

All words of a block are looked at once each, however often they stand there. A line is let through when it holds a word
that may be a hit, or the host of a known URL, whose path may stand in another field; or a backslash, behind which JSON
may hide a letter. More lines may be let through than there are hits, and never fewer: whoever asks reads them again
(`tocsin.agent.hunting.records`).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from socket import AF_INET, inet_pton

from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.words import DIGEST_LENGTHS, MIN_WORD, SEPARATORS, value_of
from tocsin.domain.observable import Kind, Observable, host_of

_WORDS_EACH = 64
"""More words than these that may be hits are not searched one by one."""
_TABLE = bytes(
    ord(" ") if chr(code) in SEPARATORS else ord(chr(code).lower()) if code < 128 else code
    for code in range(256)
)
"""Cuts at the separators, and lowers letters."""
_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789.-_"
_DIGITS = b"0123456789."
_SIX = b"0123456789abcdef:./"
_HIDES = b"\\"


class Sieve:
    """For one index."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._wide = Index(Observable(_kind_of(host), host) for host in index.hosts())
        """What is known by nothing but a URL or a mail address on it."""

    def lines(self, block: bytes) -> Iterator[tuple[int, int]]:
        """Where the lines that are worth reading begin and end, in their order; they lie between newlines."""
        cut = block.translate(_TABLE)
        hits = self.words(set(cut.split()))
        if _HIDES in cut:
            hits.add(_HIDES)
        if len(hits) > _WORDS_EACH:
            return self._each(block, cut, hits)
        found: dict[int, int] = {}
        for word in hits:
            place = cut.find(word)
            while place >= 0:
                stop = block.find(b"\n", place)
                stop = len(block) if stop < 0 else stop
                found[block.rfind(b"\n", 0, place) + 1] = stop
                place = cut.find(word, stop)
        return iter(sorted(found.items()))

    def texts(self, texts: Sequence[str]) -> set[str]:
        """Those of the texts that hold such a word; a text may have several lines."""
        block = "\n".join(text for text in texts if "\n" not in text).encode()
        found = {block[start:stop].decode() for start, stop in self.lines(block)}
        several = (text for text in texts if "\n" in text)
        return found.union(text for text in several if any(True for _ in self.lines(text.encode())))

    def words(self, words: Iterable[bytes]) -> set[bytes]:
        """Those of the words, in lower case, that may be hits."""
        sorted_ = _Sorted()
        for word in words:
            if len(word) < MIN_WORD:
                continue
            if b"." in word or b":" in word or b"=" in word:
                sorted_.put(word)
            elif len(word) in DIGEST_LENGTHS:
                sorted_.digests[word.decode("latin-1")] = [word]
        found = set(filter(self._is_odd_hit, sorted_.odd))
        found.update(chain(*(sorted_.digests[one] for one in self._index.digests(sorted_.digests.keys()))))
        sound = _addresses_of(sorted_.addresses)
        for index in (self._index, self._wide):
            if len(index):
                found.update(chain(*(sorted_.names[name] for name in index.names(sorted_.names))))
                found.update(chain(*(sorted_.addresses[one] for one in index.addresses(sound))))
        return found

    def _is_odd_hit(self, word: bytes) -> bool:
        """Of a word that has to be put in normal form first."""
        seen = value_of(word.decode("utf-8", "replace"))
        if seen is None:
            return False
        host = host_of(seen)
        wide = Observable(_kind_of(host), host) if host and len(self._wide) else None
        return bool(self._index.match(seen) or (wide and self._wide.match(wide)))

    def _each(self, block: bytes, cut: bytes, hits: set[bytes]) -> Iterator[tuple[int, int]]:
        """The same when so many words may be hits that most lines hold one."""
        start = 0
        for line in block.split(b"\n"):
            stop = start + len(line)
            if not hits.isdisjoint(cut[start:stop].split()) or _HIDES in line:
                yield start, stop
            start = stop + 1


class _Sorted:
    """Words by the host or digest in them, so that most need not be put in normal form to be asked about."""

    def __init__(self) -> None:
        self.names: dict[str, list[bytes]] = {}
        self.addresses: dict[str, list[bytes]] = {}
        self.digests: dict[str, list[bytes]] = {}
        self.odd: list[bytes] = []

    def put(self, word: bytes) -> None:
        """A word with a dot, a colon or an equals sign; `value_of` reads it alike, and slowly."""
        scheme = word.find(b"://")
        if scheme >= 0:
            self._put_host(word, _host_of_url(word[scheme + 3 :]), is_url=True)
            return
        bare = word[word.rfind(b"=") + 1 :].strip(b".:")
        if len(bare) in DIGEST_LENGTHS:
            self.digests.setdefault(bare.decode("latin-1"), []).append(word)
        if bare.count(b":") > 1:
            if not bare.partition(b"%")[0].translate(None, _SIX):
                self.odd.append(word)
        elif host := _host_of_word(bare):
            self._put_host(word, host, is_url=False)

    def _put_host(self, word: bytes, host: bytes, *, is_url: bool) -> None:
        if host.translate(None, _PLAIN) or not host or b"xn--" in host:
            self.odd.append(word)
        elif host.translate(None, _DIGITS) and not host.rpartition(b".")[2].startswith(b"0x"):
            self.names.setdefault(host.decode(), []).append(word)
        elif is_url and not _is_address(host.decode()):
            self.odd.append(word)  # numbers that browsers take for addresses
        else:
            self.addresses.setdefault(host.decode(), []).append(word)


def _host_of_url(rest: bytes) -> bytes:
    """The host of what stands behind a scheme; something odd when there is another scheme in it."""
    if b"://" in rest:
        return b"://"
    return rest.partition(b"/")[0].partition(b"?")[0].rpartition(b"@")[2].partition(b":")[0].strip(b".")


def _host_of_word(bare: bytes) -> bytes:
    """The host of a name, a mail address, a host with a port or a page."""
    place = bare.rpartition(b"@")[2].partition(b"/")[0]
    host, _, port = place.partition(b":")
    return (host if not port or port.isdigit() else port).strip(b".")


def _addresses_of(words: Iterable[str]) -> list[str]:
    """Those that are IPv4 addresses: of four numbers there are others."""
    sound = list(words)
    try:
        for word in sound:
            inet_pton(AF_INET, word)
    except OSError:
        return [word for word in sound if _is_address(word)]
    return sound


def _is_address(word: str) -> bool:
    with suppress(OSError):
        inet_pton(AF_INET, word)
        return True
    return False


def _kind_of(host: str) -> Kind:
    if ":" in host:
        return Kind.IPV6
    return Kind.IPV4 if host[-1].isdigit() else Kind.DOMAIN
