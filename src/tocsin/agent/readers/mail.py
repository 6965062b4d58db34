# SPDX-License-Identifier: Apache-2.0
"""One mail and the mails inside it → a `Reading`: RFC 5322, or as Outlook saves it.

Parsed by the standard library's compat32 classes, which do not raise on hostile mail. A mail attached to a mail (a
forwarded phish) is a mail of its own: its fields and links stand beside the outer ones as ``forwarded mail: …`` and
never for them; title, time and authentication are the outer mail's alone.

Parts: From, Sender and Return-Path are ``sender``; Reply-To is ``reply-to``; what can be followed is ``link`` with its
``landing-host``; files are ``attachment``. Images and other resources, display names, addresses in the text and
pictures shown in the text are ``text``: named by the mail, but as often the real bank's as the attacker's.
"""

import hashlib
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from tocsin.agent.readers import headers, markup, mime, outlook, parts, received
from tocsin.agent.readers.addressees import Addressees
from tocsin.agent.readers.attached import is_attached
from tocsin.agent.readers.charsets import decode, is_known
from tocsin.agent.readers.checks import CHAIN, checks_in
from tocsin.agent.readers.containers import Inside, Packed
from tocsin.agent.readers.features import Unchanging
from tocsin.agent.readers.gather import MAX_RAW, Gathering, plain
from tocsin.agent.readers.reading import MAX_TEXT, Attachment, Check, Hop, Reading
from tocsin.agent.readers.together import MAX_ATTACHED
from tocsin.domain.observable import Kind
from tocsin.errors import InputError

MAX_PARTS = 1_000
MAX_DEPTH = 30
MAX_SCANNED = 2_000_000
"""Characters of one part in which values are looked for."""

_FIELDS = (("from", "From", "sender"), ("sender", "Sender", "sender"), ("return-path", "Return-Path", "sender"),
           ("reply-to", "Reply-To", "reply-to"))  # fmt: skip
_PAGE_NAMES = (".html", ".htm", ".shtml", ".xhtml", ".svg")


def read_mail(data: bytes) -> Reading:
    """Everything that one mail shows; what is broken stands in `Reading.defects`."""
    reader = _Reader()
    return reader.read(reader.parsed(data, "the mail"))


def read_outlook(data: bytes) -> Reading:
    """The same for the mail in a .msg; Unreadable for another compound file, or one whose directory is damaged."""
    reader = _Reader()
    return reader.read(reader.saved(data, ""))


def open_mail(data: bytes, *, saved: bool = False) -> Reading | Inside:
    """The mail; where PDFs or Office files are in it, with these, which are to be read by themselves.

    `saved` says that it is as Outlook saves it.
    """
    reader = _Reader()
    reading = reader.read(reader.saved(data, "") if saved else reader.parsed(data, "the mail"))
    return Inside(tuple(reader.attached), mail=reading) if reader.attached else reading


