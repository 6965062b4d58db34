# SPDX-License-Identifier: Apache-2.0
"""The RTF body that Outlook keeps of a mail → the HTML that was wrapped in it, or its text.

Exchange turns an HTML body into RTF from which the HTML can be had again, tag by tag; some .msg files hold only that.
Pictures, fonts and whatever else a destination holds that is no text are passed over.

Sources: [MS-OXRTFCP] compression, [MS-OXRTFEX] HTML in RTF, RTF 1.9.1 for the words.
"""

import re

import msgspec

from tocsin.agent.readers.charsets import decode
from tocsin.errors import Unreadable

MAX_RTF = 4 * 2**20
"""Bytes of RTF; it has two to four times the length of its HTML."""
MAX_GROUPS = 200
"""Groups inside each other."""
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What every text is taken to begin with ([MS-OXRTFCP] 2.1.2.1): 207 bytes."""
_WINDOW = 4_096
_TOKEN = re.compile(
    r"\\(?:(?P<word>[a-z]{1,32})(?P<number>-?\d{1,9})? ?|'(?P<byte>[0-9a-f]{2})|(?P<symbol>.))"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]++)",
    re.IGNORECASE | re.DOTALL,
)
_CHARACTERS = {
    "par": "\n", "line": "\n", "tab": "\t", "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c",
    "rdblquote": "\u201d", "bullet": "\u2022", "endash": "\u2013", "emdash": "\u2014", "cell": "\t", "row": "\n",
}  # fmt: skip
_SYMBOLS = {"~": "\u00a0", "_": "\u00ad", "\\": "\\", "{": "{", "}": "}", "\n": "\n", "\r": "\n"}
_NO_TEXT = frozenset(
    {"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "listtable", "header", "footer"}
)


class Body(msgspec.Struct, frozen=True):
    """What an RTF body says."""

    text: str
    is_html: bool
    """Whether the text is HTML that was wrapped in it."""


def unwrap(data: bytes) -> Body:
    """The HTML in a compressed RTF body, or its text where there is none; Unreadable when it is neither."""
    rtf = decompress(data)
    if not rtf.startswith(b"{\\rtf"):
        raise Unreadable("is not RTF")
    is_html = b"\\fromhtml" in rtf[:4_096]
    return Body(_Walk(rtf, is_html=is_html).text(), is_html)


def decompress(data: bytes) -> bytes:
    """The RTF in a compressed body, as far as it goes ([MS-OXRTFCP] 3.1.1); Unreadable when it is none."""
    size, kind = int.from_bytes(data[4:8], "little"), data[8:12]
    if size > MAX_RTF:
        raise Unreadable(f"has more than {MAX_RTF >> 20} MiB of RTF")
    if kind == b"MELA":
        return data[16 : 16 + size]
    if kind != b"LZFu":
        raise Unreadable("is not compressed RTF")
    found = bytearray(_DICTIONARY)
    end, at = len(_DICTIONARY) + size, 16
    while len(found) < end and at < len(data):
        control, at = data[at], at + 1
        for bit in range(8):
            if not control >> bit & 1:
                found += data[at : at + 1]
                at += 1
                continue
            pair, at = int.from_bytes(data[at : at + 2], "big"), at + 2
            back = (len(found) - (pair >> 4)) % _WINDOW
            if not back or back > len(found):  # the end, which points to itself
                return bytes(found[len(_DICTIONARY) : end])
            start, length = len(found) - back, (pair & 15) + 2
            run = bytes(found[start : start + length])
            found += (run * length)[:length]
    return bytes(found[len(_DICTIONARY) : end])


class _Group(msgspec.Struct):
    """What holds until the brace closes."""

    skipped: bool = False
    """Inside a destination that is no text."""
    hidden: bool = False
    """Between ``\\htmlrtf`` and ``\\htmlrtf0``: said again in RTF, for those that cannot show HTML."""
    in_tag: bool = False
    fallback: int = 1
    """Characters after ``\\u`` that stand for it where Unicode is not known."""


class _Walk:
    """One RTF text, token by token."""

    def __init__(self, rtf: bytes, *, is_html: bool) -> None:
        self._rtf = rtf.decode("latin-1")
        self._is_html = is_html
        self._charset = "cp1252"
        self._group, self._outer = _Group(), list[_Group]()
        self._pieces: list[str] = []
        self._bytes = bytearray()
        self._passing = 0
        self._starred = False

    def text(self) -> str:
        """All of it that is text, or a tag of the HTML."""
        for token in _TOKEN.finditer(self._rtf):
            if token["byte"] is not None:
                self._byte(int(token["byte"], 16))
            elif token["text"] is not None:
                self._say(token["text"])
            elif token["brace"]:
                self._brace(token["brace"])
            elif token["word"]:
                self._word(token["word"], int(token["number"]) if token["number"] else None)
            elif token["symbol"] == "*":
                self._starred = True
            else:
                self._say(_SYMBOLS.get(token["symbol"], ""))
        self._flush()
        halves = "".join(self._pieces).encode("utf-16-le", "surrogatepass")
        return halves.decode("utf-16-le", "replace")

    def _brace(self, brace: str) -> None:
        self._passing, self._starred = 0, False
        if brace == "{":
            if len(self._outer) >= MAX_GROUPS:
                raise Unreadable(f"has more than {MAX_GROUPS} groups inside each other")
            self._outer.append(self._group)
            self._group = msgspec.structs.replace(self._group)
        elif self._outer:
            self._group = self._outer.pop()

    def _word(self, word: str, number: int | None) -> None:
        group, starred, self._starred = self._group, self._starred, False
        if starred:
            group.in_tag = word == "htmltag"
            group.skipped = group.skipped or not group.in_tag
        elif word in _NO_TEXT:
            group.skipped = True
        elif word == "htmlrtf":
            group.hidden = number != 0
        elif word == "ansicpg" and number:
            self._charset = "utf-8" if number == 65001 else f"cp{number}"
        elif word == "uc" and number is not None:
            group.fallback = min(max(number, 0), 8)
        elif word == "u" and number is not None:
            self._passing = 0
            self._say(chr(number % 65_536))
            self._passing = group.fallback
        elif word in _CHARACTERS:
            self._say(_CHARACTERS[word])

    def _byte(self, byte: int) -> None:
        if self._passing:
            self._passing -= 1
        elif self._is_shown():
            self._bytes.append(byte)

    def _say(self, text: str) -> None:
        """Characters, but for those that only stand in for one of Unicode."""
        kept, self._passing = text[self._passing :], max(0, self._passing - len(text))
        if kept and self._is_shown():
            self._flush()
            self._pieces.append(kept)

    def _is_shown(self) -> bool:
        return not self._group.skipped and not (
            self._is_html and self._group.hidden and not self._group.in_tag
        )

    def _flush(self) -> None:
        """Bytes of a charset of several bytes make sense only together."""
        if self._bytes:
            self._pieces.append(decode(bytes(self._bytes), self._charset))
            self._bytes.clear()
