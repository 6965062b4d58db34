# SPDX-License-Identifier: Apache-2.0
"""Commands that stay: one at a time in a folder, ended by every usual signal, with a log that says when."""

import fcntl
import logging
import os
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec

from tocsin.cli.screen import printable
from tocsin.config.listen import LogFormat
from tocsin.errors import Missing, Taken
from tocsin.files import RUNNING, holder


@contextmanager
def alone_in(folder: Path, lock: str = RUNNING) -> Iterator[None]:
    """Hold the folder; Taken, with the process that has it, when another does. A dead process holds nothing."""
    if not folder.is_dir():
        raise Missing(f"{folder} is no folder.")
    handle = os.open(folder / lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            number = holder(folder / lock) or "unknown"
            raise Taken(f"{folder} is in use: it is running as process {number}.") from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)


def idle(folder: Path) -> tuple[str, ...]:
    """What is said of an agent whose folder no process serves; nothing while one does."""
    if holder(folder / RUNNING) is not None:
        return ()
    return (
        f"NOT SERVING: nothing is heard or sent. Start it: tocsin agent serve {shlex.quote(str(folder))}",
    )


@contextmanager
def endable() -> Iterator[None]:
    """Every usual way of ending is a KeyboardInterrupt, once; a second one does not disturb the cleaning up.

    Ctrl-C counts even where the shell had it ignored, as for a job in the background. SIGHUP stays ignored where it
    was: that is what nohup asks for.
    """
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)

    def end(number: int, frame: FrameType | None) -> None:
        """The first signal ends the work; the rest are ignored from here on."""
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stoppable(*, between: bool) -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, for work that ends between two of its steps; a second one does not wait for that.

    Without `between` it interrupts at once, as always: somebody is being asked.
    """
    pressed = list[int]()

    def stop(number: int, frame: FrameType | None) -> None:
        """Remember the first, obey the second."""
        pressed.append(number)
        if len(pressed) > 1:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop) if between else signal.getsignal(signal.SIGINT)
    try:
        yield lambda: bool(pressed)
    finally:
        if between:
            signal.signal(signal.SIGINT, before)


@contextmanager
def in_front() -> Iterator[None]:
    """Under make, take the terminal: Ctrl-C then ends this command alone, and make does not call it an error."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        yield
        return
    group = os.getpgrp()
    if "MAKELEVEL" not in os.environ or group == os.getpid() or os.tcgetpgrp(terminal) != group:
        os.close(terminal)
        yield
        return
    # A stop (Ctrl-Z) would leave make waiting in front of an empty terminal; writing from behind must not stop us.
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTSTP, signal.SIGTTOU)}
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpid())
    try:
        yield
    finally:
        os.tcsetpgrp(terminal, group)
        os.setpgid(0, group)
        os.close(terminal)
        for number, handler in before.items():
            signal.signal(number, handler)


def _shown_as_it_is(record: logging.LogRecord) -> bool:
    """Let a record pass, as one line that controls no terminal."""
    record.msg, record.args = printable(record.getMessage()), ()
    return True


class _Line(msgspec.Struct, frozen=True):
    """One line of a log for programs."""

    time: str
    level: str
    logger: str
    message: str
    trace: str = ""


class _Text(logging.Formatter):
    """For a person: each line with its time in UTC."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")


class _Json(_Text):
    """For a program: each record as one document on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record with its trace, if it has one."""
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        when = f"{self.formatTime(record, self.datefmt)}Z"
        line = _Line(when, record.levelname, record.name, record.getMessage(), trace)
        return msgspec.json.encode(line).decode()


SILENT = ("httpx", "httpcore", "uvicorn")
"""Libraries that would write a line for each request, whatever the level: on the anonymous path that line is a leak."""


def log_to_stderr(form: LogFormat = "text") -> None:
    """What a serving process has to say, as lines for a person or documents for a program."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if form == "json" else _Text())
    handler.addFilter(_shown_as_it_is)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.WARNING)