class _Reader:
    """One mail on its way to a `Reading`."""

    def __init__(self) -> None:
        self._gathering = Gathering()
        self._addressees = Addressees()
        self._hops: list[Hop] = []
        self._checks: list[Check] = []
        self._unchanging = Unchanging()
        self.attached: list[Packed] = []
        """Files in it that are to be read by themselves, by their places."""
        self._attachments: list[Attachment] = []
        self._texts: list[str] = []
        self._page_texts: list[str] = []
        self._parts = 0
        self._inner_mails = 0

    def read(self, outer: "Message[str, str]") -> Reading:
        """Walk all of it."""
        fields = self._mail(outer, "")
        text = "\n\n".join(self._texts).strip() or "\n\n".join(self._page_texts)
        names, addresses = self._addressees.names(), self._addressees.addresses()
        return Reading(
            format="mail",
            title=plain(" ".join(fields.get("subject", ())[:1]), 1_000),
            text=plain(text, MAX_TEXT),
            happened=headers.happened_of(fields),
            found=self._gathering.found(),
            recipients=addresses,
            recipient_names=names,
            recipient_numbers=self._addressees.numbers(),
            hops=tuple(self._hops),
            checks=tuple(self._checks),
            features=self._unchanging.features(names, addresses),
            attachments=tuple(self._attachments),
            authentication=headers.authentication_of(fields),
            defects=self._gathering.defects(),
        )

    def parsed(self, data: bytes, where: str) -> "Message[str, str]":
        """The mail as a tree; where its parts are nested beyond reading, its header with its body as one text."""
        try:
            return mime.parsed(data)
        except RecursionError:
            self._gathering.defect(where, "its parts are nested too deep; its body was read as plain text")
            message = BytesHeaderParser(policy=compat32).parsebytes(data)
            for name in ("content-type", "content-transfer-encoding"):
                del message[name]
            return message

    def saved(self, data: bytes, prefix: str) -> "Message[str, str]":
        """The mail that Outlook saved, as a tree."""
        message, defects = outlook.message_of(data)
        for defect in defects:
            self._gathering.defect(f"{prefix}{defect.where}", defect.reason)
        return message

    def _mail(self, message: "Message[str, str]", prefix: str, depth: int = 0) -> headers.Fields:
        """One mail: its own fields, then its parts."""
        fields = headers.fields_of(message)
        self._header(fields, prefix)
        for part, level in self._leaves(message, prefix, depth):
            self._leaf(part, prefix, level)
        return fields

    def _header(self, fields: headers.Fields, prefix: str) -> None:
        for name, title, part in _FIELDS:
            where = f"{prefix}{title} header"
            values = fields.get(name, ())
            if len(values) > 1 and name == "from":
                self._gathering.defect(where, f"stands {len(values)} times; all are kept")
            for value in values[:20]:
                if name == "return-path":
                    self._return_path(value, where)
                else:
                    self._addresses(value, part, where)
        self._addressees.header(fields)
        checks = list(checks_in(fields, prefix))
        self._checks += checks
        if named := next((check for check in checks if not check.where.endswith(CHAIN)), None):
            self._gathering.host(named.address, "sending-host", named.where, named.address)
        hops = received.hops_in(fields.get("received", ()), prefix)
        self._hops += hops
        for hop in hops:
            if received.is_public(hop.address):
                self._gathering.host(hop.address, "sending-host", hop.where, hop.address)
        subject = " ".join(fields.get("subject", ())[:1])
        self._gathering.text(subject, f"{prefix}Subject header")
        self._unchanging.subject(prefix, subject)

    def _addresses(self, value: str, part: str, where: str) -> None:
        addresses = headers.addresses_in(value)
        if not addresses and value.strip(" <>\"'"):
            self._gathering.defect(where, f"{value[:80]!r} holds no mail address")
        for address in addresses[:20]:
            self._gathering.value(Kind.EMAIL, address, part, where)
        for address in headers.named_in_display(value)[:20]:
            self._gathering.value(Kind.EMAIL, address, "text", f"{where}, display name")

    def _return_path(self, value: str, where: str) -> None:
        """The bounce address; one that encodes the recipient (VERP, SRS, BATV: ``user=host``) is cut to its domain."""
        local, at, domain = value.strip(" <>").rpartition("@")
        if at and ("=" in local or "@" in local):
            self._gathering.value(Kind.DOMAIN, domain, "sender", where)
        elif at:
            self._gathering.value(Kind.EMAIL, f"{local}@{domain}", "sender", where)

    def _leaves(
        self, message: "Message[str, str]", prefix: str, depth: int
    ) -> "Iterator[tuple[Message[str, str], int]]":
        """Every part without parts of its own, in order; mails inside are read on the way, as their own."""
        stack = [(message, depth)]
        while stack:
            part, level = stack.pop()
            self._parts += 1
            if self._parts > MAX_PARTS:
                self._gathering.defect(
                    f"{prefix}part {self._parts}", f"more than {MAX_PARTS} parts; not read"
                )
                return
            if level > MAX_DEPTH:
                self._gathering.defect(
                    f"{prefix}part {self._parts}", f"deeper than {MAX_DEPTH} parts; not read"
                )
                continue
            for defect in part.defects:
                reason = (type(defect).__doc__ or type(defect).__name__).strip().splitlines()[0]
                self._gathering.defect(f"{prefix}part {self._parts}", reason)
            if not part.is_multipart():
                yield part, level
            elif part.get_content_type() == "message/rfc822":
                self._forwarded(part, level)
            else:
                stack += [(child, level + 1) for child in reversed(parts.children(part))]

    def _forwarded(self, part: "Message[str, str]", depth: int) -> None:
        """The mail in a message/rfc822 part; some programs encode it in base64, against RFC 2046 §5.2.1."""
        for mail in parts.children(part)[:1]:
            if not mail.keys() and parts.transfer_encoding(part) == "base64":
                mail["content-transfer-encoding"] = "base64"
                self._inner(parts.payload_of(mail), depth)
            else:
                self._inner(mail, depth)

    def _inner(self, mail: "Message[str, str] | bytes", depth: int) -> None:
        self._inner_mails += 1
        number = f" {self._inner_mails}" if self._inner_mails > 1 else ""
        prefix = f"forwarded mail{number}: "
        if self._inner_mails > MAX_PARTS or depth >= MAX_DEPTH:
            self._gathering.defect(prefix[:-2], "is nested too deep; not read")
            return
        try:
            if isinstance(mail, bytes):
                is_saved = outlook.is_outlook(mail)
                mail = self.saved(mail, prefix) if is_saved else self.parsed(mail, prefix[:-2])
            self._mail(mail, prefix, depth + 1)
        except InputError as error:
            self._gathering.defect(prefix[:-2], error.detail)

    def _leaf(self, part: "Message[str, str]", prefix: str, depth: int) -> None:
        """One body text or one file."""
        data = parts.payload_of(part)
        name = parts.filename(part)
        kind = part.get_content_type()
        # A multipart without a boundary has no parts: mail programs show its body as text (RFC 2046 §5.1.1).
        readable = kind.startswith(("text/", "multipart/"))
        if part.get_content_disposition() == "attachment" or name or not readable:
            self._file(part, data, name, prefix, depth)
            return
        text = self._text(part, data, prefix)
        if kind == "text/html":
            self._page(text, prefix)
        else:
            self._texts.append(text[:MAX_TEXT])
            self._unchanging.text(prefix, text[:MAX_TEXT])
            self._gathering.text(text, f"{prefix}text")
            self._addressees.body(text)

    def _text(self, part: "Message[str, str]", data: bytes, prefix: str) -> str:
        charset = parts.charset_of(part)
        if charset and not is_known(charset):
            self._gathering.defect(
                f"{prefix}text", f"names an unknown charset, {charset[:40]!r}; read as UTF-8"
            )
        text = decode(data, charset)
        if len(text) > MAX_SCANNED:
            self._gathering.defect(f"{prefix}text", f"only the first {MAX_SCANNED} characters were searched")
        return text[:MAX_SCANNED]

    def _page(self, source: str, prefix: str) -> None:
        page = markup.read_page(source)
        if page.defect:
            self._gathering.defect(f"{prefix}HTML text", page.defect)
        for place, url in page.links:
            self._gathering.link(url, f"{prefix}{place}")
        for address in page.mailto:
            self._gathering.mention(Kind.EMAIL, address, f"{prefix}mailto link")
        for url in page.resources:
            self._gathering.mention(Kind.URL, url, f"{prefix}image or other resource")
        self._gathering.text(page.loose_text, f"{prefix}text")
        self._addressees.body(page.text)
        self._page_texts.append(page.text[:MAX_TEXT])
        self._unchanging.page(prefix, source, page.text[:MAX_TEXT])

    def _file(self, part: "Message[str, str]", data: bytes, name: str, prefix: str, depth: int) -> None:
        if not data:
            return
        digest = hashlib.sha256(data).hexdigest()
        kind = part.get_content_type()
        title = plain(name, 200) or plain(kind, 100)
        shown = kind.startswith("image/") and (
            "content-id" in part or part.get_content_disposition() == "inline"
        )
        self._attachments.append(Attachment(title, plain(kind, 100), len(data), digest))
        where = f"{prefix}{'picture' if shown else 'attachment'} {title}"
        self._gathering.value(Kind.SHA256, digest, "text" if shown else "attachment", where)
        if not shown:
            self._unchanging.file(prefix, digest)
            self._gathering.value(Kind.FILE_NAME, name, "attachment", where)
        if name.lower().endswith(".eml") or (name.lower().endswith(".msg") and outlook.is_outlook(data)):
            self._inner(data, depth)
        elif kind == "text/html" or name.lower().endswith(_PAGE_NAMES):
            self._page(self._text(part, data, f"{where}: "), f"{where}: ")
        elif is_attached(data):
            self._keep(data, where)
        elif kind.startswith("text/"):
            self._gathering.text(self._text(part, data, f"{where}: "), where)

    def _keep(self, data: bytes, where: str) -> None:
        """A file to be read by itself, unless there are too many."""
        if len(self.attached) < MAX_ATTACHED:
            self.attached.append(Packed(plain(where, MAX_RAW), data))
        else:
            self._gathering.defect(where, f"stands behind {MAX_ATTACHED} files that are read; not read")
