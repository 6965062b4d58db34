# SPDX-License-Identifier: Apache-2.0
"""An Outlook .msg → the mail that it was: the tree of `email.message.Message` that `tocsin.agent.readers.mail` reads.

The header is the one with which the mail came, where the file holds it; otherwise it is put together from what Outlook
keeps: sender, recipients, subject, times. Whoever received it is added to the recipients, so that it is recognised and
removed. Bodies are all that the file has: plain, HTML, and what stands in RTF where there is no HTML. A mail inside is
read as a forwarded one.

Sources: [MS-OXMSG] for the storages, [MS-OXPROPS] for the numbers of properties, [MS-OXCDATA] 2.11.1 for their types.
"""

import re
import struct
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32
from email.utils import format_datetime

from tocsin.agent.readers import mime, rtf
from tocsin.agent.readers.charsets import decode
from tocsin.agent.readers.compound import MAGIC, Storage, open_compound
from tocsin.agent.readers.gather import plain
from tocsin.agent.readers.reading import Defect
from tocsin.errors import Unreadable

MAX_HEADER = 2**20
"""Characters of the header that a mail came with."""
MAX_RECIPIENTS = 2_000
_PROPERTIES = "__PROPERTIES_VERSION1.0"
_BEFORE_PROPERTIES = {"mail": 32, "mail inside": 24, "part": 8}
"""Bytes before the first property ([MS-OXMSG] 2.4.1)."""
_ENTRY = struct.Struct("<HH4x8s")
_NUMBER, _TIME, _TEXT8, _TEXT, _BINARY, _FOLDER = 0x0003, 0x0040, 0x001E, 0x001F, 0x0102, 0x000D

_SUBJECT, _HEADER, _MESSAGE_ID, _SENT, _DELIVERED = 0x0037, 0x007D, 0x1035, 0x0039, 0x0E06
_SENDERS = ((0x5D02, 0x0065, 0x0042), (0x5D01, 0x0C1F, 0x0C1A))
"""Of whom it is from, then of who sent it for them: SMTP address, address of any kind, name."""
_RECEIVED_BY = (0x5D07, 0x0076)
_BODY, _HTML, _RTF, _CODEPAGES = 0x1000, 0x1013, 0x1009, (0x3FDE, 0x3FFD)
_RECIPIENT, _RECIPIENT_KIND, _RECIPIENT_FIELDS = (
    (0x39FE, 0x3003, 0x3001),
    0x0C15,
    {1: "To", 2: "Cc", 3: "Bcc"},
)
_DATA, _LONG_NAME, _NAME, _MEDIA_TYPE, _CONTENT_ID, _METHOD = 0x3701, 0x3707, 0x3704, 0x370E, 0x3712, 0x3705
_MAIL_INSIDE = 5

_OF_THE_BODY = ("content-type", "content-transfer-encoding", "content-disposition", "mime-version")
_IS_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,80}", re.ASCII)
_IS_ADDRESS = re.compile(r"[^\s<>@,;]{1,64}@[^\s<>@,;]{1,253}")
_FIRST_LINE = re.compile(r"\AMicrosoft Mail Internet Headers[^\r\n]*\r?\n")
_NAMED = {65001: "utf-8", 20127: "ascii", 1200: "utf-16-le", 20866: "koi8-r", 21866: "koi8-u", 50220: "iso-2022-jp",
          50221: "iso-2022-jp", 51932: "euc-jp", 51949: "euc-kr", 54936: "gb18030", 10000: "mac-roman"}  # fmt: skip
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def is_outlook(data: bytes) -> bool:
    """Whether a file is a compound file; older Office files are, too."""
    return data.startswith(MAGIC)


def message_of(data: bytes) -> "tuple[Message[str, str], tuple[Defect, ...]]":
    """The mail in a .msg, and the streams of it that are damaged; Unreadable for any other compound file."""
    opened = open_compound(data)
    if _PROPERTIES not in opened.root.streams:
        raise Unreadable("It looks like an old Office file (.doc, .xls, .ppt); save it in the newer format.")
    defects = list(opened.defects)
    return _Item(opened.root, "mail", defects).message(), tuple(defects)


