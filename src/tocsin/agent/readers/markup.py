# SPDX-License-Identifier: Apache-2.0
"""What an HTML body can lead a person to, what it loads by itself, and what it says.

A *link* is what somebody follows or posts to: ``a`` and ``area`` href, ``form`` action, ``formaction``, ``meta``
refresh, ``iframe`` and ``frame`` src, resolved against ``base``. A *resource* is what a program loads: images,
styles, backgrounds, scripts; it is much weaker evidence, since phishing borrows the real bank's logo. Hosts in xmlns,
DTDs, CSS and comments are neither: reading them as values costs one sixth of precision on real mail.
"""

import re
from collections.abc import Iterator
from itertools import chain
from urllib.parse import urljoin

import msgspec
from lxml import etree

MAX_LINKS = 5_000
_CUT = 50
"""Links of which each is cut out of a text by itself."""
_LEADING = {"a": "href", "area": "href", "form": "action", "button": "formaction", "input": "formaction",
            "iframe": "src", "frame": "src", "meta": "content", "base": "href", "link": "href"}  # fmt: skip
"""The elements that lead somewhere, or load what is there, and the attribute that says where."""
_RESOURCES = tuple(
    etree.XPath(f"/descendant::*/@{name}", smart_strings=False)
    for name in ("src", "background", "data", "poster", "srcset")
)
_TEXTS = etree.XPath("//text()", smart_strings=False)
_REFRESH = re.compile(r"url\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_RAW_LINK = re.compile(r"(?:href|action)\s*=\s*[\"']?\s*([^\"'\s>]{4,4000})", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,20}):", re.IGNORECASE)
_BLANKS = re.compile(r"[\t\r\n\x00]")


class Page(msgspec.Struct, frozen=True):
    """One HTML body, taken apart."""

    links: tuple[tuple[str, str], ...] = ()
    """What can be followed, as (place, URL): absolute http, https or ftp."""
    resources: tuple[str, ...] = ()
    """URLs of what is loaded by itself."""
    mailto: tuple[str, ...] = ()
    """Addresses that links write to."""
    text: str = ""
    """What a person reads."""
    loose_text: str = ""
    """The same without what stands inside links: a URL there is shown, not followed."""
    defect: str = ""
    """Why only a rough scan for links was possible, or nothing."""


def read_page(source: str) -> Page:
    """Take an HTML body apart; broken markup is read as far as a browser would, or scanned for links."""
    # Decoded by us and handed over as UTF-8, so that no <meta charset> in the body changes what the bytes mean.
    data = source.replace("\x00", "").encode("utf-8", "replace")
    parser = etree.HTMLParser(encoding="utf-8", recover=True, no_network=True, remove_comments=True,
                              remove_pis=True, remove_blank_text=True, collect_ids=False,
                              huge_tree=True)  # fmt: skip
    try:
        root = etree.fromstring(data, parser) if data.strip() else None
    except etree.XMLSyntaxError as error:
        return _scanned(source, f"its HTML cannot be parsed ({error.msg})")
    if root is None:
        return Page()
    if any(entry.level_name == "FATAL" for entry in parser.error_log):
        return _scanned(
            source, f"its HTML is beyond the parser's bounds ({parser.error_log.last_error.message})"
        )
    return _taken_apart(root)


def _taken_apart(root: etree._Element) -> Page:
    led = _led(root)
    base = next((href for href in led.pop("base") if _SCHEME.match(href)), "")
    loaded = [*chain.from_iterable(found(root) for found in _RESOURCES), *led.pop("link")]
    targets = [(place, _absolute(raw, base)) for place, raw in _targets(led)]
    resources = [_absolute(raw, base) for raw in loaded]
    _strip(root, "script", "style", "title")
    text = _text(root)
    return Page(
        links=tuple((place, url) for place, url in targets if _is_web(url))[:MAX_LINKS],
        resources=tuple(dict.fromkeys(url for url in resources if _is_web(url)))[:MAX_LINKS],
        mailto=tuple(url[7:].partition("?")[0] for _, url in targets if url[:7].lower() == "mailto:")[
            :MAX_LINKS
        ],
        text=text,
        loose_text=_loose(root, text),
    )


def _led(root: etree._Element) -> dict[str, list[str]]:
    """Where each kind of element leads, in its own words and in the order of the page: in one walk, for many pages are
    long.
    """
    led: dict[str, list[str]] = {tag: [] for tag in _LEADING}
    for document in (root, *root.itersiblings()):
        for element in document.iter(*_LEADING):
            raw = element.get(_LEADING[element.tag])
            if raw is not None and (element.tag != "meta" or "http-equiv" in element.attrib):
                led[element.tag].append(raw)
    return led


def _targets(led: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Each place that can be followed, in no order of kind: numbered as a person would count them."""
    refreshing = led.pop("meta")
    for tag, found in led.items():
        for number, raw in enumerate(found, 1):
            yield f"{'link' if tag == 'a' else tag} {number}", raw
    for number, content in enumerate(refreshing, 1):
        for raw in _REFRESH.findall(content[:4_000]):
            yield f"refresh {number}", raw


def _absolute(raw: str, base: str) -> str:
    """The URL as a browser would follow it: blanks and backslashes mended, relative to `base`; may be no URL at all."""
    url = (raw if raw.isprintable() else _BLANKS.sub("", raw)).strip()
    scheme = _SCHEME.match(url)
    if scheme:
        return url.replace("\\", "/") if scheme[1].lower() in ("http", "https", "ftp") else url
    url = url.replace("\\", "/")
    if url.startswith("//"):
        return f"https:{url}"
    if url[:4].lower() == "www.":
        return f"http://{url}"
    try:
        return urljoin(base, url) if base and url else ""
    except ValueError:
        return ""


def _is_web(url: str) -> bool:
    return url[:8].lower().startswith(("http:", "https:", "ftp:"))


def _loose(root: etree._Element, text: str) -> str:
    """The text of a page without what stands inside its links.

    Reading the tree a second time is the last resort: some pages hide whole books.
    """
    links = [link for document in (root, *root.itersiblings()) for link in document.iter("a")]
    left = _without(text, links) if len(links) <= _CUT else None
    if left is None:
        _strip(root, "a")
        left = _text(root)
    return left


def _without(text: str, links: list[etree._Element]) -> str | None:
    """A text without the words of each link; None where they do not stand in it exactly once."""
    left = f" {text} "
    for link in links:
        if words := " ".join(" ".join(link.itertext()).split()):
            at = left.find(f" {words} ")
            if at < 0 or at != left.rfind(f" {words} "):
                return None
            left = left[:at] + left[at + len(words) + 1 :]
    return left.strip()


def _strip(root: etree._Element, *tags: str) -> None:
    """Take the elements of these names out; a body may hold a second document behind the first, which is shown too."""
    for document in (root, *root.itersiblings()):
        etree.strip_elements(document, *tags, with_tail=False)


def _text(root: etree._Element) -> str:
    return " ".join(" ".join(_TEXTS(root)).split())


def _scanned(source: str, why: str) -> Page:
    """Without a tree: whatever follows ``href=`` or ``action=``."""
    raw = (_absolute(match[1], "") for match in _RAW_LINK.finditer(source))
    links = [(f"link {number}", url) for number, url in enumerate(raw, 1) if _is_web(url)]
    return Page(links=tuple(links[:MAX_LINKS]), defect=why)
