# SPDX-License-Identifier: Apache-2.0
"""What a hub and an agent hold in memory when nothing happens, the agent with its reader child."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tocsin.bench.alliance import resident_bytes
from tocsin.bench.result import Beside, Row
from tocsin.domain.party import Role
from tocsin.world.alliance import Member, raise_alliance
from tocsin.world.processes import Processes

_TARGET = 150.0
_SETTLED_SECONDS = 5.0


def run(seed: int) -> Iterator[Row]:
    """Two rows; nothing in them is random."""
    member = Member("ayr", "Ayr Bank plc", Role.BANK, "ayr.example")
    with tempfile.TemporaryDirectory() as folder, Processes() as processes:
        raise_alliance(Path(folder), (member,), processes, lambda _: None)
        time.sleep(_SETTLED_SECONDS)
        held = {served.name: _with_children(served.pid) / 2**20 for served in processes.running}
    beside = Beside("Python with nothing loaded", _bare() / 2**20)
    for name, title in (("hub", "hub"), ("ayr", "agent with its reader")):
        yield Row(f"{title}, idle, resident", held[name], "MiB", "lower", _TARGET, beside).judged()


def _with_children(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return resident_bytes(pid) + sum(_with_children(int(child)) for child in children)


def _bare() -> int:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as process:
        time.sleep(1)
        return resident_bytes(process.pid)