class _Item:
    """One storage with its properties: a mail, a recipient or an attachment."""

    def __init__(self, storage: Storage, kind: str, defects: list[Defect], codepage: int = 0) -> None:
        self._storage = storage
        self._defects = defects
        self._fixed = _fixed(storage.streams.get(_PROPERTIES, b"")[_BEFORE_PROPERTIES[kind] :])
        self._codepage = next(filter(None, map(self.number, _CODEPAGES)), codepage)

    def number(self, name: int) -> int:
        """A number; 0 when there is none."""
        return int.from_bytes(self._fixed.get((name, _NUMBER), b"")[:4], "little")

    def time(self, name: int) -> datetime | None:
        """A moment, counted in tenths of microseconds since 1601."""
        ticks = int.from_bytes(self._fixed.get((name, _TIME), b""), "little")
        try:
            return _EPOCH + timedelta(microseconds=ticks // 10) if ticks else None
        except OverflowError:
            return None

    def binary(self, name: int) -> bytes:
        """Bytes; empty when there are none."""
        return self._storage.streams.get(f"__SUBSTG1.0_{name:04X}{_BINARY:04X}", b"")

    def text(self, *names: int) -> str:
        """The first of these texts that is there and not empty."""
        for name in names:
            wide = self._storage.streams.get(f"__SUBSTG1.0_{name:04X}{_TEXT:04X}", b"")
            narrow = self._storage.streams.get(f"__SUBSTG1.0_{name:04X}{_TEXT8:04X}", b"")
            text = wide.decode("utf-16-le", "replace") or decode(narrow, self._charset())
            if text := text.rstrip("\x00"):
                return text
        return ""

    def message(self) -> "Message[str, str]":
        """This mail with all that lies in it."""
        message = self._header()
        for name in _OF_THE_BODY:
            del message[name]
        message["Content-Type"] = "multipart/mixed"
        message.set_payload([*self._bodies(), *self._attachments()])
        return message

    def _header(self) -> "Message[str, str]":
        came_with = _FIRST_LINE.sub("", self.text(_HEADER)[:MAX_HEADER])
        message = HeaderParser(policy=compat32).parsestr(came_with, headersonly=True)
        if not message.keys():
            self._put_together(message)
        known = {one.lower() for one in _IS_ADDRESS.findall(came_with)}
        receivers = [self.text(number) for number in _RECEIVED_BY]
        for field, address, name in self._recipients():
            if not came_with:
                message[field] = f'"{name}" <{address}>' if address else name
            else:
                receivers.append(address)
        for address in dict.fromkeys(receivers):
            if _IS_ADDRESS.fullmatch(address) and address.lower() not in known:
                message["Delivered-To"] = address
        return message

    def _put_together(self, message: "Message[str, str]") -> None:
        """The header of a mail that never came by the internet, or was saved without it."""
        senders = {
            address: f'"{_phrase(self.text(name))}" <{address}>'
            for smtp, any_kind, name in _SENDERS
            if (address := _address(self.text(smtp), self.text(any_kind)))
        }
        for field, sender in zip(("From", "Sender"), senders.values(), strict=False):
            message[field] = sender
        for field, text in (("Subject", self.text(_SUBJECT)), ("Message-ID", self.text(_MESSAGE_ID))):
            if text:
                message[field] = plain(text, 2_000).replace("\n", " ")
        if moment := self.time(_DELIVERED) or self.time(_SENT):
            message["Date"] = format_datetime(moment)

    def _recipients(self) -> list[tuple[str, str, str]]:
        """Of each recipient its field, its mail address if it has one, and what it is called."""
        found = []
        for name in sorted(self._storage.storages)[: MAX_RECIPIENTS * 2]:
            if name.startswith("__RECIP_VERSION1.0_"):
                one = _Item(self._storage.storages[name], "part", self._defects, self._codepage)
                field = _RECIPIENT_FIELDS.get(one.number(_RECIPIENT_KIND), "To")
                found.append(
                    (field, _address(*map(one.text, _RECIPIENT[:2])), _phrase(one.text(_RECIPIENT[2])))
                )
        return found[:MAX_RECIPIENTS]

    def _bodies(self) -> "list[Message[str, str]]":
        """The bodies as parts, the plain one first."""
        body, html = self.text(_BODY), self.binary(_HTML)
        parts = [_part("text/plain", body.encode("utf-8", "replace"), "utf-8")] if body.strip() else []
        if html:
            return [*parts, _part("text/html", html, self._charset())]
        if html_text := self.text(_HTML):
            return [*parts, _part("text/html", html_text.encode("utf-8", "replace"), "utf-8")]
        try:
            wrapped = rtf.unwrap(self.binary(_RTF)) if self.binary(_RTF) else rtf.Body("", is_html=False)
        except Unreadable as error:
            self._defects.append(Defect("RTF body", error.detail))
            return parts
        if wrapped.text.strip() and (wrapped.is_html or not parts):
            kind = "text/html" if wrapped.is_html else "text/plain"
            parts.append(_part(kind, wrapped.text.encode("utf-8", "replace"), "utf-8"))
        return parts

    def _attachments(self) -> "list[Message[str, str]]":
        return [
            _Item(self._storage.storages[name], "part", self._defects, self._codepage)._attachment()
            for name in sorted(self._storage.storages)
            if name.startswith("__ATTACH_VERSION1.0_")
        ]

    def _attachment(self) -> "Message[str, str]":
        """This attachment as a part: a file, a mail, or a signed body as it was sent."""
        inside = self._storage.storages.get(f"__SUBSTG1.0_{_DATA:04X}{_FOLDER:04X}")
        if inside is not None and (self.number(_METHOD) == _MAIL_INSIDE or _PROPERTIES in inside.streams):
            part = Message(policy=compat32)
            part["Content-Type"] = "message/rfc822"
            part.set_payload([_Item(inside, "mail inside", self._defects, self._codepage).message()])
            return part
        data, kind = self.binary(_DATA), self.text(_MEDIA_TYPE).strip().lower()
        if kind.startswith("multipart/"):
            return mime.parsed(data)
        part = _part(kind if _IS_TYPE.fullmatch(kind) else "application/octet-stream", data, "")
        name = plain(self.text(_LONG_NAME, _NAME), 200).replace("\n", " ")
        part.add_header("Content-Disposition", "attachment", filename=name or "unnamed")
        if self.text(_CONTENT_ID):
            part["Content-ID"] = "<>"
        return part

    def _charset(self) -> str:
        number = self._codepage
        latin = f"iso-8859-{number - 28590}" if 28591 <= number <= 28606 else f"cp{number}"
        return _NAMED.get(number, latin) if number else "cp1252"


def _fixed(data: bytes) -> dict[tuple[int, int], bytes]:
    """The properties whose values fit into the list of them, by number and type."""
    whole = data[: len(data) - len(data) % _ENTRY.size]
    return {(name, kind): value for kind, name, value in _ENTRY.iter_unpack(whole)}


def _part(kind: str, data: bytes, charset: str) -> "Message[str, str]":
    part = Message(policy=compat32)
    part["Content-Type"] = f"{kind}; charset={charset}" if charset else kind
    part["Content-Transfer-Encoding"] = "binary"
    part.set_payload(data.decode("ascii", "surrogateescape"))
    return part


def _address(*texts: str) -> str:
    """The first that is a mail address: Exchange has addresses of its own for those that it knows."""
    return next((text for text in texts if _IS_ADDRESS.fullmatch(text)), "")


def _phrase(name: str) -> str:
    return plain(name, 200).replace("\n", " ").replace('"', "").replace("\\", "")
