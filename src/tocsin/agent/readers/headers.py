# SPDX-License-Identifier: Apache-2.0
"""What a mail's header says: fields in Unicode, addresses, authentication, time.

Fields are read as they stand in the file (`Message.raw_items`), never by the header classes of `email.policy.default`,
which crash on real phishing. Every field is bounded. RFC 5322, 2047, 8601, 7208 §9.1. The way that a mail took, from
its Received fields, is read in `tocsin.agent.readers.received`; which hosts servers call its sender, in `checks`.
"""

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import mktime_tz, parsedate_tz
from itertools import islice

from tocsin.agent.readers.charsets import decode
from tocsin.clock import SECOND, Instant

MAX_FIELD = 16_384
MAX_FIELDS = 2_000
RECIPIENT_FIELDS = (
    "to", "cc", "bcc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "apparently-to",
    "x-delivered-to", "x-rcpt-to", "x-real-to", "x-forwarded-to", "x-recipient", "x-receiver", "resent-to", "resent-cc",
)  # fmt: skip
MAX_NAME = 100

_FOLD = re.compile(r"[\t\r\n](?:(?<!\t)[\r\n]*[ \t]*)?")
_ADDRESS = re.compile(r"[^\s<>@,;:\"'()\[\]\\]{1,64}@[^\s<>@,;:\"'()\[\]\\]{1,253}")
_ANGLED = re.compile(r"<\s*([^<>\s]{1,64}@[^<>\s]{1,253})\s*>")
_AROUND_NAMES = re.compile(r"[<>()\";]|\S*@\S*|,\s*,")
_VERDICT = re.compile(r"\b(spf|dkim|dmarc|compauth)\s*=\s*([a-z]{1,20})", re.IGNORECASE)
_LATEST = 4_102_444_800  # the year 2100: what is later is a forged date


_USED = frozenset({
    "arc-authentication-results", "authentication-results", "date", "from", "received", "received-spf", "reply-to",
    "return-path", "sender", "subject", *RECIPIENT_FIELDS,
})  # fmt: skip
Fields = dict[str, list[str]]
"""Decoded values of each field that is used here, by its lower-case name, in their order."""


def fields_of(message: "Message[str, str]") -> Fields:
    """The fields of this mail alone, unfolded and decoded; at most `MAX_FIELDS`."""
    fields: Fields = {}
    for name, value in islice(message.raw_items(), MAX_FIELDS):
        if (used := name.lower()) in _USED:
            fields.setdefault(used, []).append(decoded(str(value)))
    return fields


def decoded(value: str) -> str:
    """One field's value in Unicode: folded lines joined, encoded words (RFC 2047) read, raw 8-bit text as UTF-8."""
    value = _FOLD.sub(" ", value[:MAX_FIELD]).strip()
    if not value.isascii():
        value = decode(value.encode("utf-8", "surrogateescape"), "utf-8")
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    return "".join(
        piece if isinstance(piece, str) else decode(piece, charset or "utf-8") for piece, charset in pieces
    )


def addresses_in(value: str) -> list[str]:
    """The mail addresses of a field: those in angle brackets, else whatever looks like one; never a display name."""
    return [angled.strip("\"'") for angled in _ANGLED.findall(value)] or _ADDRESS.findall(value)


def named_in_display(value: str) -> list[str]:
    """Addresses in the display name before ``<…>``: how a sender poses as somebody else."""
    return _ADDRESS.findall(_ANGLED.sub(" ", value)) if _ANGLED.search(value) else []


def recipients_of(fields: Fields) -> list[str]:
    """Every address that the mail was sent to, in lower case; also such as have no domain of this world."""
    return [
        address.lower()
        for name in RECIPIENT_FIELDS
        for value in fields.get(name, ())
        for address in _ADDRESS.findall(value)
    ]


def recipient_names_of(fields: Fields) -> list[str]:
    """What stands beside the recipients' addresses: their display names, in whatever order or quotes."""
    pieces = (
        piece.strip(" ,.:'")[:MAX_NAME]
        for name in RECIPIENT_FIELDS
        for value in fields.get(name, ())
        for piece in _AROUND_NAMES.split(_ADDRESS.sub(" ", value))
    )
    return [piece for piece in pieces if any(map(str.isalpha, piece))]


def authentication_of(fields: Fields) -> tuple[tuple[str, str], ...]:
    """The receiving server's verdicts, first one of each method, sorted."""
    verdicts: dict[str, str] = {}
    for value in fields.get("authentication-results", ()):
        for method, result in _VERDICT.findall(value):
            verdicts.setdefault(method.lower(), result.lower())
    for value in fields.get("received-spf", ())[:1]:
        word = value.partition(" ")[0].lower()
        if word.isalpha() and len(word) <= 20:
            verdicts.setdefault("spf", word)
    return tuple(sorted(verdicts.items()))


def happened_of(fields: Fields) -> Instant | None:
    """When the mail arrived: the last hop, which is the first Received field; else what Date claims."""
    stamps = [value.rpartition(";")[2] for value in fields.get("received", ())[:1]] + fields.get("date", [])[
        :1
    ]
    for stamp in stamps:
        try:
            parsed = parsedate_tz(stamp[:100])
            seconds = mktime_tz(parsed) if parsed else 0
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
        if 0 < seconds < _LATEST:
            return Instant(int(seconds) * SECOND)
    return None
