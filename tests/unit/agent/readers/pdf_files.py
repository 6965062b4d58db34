# SPDX-License-Identifier: Apache-2.0
"""Writes small PDFs for tests: pages of text with links, and any objects that are given (ISO 32000-2 §7.5)."""

import zlib
from io import BytesIO

from pypdf import PdfReader, PdfWriter


def assembled(objects: dict[int, bytes], root: int = 1) -> bytes:
    """A file of numbered objects with its table of them."""
    file, places = bytearray(b"%PDF-1.7\n"), dict[int, int]()
    for number, body in objects.items():
        places[number] = len(file)
        file += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(file)
    file += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in places.items():
        file += b"%d 1\n%010d 00000 n \n" % (number, place)
    file += b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        max(objects) + 1,
        root,
        table,
    )
    return bytes(file)


def stream(data: bytes, more: bytes = b"") -> bytes:
    """A stream, compressed once."""
    packed = zlib.compress(data, 9)
    return b"<< /Length %d /Filter /FlateDecode %b >>\nstream\n%b\nendstream" % (len(packed), more, packed)


def shown(text: str) -> bytes:
    """What draws lines of text on a page."""
    lines = b"".join(
        b"(%b) Tj T*\n" % line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("latin-1")
        for line in text.splitlines()
    )
    return b"BT /F1 12 Tf 14 TL 72 720 Td\n" + lines + b"ET"


def pdf(*pages: str, links: tuple[str, ...] = (), content: bytes = b"") -> bytes:
    """A PDF with these pages; the links are on the first. `content` replaces what draws the first."""
    kids = b" ".join(b"%d 0 R" % (10 + 2 * number) for number in range(len(pages)))
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Count %d /Kids [%b] >>" % (len(pages), kids),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: b"[%b]"
        % b" ".join(
            b"<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (%b) >> >>" % url.encode()
            for url in links
        ),
    }
    for number, text in enumerate(pages):
        notes = b"/Annots 4 0 R" if number == 0 else b""
        objects[10 + 2 * number] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R %b "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (11 + 2 * number, notes)
        )
        objects[11 + 2 * number] = stream(content if content and not number else shown(text))
    return assembled(objects)


def encrypted(data: bytes, password: str, algorithm: str = "AES-256") -> bytes:
    """The same, to be opened with this password; with none, what only its owner may change."""
    writer = PdfWriter()
    for page in PdfReader(BytesIO(data)).pages:
        writer.add_page(page)
    writer.encrypt(password, "owner's", algorithm=algorithm)
    file = BytesIO()
    writer.write(file)
    return file.getvalue()
