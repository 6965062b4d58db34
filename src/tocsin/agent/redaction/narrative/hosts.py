# SPDX-License-Identifier: Apache-2.0
"""How people write a host's name or a mail address, defanged or not, and which host is meant."""

import re

from tocsin.agent.readers.extract import refang
from tocsin.agent.redaction.narrative.own import INNER_ENDINGS
from tocsin.wire.registrable import registrable

_DOT = r"(?:\.|\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?|\sdot\s)"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
HOST = rf"(?:{_LABEL}{_DOT}){{1,8}}{_LABEL}"
"""Expression for two labels or more."""
HOST_NAME = re.compile(rf"(?<![\w@-])({HOST})(?![\w@-]|\.\w)", re.IGNORECASE)
_SCHEME = r"(?:h(?:tt|xx|\*\*)ps?|s?ftp|meow)\s?(?::|\[:\])(?://|\[//\]|\\\\)"
SCHEME = rf"(?<![^\W_]){_SCHEME}"
"""Expression for the beginning of a link."""
PLACE = re.compile(rf"(?:{_SCHEME})?([^/?#]*)", re.IGNORECASE)
"""A link up to its path; group 1 is where it points."""
_RESERVED = ("test", "example", "onion", "invalid", "i2p", "bit", *INNER_ENDINGS)
_DEFANGED = re.compile(r"\s+dot\s+|\s*[\[({]\s?(?:\.|dot)\s?[\])}]\s*", re.IGNORECASE)


def host_of_name(raw: str) -> str | None:
    """The host that a piece of text names, refanged and lower case; None when its ending is of no host."""
    host = refang(_DEFANGED.sub(".", raw)).replace(" ", "").lower()
    ending = host.rpartition(".")[2]
    written = raw[-len(ending) :]
    if written[:1].isupper() and not written.isupper():
        return None  # the next sentence, begun without a space
    return host if ending in _RESERVED or registrable(host) else None


def domain_of(text: str) -> str:
    """The registered domain of a link or host; empty when it has none."""
    place = PLACE.match(text)
    host = refang(_DEFANGED.sub(".", place[1] if place else text)).lower()
    if host.rpartition(".")[2] in ("test", "invalid"):
        return ".".join(host.split(".")[-2:])
    return registrable(host) or ""
