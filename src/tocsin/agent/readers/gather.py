# SPDX-License-Identifier: Apache-2.0
"""What one file has yielded so far: each value once per part, in normal form, all of it bounded.

A value that cannot be put in normal form becomes a `Defect` with its place, unless it was only guessed from text.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from urllib.parse import unquote, urlsplit

from tocsin.agent.readers.extract import (
    accounts_in,
    addresses_in,
    around_in,
    defanged_hosts_in,
    files_in,
    mentions_in,
    refang,
    urls_in,
)
from tocsin.agent.readers.reading import Defect, Found
from tocsin.domain.observable import Kind, Observable, host_of, normalise
from tocsin.errors import Malformed

MAX_FOUND = 40_000
"""Values kept from one file; a mail has some ten, the largest vendor report some thousands."""
MAX_URLS = 5_000
"""URLs read from one running text."""
MAX_DEFECTS = 1_000
MAX_RAW = 400
MAX_CARRIED = 3
_REMEMBERED = 4_096
"""Values whose normal form is remembered: a mail names its hosts again and again, and the next one of its wave too."""
"""Links inside each other that are followed."""
_CARRIED = re.compile(r"[?&][\w.-]{1,60}=(https?(?:://|%3A%2F%2F)[^&]{4,2000})", re.IGNORECASE)
_AFTER = re.compile(r"'\)|[\u201c\u201d\u2018\u2019\u00ab\u00bb\\]")
_ENDING = re.compile(r"\w\.[a-z0-9]{1,10}$")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


_remembered = lru_cache(_REMEMBERED)(normalise)


def _normal(kind: Kind, raw: str) -> Observable:
    """As `normalise`; what is remembered is no longer than a value may be, however many blanks are around it."""
    return _remembered(kind, raw.strip())


def plain(text: str, bound: int) -> str:
    """Text that can be shown and sent: no control characters but tab and line feed, at most `bound` characters."""
    shown = text[:bound]
    return shown if shown.isprintable() else _CONTROLS.sub(" ", shown)


class Gathering:
    """The values and the defects of one file, in the order in which they stood."""

    def __init__(self) -> None:
        self._found: dict[tuple[Observable, str], Found] = {}
        self._defects: list[Defect] = []

    def found(self) -> tuple[Found, ...]:
        """Every value, once for each part that it plays."""
        return tuple(self._found.values())

    def defects(self) -> tuple[Defect, ...]:
        """Everything that could not be read, up to the bound and a word that there was more."""
        return tuple(self._defects)

    def defect(self, where: str, reason: str) -> None:
        """Note what could not be read, and where."""
        if len(self._defects) < MAX_DEFECTS:
            self._defects.append(Defect(plain(where, MAX_RAW), plain(reason, MAX_RAW)))
        elif len(self._defects) == MAX_DEFECTS:
            self._defects.append(
                Defect("the file", f"has more than {MAX_DEFECTS} defects; the rest is not listed")
            )

    def value(self, kind: Kind, raw: str, part: str, where: str) -> None:
        """Keep one value that stands for itself; a defect when it is none of that kind, unless it is a file's name.

        Names of files are written in so many ways that none is a defect; one without an ending is not kept.
        """
        if kind is Kind.FILE_NAME:
            with suppress(Malformed):
                name = _normal(kind, raw)
                if _ENDING.search(name.value):
                    self._keep(name, part, where, name.value)
            return
        try:
            self._keep(_normal(kind, raw), part, where, raw)
        except Malformed as error:
            self.defect(where, error.detail)
            if kind is Kind.URL:
                self._keep_host_only(raw, part, where)

    def link(self, raw: str, where: str, depth: int = 0) -> None:
        """Keep a URL that a person can follow, the host on which it lands, and a URL that it carries in its query.

        Redirectors, and mail gateways that rewrite links (Safe Links and the like), carry the true target so.
        """
        try:
            link = _normal(Kind.URL, raw)
        except Malformed as error:
            self.defect(where, error.detail)
            self._keep_host_only(raw, "landing-host", where)
            return
        self._follow(link, where, raw, depth)

    def mention(self, kind: Kind, raw: str, where: str) -> None:
        """Keep one value that is only named; nothing when it is none of that kind."""
        with suppress(Malformed):
            self._keep(_normal(kind, raw), "text", where, raw)

    def host(self, host: str, part: str, where: str, raw: str) -> None:
        """Keep a host that is in normal form already."""
        kind = Kind.IPV6 if ":" in host else Kind.IPV4 if host.rpartition(".")[2].isdigit() else Kind.DOMAIN
        self._keep(Observable(kind, host), part, where, raw)

    def text(self, text: str, where: str) -> None:
        """Keep what running text names: URLs, which mail programs make clickable, and other values as mentioned."""
        refanged = refang(text)
        for number, url in enumerate(urls_in(refanged)):
            if number >= MAX_URLS:
                self.defect(where, f"holds more than {MAX_URLS} URLs; the rest was not read")
                break
            with suppress(Malformed):
                self._follow(_normal(Kind.URL, url), where, url)
        beside = chain(accounts_in(text), around_in(text))
        for kind, raw in chain(defanged_hosts_in(text, refanged), mentions_in(refanged), beside):
            self.mention(kind, raw, where)

    def prose(self, text: str, where: str) -> None:
        """Keep what a person wrote about: what was defanged was meant (``named``), the rest only mentioned."""
        refanged = refang(text)
        mentions = [*defanged_hosts_in(text, refanged), *mentions_in(refanged)]
        plainly = {*_quoted(urls_in(text)), *(raw for _, raw in mentions if raw in text)}
        for number, url in enumerate(_quoted(urls_in(refanged))):
            if number >= MAX_URLS:
                self.defect(where, f"holds more than {MAX_URLS} URLs; the rest was not read")
                break
            with suppress(Malformed):
                link = _normal(Kind.URL, url)
                self._keep(link, "text" if url in plainly else "named", where, url)
                if url not in plainly:
                    self.host(host_of(link) or "", "named", where, url)
        for kind, raw in mentions:
            with suppress(Malformed):
                self._keep(_normal(kind, raw), "text" if raw in plainly else "named", where, raw)
        for kind, raw in (*accounts_in(text), *addresses_in(text), *around_in(text)):
            self.mention(kind, raw, where)
        for raw in files_in(text):
            self.value(Kind.FILE_NAME, raw, "text", where)

    def _follow(self, link: Observable, where: str, raw: str, depth: int = 0) -> None:
        self._keep(link, "link", where, raw)
        host = host_of(link)
        if host:
            self.host(host, "landing-host", where, raw)
        inner = _CARRIED.search(link.value) if depth < MAX_CARRIED else None
        if inner:
            self.link(unquote(inner[1]), f"{where}, the URL it carries" if depth == 0 else where, depth + 1)

    def _keep(self, observable: Observable, part: str, where: str, raw: str) -> None:
        if len(self._found) >= MAX_FOUND:
            self.defect(where, f"the file names more than {MAX_FOUND} values; this one is not kept")
            return
        if (observable, part) not in self._found:
            found = Found(observable, part, plain(where, MAX_RAW), plain(raw, MAX_RAW))
            self._found[observable, part] = found

    def _keep_host_only(self, raw: str, part: str, where: str) -> None:
        """A URL that is too long, broken after its host or of another scheme still tells where it leads."""
        with suppress(Malformed, ValueError):
            stem = urlsplit(raw.strip()[:2_000])
            # WebDAV writes file://host@port/…, where others write user@host.
            place = stem.netloc.partition("@")[0] if stem.scheme == "file" else stem.netloc
            host = host_of(_normal(Kind.URL, f"http://{place}/"))
            if host:
                self.host(host, part, where, raw)


def _quoted(urls: Iterable[str]) -> Iterator[str]:
    """Each without the quotation mark behind it, and what a command line has there: ``http://a.example/b')&c.exe``."""
    return (_AFTER.split(url, maxsplit=1)[0] for url in urls)
