# SPDX-License-Identifier: Apache-2.0
"""What servers say of who sent a mail: Authentication-Results, Received-SPF and what ARC carries → `Check`s.

Nothing is believed here: anybody may write such a field. Each says who wrote it, and `tocsin.agent.features` decides
whom the bank can believe. Sources: RFC 8601 §2.2 (authserv-id), RFC 7208 §9.1 (receiver), RFC 8617 §4.1.1 (ARC).
"""

import re
from collections.abc import Iterator
from itertools import islice

from tocsin.agent.readers.gather import plain
from tocsin.agent.readers.headers import Fields
from tocsin.agent.readers.reading import Check
from tocsin.agent.readers.received import is_public
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import Malformed

MAX_CHECKS = 10
"""Fields of one name that are read, from the top."""
CHAIN = "ARC-Authentication-Results header"
"""The end of the place of a check that ARC carries."""

_FIELDS = (
    ("authentication-results", "authentication-results header"),
    ("received-spf", "received-spf header"),
    ("arc-authentication-results", CHAIN),
)
# Asked of small letters: an expression that ignores case looks at every place of a text by itself.
_CLIENT = re.compile(
    r"(?:client-ip\s*=\s*|sender ip is\s+|designates?\s+|remote-ip\s*=\s*|policy\.iprev\s*=\s*)"
    r"[\[\"']?([0-9a-f:.]{3,45})"
)
_NAME = r"([^\s;:=()\"']{1,255})"
_SERVER = re.compile(rf"\s*(?:i\s*=\s*\d{{1,3}}\s*;\s*)?{_NAME}(?:\s+\d{{1,3}})?\s*;")
_RECEIVER = re.compile(rf"\breceiver\s*=\s*\"?{_NAME}", re.IGNORECASE)
_SPEAKER = re.compile(rf"\(\s*{_NAME}\s*:")


def checks_in(fields: Fields, prefix: str) -> Iterator[Check]:
    """The checks of one mail that name a public address, topmost first of each name; `prefix` begins their places.

    What ARC carries is what the same server wrote without it: it is read only where nothing else is.
    """
    some = False
    for name, place in _FIELDS:
        if some and place == CHAIN:
            return
        for value in islice(fields.get(name, ()), MAX_CHECKS):
            if address := _address_in(value):
                spoken = _server_in(value) if name != "received-spf" else _receiver_in(value)
                some = True
                yield Check(f"{prefix}{place}", plain(spoken, 255).strip(".").lower(), address)


def _address_in(value: str) -> str:
    """The first public address that a field calls the sender's, in normal form; empty when there is none."""
    for client in _CLIENT.finditer(value.lower()):
        text = client[1]
        if is_public(text):
            try:
                return normalise(Kind.IPV6 if ":" in text else Kind.IPV4, text).value
            except Malformed:
                continue
    return ""


def _server_in(value: str) -> str:
    """Who says so; empty where the field begins with its results at once, as Exchange writes it."""
    found = _SERVER.match(value)
    return found[1] if found else ""


def _receiver_in(value: str) -> str:
    found = _RECEIVER.search(value) or _SPEAKER.search(value)
    return found[1] if found else ""
