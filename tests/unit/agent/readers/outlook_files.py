# SPDX-License-Identifier: Apache-2.0
"""Writes compound files, and mails into them as Outlook saves them: after [MS-CFB] and [MS-OXMSG], for tests alone."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default

import msgspec

from tocsin.agent.readers.charsets import decode

Folder = Mapping[str, "bytes | Folder"]

FREE, END, FAT, DIFAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
CUTOFF = 4_096
_SIZE = {3: 512, 4: 4_096}


class Entry(msgspec.Struct):
    """A line of the directory."""

    name: str
    kind: int
    left: int = FREE
    right: int = FREE
    child: int = FREE
    start: int = 0
    size: int = 0

    def encoded(self) -> bytes:
        name = self.name.encode("utf-16-le")
        head = struct.pack("<64sHBB3I", name, len(name) + 2, self.kind, 1, self.left, self.right, self.child)
        return head + bytes(36) + struct.pack("<IQ", self.start, self.size)


class Writer:
    """The sectors of one file while it is written."""

    def __init__(self, version: int = 3) -> None:
        self.version, self.sector = version, _SIZE[version]
        self.sectors: list[bytes] = []
        self.follows: list[int] = []
        self.small, self.small_follows = bytearray(), list[int]()
        self.entries: list[Entry] = []

    def chain(self, data: bytes) -> int:
        """Put bytes into sectors that follow each other; the number of the first."""
        pieces = [
            data[at : at + self.sector].ljust(self.sector, b"\0") for at in range(0, len(data), self.sector)
        ]
        first = len(self.sectors)
        self.sectors += pieces
        self.follows += [*range(first + 1, first + len(pieces)), END][: len(pieces)] if pieces else []
        return first if pieces else END

    def stream(self, data: bytes) -> int:
        """The same, for a stream: a short one goes into the small sectors."""
        if len(data) >= CUTOFF:
            return self.chain(data)
        first, number = len(self.small) // 64, -(-len(data) // 64)
        self.small += data.ljust(number * 64, b"\0")
        self.small_follows += [*range(first + 1, first + number), END][:number] if number else []
        return first if number else END

    def folder(self, folder: Folder) -> int:
        """Enter everything in a folder; the number of the entry at the top of its tree."""
        numbers = []
        for name, inside in sorted(folder.items(), key=lambda one: (len(one[0]), one[0].upper())):
            numbers.append(len(self.entries))
            entry = Entry(name, 2 if isinstance(inside, bytes) else 1)
            self.entries.append(entry)
            if isinstance(inside, bytes):
                entry.start, entry.size = self.stream(inside), len(inside)
            else:
                entry.child = self.folder(inside)
        return self._tree(numbers)

    def _tree(self, numbers: Sequence[int]) -> int:
        if not numbers:
            return FREE
        middle = len(numbers) // 2
        entry = self.entries[numbers[middle]]
        entry.left, entry.right = self._tree(numbers[:middle]), self._tree(numbers[middle + 1 :])
        return numbers[middle]

    def file(self, root: Folder) -> bytes:
        """All of it, with the header."""
        self.entries.append(Entry("Root Entry", 5))
        self.entries[0].child = self.folder(root)
        self.entries[0].start, self.entries[0].size = self.chain(bytes(self.small)), len(self.small)
        small = self.chain(_numbers(self.small_follows, self.sector))
        directory = self.chain(b"".join(entry.encoded() for entry in self.entries))
        listed, more = self._allocation()
        head = struct.pack("<8s16x5H6x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, self.version, 0xFFFE,
                           self.sector.bit_length() - 1, 6)  # fmt: skip
        head += struct.pack("<9I", 0, len(listed), directory, 0, CUTOFF, small, 0, more, 0)
        head += struct.pack("<109I", *(listed + [FREE] * 109)[:109])
        return head.ljust(self.sector, b"\0") + b"".join(self.sectors)

    def _allocation(self) -> tuple[list[int], int]:
        """Write which sector follows which, and where that is written beyond what the header has room for."""
        per = self.sector // 4
        fats = lists = 0
        while (needed := -(-(len(self.sectors) + fats + lists) // per)) != fats or lists != _lists(fats, per):
            fats, lists = needed, _lists(needed, per)
        first = len(self.sectors)
        numbers = list(range(first, first + fats))
        self.follows += [FAT] * fats + [DIFAT] * lists
        table = _numbers(self.follows, self.sector * fats)
        self.sectors += [table[at : at + self.sector] for at in range(0, len(table), self.sector)]
        for number in range(lists):
            some = numbers[109 + number * (per - 1) :][: per - 1]
            after = first + fats + number + 1 if number + 1 < lists else END
            self.sectors.append(struct.pack(f"<{per}I", *some, *[FREE] * (per - 1 - len(some)), after))
        return numbers, first + fats if lists else END


def _lists(fats: int, per: int) -> int:
    return -(-max(0, fats - 109) // (per - 1))


def _numbers(numbers: Sequence[int], size: int) -> bytes:
    packed = struct.pack(f"<{len(numbers)}I", *numbers)
    return packed + b"\xff" * (-len(packed) % size)


def compound(root: Folder, version: int = 3) -> bytes:
    """A compound file with these folders and streams."""
    return Writer(version).file(root)


# Mails. Numbers of properties are those of [MS-OXPROPS].
_UNICODE, _BINARY = "001F", "0102"


def properties(fixed: Mapping[tuple[int, int], int], before: int) -> bytes:
    """The list of properties whose values fit into it: numbers, and moments."""
    return bytes(before) + b"".join(
        struct.pack("<HHIQ", kind, name, 6, value) for (name, kind), value in fixed.items()
    )


def text(name: int, value: str) -> dict[str, bytes]:
    """A text; bytes of a header that are no ASCII, as Outlook would take them."""
    if not value.isprintable():
        value = "".join(
            decode(line.encode("utf-8", "surrogateescape"), None) for line in value.splitlines(keepends=True)
        )
    return {f"__substg1.0_{name:04X}{_UNICODE}": value.encode("utf-16-le")}


def binary(name: int, value: bytes) -> dict[str, bytes]:
    return {f"__substg1.0_{name:04X}{_BINARY}": value}


def ticks(moment: datetime) -> int:
    """Tenths of microseconds since 1601."""
    return int((moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000


def item(mail: Message, *, before: int = 32, keep_header: bool = True) -> dict[str, "bytes | Folder"]:
    """A mail's storage, as Outlook makes it of a mail that came from the internet."""
    assert isinstance(mail, EmailMessage)
    found: dict[str, bytes | Folder] = {
        **text(0x001A, "IPM.Note"), **text(0x0037, str(mail["subject"] or "")),
        **text(0x0C1A, _display(mail, "from")), **text(0x0C1F, _address(mail, "from")),
        **text(0x0042, _display(mail, "from")), **text(0x0065, _address(mail, "from")),
        "__nameid_version1.0": {},
    }  # fmt: skip
    if keep_header:
        head = "".join(f"{name}: {value}\r\n" for name, value in mail.raw_items())
        found |= text(0x007D, f"{head}\r\n")
    moment = mail["date"].datetime if mail["date"] else datetime(2026, 11, 21, tzinfo=UTC)
    fixed = {(0x3FDE, 3): 65001, (0x0E06, 0x40): ticks(moment), (0x0039, 0x40): ticks(moment)}
    found["__properties_version1.0"] = properties(fixed, before)
    for number, (field, name, address) in enumerate(_recipients(mail)):
        found[f"__recip_version1.0_#{number:08X}"] = {
            "__properties_version1.0": properties({(0x0C15, 3): field}, 8),
            **text(0x3001, name), **text(0x3003, address), **text(0x39FE, address),
        }  # fmt: skip
    for number, part in enumerate(_leaves(mail)):
        found |= _part(part, number)
    return found


