# SPDX-License-Identifier: Apache-2.0
"""What a bank has comes in by itself and waits; a run over many files may end anywhere, and sends nothing twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until
from tests.acceptance.test_cli import PHISH, ask_at_a_terminal
from tests.dovecot import PASSWORD, USER, Dovecot, find_dovecot, private_dovecot
from tests.looking import bytes_of, look

from tocsin.agent.app import SETTINGS
from tocsin.config.agent import AgentConfig, Collect, Imap
from tocsin.config.files import load, save

pytestmark = pytest.mark.processes

NOTHING = "From: a@ayr.example\nTo: b@ayr.example\nSubject: lunch {0}\n\nAt noon, planted-words?\n"
EACH = 25
"""Files of each kind in the folder of many: in half of all there is nothing to report."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine(tmp_path_factory.mktemp("collecting")) as made:
        made.raise_hub(witnessed=False)
        yield made


def collect(home: Path, files: Collect, imap: Imap | None = None) -> None:
    """Name sources in the settings."""
    settings = home / SETTINGS
    save(settings, msgspec.structs.replace(load(settings, AgentConfig), collect=files, imap=imap))


def waiting(home: Path) -> list[dict]:
    """What the command shows to a program."""
    found = json.loads(tocsin("agent", "collected", home, "--json").stdout)
    return list(found["collected"])


def titles(home: Path) -> list[str]:
    return sorted(item["about"]["name"] for item in waiting(home))


def reported(home: Path) -> Counter[str]:
    """How many reports rest on each file that was reported."""
    return Counter(str(digest) for (digest,) in look(home / "agent.db", "SELECT digest FROM evidence"))


# --- sources


def test_a_folder_and_a_maildir_come_in_while_the_agent_serves_and_nothing_is_sent(machine: Machine) -> None:
    home = machine.join("ayr")
    inbox, mail = machine.folder / "in", machine.folder / "mail"
    inbox.mkdir()
    for part in ("new", "cur", "tmp"):
        (mail / part).mkdir(parents=True)
    collect(home, Collect(folders=(str(inbox),), maildirs=(str(mail),), seconds=1))
    machine.serve("ayr")
    (inbox / "list.txt").write_text("one.evil-collected.example\n")
    (inbox / "lunch.eml").write_text(NOTHING.format(0))
    (mail / "tmp" / "1.a").write_text(PHISH.format("collected"))
    (mail / "tmp" / "1.a").rename(mail / "new" / "1.a")
    assert wait_until(lambda: titles(home) == ["list.txt", "new/1.a"])
    assert wait_until(lambda: any(_state(home, str(inbox))["nothing"] for _ in (0,)))
    assert look(home / "agent.db", "SELECT count(*) FROM outbox") == [(0,)]
    assert b"evil-collected" not in bytes_of(home, "agent.db")
    machine.kill("ayr")
    machine.serve("ayr")
    (inbox / "again.txt").write_text("one.evil-collected.example\n")
    (inbox / "two.txt").write_text("two.evil-collected.example\n")
    assert wait_until(lambda: "two.txt" in titles(home))
    assert titles(home) == ["list.txt", "new/1.a", "two.txt"], "the same bytes under another name are known"


def _state(home: Path, place: str) -> dict:
    status = json.loads(tocsin("agent", "status", home, "--json").stdout)
    (found,) = [one["state"] for one in status["sources"] if one["name"].endswith(place)]
    return dict(found)


def test_what_waits_is_reported_by_the_command_for_every_file_and_waits_no_more(machine: Machine) -> None:
    home = machine.folder / "ayr"
    shown = tocsin("agent", "collected", home).stdout
    assert "Confirm your account" in shown
    assert "1 value would leave" in shown
    assert f"tocsin agent report {home} --collected" in shown
    first, second, third = waiting(home)
    dry = tocsin("agent", "report", home, "--collected", "--dry-run")
    assert dry.stdout.count("would leave:") == 3
    assert len(waiting(home)) == 3
    dropped = tocsin("agent", "collected", home, "--drop", first["id"], "--by", "Jane")
    assert "Dropped 1 file; the journal says by whom." in dropped.stdout
    one = tocsin("agent", "report", home, second["id"][:14], "--yes", "--by", "Jane")
    assert (one.returncode, one.stdout.count("Sent as rpt_")) == (0, 1), one.stderr
    ended, said = ask_at_a_terminal("agent", "report", home, "--collected", answer=b"n\n")
    assert (ended, "Nothing was sent." in said) == (0, True)
    assert [item["id"] for item in waiting(home)] == [third["id"]], "a no is no decision for ever"
    rest = tocsin("agent", "report", home, "--collected", "--yes")
    assert (rest.returncode, rest.stdout.count("Sent as rpt_")) == (0, 1), rest.stderr
    assert waiting(home) == []
    gone = tocsin("agent", "report", home, third["id"], "--yes")
    assert gone.returncode == 1
    assert "Nothing waits." in tocsin("agent", "collected", home).stdout
    assert set(reported(home).values()) == {1}


