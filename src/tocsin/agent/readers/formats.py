# SPDX-License-Identifier: Apache-2.0
"""Which reader reads a file: decided by its content, never by its name.

=====================  =========================================================
gzip, ZIP, mbox        taken apart: each file inside is read by itself
a mail                 `mail`, as it was sent or as Outlook saved it (.msg)
STIX 2.0 and 2.1       `stix`
a MISP event           `misp`
logs of Zeek, Suricata `logs`
.xlsx, .docx           `office`
a PDF                  `pdf`
a table, any header    `table`
all other text         `text`: a list, a web page, or running text
=====================  =========================================================

What no reader knows is refused with a sentence that says what it looks like; see `tocsin.errors.Unreadable`.
"""

import re

from tocsin.agent.readers.around import Around
from tocsin.agent.readers.containers import Inside, gunzip, is_mbox, split_mbox, unzip
from tocsin.agent.readers.logs import is_log, read_log
from tocsin.agent.readers.mail import open_mail
from tocsin.agent.readers.misp import read_misp
from tocsin.agent.readers.office import is_office, read_office
from tocsin.agent.readers.outlook import is_outlook
from tocsin.agent.readers.pdf import is_pdf, read_pdf
from tocsin.agent.readers.reading import Reading
from tocsin.agent.readers.stix import read_stix
from tocsin.agent.readers.table import read_table, separator_of
from tocsin.agent.readers.text import read_text, text_of
from tocsin.errors import Unreadable

_LOOKS_LIKE = (
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
_NAME = re.compile(rb'"([A-Za-z_]{2,30})"\s*:')
_STIX_NAMES = frozenset({b"spec_version", b"object_refs", b"kill_chain_phases"})
_MISP_WORDS = (
    b"Attribute Object ShadowAttribute Tag info distribution analysis threat_level_id to_ids sharing_group_id"
)
_MISP_NAMES = frozenset(_MISP_WORDS.split())


def read(data: bytes) -> Reading | Inside:
    """Read a file with the reader for its format, or take it apart if it holds files; Unreadable names what it is."""
    head = data[:4_096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        raise Unreadable("It is empty.")
    return _by_first_bytes(data, head) or _by_text(data, head)


def read_piece(data: bytes, around: Around) -> Reading:
    """Read a piece of a bundle, or of a list of events, with what stands around it."""
    return read_misp(data, around.first) if _is_misp(data) else read_stix(data, around)


def _by_first_bytes(data: bytes, head: bytes) -> Reading | Inside | None:
    """What a file of a format with a mark of its own says; None for all others."""
    if data.startswith(b"\x1f\x8b"):
        return gunzip(data)
    if data.startswith(b"PK\x03\x04"):
        return read_office(data) if is_office(data) else unzip(data)
    if is_outlook(data):
        return open_mail(data, saved=True)
    return read_pdf(data) if is_pdf(head) else None


def _by_text(data: bytes, head: bytes) -> Reading | Inside:
    """What a file says that can be told only by its words."""
    if _PATTERN.match(head):
        raise Unreadable("It looks like STIX patterns without their objects.")
    if is_log(head):
        return read_log(data)
    if head[:1] in (b"{", b"["):
        return read_misp(data) if _is_misp(data) else read_stix(data)
    if _is_mail(head):
        return (
            split_mbox(data)
            if is_mbox(data)
            else open_mail(data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n \t"))
        )
    if what := _looks_like(data, head):
        raise Unreadable(f"It looks like {what}.")
    return read_table(data) if separator_of(text_of(data[:65_536])) else read_text(data)


def _is_misp(data: bytes) -> bool:
    """Whether JSON is a MISP event, or a list of them: by the names of its first fields, without reading it twice."""
    names = set(_NAME.findall(data[:1_000_000]))
    return not names & _STIX_NAMES and (b"Event" in names or len(names & _MISP_NAMES) > 2)


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
    """What a file is that is not read; empty for text."""
    for magic, name in _LOOKS_LIKE:
        if data.startswith(magic):
            return name
    lower = head.lower()
    if b"stix_package" in lower or b"stix.mitre.org" in lower:
        return "STIX 1.x in XML, which is not read; export it as STIX 2.1"
    if lower.startswith(b"<") and not lower.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "XML"
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    return "binary data of an unknown kind" if b"\x00" in head and not wide else ""
