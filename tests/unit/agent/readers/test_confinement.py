# SPDX-License-Identifier: Apache-2.0
"""Code that runs in the reader child, as the worst file would have it, reaches nothing; each attempt is really made."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.agent.readers import confinement
from tocsin.agent.readers.confinement import NOBODY, bound_cpu

pytestmark = pytest.mark.processes

UNFILTERED = "confinement._MACHINES.clear()"
"""Stands for a kernel or an architecture without the filter."""


def started(attempt: str, *arguments: str, before: str = "") -> subprocess.Popen[str]:
    """A process that confines itself and then makes the attempt."""
    code = (
        "import ctypes, os, resource, signal, socket, sys\n"
        f"from tocsin.agent.readers import child, confinement\nchild.preload()\n{before}\n"
        f"confinement.confine()\n{attempt}\n"
    )
    command = [sys.executable, "-I", "-c", code, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def made(attempt: str, *arguments: str, before: str = "") -> str:
    """What came of an attempt: its error, or the signal that ended it."""
    with started(attempt, *arguments, before=before) as process:
        _, said = process.communicate(timeout=20)
    return said.strip().splitlines()[-1] if said else f"ended with {process.returncode}"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A file that the child's user owns, in a folder of its own."""
    path = tmp_path / "case"
    path.write_text("secret")
    path.chmod(0o600)
    if os.getuid() == 0:
        for one in (tmp_path, path):
            os.chown(one, NOBODY, NOBODY)
        for parent in tmp_path.parents:
            if parent.stat().st_uid == 0 and parent.name.startswith("pytest"):
                parent.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "attempt",
    [
        "os.chmod(sys.argv[1], 0o666)",
        "os.unlink(sys.argv[1])",
        "os.rename(sys.argv[1], sys.argv[1] + '2')",
        "os.truncate(sys.argv[1], 0)",
        "os.symlink('/etc/passwd', sys.argv[1] + '2')",
        "os.link(sys.argv[1], sys.argv[1] + '2')",
        "os.mkdir(sys.argv[1] + '2')",
        "os.utime(sys.argv[1], (1, 1))",
        "os.stat(sys.argv[1])",
        "os.open(sys.argv[1], os.O_RDONLY)",
        "os.readlink('/proc/self/exe')",
        "os.listdir('/')",
    ],
)
def test_no_file_is_reached_by_its_name(case: Path, attempt: str) -> None:
    before = case.stat()
    assert "PermissionError" in made(attempt, str(case))
    assert case.stat() == before
    assert case.read_text() == "secret"
    assert [path.name for path in case.parent.iterdir()] == ["case"]


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.socket()",
        "socket.socketpair()",
        "os.pipe()",
        "os.memfd_create('x')",
        "os.dup(1)",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getpid(), 0)",
        "os.setpriority(os.PRIO_PROCESS, 0, 5)",
        "signal.signal(signal.SIGXCPU, signal.SIG_IGN)",
    ],
)
def test_no_door_is_opened_and_no_process_is_reached(attempt: str) -> None:
    assert "[Errno 1]" in made(attempt)


def test_no_limit_is_lifted() -> None:
    for kind in ("RLIMIT_CPU", "RLIMIT_NOFILE"):
        assert "Error" in made(f"resource.setrlimit(resource.{kind}, (99, 99))")


def test_memory_and_imports_are_bounded() -> None:
    assert "MemoryError" in made("bytearray(1 << 30)")
    assert "ModuleNotFoundError" in made("import xml.sax")


def test_its_own_timer_ends_it() -> None:
    assert made("signal.setitimer(signal.ITIMER_PROF, 0.1)\nwhile True: pass") == "ended with -27"


@pytest.mark.skipif(
    os.geteuid() == 0 and not confinement._is_capable(confinement._CAP_SYS_RESOURCE),
    reason="such a root may not bound the nobody that it started: the wall clock does",
)
def test_a_child_that_stops_its_own_timer_is_ended_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "OUTER_CPU_SECONDS", 1)
    with started("signal.setitimer(signal.ITIMER_PROF, 0)\nwhile True: pass") as process:
        bound_cpu(process.pid)
        process.communicate(timeout=20)
    assert process.returncode == -signal.SIGXCPU


def test_it_ends_with_its_parent() -> None:
    said = (
        "libc = ctypes.CDLL(None); got = ctypes.c_int(); libc.prctl(2, ctypes.byref(got)); print(got.value)"
    )
    with started(said, before=UNFILTERED) as process:
        out, _ = process.communicate(timeout=20)
    assert out.strip() == str(int(signal.SIGKILL))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can stop being root")
def test_root_stops_being_root_for_good() -> None:
    said = "print(os.getresuid(), os.getresgid(), os.getgroups())"
    with started(said, before=UNFILTERED) as process:
        out, _ = process.communicate(timeout=20)
    assert out.strip() == f"{(NOBODY,) * 3} {(NOBODY,) * 3} []"
    assert "Error" in made("os.setuid(0)", before=UNFILTERED)


@pytest.mark.parametrize(
    "attempt", ["open('/etc/hostname')", "socket.socket()", "os.pipe()", "os.memfd_create('x')"]
)
def test_without_the_filter_nothing_can_be_opened_still(attempt: str) -> None:
    assert "OSError" in made(attempt, before=UNFILTERED)
