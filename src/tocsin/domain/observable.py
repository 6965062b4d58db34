# SPDX-License-Identifier: Apache-2.0
"""Domains, addresses, networks, URLs, mail addresses, hashes, accounts and what stands around them in normal form.

Equal things are equal:

>>> normalise(Kind.DOMAIN, "WWW.Bücher.Example.")
Observable(kind=<Kind.DOMAIN: 'domain'>, value='www.xn--bcher-kva.example')
>>> normalise(Kind.URL, "HTTP://Evil.Example:80/%7Ea?q=1#frag").value
'http://evil.example/~a?q=1'

An IPv6 address or network that only carries an IPv4 one (mapped, NAT64, 6to4, Teredo, ISATAP) is that IPv4 one, so
that whoever knows the inner address knows both:

>>> normalise(Kind.IPV6, "::ffff:192.0.2.1")
Observable(kind=<Kind.IPV4: 'ipv4'>, value='192.0.2.1')

Defanged text is for `tocsin.agent.readers.extract`; here a value is either well formed or `Malformed`.
Sources: RFC 3986 §6.2.2 (URL normal form), UTS 46 (names), RFC 5952 (IPv6); RFC 4291 §2.5.5 (mapped, compatible),
RFC 6052 §2.1 and RFC 8215 (NAT64), RFC 3056 §2 (6to4), RFC 4380 §4 (Teredo), RFC 5214 §6.1 (ISATAP).
"""

import ipaddress
import re
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from urllib.parse import quote, unquote, urlsplit

import idna
import msgspec

from tocsin.domain.accounts import iban, wallet
from tocsin.domain.context import autonomous_system, bank_code, file_name, issuer_number
from tocsin.errors import Malformed

MAX_VALUE = 2_048
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
"""Asked of at most 253 characters."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,19}")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?!\Z)|\Z)){4}")
_LOCAL_PART = re.compile(r"[^\s@<>\"(),:;\[\]\\\x00-\x1f\x7f]{1,64}")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})?")
_NORMAL_URL = re.compile(
    r"(?:https?|ftp)://((?:[a-z0-9_-]++\.)++[a-z][a-z0-9_-]*+)"
    r"/(?:[!\"$&-~]++|%(?!2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)[0-9A-F]{2})*+(?<!\?)"
)
"""A URL at a name that is in normal form already, as most are: no port, no user, no fragment, no empty query, and of
what is escaped nothing that need not be."""
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


_CARRIERS = tuple(
    (int(network.network_address), network.prefixlen, before)
    for network, before in (
        (ipaddress.IPv6Network("::ffff:0:0/96"), 96),
        (ipaddress.IPv6Network("::ffff:0:0:0/96"), 96),
        (ipaddress.IPv6Network("64:ff9b::/96"), 96),
        (ipaddress.IPv6Network("64:ff9b:1::/48"), 96),
        (ipaddress.IPv6Network("2001::/32"), 96),
        (ipaddress.IPv6Network("2002::/16"), 16),
        (ipaddress.IPv6Network("::/96"), 96),
    )
)
"""Networks whose addresses carry an IPv4 address, as numbers, and how many bits stand before it: mapped, translated,
NAT64 twice, Teredo, 6to4, compatible."""
_TEREDO, _COMPATIBLE = _CARRIERS[4][0], _CARRIERS[-1][0]
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""What stands in the second half of an ISATAP address, before the IPv4 address."""


class Kind(StrEnum):
    """What a value is."""

    __hash__ = str.__hash__  # an enumeration's own is a call in Python

    DOMAIN = "domain"
    IPV4 = "ipv4"
    IPV6 = "ipv6"
    CIDR = "cidr"
    URL = "url"
    EMAIL = "email"
    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"
    IBAN = "iban"
    WALLET = "wallet"
    SYSTEM = "autonomous-system"
    FILE_NAME = "file-name"
    BIC = "bic"
    BIN = "bin"


AROUND = {
    Kind.SYSTEM: "an autonomous system has many customers",
    Kind.FILE_NAME: "any file may bear that name",
}
"""What may be told of an attack and proves nothing alone, with the reason why nobody blocks it unseen."""
OF_INSTITUTIONS = frozenset({Kind.BIC, Kind.BIN})
"""What names a bank or an issuer of cards and never an attack: it is recognised so that it stays."""


_HASH_LENGTHS = {Kind.MD5: 32, Kind.SHA1: 40, Kind.SHA256: 64, Kind.SHA512: 128}
DIGESTS = frozenset(_HASH_LENGTHS)


