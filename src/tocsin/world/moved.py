# SPDX-License-Identifier: Apache-2.0
"""The clock of a real process, moved from outside: ``python -m tocsin.world.moved FILE MODULE WORD...``

That runs a module of ours, `tocsin` say, whose clock is ahead of the machine's by what FILE says: whole microseconds,
eight bytes, looked at each time that somebody asks the time. So whoever writes the file lets hours pass for a process
that runs. No command and no setting of the product knows of it; what it takes is this one place in `tocsin.clock` that
asks the time. What waits for a span of time waits as long as ever: as on a machine that has slept.
"""

import runpy
import struct
import sys
from collections import Counter
from mmap import ACCESS_READ, mmap
from pathlib import Path

from tocsin.clock import Instant, SystemClock

_AHEAD = struct.Struct("<q")


class Clocks:
    """The clocks of all machines of a world, a file each."""

    def __init__(self, folder: Path) -> None:
        """Files are made in this folder, which must be there."""
        self._folder = folder
        self._passed = 0
        self._skew: Counter[str] = Counter()

    def file(self, machine: str) -> Path:
        """The file of a machine, with what it shows now."""
        path = self._folder / f"{machine}.clock"
        if not path.exists():
            path.write_bytes(_AHEAD.pack(self._passed))
        return path

    def now(self, machine: str) -> Instant:
        """What that machine takes for the present."""
        return Instant(SystemClock().now() + self._passed + self._skew[machine])

    def advance(self, microseconds: int) -> None:
        """Time passes, everywhere."""
        self._passed += microseconds
        for path in self._folder.glob("*.clock"):
            self._write(path)

    def skew(self, machine: str, microseconds: int) -> None:
        """One machine's clock is so much ahead, or behind."""
        self._skew[machine] = microseconds
        self._write(self.file(machine))

    def _write(self, path: Path) -> None:
        """In place: processes have it mapped."""
        with path.open("r+b") as opened:
            opened.write(_AHEAD.pack(self._passed + self._skew[path.stem]))


def follow(file: Path) -> None:
    """From now on this process takes the time from its machine and that file."""
    with file.open("rb") as opened:
        ahead = mmap(opened.fileno(), _AHEAD.size, access=ACCESS_READ)
    now = SystemClock.now

    def moved(self: SystemClock) -> Instant:
        """The machine's time, and what the file adds to it."""
        return Instant(now(self) + _AHEAD.unpack_from(ahead)[0])

    SystemClock.now = moved  # type: ignore[method-assign]  # it is what this module is for


if __name__ == "__main__":
    follow(Path(sys.argv[1]))
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
