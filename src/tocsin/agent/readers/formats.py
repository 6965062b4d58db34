# SPDX-License-Identifier: Apache-2.0
"""Which reader reads a file: decided by its content, never by its name.

What no reader knows is refused with a sentence that says what it looks like; see `tocsin.errors.Unreadable`.
"""

import re

from tocsin.agent.readers.mail import read_mail
from tocsin.agent.readers.reading import Reading
from tocsin.agent.readers.stix import read_stix
from tocsin.errors import Unreadable

_LOOKS_LIKE = (
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Outlook .msg or an old Office file"),
    (b"PK\x03\x04", "a ZIP archive or an Office file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
_PATTERN = re.compile(rb"[(\[\s]{1,20}[a-z0-9-]{1,100}:")
_FIELD = re.compile(rb"([!-9;-~]{1,76}):(?:[ \t]|\r?$)")
_MAIL_FIELDS = frozenset(
    b"from to cc subject date received return-path delivered-to message-id mime-version content-type reply-to sender "
    b"x-original-to authentication-results received-spf dkim-signature arc-seal x-received envelope-to".split()
)
_MBOX_NEXT = re.compile(rb"\r?\n\r?\nFrom [^\s]+ +[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d")


def read(data: bytes) -> Reading:
    """Read a file with the reader for its format; Unreadable names what else it looks like."""
    head = data[:4_096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        raise Unreadable("It is empty.")
    if _PATTERN.match(head):
        raise Unreadable("It looks like STIX patterns without their objects.")
    if head[:1] in (b"{", b"["):
        return read_stix(data)
    if _is_mail(head):
        if head.startswith(b"From ") and _MBOX_NEXT.search(data):
            raise Unreadable("It looks like an mbox folder with several mails; save each as .eml.")
        return read_mail(data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n \t"))
    raise Unreadable(f"It looks like {_looks_like(data, head)}.")


def _is_mail(head: bytes) -> bool:
    """Whether it starts with header fields of which one is a mail's own."""
    lines = head.split(b"\n")
    names = set()
    for line in lines[1:] if lines[0].startswith((b"From ", b">From ")) else lines:
        field = _FIELD.match(line)
        if field:
            names.add(field[1].lower())
        elif not line.startswith((b" ", b"\t")):
            break
    return bool(names & _MAIL_FIELDS)


def _looks_like(data: bytes, head: bytes) -> str:
    for magic, name in _LOOKS_LIKE:
        if data.startswith(magic):
            return name
    lower = head.lower()
    if b"stix_package" in lower or b"stix.mitre.org" in lower:
        return "STIX 1.x in XML, which is not read; export it as STIX 2.1"
    if lower.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if lower.startswith(b"<"):
        return "XML"
    if b"\x00" in head:
        return "binary data of an unknown kind"
    return "a table (CSV)" if _is_table(head) else "plain text without the header lines of a mail"


def _is_table(head: bytes) -> bool:
    """Whether its first lines have separators as tables do: in a sentence a blank follows the comma."""
    lines = [line for line in head.split(b"\n") if line.strip()][:3]
    return len(lines) > 1 and any(
        all(line.count(mark) - line.count(mark + b" ") >= 2 for line in lines) for mark in (b",", b";", b"\t")
    )
