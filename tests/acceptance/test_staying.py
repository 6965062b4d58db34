# SPDX-License-Identifier: Apache-2.0
"""Commands that stay: whatever ends them, nothing of theirs is left over; and two of them never share a folder."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until

from tocsin.agent.app import SETTINGS
from tocsin.cli.staying import alone_in
from tocsin.config.agent import AgentConfig
from tocsin.config.files import load, save
from tocsin.config.shields import FeedListen
from tocsin.world.processes import Processes, Served

pytestmark = pytest.mark.processes

_STARTED = re.compile(rb"^ +(?:partner|hub|agent) +process (\d+)", re.M)


def alive(pids: list[int]) -> list[int]:
    """Those that still run; what only waits to be counted by its parent does not."""
    left = []
    for pid in pids:
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
            left.append(pid)
    return left


@contextmanager
def demo(folder: Path, *, ignored: int = 0) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A demo that has begun its story, with the processes that it has started so far."""
    log = folder.parent / f"{folder.name}.out"
    command = [sys.executable, "-m", "tocsin", "demo", "--folder", str(folder)]
    if ignored:
        command = ["sh", "-c", f"trap '' {ignored}; exec \"$@\"", "sh", *command]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        assert wait_until(lambda: len(_STARTED.findall(log.read_bytes())) > 2, 60), log.read_text()
        yield process, [int(pid) for pid in _STARTED.findall(log.read_bytes())]
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_no_child_outlives_the_demo(tmp_path: Path, number: signal.Signals) -> None:
    if signal.getsignal(number) is signal.SIG_IGN and number is signal.SIGHUP:
        pytest.skip("These tests run under nohup, which the demo respects.")
    ignored = int(signal.SIGINT) if number is signal.SIGINT else 0
    with demo(tmp_path / "demo", ignored=ignored) as (process, children):
        process.send_signal(number)
        process.wait(20)
        assert wait_until(lambda: alive(children) == [], 15), alive(children)


def test_a_folder_has_one_demo_at_a_time(tmp_path: Path) -> None:
    with demo(tmp_path / "demo") as (process, children):
        second = tocsin("demo", "--once", "--folder", tmp_path / "demo")
        assert second.returncode == 2
        assert f"running as process {process.pid}" in second.stderr
        assert alive(children) == children


def test_the_demo_says_which_part_has_ended(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with demo(folder) as (process, children):
        os.kill(children[1], signal.SIGKILL)
        assert process.wait(60) == 1
    said = (tmp_path / "demo.out").read_text()
    assert f"hub (process {children[1]}) has ended with code -9" in said
    assert str(folder / "hub.log") in said


def test_who_ends_after_the_story_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    processes = Processes()
    for name, code in (("bank", 3), ("hub", 0)):
        process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"], stdin=subprocess.PIPE)
        processes._running.append((Served(name, process.pid, tmp_path / f"{name}.log"), process))
    with processes:
        said = " ".join(processes.ends())
    assert re.search(r"bank \(process \d+\) has ended with code 3; its log: \S+bank.log", said)
    assert re.search(r"hub \(process \d+\) has ended with code 0", said)


def test_a_demo_does_not_wipe_what_was_started_by_hand_in_it(tmp_path: Path) -> None:
    bank = tmp_path / "demo" / "castellan"
    bank.mkdir(parents=True)
    (tmp_path / "demo" / ".tocsin-demo").touch()
    with alone_in(bank):
        second = tocsin("demo", "--once", "--folder", tmp_path / "demo")
        assert second.returncode == 2
        assert f"{bank} is in use: it is running as process {os.getpid()}" in second.stderr
        assert bank.exists()


def test_an_agent_and_a_partner_serve_once_for_a_folder_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    with Machine(tmp_path) as machine:
        machine.raise_hub()
        home = machine.join("ayr")
        machine.serve("ayr")
        for group, folder in (("agent", home), ("partner", tmp_path / "partner")):
            second = tocsin(group, "serve", folder)
            assert second.returncode == 2
            assert "running as process" in second.stderr
        machine.kill("ayr")
        settings = load(home / SETTINGS, AgentConfig)
        save(home / SETTINGS, msgspec.structs.replace(settings, feeds=FeedListen(host="0.0.0.0")))
        unsafe = tocsin("agent", "serve", home)
        assert (unsafe.returncode, unsafe.stdout) == (2, "")
        assert "0.0.0.0 is not loopback" in unsafe.stderr
        save(home / SETTINGS, settings)
        machine.serve("ayr")


def test_a_hub_with_readers_stops_quickly_and_without_a_word_too_many(tmp_path: Path) -> None:
    with Machine(tmp_path) as machine:
        machine.raise_hub(witnessed=False)
        home = machine.join("ayr")
        machine.serve("ayr")
        assert wait_until((home / "block.csv").exists)
        time.sleep(1)
        began = time.monotonic()
        assert machine.stop("hub") == 0
        assert time.monotonic() - began < 3
        (log,) = tmp_path.glob("hub.*.log")
        said = log.read_text().splitlines()
        assert [said[0].split(" at ")[0], *said[1:]] == ["Hub ready", "Hub stopped."]


def test_a_line_in_an_agents_log_says_when(tmp_path: Path) -> None:
    with Machine(tmp_path) as machine:
        machine.raise_hub(witnessed=False)
        (machine.join("ayr") / "block.csv").unlink()
        machine.serve("ayr")
        (log,) = tmp_path.glob("ayr.*.log")
        assert wait_until(lambda: "block.csv" in log.read_text())
        assert re.search(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO tocsin\.agent: ", log.read_text(), re.M)


def test_under_make_the_interrupt_of_a_terminal_ends_the_demo_alone(tmp_path: Path) -> None:
    makefile = tmp_path / "Makefile"
    command = f"{sys.executable} -c 'from tests.acceptance.test_staying import stay; stay()'"
    makefile.write_text(f"stay:\n\t@{command}\n")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("make", ["make", "-f", str(makefile)], {**os.environ, "PYTHONPATH": os.getcwd()})
    said = b""
    while b"staying" not in said:
        said += os.read(terminal, 1_024)
    os.write(terminal, b"\x03")
    while True:
        try:
            said += os.read(terminal, 1_024)
        except OSError:
            break
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, said
    assert b"ended well" in said


def stay() -> None:
    """What the demo does at its end, without the alliance."""
    from tocsin.cli.staying import endable, in_front

    with in_front(), endable():
        try:
            print("staying", flush=True)
            time.sleep(30)
        except KeyboardInterrupt:
            print("ended well", flush=True)
