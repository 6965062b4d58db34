# SPDX-License-Identifier: Apache-2.0
"""Files that hold files: gzip, ZIP archives and mbox folders. Each file inside is read as if it came by itself.

Bounded while they are unpacked, whatever their headers claim: `MAX_FILES` of them, `MAX_FILE` bytes together, and
`MAX_RATIO` times their packed size (logs reach 20, deflate at most 1,032). What is encrypted, or fails, is a defect of
its own and costs no neighbour.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from lzma import LZMAError

import msgspec

from tocsin.agent.readers.gather import plain
from tocsin.agent.readers.reading import Defect, Reading
from tocsin.errors import TooCostly, TooLarge, Unreadable

MAX_FILE = 32 * 2**20
"""Bytes of one file; the largest mail that common gateways pass is 25 MiB before base64."""
MAX_FILES = 10_000
MAX_RATIO = 200
MIN_RATIO_BYTES = 2**20
"""Below it no ratio is asked for: short files of zeros are no attack."""
_PART = 65_536
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
)
"""What a ZIP archive that is damaged or uses what is not supported raises."""
_MBOX = re.compile(rb"(?:\A|(?<=\n)\r?\n)(?=From [^\s]+ +[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d)")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


class Packed(msgspec.Struct, frozen=True):
    """One file inside another."""

    name: str
    data: bytes


class Inside(msgspec.Struct, frozen=True):
    """What a file holds that is to be read by itself."""

    files: tuple[Packed, ...]
    defects: tuple[Defect, ...] = ()
    """What of it could not be unpacked, and why."""
    mail: Reading | None = None
    """Of a mail around the files, whose names are the places where they stood in it (`attached.py`)."""


def gunzip(data: bytes) -> Inside:
    """The file in a gzip archive, all of its members one after another."""
    whole, rest = bytearray(), data
    while rest.startswith(b"\x1f\x8b"):
        engine = zlib.decompressobj(wbits=31)
        for part in _inflated(engine, rest):
            whole += part
            _check_size(len(whole), len(data))
        if not engine.eof:
            raise Unreadable("It looks like a gzip archive that was cut off.")
        rest = engine.unused_data
    return Inside((Packed("", bytes(whole)),))


def unzip(data: bytes) -> Inside:
    """The files of a ZIP archive; folders and links are passed over."""
    files, defects, size = list[Packed](), list[Defect](), 0
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except _BROKEN as error:
        raise Unreadable(f"It looks like a ZIP archive but is not well formed ({error}).") from None
    for number, info in enumerate(archive.infolist()):
        name = plain(info.filename, 200)
        if info.filename.endswith("/"):
            continue
        if number >= MAX_FILES:
            defects.append(
                Defect("the archive", f"holds more than {MAX_FILES:,} files; the rest was not read")
            )
            break
        if info.flag_bits & 1:
            defects.append(Defect(name, "is encrypted: unpack it, and report what is inside"))
            continue
        try:
            body = _member(archive, info, size, len(data))
        except _BROKEN as error:
            defects.append(Defect(name, f"cannot be unpacked ({plain(str(error), 100)})"))
            continue
        size += len(body)
        files.append(Packed(name, body))
    return Inside(tuple(files), tuple(defects))


def is_mbox(data: bytes) -> bool:
    """Whether there is more than one mail in a file that begins as mbox folders do."""
    return data.startswith(b"From ") and len(_MBOX.findall(data[:MAX_FILE], 1)) > 0


def split_mbox(data: bytes) -> Inside:
    """The mails of an mbox folder, each as it was before it was put in (mboxrd)."""
    places = list(_MBOX.finditer(data))
    defects: tuple[Defect, ...] = ()
    if len(places) > MAX_FILES:
        defects = (Defect("the folder", f"holds more than {MAX_FILES:,} mails; the rest was not read"),)
    ends = [*(place.start() for place in places[1:]), len(data)]
    mails = (data[place.end() : end] for place, end in zip(places[:MAX_FILES], ends, strict=False))
    return Inside(
        tuple(Packed(f"mail {number}", _unquoted(mail)) for number, mail in enumerate(mails, 1)), defects
    )


def _unquoted(mail: bytes) -> bytes:
    """Without the line that separates it from the mail before."""
    return _QUOTED_FROM.sub(rb"\1", mail.split(b"\n", 1)[1] if b"\n" in mail else b"")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, before: int, packed: int) -> bytes:
    body = bytearray()
    with archive.open(info) as stream:
        while part := stream.read(_PART):
            body += part
            _check_size(before + len(body), packed)
    return bytes(body)


def _inflated(engine: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    try:
        yield engine.decompress(data, _PART)
        while engine.unconsumed_tail:
            yield engine.decompress(engine.unconsumed_tail, _PART)
    except zlib.error as error:
        raise Unreadable(f"It looks like a gzip archive but is not well formed ({error}).") from None


def _check_size(size: int, packed: int) -> None:
    if size > MAX_FILE:
        raise TooLarge(f"What is inside has more than {MAX_FILE // 2**20} MiB.")
    if size > MIN_RATIO_BYTES and size > MAX_RATIO * packed:
        raise TooCostly(f"What is inside is more than {MAX_RATIO} times as large as the archive.")
