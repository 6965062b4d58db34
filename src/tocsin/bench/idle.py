# SPDX-License-Identifier: Apache-2.0
"""What a hub and an agent hold in memory when nothing happens, the agent with its reader child."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tocsin.bench.alliance import resident_bytes
from tocsin.bench.database import emptied
from tocsin.bench.result import Beside, Row
from tocsin.domain.party import Role
from tocsin.world.alliance import Member, Place, raise_alliance
from tocsin.world.processes import Processes, free_port

_TARGET = 150.0
_SETTLED_SECONDS = 5.0


def run(seed: int) -> Iterator[Row]:
    """Two rows; nothing in them is random."""
    return _measured("hub.db", "")


def run_postgres(seed: int, url: str) -> Iterator[Row]:
    """The same with a hub on PostgreSQL, whose driver it holds; the server's own memory is not counted."""
    with emptied(url):
        yield from _measured(url, ", PostgreSQL")


def _measured(store: str, engine: str) -> Iterator[Row]:
    member = Member("ayr", "Ayr Bank plc", Role.BANK, "ayr.example")
    with tempfile.TemporaryDirectory() as folder, Processes() as processes:
        raise_alliance(Path(folder), (member,), processes, lambda _: None, Place(free_port(), store=store))
        time.sleep(_SETTLED_SECONDS)
        held = {served.name: _with_children(served.pid) / 2**20 for served in processes.running}
    beside = Beside("Python with nothing loaded", _bare() / 2**20)
    for name, title in (("hub", "hub"), ("ayr", "agent with its reader")):
        yield Row(f"{title}, idle, resident{engine}", held[name], "MiB", "lower", _TARGET, beside).judged()


def _with_children(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return resident_bytes(pid) + sum(_with_children(int(child)) for child in children)


def _bare() -> int:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as process:
        time.sleep(1)
        return resident_bytes(process.pid)
