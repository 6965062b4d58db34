# SPDX-License-Identifier: Apache-2.0
"""Code that runs in the hunting child, as the worst log would have it, opens nothing but logs; each attempt is made."""

import ctypes
import os
import socket
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tocsin.agent.hunting import landlock
from tocsin.agent.hunting.process import HuntingChild
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import Unreadable

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        ctypes.CDLL(None).syscall(landlock._CREATE, None, ctypes.c_size_t(0), landlock._VERSION) < 1,
        reason="this kernel has no Landlock",
    ),
]
EVIL = Observable(Kind.DOMAIN, "evil.example")


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Logs, and what is none of them."""
    logs, keys = tmp_path / "logs", tmp_path / "keys"
    for folder in (logs, keys):
        folder.mkdir()
        (folder / "file").write_text("evil.example\n")
    return logs, keys


def made(attempt: str, logs: Path, keys: Path) -> str:
    """What came of an attempt by a process that was confined as the child is."""
    code = (
        "import os, socket, sys\nfrom pathlib import Path\nfrom tocsin.agent.hunting import child, landlock\n"
        "logs, keys = map(Path, sys.argv[1:])\nchild.give_up()\n"
        f"assert landlock.allow_only([logs, logs / 'gone'])\n{attempt}\n"
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-c", code, logs, keys],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.stderr.strip().splitlines()[-1] if ended.stderr else ended.stdout.strip()


def test_logs_are_read(places: tuple[Path, Path]) -> None:
    assert made("print((logs / 'file').read_text(), os.listdir(logs))", *places) == "evil.example\n ['file']"


@pytest.mark.parametrize(
    "attempt",
    [
        "(keys / 'file').read_text()",
        "os.listdir(keys)",
        "os.open(keys / 'file', os.O_RDONLY | os.O_NOFOLLOW)",
        "open('/etc/hostname')",
        "open(f'/proc/{os.getppid()}/environ')",
        "open(f'/proc/{os.getppid()}/mem')",
        "(logs / 'file').write_text('x')",
        "(logs / 'new').write_text('x')",
        "os.unlink(logs / 'file')",
        "os.symlink(keys, logs / 'link')",
        "os.rename(logs / 'file', logs / 'other')",
        "os.mkdir(logs / 'folder')",
        "os.truncate(logs / 'file', 0)",
        "os.execv('/bin/true', ['true'])",
    ],
)
def test_nothing_else_is_opened_and_nothing_is_written(places: tuple[Path, Path], attempt: str) -> None:
    assert "PermissionError" in made(attempt, *places)
    for folder in places:
        assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("file", "evil.example\n")]


def test_a_link_among_the_logs_leads_nowhere_else(places: tuple[Path, Path]) -> None:
    logs, keys = places
    (logs / "link").symlink_to(keys / "file")
    assert "PermissionError" in made("(logs / 'link').read_text()", *places)


def test_the_real_child_hunts_in_both_kinds_of_logs_and_nowhere_else(places: tuple[Path, Path]) -> None:
    logs, keys = places
    duckdb.sql("SELECT 'evil.example' AS query").write_parquet(str(logs / "table"))
    with HuntingChild([EVIL], [logs]) as child:
        for name in ("file", "table"):
            assert [one.observable for one in child.file(str(logs / name)).found] == [EVIL]
        with pytest.raises(Unreadable, match="Permission denied"):
            child.file(str(keys / "file"), follow=True)


def test_a_kernel_without_it_is_told_from_one_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "_CREATE", -1)  # a call that no kernel knows
    assert landlock.allow_only([Path("/")]) is False
    assert os.listdir("/")
    socket.socket().close()
