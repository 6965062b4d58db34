# SPDX-License-Identifier: Apache-2.0
"""What runs inside the reader child: read one file after the other, able to do nothing else.

Before the first byte of a file arrives it loads all that reading may need, stops importing, and gives up the rest for
good (`tocsin.agent.readers.confinement`). Each item gets `CPU_SECONDS` of processor time, counted by the kernel, which
ends the process when they are used up, also inside a C library. It holds no key and its environment is empty.

Run by `tocsin.agent.readers.process` as ``python -I -m tocsin.agent.readers.child``; the parent trusts nothing it says.
"""

import encodings
import gc
import gzip
import importlib
import pkgutil
import signal
import struct
import sys
import zipfile
import zlib
from importlib.machinery import BuiltinImporter
from io import BytesIO

import msgspec

from tocsin.agent.readers.attached import read_attached
from tocsin.agent.readers.confinement import MAX_MEMORY, ROOT_STAYED, confine
from tocsin.agent.readers.containers import Inside
from tocsin.agent.readers.formats import read, read_piece
from tocsin.agent.readers.frames import MAX_ANSWER, MAX_QUESTION, Answer, Question, read_frame, write_frame
from tocsin.agent.readers.gather import MAX_RAW, plain
from tocsin.agent.readers.stix import survey_stix
from tocsin.errors import InputError, TooCostly, TooLarge, Unreadable


def _zipped(files: dict[str, bytes]) -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return archive.getvalue()


def _saved_mail() -> bytes:
    """The least .msg: a header, a table of sectors, a directory with an empty list of properties."""
    nothing = 0xFFFFFFFF
    head = struct.pack("<8s16x5H6x9I", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 62, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4_096,
                       0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<109I", 0, *[nothing] * 108)  # fmt: skip
    table = struct.pack("<128I", 0xFFFFFFFD, 0xFFFFFFFE, *[nothing] * 126)
    entries = (("Root Entry", 5, 1), ("__properties_version1.0", 2, nothing))
    return head + table + b"".join(
        struct.pack("<64sHBB3I36xIQ", name.encode("utf-16-le"), 2 * len(name) + 2, kind, 1, nothing, nothing, child,
                    0xFFFFFFFE, 0)
        for name, kind, child in entries
    ).ljust(512, b"\0")  # fmt: skip


def _pdf() -> bytes:
    """A page of one letter, compressed, of which the PDF says as little as it may."""
    drawn = zlib.compress(b"BT/F 9 Tf(x)Tj ET")
    return (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont"
        b"/Helvetica>>>>>>>>endobj\n4 0 obj<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream endobj\n"
        b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%%%EOF" % (len(drawn), drawn)
    )


CPU_SECONDS = 1.0
SAMPLES = (
    b"From: a@reader.example\nSubject: =?utf-8?q?warm?=\n\n<p>https://b\xc3\xbc.example/</p>",
    b'{"Event": {"info": "warm", "date": "2026-01-01", "Attribute": [{"type": "ip-dst", "value": "::1"}]}}',
    b'{"ts": 1, "uid": "C1", "id.orig_h": "192.0.2.1"}\n',
    b"#separator \\x09\n#path\tconn\n#fields\tid.orig_h\n192.0.2.1\n",
    b"value,kind,day\nb.example,domain,1\n",
    b"192.0.2.0/24\n",
    b"\xff\xfew\x00a\x00r\x00m\x00",
    gzip.compress(b"warm"),
    _saved_mail(),
    _pdf(),
    _zipped({"note.txt": b"warm"}),
    _zipped(
        {"[Content_Types].xml": b"<a/>", "xl/worksheets/sheet1.xml": b"<a><row><c><v>1</v></c></row></a>"}
    ),
)
"""One file for each reader, to be read before the first real one."""


def main() -> None:
    """Serve until the parent goes away."""
    preload()
    try:
        confine()
    except OSError:
        sys.exit(ROOT_STAYED)
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while (data := read_frame(questions, MAX_QUESTION)) is not None:
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        body = answer(msgspec.msgpack.decode(data, type=Question))
        signal.setitimer(signal.ITIMER_PROF, 0)
        write_frame(answers, body)


def answer(question: Question) -> bytes:
    """The encoded answer about one file; whatever goes wrong is said and stays with this file."""
    try:
        body = msgspec.msgpack.encode(_answered(question))
    except InputError as error:
        return _refusal(error)
    except MemoryError:
        return _refusal(TooCostly(f"It needs more than {MAX_MEMORY >> 20} MiB of memory."))
    except RecursionError:
        return _refusal(Unreadable("It is nested too deep."))
    except Exception as error:  # composition root: one file's surprise must not end the reader
        return _refusal(Unreadable(f"An internal error of the reader ({type(error).__name__})."))
    if len(body) > MAX_ANSWER:
        return _refusal(TooLarge(f"What it names does not fit into {MAX_ANSWER >> 20} MiB."))
    return body


def _answered(question: Question) -> Answer:
    if question.is_attached:
        return Answer(reading=read_attached(question.data))
    if question.around is None:
        found = read(question.data)
        return Answer(inside=found) if isinstance(found, Inside) else Answer(reading=found)
    if question.is_survey:
        return Answer(told=survey_stix(question.data, question.around))
    return Answer(reading=read_piece(question.data, question.around))


def preload() -> None:
    """Load whatever reading may import later, by reading one of each; then allow only what is built in."""
    for module in pkgutil.iter_modules(encodings.__path__):
        if module.name not in ("mbcs", "oem"):  # Windows only
            importlib.import_module(f"encodings.{module.name}")
    for sample in SAMPLES:
        answer(Question(sample))
    sys.meta_path[:] = [BuiltinImporter]
    gc.freeze()  # what was loaded stays: it need not be looked through again and again


def _refusal(error: InputError) -> bytes:
    return msgspec.msgpack.encode(Answer(problem=error.problem, reason=plain(error.detail, MAX_RAW)))


if __name__ == "__main__":
    main()