def msg(mail: bytes, *, keep_header: bool = True, version: int = 3) -> bytes:
    """The .msg of a mail."""
    parsed = message_from_bytes(mail, policy=default)
    return compound(item(parsed, keep_header=keep_header), version)


def _leaves(mail: Message) -> Iterator[Message]:
    if mail.get_content_maintype() != "multipart":
        yield mail
        return
    for part in mail.get_payload():
        assert isinstance(part, Message)
        yield from _leaves(part)


def _part(part: Message, number: int) -> dict[str, "bytes | Folder"]:
    """A body as a property, a file as a storage."""
    kind, name = part.get_content_type(), part.get_filename()
    where = f"__attach_version1.0_#{number:08X}"
    if kind == "message/rfc822":
        (inside,) = part.get_payload()
        fixed = properties({(0x3705, 3): 5}, 8)
        return {where: {"__properties_version1.0": fixed, "__substg1.0_3701000D": item(inside, before=24)}}
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    if not name and kind == "text/plain":
        return dict(text(0x1000, data.decode(part.get_content_charset() or "utf-8")))
    if not name and kind == "text/html":
        return dict(binary(0x1013, data))
    content_id = text(0x3712, part["content-id"].strip("<>")) if part["content-id"] else {}
    return {
        where: {
            "__properties_version1.0": properties({(0x3705, 3): 1}, 8),
            **binary(0x3701, data), **text(0x3707, name or "unnamed"), **text(0x370E, kind), **content_id,
        }
    }  # fmt: skip


def _recipients(mail: EmailMessage) -> Iterator[tuple[int, str, str]]:
    for number, field in enumerate(("to", "cc", "bcc"), 1):
        for header in mail.get_all(field, []):
            for address in header.addresses:
                yield number, address.display_name, address.addr_spec


def _display(mail: EmailMessage, field: str) -> str:
    return mail[field].addresses[0].display_name if mail[field] else ""


def _address(mail: EmailMessage, field: str) -> str:
    return mail[field].addresses[0].addr_spec if mail[field] else ""
