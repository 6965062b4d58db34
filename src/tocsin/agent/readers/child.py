# SPDX-License-Identifier: Apache-2.0
"""What runs inside the reader child: read one file after the other, able to do nothing else.

Before the first byte of a file arrives it loads all that reading may need, stops importing, and gives up the rest for
good (`tocsin.agent.readers.confinement`). Each item gets `CPU_SECONDS` of processor time, counted by the kernel, which
ends the process when they are used up, also inside a C library. It holds no key and its environment is empty.

Run by `tocsin.agent.readers.process` as ``python -I -m tocsin.agent.readers.child``; the parent trusts nothing it says.
"""

import encodings
import gzip
import importlib
import pkgutil
import signal
import sys
import zipfile
from importlib.machinery import BuiltinImporter
from io import BytesIO

import msgspec

from tocsin.agent.readers.confinement import MAX_MEMORY, confine
from tocsin.agent.readers.containers import MAX_FILE, Inside
from tocsin.agent.readers.formats import read
from tocsin.agent.readers.frames import MAX_ANSWER, Answer, read_frame, write_frame
from tocsin.agent.readers.gather import MAX_RAW, plain
from tocsin.errors import InputError, TooCostly, TooLarge, Unreadable


def _zipped(files: dict[str, bytes]) -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return archive.getvalue()


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
    _zipped({"note.txt": b"warm"}),
    _zipped(
        {"[Content_Types].xml": b"<a/>", "xl/worksheets/sheet1.xml": b"<a><row><c><v>1</v></c></row></a>"}
    ),
)
"""One file for each reader, to be read before the first real one."""
ROOT_STAYED = 77
"""Exit code: it was root and could not stop being it, and so reads nothing."""


def main() -> None:
    """Serve until the parent goes away."""
    preload()
    try:
        confine()
    except OSError:
        sys.exit(ROOT_STAYED)
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while (data := read_frame(questions, MAX_FILE)) is not None:
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        body = answer(data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        write_frame(answers, body)


def answer(data: bytes) -> bytes:
    """The encoded answer about one file; whatever goes wrong is said and stays with this file."""
    try:
        found = read(data)
        answered = Answer(inside=found) if isinstance(found, Inside) else Answer(reading=found)
        body = msgspec.msgpack.encode(answered)
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


def preload() -> None:
    """Load whatever reading may import later, by reading one of each; then allow only what is built in."""
    for module in pkgutil.iter_modules(encodings.__path__):
        if module.name not in ("mbcs", "oem"):  # Windows only
            importlib.import_module(f"encodings.{module.name}")
    for sample in SAMPLES:
        answer(sample)
    sys.meta_path[:] = [BuiltinImporter]


def _refusal(error: InputError) -> bytes:
    return msgspec.msgpack.encode(Answer(problem=error.problem, reason=plain(error.detail, MAX_RAW)))


if __name__ == "__main__":
    main()