class Observable(msgspec.Struct, frozen=True, order=True, gc=False):
    """One value in normal form. Make it with `normalise`; equal things compare equal."""

    kind: Kind
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


def normalise(kind: Kind, raw: str) -> Observable:
    """The normal form of `raw` as that kind of value; Malformed when it is none."""
    text = raw.strip()
    if not text or len(text) > MAX_VALUE:
        raise Malformed(f"A {kind} has 1 to {MAX_VALUE} characters.")
    if not text.isascii() and _SURROGATE.search(text):
        raise Malformed(f"A {kind} is text; this holds half a character.")
    value = _NORMAL_FORMS[kind](text)
    if kind is Kind.IPV6 and ":" not in value:
        kind = Kind.IPV4
    if len(value) > MAX_VALUE:
        raise Malformed(f"The normal form of a {kind} has at most {MAX_VALUE} characters.")
    return Observable(kind, value)


def check_normal(observable: Observable) -> Observable:
    """Return it if it is its own normal form; Malformed otherwise. For values from outside."""
    if normalise(observable.kind, observable.value) != observable:
        raise Malformed(f"{observable.value[:80]!r} is not the normal form of a {observable.kind}.")
    return observable


def host_of(observable: Observable) -> str | None:
    """The host name or address that a value stands on, or None (hashes, networks)."""
    if observable.kind in (Kind.DOMAIN, Kind.IPV4, Kind.IPV6):
        return observable.value
    if observable.kind is Kind.EMAIL:
        return observable.value.rpartition("@")[2]
    if (
        observable.kind is Kind.URL
    ):  # in normal form: no user name, a slash behind the host, all of it in lower case
        place = observable.value.partition("://")[2].partition("/")[0]
        return place[1:].partition("]")[0] if place.startswith("[") else place.partition(":")[0]
    return None


def path_of(observable: Observable) -> str:
    """The path of a URL, beginning with a slash; empty for anything else."""
    return urlsplit(observable.value).path if observable.kind is Kind.URL else ""


def defang(text: str) -> str:
    """Make a value safe to show: no program turns it into a link."""
    return text.replace("http", "hxxp", 1).replace(".", "[.]").replace("@", "[@]")


def _domain(text: str) -> str:
    name = text.rstrip(".").lower()
    if not name.isascii() or "xn--" in name:
        try:
            name = idna.encode(name, uts46=True, transitional=False).decode()
        except (idna.IDNAError, UnicodeError) as error:
            raise Malformed(f"{text[:80]!r} is not a domain name: {error}.") from None
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise Malformed(f"{text[:80]!r} is not a domain name.")
    if name.rpartition(".")[2].isdigit():
        raise Malformed(f"{text[:80]!r} ends in digits: it is not a domain name.")
    return name


def _ipv4(text: str) -> str:
    if _IPV4.fullmatch(text):
        return text
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError as error:
        raise Malformed(f"{text[:60]!r} is not an IPv4 address: {error}.") from None


def _ipv6(text: str) -> str:
    alone = text.strip("[]").partition("%")[0].removesuffix("/128")
    try:
        address = ipaddress.IPv6Address(alone)
    except ValueError as error:
        raise Malformed(f"{text[:60]!r} is not an IPv6 address: {error}.") from None
    carried = _carried(int(address), 128)
    return str(address if carried is None else carried.network_address)


