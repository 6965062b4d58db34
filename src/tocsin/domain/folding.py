# SPDX-License-Identifier: Apache-2.0
"""Reading a text the way a person or a tracker would: look-alike letters made equal, encodings taken off.

Used wherever a name must be recognised in a value that an attacker wrote: `tocsin.domain.linter` looks for mail
addresses inside URLs, `tocsin.agent.redaction.traces` for the victim. Nothing here decides anything.

>>> squeeze("Ｂäｎco-Ďо_Вrasil")
'bancodobrasll'
>>> "jane@bank.example" in unfold("/a?u=amFuZUBiYW5rLmV4YW1wbGU")
True

The table of look-alikes is our own short one, not all of UTS 39: it joins letters that read alike at a glance and
the digits that stand for letters. It may join too much (``i`` and ``l`` are one), never for showing, only for finding.
"""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

MAX_TEXT = 8_192
"""Characters looked at of one text; a value is at most a quarter of it."""
MAX_VIEWS = 40
MAX_DEPTH = 3
"""Encodings inside encodings that are taken off."""

_DIGITS = {"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "|": "l", "i": "l", "$": "s"}
_CYRILLIC = dict(zip("авсԁеһіјкӏмноргԛѕтуѵԝхь", "abcdehljklmhoprqstyvwxb", strict=True))
_GREEK = dict(zip("αβεηικνορτυχωγ", "abenlkvoptuxwy", strict=True))
_LATIN = {
    "ı": "l",
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "ŧ": "t",
    "ɑ": "a",
    "ɡ": "g",
    "æ": "ae",
    "œ": "oe",
}
_LOOK_ALIKE = str.maketrans(_DIGITS | _CYRILLIC | _GREEK | _LATIN)

_WORD_BREAK = re.compile(r"[\W_]+")
_QUOTED = re.compile(r"=([0-9A-Fa-f]{2})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){4,}")
_STRETCH = re.compile(rb"(?:[ -~]|[\xc2-\xf4][\x80-\xbf]{1,3}){5,}")
_PUNYCODE = re.compile(r"xn--([a-z0-9-]{1,59})", re.IGNORECASE)


def plain(text: str) -> str:
    """Lower case, compatibility forms and accents folded; look-alikes kept apart."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded)
    return "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf")).casefold()


def skeleton(text: str) -> str:
    """`plain`, and every letter and digit replaced by the one it may pass for."""
    return plain(text).translate(_LOOK_ALIKE).replace("rn", "m").replace("vv", "w")


def words(text: str) -> list[str]:
    """The skeletons of the runs of letters and digits in a text."""
    return [skeleton(word) for word in _WORD_BREAK.split(text) if word]


def squeeze(text: str) -> str:
    """The words of a text joined: equal however they were separated."""
    return "".join(words(text))


def unfold(text: str) -> tuple[str, ...]:
    """The text and what it hides: percent, quoted-printable, base64, hexadecimal, punycode, backwards, ROT13.

    Bounded by `MAX_TEXT`, `MAX_DEPTH` and `MAX_VIEWS`. Encodings may be nested in each other, but for the last two.
    """
    start = text[:MAX_TEXT]
    seen = dict.fromkeys([start, start[::-1], codecs.encode(start, "rot13")])
    layer = [start]
    for _ in range(MAX_DEPTH):
        layer = [view for text in layer for view in _decodings(text) if view not in seen]
        seen.update(dict.fromkeys(layer))
        if not layer or len(seen) >= MAX_VIEWS:
            break
    return tuple(seen)[:MAX_VIEWS]


def _decodings(text: str) -> Iterator[str]:
    """Every way to take one encoding off."""
    if "%" in text:
        yield unquote(text, errors="replace")
    if "=" in text:
        yield _QUOTED.sub(lambda found: chr(int(found[1], 16)), text)
    for label in _PUNYCODE.findall(text):
        try:
            yield label.encode().decode("punycode")
        except UnicodeError:
            continue
    for run in _HEX.findall(text):
        yield from _readable(bytes.fromhex(run))
    for run in _BASE64.findall(text):
        for offset in range(4):
            yield from _readable(_unbase64(run[offset:]))


def _unbase64(run: str) -> bytes:
    """As many whole groups as there are, in either alphabet; empty when it is none."""
    digits = run.replace("-", "+").replace("_", "/")
    digits = digits[: -1 if len(digits) % 4 == 1 else None]
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4))
    except binascii.Error:
        return b""


def _readable(data: bytes) -> Iterator[str]:
    """The stretches of printable text in some bytes; what stands around an encoded text decodes to noise."""
    stretches = _STRETCH.findall(data)
    if stretches:
        yield b"\n".join(stretches).decode("utf-8", "replace")