def test_a_source_that_fails_says_so_in_status_and_doctor_and_costs_no_other(machine: Machine) -> None:
    home = machine.join("bute")
    good, gone = machine.folder / "good", machine.folder / "gone"
    good.mkdir()
    collect(home, Collect(folders=(str(gone), str(good)), seconds=1))
    machine.serve("bute")
    (good / "a.eml").write_text(PHISH.format("bute"))
    assert wait_until(lambda: titles(home) == ["a.eml"])
    shown = tocsin("agent", "status", home).stdout
    assert "collected: 1 file to be looked at" in shown
    assert f"folder {gone}: not looked at yet" in shown
    assert "No such file or directory" in shown
    assert "→ Check the path in `[collect]`" in shown
    doctor = tocsin("agent", "doctor", home)
    assert doctor.returncode == 1
    assert "PROBLEM  sources" in doctor.stderr
    assert "Check the path in `[collect]`" in doctor.stderr
    gone.mkdir()
    assert wait_until(lambda: not _state(home, str(gone))["problem"], 60)
    assert wait_until(lambda: "NOTE     sources     2 sources read" in tocsin("agent", "doctor", home).stdout)


@pytest.fixture
def server() -> Iterator[Dovecot]:
    program = find_dovecot()
    if program is None:
        pytest.skip("dovecot is not installed: apt install dovecot-imapd")
    with private_dovecot(program) as made:
        yield made


def test_an_abuse_mailbox_comes_in_and_stays_as_it_is(machine: Machine, server: Dovecot) -> None:
    home = machine.join("clyde")
    password = machine.folder / "imap-password"
    password.write_text(f"{PASSWORD}\n", encoding="utf-8")
    password.chmod(0o600)
    imap = Imap(
        "localhost", USER, str(password), port=server.port, authority_file=str(server.authority), seconds=1
    )
    collect(home, Collect(), imap)
    for number in range(3):
        server.deliver(PHISH.format(f"imap-{number}").encode())
        server.deliver(NOTHING.format(number).encode())
    machine.serve("clyde")
    assert wait_until(lambda: len(waiting(home)) == 3)
    assert titles(home) == ["INBOX, mail 1", "INBOX, mail 3", "INBOX, mail 5"]
    machine.kill("clyde")
    server.deliver(PHISH.format("imap-late").encode())
    machine.serve("clyde")
    assert wait_until(lambda: len(waiting(home)) == 4)
    assert set(server.flags()) == {""}
    assert len(server.flags()) == 7
    assert PASSWORD.encode() not in bytes_of(home, "agent.db")
    sent = tocsin("agent", "report", home, "--collected", "--yes", "--json")
    assert sent.returncode == 0, sent.stdout
    assert json.loads(sent.stdout.splitlines()[-1])["sent"] == 4
    server.stop()
    try:
        # The first failure may be of a connection that broke; then there is nobody to connect to.
        advice = "→ Check `imap.host` and `imap.port`"
        assert wait_until(lambda: advice in tocsin("agent", "status", home).stdout)
        assert "fails since" in tocsin("agent", "status", home).stdout
    finally:
        server.start()


# --- many files


@pytest.fixture
def many(machine: Machine, tmp_path: Path) -> tuple[Path, Path]:
    """An agent of its own, and a folder of files in which there is something to report, or nothing, or no sense."""
    short = f"bank{len(list(machine.folder.glob('bank*.key')))}"
    home = machine.join(short)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(EACH):
        (folder / f"{number:03}-a.eml").write_text(PHISH.format(f"{short}-{number}"))
        (folder / f"{number:03}-b.eml").write_text(NOTHING.format(number))
    (folder / "odd.bin").write_bytes(b"\x7fELF")
    return home, folder