def _cidr(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise Malformed(f"{text[:60]!r} is not a network in CIDR form: {error}.") from None
    if isinstance(network, ipaddress.IPv4Network):
        return str(network)
    return str(_carried(int(network.network_address), network.prefixlen) or network)


def _carried(first: int, length: int) -> ipaddress.IPv4Network | None:
    """The IPv4 network that an IPv6 network only carries; Malformed when it is wider than all of IPv4.

    `first` is the network's first address and `length` that of its prefix: in numbers this is several times as fast.
    """
    found = _carrier(first, length)
    if found is None:
        return None
    carrier, before = found
    if length < before:
        raise Malformed("The network is wider than all IPv4 addresses, which it carries.")
    inner = first >> (96 - before) & 0xFFFF_FFFF
    if carrier == _TEREDO:
        inner ^= 0xFFFF_FFFF
    return ipaddress.IPv4Network((inner, min(32, length - before)), strict=False)


def _carrier(first: int, length: int) -> tuple[int, int] | None:
    """What of `_CARRIERS` a network meets. The first addresses of all, such as ``::1``, carry none."""
    for carrier, wide, before in _CARRIERS:
        beyond = 128 - min(length, wide)
        if first >> beyond == carrier >> beyond and (carrier != _COMPATIBLE or first >= 2**24):
            return carrier, before
    is_isatap = length >= 96 and first >> 32 & 0xFFFF_FFFF in _ISATAP
    return (first, 96) if is_isatap else None


def _host(text: str) -> str:
    """A URL's host: a name, an IPv4 address, or an IPv6 address in brackets."""
    if text.startswith("["):
        address = _ipv6(text)
        return f"[{address}]" if ":" in address else address
    name = unquote(text).rstrip(".")
    return _browser_ipv4(name) if _NUMBER.fullmatch(name.rpartition(".")[2]) else _domain(name)


def _browser_ipv4(text: str) -> str:
    """An IPv4 address as browsers read it: parts in decimal, octal or hex, the last one filling the rest (WHATWG URL).

    Phishing hides addresses as ``http://0xc0000201/`` and ``http://0300.0.513/``, which every browser follows.
    """
    parts = text.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise Malformed(f"{text[:60]!r} is not an IPv4 address.")
    *first, last = (
        int(part, 16 if part[:2] in ("0x", "0X") else 8 if part[0] == "0" else 10) for part in parts
    )
    if any(octet > 255 for octet in first) or last >= 256 ** (5 - len(parts)):
        raise Malformed(f"{text[:60]!r} is not an IPv4 address.")
    return str(
        ipaddress.IPv4Address(sum(octet << 8 * (3 - place) for place, octet in enumerate(first)) + last)
    )


def _percent(text: str) -> str:
    """RFC 3986 §6.2.2: decode unreserved octets, upper-case the others, encode what is not ASCII or is a space.

    A percent sign that starts no octet is encoded too: left alone, it could form one with what is decoded after it.
    """

    def one(match: re.Match[str]) -> str:
        """One percent sign with what follows: a stray one is a character itself."""
        if match[1] is None:
            return "%25"
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else f"%{match[1].upper()}"

    return quote(_PERCENT.sub(one, text), safe="%/?:@!$&'()*+,;=-._~[]|{}^`\\\"<>")


def _url(text: str) -> str:
    if (normal := _NORMAL_URL.fullmatch(text)) and _domain(normal[1]) == normal[1]:
        return text
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise Malformed(f"{text[:80]!r} is not a URL: {error}.") from None
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https", "ftp") or not parts.netloc:
        raise Malformed(f"{text[:80]!r} is not an http, https or ftp URL.")
    bracketed = parts.netloc.rpartition("@")[2].startswith("[")
    host = _host(f"[{parts.hostname}]" if bracketed else parts.hostname or "")
    usual = {"http": 80, "https": 443, "ftp": 21}[scheme]
    place = host if port in (None, usual) else f"{host}:{port}"
    query = f"?{_percent(parts.query)}" if parts.query else ""
    return f"{scheme}://{place}{_percent(parts.path) or '/'}{query}"


def _email(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL_PART.fullmatch(local) or not local.isprintable():
        raise Malformed(f"{text[:80]!r} is not an e-mail address.")
    return f"{local.lower()}@{_domain(domain)}"


def _digest(kind: Kind, text: str) -> str:
    value = text.lower()
    if len(value) != _HASH_LENGTHS[kind] or not set(value) <= set("0123456789abcdef"):
        raise Malformed(f"{text[:80]!r} is not a {kind} of {_HASH_LENGTHS[kind]} hexadecimal digits.")
    return value


_NORMAL_FORMS: dict[Kind, Callable[[str], str]] = {
    Kind.DOMAIN: _domain,
    Kind.IPV4: _ipv4,
    Kind.IPV6: _ipv6,
    Kind.CIDR: _cidr,
    Kind.URL: _url,
    Kind.EMAIL: _email,
    Kind.MD5: partial(_digest, Kind.MD5),
    Kind.SHA1: partial(_digest, Kind.SHA1),
    Kind.SHA256: partial(_digest, Kind.SHA256),
    Kind.SHA512: partial(_digest, Kind.SHA512),
    Kind.IBAN: iban,
    Kind.WALLET: wallet,
    Kind.SYSTEM: autonomous_system,
    Kind.FILE_NAME: file_name,
    Kind.BIC: bank_code,
    Kind.BIN: issuer_number,
}
