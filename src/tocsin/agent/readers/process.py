# SPDX-License-Identifier: Apache-2.0
"""The agent's side of the reader child: hand in a file, get a checked `Reading` or the reason why not.

The child is one process for many files, started when the first is read. When it dies over a file (out of processor
time, out of memory, a broken library) that file is refused, a fresh child reads the next, and nobody else notices. What
it says is believed no more than the file: bounded, decoded strictly, and every value checked to be its own normal form.
"""

import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from types import TracebackType
from typing import Self

import msgspec

from tocsin.agent.readers.around import Around
from tocsin.agent.readers.confinement import ROOT_STAYED, bound_cpu, is_filtered
from tocsin.agent.readers.containers import MAX_FILE, Inside, Packed
from tocsin.agent.readers.frames import MAX_ANSWER, Answer, Question, receive_by, send_by
from tocsin.agent.readers.reading import FORMATS, MAX_TEXT, Defect, Found, Reading
from tocsin.agent.readers.together import MAX_ATTACHED, together
from tocsin.clock import Instant
from tocsin.domain.catalogue import catalogue_of
from tocsin.domain.disclosure import PARTS
from tocsin.domain.mail_features import check_features
from tocsin.domain.marking import parse_tlp
from tocsin.domain.observable import Observable, check_normal
from tocsin.errors import InputError, Malformed, TooCostly, TooLarge, Unreadable

log = logging.getLogger("tocsin.agent")

WALL_SECONDS = 10.0
"""For a machine so busy that a second of processor time takes ten; a child that sleeps is ended by it too."""
FRESH_AFTER_FILES = 5_000
FRESH_ABOVE_BYTES = 2 * 2**20
"""After a file of this size the child is replaced, so that the memory it took goes back."""

_REFUSALS: dict[str, type[InputError]] = {kind.problem: kind for kind in (Unreadable, TooCostly, TooLarge)}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_REMEMBERED = 4_096
"""Values of which is remembered that they are in normal form."""
_LAST_INSTANT = 4_102_444_800_000_000  # the year 2100


class ReaderChild:
    """One reader process at a time; use it from one thread."""

    def __init__(self, wall_seconds: float = WALL_SECONDS) -> None:
        self._wall_seconds = wall_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._files = 0
        self._looked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The present child's process id, for the doctor; None while there is none."""
        return self._process.pid if self._process else None

    def read(self, data: bytes, name: str) -> Reading:
        """Read one file; `name` is for messages only.

        Raises Unreadable (no reader knows it, it broke the reader, or it only holds other files), TooCostly (processor
        time, memory or waiting time), TooLarge. Nothing of it stays in the child's way: the next call works.
        """
        found = self.ask(Question(data), name)
        if not isinstance(found, Reading):
            raise Unreadable(f"{name} holds files: each is read by itself.")
        return found

    def ask(self, question: Question, name: str) -> Reading | Inside | Around:
        """What the child says of a file or of a piece of one, if it is no refusal; a reading is checked."""
        if len(question.data) > MAX_FILE:
            raise TooLarge(
                f"{name} has more than {MAX_FILE // 2**20} MiB; only bundles and lists of events are read in pieces."
            )
        answer = self._ask(question, name)
        if len(question.data) > FRESH_ABOVE_BYTES or self._files >= FRESH_AFTER_FILES:
            self.close()
        if answer.reading is not None:
            return self._sound(answer.reading, name)
        if answer.inside is not None and answer.inside.mail is not None:
            return self._with_attached(self._sound(answer.inside.mail, name), answer.inside.files)
        found = answer.inside or answer.told
        if found is None:
            raise _REFUSALS.get(answer.problem, Unreadable)(f"{name}: {answer.reason[:400]}")
        return found

    def close(self) -> None:
        """End the child, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)

    def _with_attached(self, mail: Reading, files: tuple[Packed, ...]) -> Reading:
        """The reading of a mail, with that of each file in it, which is asked for by itself."""
        return checked(together(mail, [(file.name, self._attached(file)) for file in files[:MAX_ATTACHED]]))

    def _attached(self, file: Packed) -> Reading | InputError:
        try:
            found = self.ask(Question(file.data, is_attached=True), file.name)
        except InputError as error:
            return error
        return found if isinstance(found, Reading) else Unreadable("The reader's answer is none of a file.")

    def _sound(self, reading: Reading, name: str) -> Reading:
        try:
            return checked(reading)
        except Malformed as error:
            self.close()
            raise Unreadable(f"{name}: the reader's answer is not sound ({error.detail}).") from None

    def _ask(self, question: Question, name: str) -> Answer:
        process, ask, answer = self._running()
        self._files += 1
        bound_cpu(process.pid)
        until = time.monotonic() + self._wall_seconds
        try:
            send_by(ask, msgspec.msgpack.encode(question), until)
            body = receive_by(answer, MAX_ANSWER, until)
            if body is not None:
                self._look_at_filter(process.pid)
                return msgspec.msgpack.decode(body, type=Answer)
        except TimeoutError:
            process.kill()
        except OSError:
            pass  # it died while the file was handed in
        except (Malformed, msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.close()
            raise Unreadable(f"{name}: the reader's answer cannot be understood ({error}).") from None
        raise self._death(name)

    def _running(self) -> tuple[subprocess.Popen[bytes], int, int]:
        """The child with its two pipes' descriptors, started afresh if there is none or it has ended meanwhile."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._files = 0
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "tocsin.agent.readers.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # a traceback would carry the bank's mail into a log
                cwd="/",
                env={},
                close_fds=True,
                start_new_session=True,  # Ctrl-C is for the agent, which then closes it
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        question, answer = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(question, False)  # `send_by` never waits for a child that does not take it
        return self._process, question, answer

    def _death(self, name: str) -> InputError:
        """What the end of the child over this file means."""
        process, self._process = self._process, None
        assert process is not None
        _end(process)
        if process.returncode in (-signal.SIGPROF, -signal.SIGXCPU):
            return TooCostly(f"{name} takes more than one second of processor time.")
        if process.returncode == -signal.SIGKILL:
            return TooCostly(f"{name} was not read within {self._wall_seconds:g} seconds, or memory ran out.")
        if process.returncode == ROOT_STAYED:
            return Unreadable(
                f"{name}: the reader runs as root and may not stop: run the agent as another user."
            )
        return Unreadable(f"{name} ended the reader process (status {process.returncode}).")

    def _look_at_filter(self, pid: int) -> None:
        """Say once, when a child has read its first file, that the kernel does not filter its calls."""
        if not self._looked and not is_filtered(pid):
            log.warning(
                "This machine gives the reader no system call filter: keep the agent's user to itself "
                "(docs/THREAT_MODEL.md)."
            )
        self._looked = True


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it, if it still lives, and let go of its pipes without waiting for what may be in them."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):  # the rest of a file that it never took
                pipe.close()