def total(ended: subprocess.CompletedProcess[str]) -> dict:
    return dict(json.loads(ended.stdout.splitlines()[-1]))


def test_a_second_run_reads_nothing_again_but_what_could_not_be_read(many: tuple[Path, Path]) -> None:
    home, folder = many
    first = total(tocsin("agent", "report", home, folder, "--yes", "--json", timeout=120))
    assert (first["sent"], first["nothing"], first["refused"], first["skipped"]) == (EACH, EACH, EACH + 1, 0)
    second = total(tocsin("agent", "report", home, folder, "--yes", "--json"))
    assert (second["sent"], second["refused"], second["skipped"]) == (0, 1, 2 * EACH)
    assert set(reported(home).values()) == {1}
    shown = tocsin("agent", "report", home, folder, "--yes")
    assert f"{2 * EACH} skipped: an earlier run was through with them." in shown.stdout
    held = bytes_of(home, "agent.db")
    assert b"planted-words" not in held
    assert b"lunch" not in held


def test_what_was_taken_back_and_what_other_rules_decide_is_looked_at_again(many: tuple[Path, Path]) -> None:
    home, folder = many
    for path in sorted(folder.iterdir())[4:]:
        path.unlink()
    rows = tocsin("agent", "report", home, folder, "--yes", "--json").stdout.splitlines()
    report = next(row["report"] for row in map(json.loads, rows) if row.get("report"))
    assert tocsin("agent", "erase", home, report, "--reason", "mistake").returncode == 0
    again = total(tocsin("agent", "report", home, folder, "--yes", "--json"))
    assert (again["sent"], again["skipped"]) == (1, 3)
    others = total(tocsin("agent", "report", home, folder, "--yes", "--json", "--audience", "role:agency"))
    assert (others["sent"], others["nothing"], others["skipped"]) == (2, 2, 0)
    settings = home / SETTINGS
    settings.write_text(settings.read_text().replace("aliases = []", 'aliases = ["Phisher"]'))
    other_rules = total(tocsin("agent", "report", home, folder, "--yes", "--json"))
    assert other_rules["skipped"] == 0
    assert other_rules["sent"] == 0


def test_a_run_that_is_killed_anywhere_goes_on_and_sends_nothing_twice(many: tuple[Path, Path]) -> None:
    home, folder = many
    command = [sys.executable, "-m", "tocsin", "agent", "report", str(home), str(folder), "--yes", "--json"]
    for reports in (2, 9, 17):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert wait_until(lambda at_least=reports: len(reported(home)) >= at_least, 60)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    last = total(tocsin("agent", "report", home, folder, "--yes", "--json", timeout=120))
    assert last["skipped"] >= EACH
    found = reported(home)
    assert (len(found), set(found.values())) == (EACH, {1})
    assert last["sent"] + last["waiting"] + last["already"] + last["skipped"] + last["nothing"] == 2 * EACH


def test_ctrl_c_ends_a_run_between_two_files_with_its_count(many: tuple[Path, Path]) -> None:
    home, folder = many
    command = [sys.executable, "-m", "tocsin", "agent", "report", str(home), str(folder), "--yes"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert wait_until(lambda: len(reported(home)) >= 5, 60)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert "disclosures," in out
    assert "Stopped. The same command goes on where it stopped, and sends nothing twice." in err
    assert look(home / "agent.db", "SELECT count(*) FROM outbox WHERE state = 'waiting'") == [(0,)]
    tocsin("agent", "report", home, folder, "--yes", timeout=120)
    assert Counter(reported(home).values()) == Counter({1: EACH})


def test_a_hub_that_is_away_is_not_waited_for_again_and_again(
    many: tuple[Path, Path], machine: Machine
) -> None:
    home, folder = many
    machine.signal("hub", signal.SIGSTOP)
    began = time.monotonic()
    try:
        ended = tocsin("agent", "report", home, folder, "--yes", timeout=120)
    finally:
        machine.signal("hub", signal.SIGCONT)
    assert time.monotonic() - began < 100, "fifteen seconds once, and not for each of them"
    assert ended.returncode == 3
    assert f"{EACH} waiting in the outbox" in ended.stdout
    again = tocsin("agent", "report", home, folder, "--yes")
    assert f"{2 * EACH} skipped" in again.stdout
    assert Counter(reported(home).values()) == Counter({1: EACH})
