# SPDX-License-Identifier: Apache-2.0
"""A folder of 10,000 files reported by one command, then by the same command again, per second of processor time.

Each pass is the command as a person types it, against a hub that serves: its own time and its reader child's count, the
hub's does not (`intake` measures that). Of a hundred files, 45 are mails and lists in which there is something to
report, 50 hold nothing, and 5 cannot be read, which the second pass tries again. Beside the first pass stands the same
command for each file by itself, as a script without this would call it; beside the second, what any recognition by
content must do: read each file and hash it.
"""

import gzip
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import msgspec

from tocsin.bench.alliance import found
from tocsin.bench.result import Beside, Row
from tocsin.domain.party import Role
from tocsin.errors import RemoteError
from tocsin.hub import app as hub

_FILES = 10_000
_ALONE = 20
"""Files that are given a command each: it takes long."""
_TARGET, _AGAIN_TARGET = 60.0, 500.0


class _Summary(msgspec.Struct, frozen=True):
    """What of the command's last line is held against what was made."""

    files: int
    sent: int
    refused: int
    skipped: int


def run(seed: int) -> Iterator[Row]:
    """Two rows: files per CPU-second, at first and again."""
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        served = found(place / "hub", 0, chance)
        with served.served():
            agent = _joined(place, served.url)
            alone = [_written(place / "alone", number, chance) for number in range(_ALONE)]
            for number in range(_FILES):
                _written(place / "files", number, chance)
            each = _spent(lambda: [_report(agent, path) for path in alone]) / _ALONE
            first = _spent(lambda: _demand(_report(agent, place / "files"), skipped=0))
            again = _spent(lambda: _demand(_report(agent, place / "files"), skipped=_FILES * 95 // 100))
        hashed = time.process_time()
        for path in (place / "files").iterdir():
            sha256(path.read_bytes()).digest()
        hashed = time.process_time() - hashed
    unit = "files per CPU-second"
    yield Row(
        f"a folder of {_FILES:,} files, reported", _FILES / first, unit, "higher", _TARGET,
        Beside("a command for each file", 1 / each),
    ).judged()  # fmt: skip
    yield Row(
        "the same folder again", _FILES / again, unit, "higher", _AGAIN_TARGET,
        Beside("each file read and hashed", _FILES / hashed),
    ).judged()  # fmt: skip


def _joined(place: Path, url: str) -> Path:
    """A bank's agent, set up as its operator does."""
    agent = place / "agent"
    code = hub.enrol(place / "hub", "Ayr Bank plc", Role.BANK, "GB").code
    _tocsin("agent", "init", agent, "--hub", url, "--code", code, "--legal-name", "Ayr Bank plc")
    return agent


def _report(agent: Path, path: Path) -> bytes:
    """The last document that the command prints."""
    return _tocsin("agent", "report", agent, path, "--yes", "--json").splitlines()[-1]


def _demand(said: bytes, skipped: int) -> None:
    """RemoteError unless the command did what it is measured for."""
    total = msgspec.json.decode(said, type=_Summary)
    expected = _FILES * 45 // 100 if not skipped else 0
    if (total.sent, total.skipped) != (expected, skipped):
        raise RemoteError(f"{total.sent} files were sent and {total.skipped} skipped.")


def _tocsin(*words: str | Path) -> bytes:
    command = [sys.executable, "-m", "tocsin", *map(str, words)]
    return subprocess.run(command, capture_output=True, check=False).stdout  # noqa: S603 our own command


def _spent(work: Callable[[], object]) -> float:
    """Processor seconds of the commands that some work starts and waits for, and of their children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _written(folder: Path, number: int, chance: random.Random) -> Path:
    """One file that is like no other."""
    folder.mkdir(exist_ok=True)
    word = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=14))
    padding = "".join(f"<p>{chance.randrange(10**9)}</p>\n" for _ in range(chance.randrange(400)))
    head = f"To: clerk@ayr.example\nSubject: {word}\nDate: Sat, 21 Nov 2026 08:30:00 +0000\n"
    match number % 20:
        case 0 | 1 | 2 | 3 | 4 | 5:
            kind = "Content-Type: text/html; charset=utf-8\n"
            link = f'<html><a href="https://login.{word}.example/pay">Confirm</a>{padding}</html>'
            name, data = "eml", f"From: Desk <a@{word}.example>\n{head}{kind}\n{link}".encode()
        case 6 | 7:
            name, data = "txt", f"one.{word}.example\ntwo.{word}.example\n".encode()
        case 8:
            name, data = "csv.gz", gzip.compress(f"value,kind\n{word}.example,domain\n".encode(), mtime=0)
        case 9:
            name, data = "pdf", f"%PDF-1.7 {word}".encode()
        case _:
            name, data = "eml", f"From: b@ayr.example\n{head}\nAt noon, {word}?\n{padding}".encode()
    path = folder / f"{number:05}.{name}"
    path.write_bytes(data)
    return path
