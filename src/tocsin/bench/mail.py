# SPDX-License-Identifier: Apache-2.0
"""Mails to classified indicators, per second of processor time: child and parent together.

The mails are made from the story's own sample with other hosts, names and padding, so that nothing is remembered from
the one before; or they are a folder of real ones. Beside them stands the least that any reader must do: the standard
library's parser and one regular expression for links, in one process, without classification, bounds or isolation.

The peers are eml_parser and iocextract, which together do what a reader does here. They are under the AGPL and the GPL:
Tocsin neither needs nor holds them. Who has them in an environment of its own names its interpreter::

    python3 -m venv peers && peers/bin/pip install eml_parser iocextract requests
    tocsin bench mail --peers peers/bin/python
"""

import random
import re
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from email.parser import BytesParser
from importlib.resources import files
from pathlib import Path

from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.redaction.assets import assets_of
from tocsin.agent.redaction.classify import Classifier
from tocsin.bench.result import Beside, Row
from tocsin.errors import InputError, UsageError

_MAILS = 1_500
_TARGET = 300.0
_FASTER = 15.0
_FOR_PEERS = 60
"""Mails that the peers are given, drawn by the seed: they take long."""
_PEERS_SECONDS = 1
"""Of processor time for one mail, as for one of ours. On some mails iocextract would take minutes."""
_LINK = re.compile(rb"https?://[^\s\"'<>]+")
_PEERS = f"""
import signal, sys, time, warnings
warnings.simplefilter("ignore")
import eml_parser, iocextract
def stop(*_):
    raise TimeoutError
signal.signal(signal.SIGPROF, stop)
spent = 0.0
while prefix := sys.stdin.buffer.read(4):
    data = sys.stdin.buffer.read(int.from_bytes(prefix, "big"))
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, {_PEERS_SECONDS})
    try:
        read = eml_parser.EmlParser(include_raw_body=True).decode_email_bytes(data)
        for body in read.get("body", ()):
            list(iocextract.extract_iocs(body.get("content", ""), refang=True))
    except Exception:
        pass
    signal.setitimer(signal.ITIMER_PROF, 0)
    spent += time.process_time() - began
print(spent)
"""


def run(seed: int) -> Iterator[Row]:
    """One row: mails per CPU-second."""
    yield _row("mail to classified indicators", list(_mails(seed)))


def run_beside(seed: int, folder: Path | None, peers: Path | None) -> Iterator[Row]:
    """The same over the real mails of a folder, and how much faster it is than the peers, in the same run."""
    mails = _mails_in(folder) if folder else []
    if folder:
        yield _row("real mail to classified indicators", mails)
    if peers:
        some = random.Random(seed).sample(mails or list(_mails(seed)), _FOR_PEERS)  # noqa: S311 repeatable
        theirs, ours = _by_peers(peers, some), _by_us(some)
        beside = Beside("eml_parser + iocextract, mails per CPU-second", theirs)
        yield Row(
            "as often as eml_parser + iocextract", ours / theirs, "times", "higher", _FASTER, beside
        ).judged()


def _row(name: str, mails: list[bytes]) -> Row:
    beside = Beside("stdlib parse + one regex", _barely(mails))
    return Row(name, _by_us(mails), "mails per CPU-second", "higher", _TARGET, beside).judged()


def _barely(mails: list[bytes]) -> float:
    started = time.process_time()
    for data in mails:
        message = BytesParser().parsebytes(data)
        for part in message.walk():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                _LINK.findall(payload)
    return len(mails) / (time.process_time() - started)


def _by_us(mails: list[bytes]) -> float:
    """Mails per CPU-second of an agent that runs: one was read before, as its start is one for thousands of files."""
    classifier = Classifier(assets_of("Northbridge Bank plc", domains=("northbridge.example",)))
    values = read = 0
    with ReaderChild() as reader:
        with suppress(InputError):
            classifier.classify(reader.read(mails[0], "mail"))
        before = _spent(reader)
        for data in mails:
            try:
                values += len(classifier.classify(reader.read(data, "mail")))
            except InputError:  # it costs its time, and is no mail that was read
                continue
            read += 1
        spent = _spent(reader) - before
    assert values > 5 * read, "a mail holds more than five values"
    return read / spent


def _mails_in(folder: Path) -> list[bytes]:
    """Every mail below a folder, and nothing else that lies there; UsageError when there is none."""
    every = (path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    mails = []
    with ReaderChild() as reader:
        for data in every:
            with suppress(InputError):
                mails += [data] if reader.read(data, "mail").format == "mail" else []
    if not mails:
        raise UsageError(f"{folder} holds no mail.")
    return mails


def _spent(reader: ReaderChild) -> float:
    """Processor seconds of this process, of the child that runs and of those that ended before it."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Linux names the processor clock of process N by ~N << 3 | 2: clock_getcpuclockid(3), nanoseconds and not ticks.
    running = time.clock_gettime(~reader.pid << 3 | 2) if reader.pid else 0.0
    return time.process_time() + ended.ru_utime + ended.ru_stime + running


def _by_peers(python: Path, mails: list[bytes]) -> float:
    """In a process of their own; UsageError when that interpreter does not have them."""
    asked = b"".join(len(data).to_bytes(4, "big") + data for data in mails)
    command = [str(python), "-c", _PEERS]
    try:
        ran = subprocess.run(command, input=asked, capture_output=True, check=True)  # noqa: S603 the asker's own
    except (OSError, subprocess.CalledProcessError):
        raise UsageError(
            f"{python} has no eml_parser and iocextract.",
            next_step="python3 -m venv peers && peers/bin/pip install eml_parser iocextract requests",
        ) from None
    return len(mails) / float(ran.stdout.split()[-1])


def _mails(seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    sample = (files("tocsin.world") / "samples" / "invoice_wave.eml").read_bytes()
    for _ in range(_MAILS):
        word = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=12)).encode()
        padding = b"".join(b"<p>%d</p>\n" % chance.randrange(10**9) for _ in range(chance.randrange(800)))
        yield sample.replace(b"secure-clearing-update", word).replace(b"</body>", padding + b"</body>")
