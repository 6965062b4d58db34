# SPDX-License-Identifier: Apache-2.0
"""Real processes of this very installation on loopback, started, asked and ended by whoever started them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from tocsin.errors import RemoteError, TocsinError
from tocsin.wire.problem import to_error

R = TypeVar("R", bound=msgspec.Struct)

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_COMMAND_SECONDS = 60.0


class Served(msgspec.Struct, frozen=True):
    """One process that runs."""

    name: str
    pid: int
    log: Path


class Processes:
    """Every process of one alliance; leaving the context ends them all, by the numbers they were started with."""

    def __init__(self, clock_of: Callable[[str], Path] | None = None) -> None:
        """`clock_of` names the file that moves a process's time, by the process's name: `tocsin.world.moved`."""
        self._clock_of = clock_of
        self._running: list[tuple[Served, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def serve(self, name: str, arguments: Sequence[str], log: Path) -> Served:
        """Start `tocsin …` and wait until it says that it is ready; RemoteError with its last words otherwise."""
        served = self.start(name, arguments, log)
        self.await_ready(served)
        return served

    def start(
        self, name: str, arguments: Sequence[str], log: Path, module: str = "tocsin.world.tethered"
    ) -> Served:
        """Start `tocsin …`, or another module that ends with whoever started it, and wait for nothing."""
        clock = self._clock_of(name) if self._clock_of else None
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 our own command with our own arguments
                [*_program(module, clock), *arguments],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=_environment(),
            )
        served = Served(name, process.pid, log)
        self._running.append((served, process))
        return served

    def await_ready(self, served: Served) -> None:
        """Wait until it says that it is ready; RemoteError with its last words otherwise."""
        process = next(process for one, process in self._running if one is served)
        deadline = time.monotonic() + _START_SECONDS
        while b" ready" not in served.log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RemoteError(f"{served.name} did not start: {served.log.read_text()[-500:]}")
            time.sleep(0.01)

    @property
    def running(self) -> tuple[Served, ...]:
        """Every process that was started and not yet stopped."""
        return tuple(served for served, _ in self._running)

    def runs(self, name: str) -> bool:
        """Whether the process of that name was started and has not been killed."""
        return any(served.name == name for served, _ in self._running)

    def kill(self, name: str) -> None:
        """End one process as a power cut would: it is not asked."""
        for served, process in list(self._running):
            if served.name == name:
                process.kill()
                process.wait()
                assert process.stdin is not None, "the tether is a pipe"
                process.stdin.close()
                self._running.remove((served, process))

    def gone(self) -> str:
        """Which process has ended by itself, and where its last words are; empty while all run."""
        for served, process in self._running:
            code = process.poll()
            if code is not None:
                return _ended(served, code)
        return ""

    def stop(self) -> None:
        """Ask every process to end, the last one first, and make sure that it does."""
        for _, process in reversed(self._running):
            process.terminate()
        for _, process in self._running:
            assert process.stdin is not None, "the tether is a pipe"
            process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def ends(self) -> Iterator[str]:
        """Each that ends by itself, as `gone` says it, until none is left. A person ends it by KeyboardInterrupt."""
        left = list(self._running)
        while left:
            for served, process in left:
                if (code := process.poll()) is not None:
                    yield _ended(served, code)
            left = [(served, process) for served, process in left if process.returncode is None]
            time.sleep(0.2)


def ask(arguments: Sequence[str], into: type[R], clock: Path | None = None, code: int = 0) -> R:
    """Run one command with --json; its last line as a struct, or the error that its problem document stands for.

    `clock` moves its time: `tocsin.world.moved`. `code` is the exit code that is expected.
    """
    ended = _run([*arguments, "--json"], clock=clock)
    said = ended.stdout.strip().splitlines()
    if ended.returncode != code or not said:
        raise _failure(said[-1] if said else b"", ended.stderr)
    return msgspec.json.decode(said[-1], type=into)


def shown(arguments: Sequence[str], columns: int) -> list[str]:
    """What a command prints for a person whose terminal is so wide."""
    ended = _run(arguments, columns)
    if ended.returncode != 0:
        raise _failure(b"", ended.stderr)
    return ended.stdout.decode().splitlines()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port: int = place.getsockname()[1]
        return port


def _ended(served: Served, code: int) -> str:
    return f"{served.name} (process {served.pid}) has ended with code {code}; its log: {served.log}"


def _run(
    arguments: Sequence[str], columns: int = 0, clock: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 our own command with our own arguments
        [*_program("tocsin", clock), *arguments],
        capture_output=True,
        timeout=_COMMAND_SECONDS,
        check=False,
        env={**_environment(), "COLUMNS": str(columns)},
    )


def _program(module: str, clock: Path | None) -> list[str]:
    moved = ["-m", "tocsin.world.moved", str(clock), module] if clock else ["-m", module]
    return [sys.executable, *moved]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def _failure(said: bytes, errors: bytes) -> TocsinError:
    return to_error(said, 0) if said else RemoteError(errors.decode(errors="replace")[-500:])
