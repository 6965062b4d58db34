# SPDX-License-Identifier: Apache-2.0
"""A tolerant reader for STIX patterns: which values does a pattern look for?

It takes the comparisons ``path = 'v'``, ``path IN ('v', …)`` and ``path ISSUBSET 'network'`` out of any combination of
brackets, AND, OR, FOLLOWEDBY and qualifiers. What a pattern excludes (NOT, ``!=``) and what only describes a value
(LIKE, MATCHES, <, >) names none. It does not evaluate patterns. STIX 2.1 §9; 2.0 is the same here.

>>> list(comparisons("[url:value = 'http://evil.example/'] AND [file:name != 'a']"))
[('url:value', 'http://evil.example/')]
"""

import re
from collections.abc import Iterator

import msgspec

from tocsin.domain.observable import Kind
from tocsin.errors import Malformed

MAX_PATTERN = 200_000
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')"
    r"|(?P<path>[a-zA-Z0-9_-]{1,250}:[a-zA-Z0-9_.\-*\[\]]*(?:'(?:[^'\\]|\\.)*'[a-zA-Z0-9_.\-*\[\]]*)*)"
    r"|(?P<word>[A-Za-z_]+|-?[0-9.]+(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<sign>!=|<>|<=|>=|==|[=<>\[\](),]|[htb]'[^']*'))"
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_HASH_PATH = re.compile(r"(?:file|artifact):(?:.*\.)?hashes\.'?([A-Za-z0-9_-]+)'?$")
_REFERENCE = re.compile(r"[a-z0-9-]+:.*_refs?(?:\[[*0-9]+\])?\.value$")
_VALUE_KINDS = {
    "domain-name:value": Kind.DOMAIN,
    "url:value": Kind.URL,
    "email-addr:value": Kind.EMAIL,
    "ipv4-addr:value": Kind.IPV4,
    "ipv6-addr:value": Kind.IPV6,
    "cryptocurrency-wallet:value": Kind.WALLET,
    "cryptocurrency-wallet:address": Kind.WALLET,
    "bank-account:iban": Kind.IBAN,
    "bank-account:iban_number": Kind.IBAN,
    "autonomous-system:number": Kind.SYSTEM,
    "file:name": Kind.FILE_NAME,
}
_HASH_KINDS = {"md5": Kind.MD5, "sha1": Kind.SHA1, "sha256": Kind.SHA256, "sha512": Kind.SHA512}
_SENDERS = frozenset({"email-message:from_ref.value", "email-message:sender_ref.value"})


class Named(msgspec.Struct, frozen=True):
    """One value that an object path names."""

    kind: Kind
    value: str
    part: str
    """``sender`` and ``c2`` where the path says so, else ``named``."""


def comparisons(pattern: str) -> Iterator[tuple[str, str]]:
    """Each (object path, value) that the pattern looks for; Malformed where it is no STIX pattern."""
    tokens = _tokens(pattern)
    path, negated, listed = "", False, False
    for place, (kind, text) in enumerate(tokens):
        if kind == "path":
            path, negated, listed = text, False, False
        elif kind == "word" and text.upper() == "NOT":
            negated = True
        elif (kind, text.upper()) in (("sign", "="), ("sign", "=="), ("word", "IN"), ("word", "ISSUBSET")):
            listed = text.upper() == "IN"
        elif (kind == "text" or text.isdigit()) and path and not negated:
            before = tokens[place - 1][1].upper() if place else ""
            if before in ("=", "==", "ISSUBSET") or (listed and before in ("(", ",")):
                yield path, text if kind == "word" else _ESCAPE.sub(r"\1", text[1:-1])


def named_in(pattern: str) -> Iterator[Named]:
    """What the pattern looks for; Malformed as before. A file's name without a digest of it is only mentioned."""
    named = [found for path, value in comparisons(pattern) if (found := named_at(path, value))]
    has_digest = any(one.kind in _HASH_KINDS.values() for one in named)
    for one in named:
        alone = one.kind is Kind.FILE_NAME and not has_digest
        yield msgspec.structs.replace(one, part="text") if alone else one


def named_at(path: str, value: str) -> Named | None:
    """What kind of value stands at an object path; None when it is none that can be shared (names, keys, sizes)."""
    digest = _HASH_PATH.match(path)
    if digest:
        kind = _HASH_KINDS.get(digest[1].lower().replace("-", "").replace("_", ""))
        return Named(kind, value, "named") if kind else None
    if path in _VALUE_KINDS:
        return _as_written(_VALUE_KINDS[path], value, "named")
    if _REFERENCE.match(path):
        part = "sender" if path in _SENDERS else "c2" if ":dst_ref" in path else "named"
        kind = Kind.EMAIL if "@" in value else Kind.IPV6 if ":" in value else Kind.IPV4
        host = kind is Kind.IPV4 and not value.rpartition(".")[2].partition("/")[0].isdigit()
        return _as_written(Kind.DOMAIN if host else kind, value, part)
    return None


def _as_written(kind: Kind, value: str, part: str) -> Named:
    """Networks stand where addresses do, and vendors leave the scheme off URLs: then only the host is certain."""
    if kind in (Kind.IPV4, Kind.IPV6) and "/" in value:
        address, _, length = value.partition("/")
        whole = length == ("32" if kind is Kind.IPV4 else "128")
        return Named(kind, address, part) if whole else Named(Kind.CIDR, value, part)
    if kind is Kind.URL and "://" not in value[:10]:
        host = value.partition("/")[0].partition(":")[0]
        return Named(Kind.IPV4 if host.replace(".", "").isdigit() else Kind.DOMAIN, host, part)
    return Named(kind, value, part)


def _tokens(pattern: str) -> list[tuple[str, str]]:
    if len(pattern) > MAX_PATTERN:
        raise Malformed(f"A pattern has at most {MAX_PATTERN} characters.")
    pattern = pattern.strip()
    tokens: list[tuple[str, str]] = []
    place = 0
    while place < len(pattern):
        match = _TOKEN.match(pattern, place)
        if match is None or match.lastgroup is None:
            raise Malformed(f"not a STIX pattern from {pattern[place : place + 40]!r} on.")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    if ("sign", "[") not in tokens or not any(kind == "path" for kind, _ in tokens):
        raise Malformed("not a STIX pattern: it has no comparison in brackets.")
    return tokens