def checked(reading: Reading) -> Reading:
    """Return what of it a well-behaved child could have said; Malformed when the whole makes no sense.

    A single value that is not its own normal form is left out with a defect: it costs no other value its place.
    """
    texts = tuple(_texts(reading))
    if max(map(len, texts)) > MAX_TEXT or _CONTROL.search("".join(texts)):
        raise Malformed("a text is too long or holds control characters")
    if reading.format not in FORMATS or not all(map(catalogue_of, reading.external_ids)):
        raise Malformed("a name is not from its vocabulary")
    if reading.happened is not None and not 0 <= reading.happened <= Instant(_LAST_INSTANT):
        raise Malformed("the time is out of range")
    if reading.tlp is not None:
        parse_tlp(reading.tlp)
    if reading.features is not None:
        check_features(reading.features)
    doubts = tuple(Defect(each.where, reason) for each in reading.found if (reason := _doubt(each)))
    if not doubts:
        return reading
    sound = tuple(each for each in reading.found if not _doubt(each))
    return msgspec.structs.replace(reading, found=sound, defects=reading.defects + doubts)


def _doubt(found: Found) -> str:
    """Why this value cannot be what a reader found, or nothing."""
    if found.part not in PARTS and found.part != "text":
        return "it plays a part that is not in the vocabulary; not used"
    return _oddity(found.observable)


@lru_cache(_REMEMBERED)
def _oddity(observable: Observable) -> str:
    """Why a value is not its own normal form, or nothing."""
    try:
        check_normal(observable)
    except Malformed as error:
        return error.detail
    return ""


def _texts(reading: Reading) -> Iterable[str]:
    yield reading.title
    yield reading.text
    yield reading.marked_at
    yield from (*reading.recipients, *reading.recipient_names, *reading.recipient_numbers)
    for hop in reading.hops:
        yield from (hop.where, hop.address, hop.calls_itself, hop.looked_up, hop.taken_by)
    for check in reading.checks:
        yield from (check.where, check.server, check.address)
    if reading.features is not None:
        yield reading.features.subject
    for found in reading.found:
        yield found.where
        yield found.raw
    for attachment in reading.attachments:
        yield from (attachment.name, attachment.media_type, attachment.sha256)
    for pair in reading.authentication:
        yield from pair
    yield from (name for name, _ in reading.counts)
    for defect in reading.defects:
        yield from (defect.where, defect.reason)
