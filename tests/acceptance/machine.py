# SPDX-License-Identifier: Apache-2.0
"""One machine for a test: real processes of the installed command on loopback, each ended by its own number."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec
from tests.acceptance import forked

from tocsin.agent import app as agent
from tocsin.agent.shields.switching import State
from tocsin.agent.verbs.shield import switch
from tocsin.agent.work import protection
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.files import load, save
from tocsin.config.shields import Shields
from tocsin.domain.party import Role
from tocsin.hub import app as hub
from tocsin.hub.edge import app as edge
from tocsin.partner import app as partner
from tocsin.world.processes import free_port

START_SECONDS = 60.0


def tocsin(*arguments: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    unfolded = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return forked.run([*map(str, arguments)], unfolded, timeout)


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether it came to hold in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return holds()


class Machine:
    """Processes by name; whatever still runs at the end is ended, whatever happened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, list[str]] = {}
        self._logs: dict[str, Path] = {}
        self.starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running.values()):
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name: str, *arguments: str | Path) -> None:
        """Start a serving process, the second time with the same words, until it is ready or restores itself."""
        command = self._commands.setdefault(name, [sys.executable, "-m", "tocsin", *map(str, arguments)])
        process, log = self._run(name, command)
        said = re.compile(rb" ready| restores itself")
        ready = wait_until(
            lambda: said.search(log.read_bytes()) is not None or process.poll() is not None, START_SECONDS
        )
        assert ready, log.read_text()
        assert process.poll() is None, log.read_text()

    def start_doomed(self, name: str, *doom: str) -> None:
        """Start a process again, under a launcher of the tests that ends it in a commit: see `tests.crash.doomed`."""
        words = self._commands[name][3:]
        self._run(name, [sys.executable, "-m", "tests.crash.doomed", *doom, *words])

    def died(self, name: str) -> bool:
        """Whether it is dead, and not of an error of its own."""
        process = self._running[name]
        if process.poll() is None:
            return False
        assert process.poll() == -signal.SIGKILL, self._logs[name].read_text()
        del self._running[name]
        return True

    def _run(self, name: str, command: list[str]) -> tuple[subprocess.Popen[bytes], Path]:
        log = self._logs[name] = self.folder / f"{name}.{self.starts}.log"
        self.starts += 1
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self._running[name] = process
        return process, log

    def kill(self, name: str) -> None:
        """End a process in the middle of whatever it does."""
        process = self._running.pop(name)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def signal(self, name: str, number: int) -> None:
        """Give a process a signal, such as to stand still."""
        os.kill(self._running[name].pid, number)

    def pid(self, name: str) -> int:
        """Its number."""
        return self._running[name].pid

    def stop(self, name: str) -> int:
        """Ask a process to end; its exit code."""
        process = self._running.pop(name)
        process.terminate()
        return process.wait(15)

    def said(self, name: str) -> str:
        """What it has printed since it was last started."""
        return self._logs[name].read_text()

    def runs(self, name: str) -> bool:
        """Whether it is still there."""
        return self._running[name].poll() is None

    def raise_hub(self, *, witnessed: bool = True, store: str = "hub.db") -> None:
        """A hub, with its partner, that serves."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        made = hub.init(self.folder / "hub", "City Alliance", self.url, port, store)
        if witnessed:
            witness_port = free_port()
            second = partner.init(self.folder / "partner", made.key, witness_port)
            hub.declare_partner(self.folder / "hub", f"http://127.0.0.1:{witness_port}", second.key)
            self.start("partner", "partner", "serve", self.folder / "partner")
        self.start("hub", "hub", "serve", self.folder / "hub")

    def join(self, short: str, role: Role = Role.BANK) -> Path:
        """A party that joined, with every protection file; its agent does not serve yet."""
        name = f"{short.capitalize()} {'Bank plc' if role is Role.BANK else 'Agency'}"
        code = hub.enrol(self.folder / "hub", name, role, "GB").code
        home = self.folder / short
        own = OwnAssets(legal_name=name, domains=(f"{short}.example",))
        agent.init(home, self.url, code, own, None)
        config = load(home / agent.SETTINGS, AgentConfig)
        save(
            home / agent.SETTINGS,
            AgentConfig(config.hub_url, config.master_key, own, Shields(csv="block.csv")),
        )
        with agent.opened(home) as house:
            switch(house, protection(house), "csv", State.ON, "operator", "the tests look at it")
        return home

    def raise_edge(self, name: str = "edge") -> str:
        """An edge of the hub that serves; its address."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        code = hub.edge(self.folder / "hub", name).code
        edge.init(self.folder / name, self.url, code, url, port)
        self.start(name, "hub", "serve", self.folder / name, "--follow", self.url)
        return url

    def read_at(self, short: str, url: str) -> None:
        """Let a party's agent read at an edge from its next start on."""
        settings = self.folder / short / agent.SETTINGS
        save(settings, msgspec.structs.replace(load(settings, AgentConfig), read_url=url))

    def serve(self, short: str) -> None:
        """Start a party's agent."""
        self.start(short, "agent", "serve", self.folder / short)
