# SPDX-License-Identifier: Apache-2.0
"""The reader child: one file's end is no other file's, and a broken child is not believed."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tocsin.agent.readers import confinement, process
from tocsin.agent.readers.confinement import is_filtered
from tocsin.agent.readers.frames import MAX_ANSWER, MAX_FILE, Answer
from tocsin.agent.readers.process import ReaderChild, checked
from tocsin.agent.readers.reading import Defect, Found, Reading
from tocsin.clock import Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import Malformed, TooCostly, TooLarge, Unreadable

pytestmark = pytest.mark.processes

MAIL = b"From: a@evil.example\nSubject: x\n\nhttps://evil.example/"
BURNER = (
    b"From: a@evil.example\nContent-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\n\nhello\n" * 1_200_000
    + b"--b--\n"
)
"""A mail of 13 MB that keeps any parser busy for several seconds."""


@pytest.fixture
def reader() -> Iterator[ReaderChild]:
    with ReaderChild() as child:
        yield child


def signal_child(reader: ReaderChild, number: signal.Signals, after_seconds: float = 0.0) -> threading.Thread:
    """Send the present child a signal, a moment later, while it reads."""
    pid = reader.pid
    assert pid is not None

    def later() -> None:
        time.sleep(after_seconds)
        os.kill(pid, number)

    thread = threading.Thread(target=later)
    thread.start()
    return thread


def is_readable(reader: ReaderChild) -> bool:
    return reader.read(MAIL, "next.eml").format == "mail"


def test_one_process_reads_many_files(reader: ReaderChild) -> None:
    assert reader.read(MAIL, "a.eml").found[0].observable == Observable(Kind.EMAIL, "a@evil.example")
    before = reader.pid
    assert is_readable(reader)
    assert reader.pid == before


def test_it_ends_with_its_owner() -> None:
    with ReaderChild() as reader:
        assert is_readable(reader)
        place = Path(f"/proc/{reader.pid}")
        assert place.exists()
    assert reader.pid is None
    assert not place.exists()


def test_a_refusal_names_the_file_and_costs_nothing_else(reader: ReaderChild) -> None:
    with pytest.raises(Unreadable, match=r"archive\.7z: It looks like a 7z archive"):
        reader.read(b"7z\xbc\xaf\x27\x1c", "archive.7z")
    assert is_readable(reader)


def test_a_file_above_the_bound_is_refused_before_it_is_read(reader: ReaderChild) -> None:
    with pytest.raises(TooLarge):
        reader.read(bytes(MAX_FILE + 1), "huge.bin")
    assert reader.pid is None


def test_a_file_that_burns_a_second_of_processor_time_is_stopped_and_the_next_is_read(
    reader: ReaderChild,
) -> None:
    with pytest.raises(TooCostly, match=r"burner\.eml"):
        reader.read(BURNER, "burner.eml")
    assert is_readable(reader)


def test_a_child_that_is_killed_over_a_file_costs_that_file_only(reader: ReaderChild) -> None:
    assert is_readable(reader)
    thread = signal_child(reader, signal.SIGSEGV, 0.2)
    with pytest.raises(Unreadable, match="ended the reader process"):
        reader.read(BURNER, "burner.eml")
    thread.join()
    assert is_readable(reader)


def test_a_child_that_ended_between_two_files_is_replaced_unseen(reader: ReaderChild) -> None:
    assert is_readable(reader)
    signal_child(reader, signal.SIGKILL).join()
    time.sleep(0.1)
    assert is_readable(reader)


def test_a_child_that_stands_still_is_ended_by_the_wall_clock(
    reader: ReaderChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_readable(reader)
    signal_child(reader, signal.SIGSTOP).join()
    with monkeypatch.context() as patch:
        patch.setattr(reader, "_wall_seconds", 0.5)  # too short for a child that must start first
        with pytest.raises(TooCostly, match="not read within"):
            reader.read(MAIL, "still.eml")
    assert is_readable(reader)


def test_a_large_file_leaves_no_large_process_behind(reader: ReaderChild) -> None:
    reader.read(MAIL + b"\n" + b"a" * 4_000_000, "large.eml")
    assert reader.pid is None


def test_an_idle_child_is_small_and_holds_no_key_no_file_and_no_name(
    reader: ReaderChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_SECRET", "key")
    assert is_readable(reader)
    place = Path(f"/proc/{reader.pid}")
    resident = next(line for line in (place / "status").read_text().splitlines() if line.startswith("VmRSS"))
    assert int(resident.split()[1]) < 70_000, resident
    assert b"TOCSIN_SECRET" not in (place / "environ").read_bytes()
    assert sorted(path.name for path in (place / "fd").iterdir()) == ["0", "1", "2"]


@pytest.mark.parametrize(
    "charset", ["big5", "cp1250", "shift_jis", "koi8-r", "utf-16", "no-such-charset", "hz", "zlib"]
)
def test_every_charset_was_loaded_before_the_doors_closed(reader: ReaderChild, charset: str) -> None:
    body = f"From: a@evil.example\nContent-Type: text/plain; charset={charset}\n\nhttps://b\u00fc.example/".encode()
    assert reader.read(body, "a.eml").format == "mail"


def test_the_kernel_filters_the_calls_of_a_child_that_reads(
    reader: ReaderChild, caplog: pytest.LogCaptureFixture
) -> None:
    assert is_readable(reader)
    assert reader.pid is not None
    assert is_filtered(reader.pid)
    assert not is_filtered(os.getpid())
    assert caplog.records == []


def test_a_kernel_without_a_filter_is_said_once(
    reader: ReaderChild, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "is_filtered", lambda pid: False)
    assert is_readable(reader)
    assert is_readable(reader)
    (record,) = caplog.records
    assert "no system call filter" in record.message


def liar(tmp_path: Path, frame: bytes) -> str:
    """A program that answers every file with this frame."""
    path = tmp_path / "liar"
    path.write_text(
        f"#!{sys.executable} -I\nimport sys\nsys.stdin.buffer.read(4)\nsys.stdout.buffer.write({frame!r})\n"
        "sys.stdout.flush()\nsys.stdin.buffer.read()\n"
    )
    path.chmod(0o700)
    return str(path)


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    "frame",
    [
        framed(b"\xc1 no messagepack"),
        framed(b"\x81\xa6reason\xa1\xff"),
        framed(msgspec.msgpack.encode({"reading": {"format": 7}})),
        framed(msgspec.msgpack.encode({"reading": {"format": "mail", "found": [{"part": "link"}]}})),
        framed(msgspec.msgpack.encode(Answer(reading=Reading("word")))),
        framed(msgspec.msgpack.encode(Answer())),
        framed(msgspec.msgpack.encode(Answer(problem="rewritten", reason="x"))),
        (MAX_ANSWER + 1).to_bytes(4, "big"),
    ],
)
def test_a_child_that_lies_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frame: bytes
) -> None:
    monkeypatch.setattr(sys, "executable", liar(tmp_path, frame))
    with ReaderChild() as reader, pytest.raises(Unreadable):
        reader.read(MAIL, "a.eml")


@pytest.mark.parametrize(
    "reading",
    [
        Reading("word"),
        Reading("mail", title="\x1b[2J"),
        Reading("stix-2.1", marked_at="\x1b[2J"),
        Reading("mail", text="a" * 20_001),
        Reading("mail", external_ids=("T٢٢٢٢",)),
        Reading("mail", external_ids=("anything",)),
        Reading("mail", happened=Instant(-1)),
        Reading("mail", happened=Instant(1 << 62)),
        Reading("mail", tlp="TLP:BEIGE"),
        Reading("mail", recipients=("a\x00b",)),
        Reading("mail", authentication=(("spf", "\x07"),)),
        Reading("mail", defects=(Defect("\x9b", ""),)),
    ],
)
def test_a_reading_that_no_reader_could_have_made_is_refused(reading: Reading) -> None:
    with pytest.raises(Malformed):
        checked(reading)


def test_a_value_that_is_not_in_normal_form_costs_no_other() -> None:
    good = Found(Observable(Kind.DOMAIN, "evil.example"), "link", "link 1", "x")
    odd = Found(Observable(Kind.DOMAIN, "EVIL.example"), "link", "link 2", "x")
    alien = Found(Observable(Kind.DOMAIN, "evil.example"), "victim", "link 3", "x")
    reading = checked(Reading("mail", found=(good, odd, alien)))
    assert reading.found == (good,)
    assert [defect.where for defect in reading.defects] == ["link 2", "link 3"]


def test_a_child_reads_on_beyond_the_time_that_one_file_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is a file's and not the child's, also where its parent may set it only before it is confined."""
    monkeypatch.setattr(confinement, "OUTER_CPU_SECONDS", 1)
    mail = b"Subject: x\r\n\r\n" + b"https://evil.example/a\r\n" * 4_000
    with ReaderChild() as child:
        child.read(mail, "mail")
        assert child._process is not None
        first, spent = child._process.pid, 0.0
        while spent < 2.2:
            child.read(mail, "mail")
            spent = time.clock_gettime((~first << 3) | 2)
        assert child._process.pid == first
