# SPDX-License-Identifier: Apache-2.0
"""Reading a text the way a person or a tracker would: look-alike letters made equal, encodings taken off.

Used wherever a name must be recognised in a value that an attacker wrote: `tocsin.domain.linter` looks for mail
addresses inside URLs, `tocsin.agent.redaction.traces` for the victim. Nothing here decides anything. Whoever wrote the
value also chose how much is hidden in it: a text that cannot be unfolded to its end is `TooMuchHidden`, never "clean".

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
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from urllib.parse import unquote

MAX_TEXT = 8_192
"""Characters of one text; a value has at most a quarter of it."""
MAX_VIEWS = 40
MAX_DEPTH = 3
"""Encodings inside encodings that are taken off."""
MAX_ESCAPES = 10
"""Times that percent signs, ``\\u0067`` and HTML entities may stand for each other."""

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
_ENCLOSED = {
    first + n: chr(ord("a") + n) for first in (0x1F130, 0x1F150, 0x1F170, 0x1F1E6) for n in range(26)
}
"""Letters in squares, in black circles and of flags, some of which Unicode gives no plain letter for."""
_LOOK_ALIKE = str.maketrans(_DIGITS | _CYRILLIC | _GREEK | _LATIN)

_WORD_BREAK = re.compile(r"[\W_]+")
_QUOTED = re.compile(r"=([0-9A-Fa-f]{2})")
_UNICODE = re.compile(r"[%\\](?:u\{([0-9A-Fa-f]{1,5})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_HEX = re.compile(r"[0-9A-Fa-f]{8,}")
_SEPARATED_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[^0-9A-Za-z]{1,2}(?:0x)?){3,}[0-9A-Fa-f]{2}")
_SEPARATED_DECIMAL = re.compile(r"[0-9]{1,3}(?:[^0-9A-Za-z]{1,2}[0-9]{1,3}){4,}")
_NUMBER = re.compile(r"[0-9]+")
_PAIR = re.compile(r"(?:0x)?([0-9A-Fa-f]{2})")
_STRETCH = re.compile(rb"(?:[ -~]|[\xc2-\xf4][\x80-\xbf]{1,3}){5,}")
_PUNYCODE = re.compile(r"xn--([a-z0-9-]{1,59})", re.IGNORECASE)


class TooMuchHidden(Exception):
    """A text hides more than is looked at. Met only by those who call `unfold`; each says it in its own words."""


def plain(text: str) -> str:
    """Lower case, compatibility forms and accents folded; look-alikes kept apart."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded.translate(_ENCLOSED))
    return "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf")).casefold()


def skeleton(text: str) -> str:
    """`plain`, and every letter and digit replaced by the one it may pass for."""
    return _same(plain(text))


def words(text: str) -> list[str]:
    """The skeletons of the runs of letters and digits in a text."""
    return _same(_WORD_BREAK.sub(" ", plain(text))).split()


def squeeze(text: str) -> str:
    """The words of a text joined: equal however they were separated."""
    return "".join(words(text))


def unfold(text: str) -> tuple[str, ...]:
    r"""The text and what it hides; TooMuchHidden when it cannot be read to its end.

    Percent signs are taken off to their end before anything else. Then, nested in each other: ``\u0067``, HTML
    entities, quoted-printable, base64, hexadecimal, decimal, punycode; and the whole backwards and in ROT13. Bounded
    by `MAX_TEXT`, `MAX_ESCAPES`, `MAX_DEPTH` and `MAX_VIEWS`. One view holds what one encoding hides in all places of
    a text, so that many places are no more views than one.
    """
    if len(text) > MAX_TEXT:
        raise TooMuchHidden
    start = dict.fromkeys([text, *_unquoted(text)])
    seen = start | dict.fromkeys(
        form for view in start for form in (view[::-1], codecs.encode(view, "rot13"))
    )
    layer = list(start)
    for depth in range(MAX_DEPTH + 1):
        found = dict.fromkeys(view for text in layer for view in _decodings(text) if view not in seen)
        if not found:
            return tuple(seen)
        seen.update(found)
        if depth == MAX_DEPTH or len(seen) > MAX_VIEWS:
            break
        layer = list(found)
    raise TooMuchHidden


def _same(text: str) -> str:
    return text.translate(_LOOK_ALIKE).replace("rn", "m").replace("vv", "w")


def _decodings(text: str) -> Iterator[str]:
    """One view for every encoding that there may be in a text: what it hides, wherever it stands."""
    yield from _unquoted(text)
    if "&" in text or "\\" in text or "%" in text:
        yield _to_the_end(_unescaped, text)
    if "=" in text:
        yield _QUOTED.sub(lambda found: chr(int(found[1], 16)), text)
    if labels := _PUNYCODE.findall(text):
        yield "\n".join(_unpunycode(labels))
    if runs := _HEX.findall(text):
        for offset in range(2):
            yield from _readable(_unhex(run[offset:]) for run in runs)
    yield from _readable(_separated(text))
    if runs := _BASE64.findall(text):
        for offset in range(4):
            yield from _readable(_unbase64(run[offset:]) for run in runs)


def _to_the_end(step: Callable[[str], str], text: str) -> str:
    """The text when a step changes it no more."""
    for _ in range(MAX_ESCAPES):
        before, text = text, step(text)
        if text == before:
            return text
    raise TooMuchHidden


def _unquoted(text: str) -> Iterator[str]:
    """Without percent signs, read as UTF-8, and as Latin-1, which older kits still write, when it is not UTF-8."""
    if "%" in text:
        yield (whole := _to_the_end(partial(unquote, errors="replace"), text))
        if "\ufffd" in whole:
            yield _to_the_end(partial(unquote, encoding="latin-1"), text)


def _unescaped(text: str) -> str:
    r"""Once without percent signs, ``%u0067``, ``\u0067``, ``\x67`` and ``&#103;``."""
    readable = unquote(text, errors="replace")
    return html.unescape(_UNICODE.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), readable))


def _unpunycode(labels: list[str]) -> Iterator[str]:
    for label in labels:
        try:
            yield label.encode().decode("punycode")
        except UnicodeError:
            continue


def _separated(text: str) -> Iterator[bytes]:
    """Bytes that are written one by one: ``67:61:6d``, ``103-97-109``."""
    for run in _SEPARATED_HEX.findall(text):
        yield bytes.fromhex("".join(_PAIR.findall(run)))
    for run in _SEPARATED_DECIMAL.findall(text):
        yield bytes(number if number < 256 else 0 for number in map(int, _NUMBER.findall(run)))


def _unhex(run: str) -> bytes:
    return bytes.fromhex(run[: len(run) // 2 * 2])


def _unbase64(run: str) -> bytes:
    """As many whole groups as there are, in either alphabet; empty when it is none."""
    digits = run.replace("-", "+").replace("_", "/")
    digits = digits[: -1 if len(digits) % 4 == 1 else None]
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4))
    except binascii.Error:
        return b""


def _readable(runs: Iterable[bytes]) -> Iterator[str]:
    """The stretches of printable text in some bytes; what stands around an encoded text decodes to noise."""
    if stretches := [stretch for run in runs for stretch in _STRETCH.findall(run)]:
        yield b"\n".join(stretches).decode("utf-8", "replace")
