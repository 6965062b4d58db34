# SPDX-License-Identifier: Apache-2.0
"""Whether some bytes tell which bank was attacked. Knows nothing of the product: no import, no shared list.

`leaks_in` reads the bytes as they are and with every encoding taken off (percent, quoted-printable, base64,
hexadecimal, punycode, HTML and JSON escapes, UTF-16), nested three deep, folds case, accents, look-alike letters and
digits, and looks for the names and the genuine domains of one bank, however their words are joined.

One thing is allowed, as the brief of the door says: a bank's name inside the *registered* part of an attacker's own
host, or in the local part of a mailbox at a mail provider, when that host or mailbox is itself a whole value. The same
name below the registered domain, in a path, a query, or loose in the bytes is a leak, and a genuine domain always is.
"""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes


@dataclass(frozen=True)
class Secrets:
    """What must not be seen of one bank. Names are written in words; joined forms are found by themselves."""

    names: tuple[str, ...]
    domains: tuple[str, ...]


@dataclass(frozen=True)
class Leak:
    """One sighting: what, after which decoding, and what stands around it."""

    secret: str
    how: str
    around: str


# Look-alikes by appearance, to ASCII; the digits that are read as letters are tried as a second folding.
_LOOKS = {
    **dict(zip("АВЕКМНОРСТУХаеорсухіјѕԁһԛԝѵгпиьӏ", "abekmhopctyxaeopcyxijsdhqwvrnubl", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορτυχωβη", "abezhikmnoptyxaeikvoptuxwbn", strict=True)),
    "ı": "i",
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ɑ": "a",
    "ɡ": "g",
    "ƅ": "b",
    "ß": "ss",
}
_LEET = str.maketrans("013458$|", "oleasbsl")

PROVIDERS = frozenset(
    [
        "gmail.com",
        "outlook.com",
        "hotmail.com",
        "yahoo.com",
        "live.com",
        "icloud.com",
        "gmx.de",
        "proton.me",
        "yahoo.com.br",
    ]
)
_SECOND_LEVEL = frozenset(
    ["com", "co", "net", "org", "gov", "gob", "edu", "ac", "ind", "adv", "emp", "b", "or", "kyiv", "im"]
)
_SHARED = (
    "a.run.app", "cloudfunctions.net", "web.app", "firebaseapp.com", "appspot.com", "blogdns.com", "duckdns.org",
    "blogspot.com", "github.io", "pages.dev", "workers.dev", "netlify.app", "vercel.app", "amazonaws.com",
    "bubbleapps.io", "co.ua", "kyiv.ua", "windows.net", "myopenstacklocal.com",
)  # fmt: skip
_FILES = frozenset(
    ["html", "htm", "php", "asp", "aspx", "jsp", "pdf", "png", "jpg", "gif", "js", "css", "eml", "exe", "svg"]
)

_EDGE = r"\s\"'<>{}\[\](),;|\\`\x00-\x1f\x7f-\uffff"
_TOKEN = re.compile(rf"[^{_EDGE}]+")
_PARTS = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?(?:(?P<local>[^@/?#]*)@)?(?P<host>[^/?#:@]*)(?P<rest>.*)", re.DOTALL
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{6,}={0,2}")
_HEX = re.compile(rb"[0-9A-Fa-f]{8,}")
_WIDE = re.compile(rb"(?:[\x20-\x7e]\x00){2,}|(?:\x00[\x20-\x7e]){2,}")
_ESCAPE = re.compile(rb"\\u([0-9a-fA-F]{4})")
_BREAK = b"\n\0"
_PUNY = re.compile(rb"(?i)xn--([a-z0-9-]+)")


def leaks_in(data: bytes, secrets: Secrets) -> list[Leak]:
    """Every sighting of the bank in some bytes that is not allowed."""
    patterns = list(_patterns(secrets))
    found: dict[tuple[str, str], Leak] = {}
    for how, view in _views(data):
        written = _fold(view.decode("utf-8", "replace"))
        for folding, text in _foldings(written):
            for secret, pattern, least in patterns:
                if folding == "look-alike digits" and least:
                    continue
                for hit in pattern.finditer(text):
                    if not _allowed(written, hit.start(), hit.end(), secrets):
                        around = text[max(0, hit.start() - 40) : hit.end() + 40]
                        found.setdefault((secret, around), Leak(secret, f"{how}, {folding}", around))
    return list(found.values())


def _patterns(secrets: Secrets) -> Iterator[tuple[str, re.Pattern[str], bool]]:
    """One per secret; names under five letters count only as whole words in printable text."""
    for name in secrets.names:
        words = _fold(name).split()
        body = r"[\W_]{0,3}".join(map(re.escape, words))
        if len("".join(words)) >= 5:
            yield name, re.compile(body), False
        else:
            yield name, re.compile(rf"(?<![a-z0-9])(?<=[\x20-\x7e]){body}(?![a-z0-9])(?=[\x20-\x7e])"), True
    for domain in secrets.domains:
        body = r"[.=_%-]{1,3}".join(map(re.escape, domain.split(".")))
        yield domain, re.compile(rf"(?<![a-z0-9]){body}(?![a-z0-9])"), len(domain) < 8


def _allowed(text: str, start: int, end: int, secrets: Secrets) -> bool:
    """Whether the hit is the attacker's own registered name, as a whole value."""
    token = next((t for t in _TOKEN.finditer(text, max(0, start - 2_100)) if t.end() >= end), None)
    if token is None or token.start() > start:
        return False
    parts = _PARTS.fullmatch(token[0])
    if parts is None:
        return False
    host, at = parts["host"], token.start()
    if any(host == domain or host.endswith("." + domain) for domain in secrets.domains):
        return False
    if parts["local"] and start < at + parts.end("local"):
        return host in PROVIDERS and start >= at + parts.start("local") and end <= at + parts.end("local")
    own = registered(host)
    ending = host.rpartition(".")[2]
    is_value = "." in host and ending not in _FILES and (ending.isalpha() or ending.startswith("xn--"))
    return is_value and start >= at + parts.end("host") - len(own) and end <= at + parts.end("host")


def registered(host: str) -> str:
    """What somebody registered, by a few rules of thumb."""
    shared = next((s for s in _SHARED if host.endswith("." + s)), None)
    labels = host.split(".")
    if shared:
        return ".".join(labels[-(shared.count(".") + 2) :])
    deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if deep else -2 :])


def _views(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes, each decoding of them, and each decoding of those, three deep."""
    layer = [("as it stands", data)]
    seen = {data}
    for _ in range(4):
        following = []
        for how, view in layer:
            yield how, view
            for name, other in _decoded(view):
                if other and other not in seen:
                    seen.add(other)
                    following.append((name if view is data else f"{how}, {name}", other))
        layer = following


def _decoded(view: bytes) -> Iterator[tuple[str, bytes]]:
    """One decoding at a time of everything in the bytes that may be encoded so."""
    if b"%" in view:
        yield "percent", unquote_to_bytes(view)
    if b"=" in view:
        yield "quoted-printable", binascii.a2b_qp(view)
        yield "VERP", view.replace(b"=", b"@")
    if b"&" in view:
        yield "HTML", html.unescape(view.decode("utf-8", "replace")).encode()
    if b"\\u" in view:
        yield "JSON", _ESCAPE.sub(lambda hit: chr(int(hit[1], 16)).encode("utf-8", "replace"), view)
    yield "UTF-16", _BREAK.join(run.replace(b"\0", b"") for run in _WIDE.findall(view))
    yield "punycode", _BREAK.join(map(_unpuny, _PUNY.findall(view)))
    for skip in range(2):
        runs = [run[skip : len(run) - (len(run) - skip) % 2] for run in _HEX.findall(view)]
        yield "hexadecimal", _BREAK.join(map(binascii.unhexlify, runs))
    runs = [run.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/") for run in _BASE64.findall(view)]
    for skip in range(4):
        yield "base64", _BREAK.join(_unbase64(run[skip:]) for run in runs)


def _unpuny(label: bytes) -> bytes:
    try:
        return label.decode().encode().decode("punycode").encode()
    except UnicodeError:
        return b""


def _unbase64(digits: bytes) -> bytes:
    whole = digits[: len(digits) - (len(digits) % 4 == 1)]
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))


def _foldings(written: str) -> Iterator[tuple[str, str]]:
    """The text, and the text with digits read as letters, character for character."""
    yield "folded", written
    leet = written.translate(_LEET)
    if leet != written:
        yield "look-alike digits", leet


def _fold(text: str) -> str:
    """Lower case without accents, look-alike letters as the ones they look like."""
    looks = "".join(_LOOKS.get(c, c) for c in text) if not text.isascii() else text
    flat = unicodedata.normalize("NFKD", looks) if not looks.isascii() else looks
    return "".join(c for c in flat if not unicodedata.combining(c)).lower()
