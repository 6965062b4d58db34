# SPDX-License-Identifier: Apache-2.0
"""The command `tocsin`, many times: a process that has loaded it once forks for each, which is then a process as ever.

Loading takes a command longer than most of what it does, and the acceptance tests give hundreds of them. What differs
from the installed command is its start alone, which `test_slice`, `test_demo`, `test_staying` and the tutorial try.
"""

import atexit
import os
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from functools import cache
from pathlib import Path
from typing import NoReturn

import msgspec

ROOT = Path(__file__).resolve().parents[2]


class Asked(msgspec.Struct, frozen=True):
    """One command to be carried out, and the files for what it says."""

    arguments: list[str]
    folder: str
    environment: dict[str, str]
    out: str
    err: str


def run(
    arguments: list[str], environment: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; subprocess.TimeoutExpired when it does not come to one."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        asked = Asked(arguments, os.getcwd(), environment, str(out), str(err))
        code = _loaded().carry_out(asked, timeout)
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


class Loaded:
    """The process that has loaded the command; it ends with the one that started it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.forked"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        atexit.register(self.close)

    def carry_out(self, asked: Asked, timeout: float) -> int:
        """The exit code of a command; negative, a signal's number, when one has ended it."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(asked) + b"\n")
        self._process.stdin.flush()
        pid = self._number()
        if not select.select([self._process.stdout], [], [], timeout)[0]:
            os.kill(pid, signal.SIGKILL)
            self._number()
            raise subprocess.TimeoutExpired(asked.arguments, timeout)
        return self._number()

    def _number(self) -> int:
        """The next that it says. Unbuffered, so that `select` sees what is there."""
        assert self._process.stdout is not None
        said = b""
        while not said.endswith(b"\n"):
            more = os.read(self._process.stdout.fileno(), 1)
            assert more, "the process that has loaded the command has ended"
            said += more
        return int(said)

    def close(self) -> None:
        """End it, and wait for it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@cache
def _loaded() -> Loaded:
    return Loaded()


def serve() -> None:
    """Fork for each command that is asked for; its number, and later its exit code, on standard output."""
    import tocsin.cli.main  # noqa: F401  before the first is asked for

    for line in iter(sys.stdin.buffer.readline, b""):
        asked = msgspec.json.decode(line, type=Asked)
        pid = os.fork()
        if not pid:
            _carry_out(asked)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _carry_out(asked: Asked) -> NoReturn:
    """Become the command."""
    from tocsin.__main__ import main

    for number, file, how in (
        (0, os.devnull, os.O_RDONLY),
        (1, asked.out, os.O_WRONLY | os.O_CREAT),
        (2, asked.err, os.O_WRONLY | os.O_CREAT),
    ):
        os.dup2(os.open(file, how, 0o600), number)
    os.environ.clear()
    os.environ.update(asked.environment)
    os.chdir(asked.folder)
    sys.argv = ["tocsin", *asked.arguments]
    code: object = 1
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    serve()
