# SPDX-License-Identifier: Apache-2.0
"""Bytes into text, whatever the sender calls the charset: as declared, else UTF-8 with replacements, else Latin-1.

A mail may name any codec of Python as its charset. Those that are slow by design or are no charset (Punycode, IDNA,
escapes) count as unknown. No charset ever raises.
"""

import codecs
from functools import lru_cache

_NO_CHARSET = frozenset(
    {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "unicode_escape"}
)


def decode(data: bytes, charset: str | None) -> str:
    """The text that `data` most probably is; never raises."""
    if not charset or not is_known(charset):
        return _guess(data)
    try:
        return data.decode(charset)
    except (UnicodeError, LookupError, ValueError):
        return _guess(data)


@lru_cache(maxsize=256)
def is_known(charset: str) -> bool:
    """Whether Python has a codec of that name that turns bytes into text."""
    try:
        found = codecs.lookup(charset[:40])
    except (LookupError, ValueError, UnicodeError):
        return False
    return found.name not in _NO_CHARSET and getattr(found, "_is_text_encoding", False)


def _guess(data: bytes) -> str:
    """UTF-8 where it nearly is UTF-8; otherwise Latin-1, which accepts every byte."""
    text = data.decode("utf-8", "replace")
    if text.count("\ufffd") * 10 <= len(text):
        return text
    return data.decode("latin-1")
