# SPDX-License-Identifier: Apache-2.0
"""The commands as a person or a script types them, against a real hub: what they show, ask, refuse and answer."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until
from tests.looking import look

pytestmark = pytest.mark.processes

PHISH = """Authentication-Results: mx.ayr.example; dmarc=pass header.from=phisher.example
From: Security <alert@phisher.example>
To: clerk@ayr.example
Subject: Confirm your account
Date: Sat, 21 Nov 2026 08:30:00 +0000

Please confirm: https://login.phish-{0}.example/confirm
"""


class Bank:
    """A hub that serves, and a bank whose agent does not."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.home = machine.join("ayr")
        self.other = machine.join("bute")
        self._mails = 0
        self._serve = False

    def mail(self) -> Path:
        """A phish that nobody has seen."""
        self._mails += 1
        path = self.machine.folder / f"mail-{self._mails}.eml"
        path.write_text(PHISH.format(self._mails))
        return path

    def serve(self) -> None:
        """Both agents serve from now on."""
        for short in () if self._serve else ("ayr", "bute"):
            self.machine.serve(short)
        self._serve = True

    def other_knows(self, report: str) -> bool:
        """Whether the other bank's inbox shows a report."""
        return report in tocsin("agent", "inbox", self.other).stdout

    def outbox(self) -> list[tuple[object, ...]]:
        return look(self.home / "agent.db", "SELECT id, state FROM outbox")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    with Machine(tmp_path_factory.mktemp("alliance")) as machine:
        machine.raise_hub(witnessed=False)
        yield Bank(machine)


def ask_at_a_terminal(*arguments: str | Path, answer: bytes) -> tuple[int, str]:
    """Run a command at a terminal of its own and answer its question; its exit code and all it said."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "tocsin", *map(str, arguments)])
    said = b""
    deadline = time.monotonic() + 30
    while b"[y/N]" not in said and (more := _heard(terminal, deadline)):
        said += more
    time.sleep(0.3)  # a person does not answer before the command has begun to listen
    os.write(terminal, answer)
    while more := _heard(terminal, deadline):
        said += more
    os.kill(pid, signal.SIGKILL)  # it has ended by itself, or never will
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), said.decode()


def _heard(terminal: int, deadline: float) -> bytes:
    """The next that a terminal shows; empty when the command has gone, or did not go on in time."""
    if not select.select([terminal], [], [], max(deadline - time.monotonic(), 0))[0]:
        return b""
    try:
        return os.read(terminal, 4_096)
    except OSError:  # Linux: the other end is closed
        return b""


def test_ones_own_asset_is_never_told(bank: Bank) -> None:
    before = bank.outbox()
    for value in ("ayr.example", "www.ayr.example", "https://ayr.example/login", "clerk@ayr.example"):
        ended = tocsin("agent", "sight", bank.home, value, "--yes")
        assert ended.returncode == 1, ended.stdout
        assert "your own: ayr.example" in ended.stderr
    assert bank.outbox() == before


def test_a_refused_sighting_says_why_in_a_sentence_and_nothing_wider_is_confirmed(bank: Bank) -> None:
    before = bank.outbox()
    for value, said in (
        ("ayr.com", "ayr[.]com may not be named to others: its whole name is Ayr Bank plc's"),
        ("t.me", "t[.]me may not be named to others: t.me: a messenger's front door"),
        ("ayr.hosts.com", "hosts[.]com is wider than what you saw. Give hosts[.]com itself if all of it is"),
    ):
        ended = tocsin("agent", "sight", bank.home, value, "--yes")
        assert ended.returncode == 1, ended.stdout
        assert said in ended.stderr
    assert bank.outbox() == before


def test_a_sighting_is_shown_first_and_sent_only_after_a_yes(bank: Bank) -> None:
    before = bank.outbox()
    ended = tocsin("agent", "sight", bank.home, "https://seen.example/a?to=clerk@ayr.example")
    assert ended.returncode == 2
    assert "would be told to members: all banks and the desk:" in ended.stdout
    assert "hxxps://seen[.]example/a   (" in ended.stdout
    assert "--yes" in ended.stderr
    assert bank.outbox() == before


def test_a_sighting_says_how_to_take_it_back_and_an_erasure_tells_the_truth(bank: Bank) -> None:
    ended = tocsin("agent", "sight", bank.home, "seen-once.example", "--yes")
    assert ended.returncode == 0, ended.stderr
    (line,) = [one for one in ended.stdout.splitlines() if "tocsin agent erase" in one]
    words = line.partition("tocsin ")[2].split()
    first, second = tocsin(*words), tocsin(*words)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "every reader was told" in first.stdout
    assert second.stdout == "Nothing changed: It was erased before.\n"


def test_taking_back_what_is_nobodys_is_an_error_of_its_own(bank: Bank) -> None:
    ended = tocsin("agent", "erase", bank.home, "rpt_" + "0" * 32)
    assert ended.returncode == 1
    said = ended.stderr.removeprefix(f"Waiting for {bank.machine.url} …\n")  # on a busy machine
    assert said.startswith("tocsin: There is no such thing")
    assert said.count("→") == 1


def test_a_refused_file_costs_exit_code_1_and_no_other_file(bank: Bank) -> None:
    bad = bank.machine.folder / "notes.txt"
    bad.write_text("Dear all, we, the staff, met.\n")
    ended = tocsin("agent", "report", bank.home, bad, bank.mail(), "--dry-run")
    assert ended.returncode == 1
    assert "notes.txt" in ended.stderr
    assert "notes.txt" not in ended.stdout
    assert "2 files: 1 disclosure, 0 sent, 1 refused (1 with nothing to report)." in ended.stdout


@pytest.mark.parametrize("more", [["--dry-run"], ["--yes"]])
def test_a_dry_run_refuses_what_sending_would(bank: Bank, more: list[str]) -> None:
    mail = bank.mail()
    unknown = tocsin("agent", "report", bank.home, mail, "--audience", "everybody", *more)
    assert unknown.returncode == 2
    assert "all, members, role:agency" in unknown.stderr
    assert "tocsin.domain" not in unknown.stderr
    assert tocsin("agent", "report", bank.home, mail, "--tlp", "purple", *more).returncode == 2
    red = tocsin("agent", "report", bank.home, mail, "--tlp", "red", *more)
    assert red.returncode == 1
    assert "TLP:RED" in red.stderr


def test_a_mail_is_reported_once_unless_it_is_asked_for_again(bank: Bank) -> None:
    mail = bank.mail()
    first = tocsin("agent", "report", bank.home, mail, "--yes")
    assert first.returncode == 0, first.stderr
    report = first.stdout.partition("Sent as ")[2].partition(",")[0]
    second = tocsin("agent", "report", bank.home, mail, "--yes")
    assert second.returncode == 0
    assert f"Already reported as {report} on 20" in second.stdout
    assert "--again" in second.stdout
    assert sum(str(one[0]).startswith(report) for one in bank.outbox()) == 1
    third = tocsin("agent", "report", bank.home, mail, "--yes", "--again")
    assert "Sent as rpt_" in third.stdout


def test_what_a_person_leaves_out_is_not_sent(bank: Bank) -> None:
    mail = bank.mail()
    shown = tocsin("agent", "report", bank.home, mail, "--dry-run").stdout
    (value,) = re.findall(r"^  \+ landing-host (\S+)", shown, re.M)[:1]
    assert tocsin("agent", "report", bank.home, mail, bank.mail(), "--without", value).returncode == 2
    stranger = tocsin("agent", "report", bank.home, mail, "--yes", "--without", "other[.]example")
    assert stranger.returncode == 1
    assert "other.example is none of the values that would leave" in stranger.stderr
    ended = tocsin("agent", "report", bank.home, mail, "--yes", "--without", value)
    assert ended.returncode == 0, ended.stderr
    assert re.search(rf"^  - attacker +{re.escape(value)} .*you left it out", ended.stdout, re.M)
    assert not re.search(rf"^  \+ .*{re.escape(value)}$", ended.stdout, re.M)


def test_what_a_file_only_mentions_leaves_when_a_person_says_so(bank: Bank) -> None:
    note = bank.machine.folder / "note.txt"
    note.write_text(
        "The customer opened http://pay.evil-note.example/x, our portal is https://www.ayr.example/ and all is well."
    )
    nothing = tocsin("agent", "report", bank.home, note, "--dry-run")
    assert nothing.returncode == 1
    assert "--also VALUE" in nothing.stderr
    assert "? hxxp://pay[.]evil-note[.]example/x" in nothing.stderr
    sent = tocsin("agent", "report", bank.home, note, "--also", "hxxp://pay[.]evil-note[.]example/x", "--yes")
    assert (sent.returncode, "1 value in" in sent.stdout) == (0, True)
    own = tocsin("agent", "report", bank.home, note, "--also", "https://www.ayr.example/", "--yes")
    assert own.returncode == 1
    assert "is not the attacker's" in own.stderr
    nowhere = tocsin("agent", "report", bank.home, note, "--also", "other.example", "--yes")
    assert "none of the values that were found" in nowhere.stderr


def test_what_stands_on_a_warning_list_is_held_until_a_person_says_so(bank: Bank) -> None:
    lists = bank.machine.folder / "lists"
    lists.mkdir()
    (lists / "shared.json").write_text(
        json.dumps({"name": "Shared hosts", "type": "hostname", "list": ["shared.example"], "version": 7})
    )
    assert "No warning list" in tocsin("agent", "warninglists", bank.home).stdout
    assert "1 list installed." in tocsin("agent", "warninglists", bank.home, "--install", lists).stdout
    assert (
        "Shared hosts" in tocsin("agent", "warninglists", bank.home, "--check", "a[.]shared[.]example").stdout
    )
    indicators = bank.machine.folder / "held.txt"
    indicators.write_text("a.shared.example\nown.evil-held.example\n")
    shown = tocsin("agent", "report", bank.home, indicators, "--dry-run").stdout
    assert "would leave: 1 value" in shown
    assert "on the warning list 'Shared hosts'" in " ".join(shown.split())
    with_it = tocsin(
        "agent", "report", bank.home, indicators, "--dry-run", "--also", "a.shared.example"
    ).stdout
    assert "would leave: 2 values" in with_it
    gone = tocsin("agent", "warninglists", bank.home, "--remove", "Shared hosts")
    assert (gone.returncode, "was removed" in gone.stdout) == (0, True)
    assert "would leave: 2 values" in tocsin("agent", "report", bank.home, indicators, "--dry-run").stdout


def test_a_folder_and_an_archive_are_reported_file_by_file(bank: Bank) -> None:
    folder = bank.machine.folder / "desk"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/list.txt").write_text("one.evil-desk.example\ntwo.evil-desk.example\n")
    (folder / "note.bin").write_bytes(b"\x7fELF")
    with zipfile.ZipFile(folder / "mails.zip", "w") as archive:
        archive.write(bank.mail(), "first.eml")
        archive.writestr("second.csv", "value,kind,day\nthree.evil-desk.example,domain,1\n")
    done = tocsin("agent", "report", bank.home, folder, "--yes", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines() + done.stderr.splitlines()]
    files = {row["file"].partition("desk/")[2]: row for row in rows if "file" in row}
    assert set(files) == {"deep/list.txt", "mails.zip > first.eml", "mails.zip > second.csv", "note.bin"}
    assert [name for name, row in files.items() if row["settled"] is None] == ["note.bin"]
    assert (done.returncode, rows[-1]["sent"], rows[-1]["refused"]) == (1, 3, 1)
    again = tocsin("agent", "report", bank.home, folder, "--yes")
    assert "2 skipped: an earlier run was through with them." in again.stdout
    assert "Sent as" not in again.stdout


def test_a_report_that_the_hub_refused_stands_in_the_way_of_none(bank: Bank) -> None:
    mail = bank.mail()
    nobody = "party:prt_" + "0" * 32
    for _ in range(2):
        refused = tocsin("agent", "report", bank.home, mail, "--yes", "--audience", nobody)
        assert refused.returncode == 1
        assert "The hub refused it." in refused.stderr
    ended = tocsin("agent", "report", bank.home, mail, "--yes")
    assert ended.returncode == 0
    assert "Already reported" not in ended.stdout
    assert "Sent as rpt_" in ended.stdout


def test_a_report_that_was_taken_back_stands_in_the_way_of_none(bank: Bank) -> None:
    mail = bank.mail()
    first = tocsin("agent", "report", bank.home, mail, "--yes").stdout
    report = first.partition("Sent as ")[2].partition(",")[0]
    assert tocsin("agent", "erase", bank.home, report, "--reason", "mistake").returncode == 0
    second = tocsin("agent", "report", bank.home, mail, "--yes")
    assert "Already reported" not in second.stdout
    assert "Sent as rpt_" in second.stdout


def test_a_report_that_waits_is_said_to_wait_and_is_not_queued_twice(bank: Bank) -> None:
    mail = bank.mail()
    bank.machine.kill("hub")
    try:
        assert tocsin("agent", "report", bank.home, mail, "--yes").returncode == 3
        before = bank.outbox()
        again = tocsin("agent", "report", bank.home, mail, "--yes")
        told = tocsin("agent", "report", bank.home, mail, "--yes", "--json")
    finally:
        bank.machine.start("hub")
    (waiting,) = [name for name, state in before if state == "waiting"]
    assert again.returncode == 3
    assert f"Not sent yet: {waiting}" in again.stdout
    assert "Already reported" not in again.stdout
    assert (json.loads(told.stdout)["already"], json.loads(told.stdout)["waits"]) == (waiting, True)
    assert bank.outbox() == before


def test_the_same_mail_to_other_readers_is_another_report(bank: Bank) -> None:
    mail = bank.mail()
    first = tocsin("agent", "report", bank.home, mail, "--yes", "--audience", "role:agency")
    report = first.stdout.partition("Sent as ")[2].partition(",")[0]
    second = tocsin("agent", "report", bank.home, mail, "--yes")
    assert f"Already reported as {report} on 20" in second.stdout
    assert "UTC, to every agency." in second.stdout
    assert "Sent as rpt_" in second.stdout
    third = tocsin("agent", "report", bank.home, mail, "--yes", "--audience", "role:agency")
    assert "Nothing was sent. Add --again" in third.stdout


def test_nobody_is_asked_about_a_second_report_who_did_not_ask_for_one(bank: Bank) -> None:
    mail = bank.mail()
    assert tocsin("agent", "report", bank.home, mail, "--yes").returncode == 0
    before = bank.outbox()
    ended, said = ask_at_a_terminal("agent", "report", bank.home, mail, answer=b"y\n")
    assert ended == 0
    assert "[y/N]" not in said
    assert "Nothing was sent. Add --again" in said
    assert bank.outbox() == before
    ended, said = ask_at_a_terminal("agent", "report", bank.home, mail, "--again", answer=b"y\n")
    assert "Report again what rpt_" in said
    assert "Sent as rpt_" in said


def test_who_will_read_it_is_shown_before_anybody_agrees(bank: Bank) -> None:
    mail = bank.mail()
    _, said = ask_at_a_terminal("agent", "report", bank.home, mail, answer=b"n\n")
    asked = " ".join(said.split())
    assert "would be told to members: all banks and the desk; class named" in asked
    assert "to members: all banks and the desk, TLP:AMBER PAP:GREEN, class named? [y/N]" in asked
    ended = tocsin("agent", "report", bank.home, mail, "--dry-run", "--json", "--audience", "role:agency")
    told = json.loads(ended.stdout)
    assert (told["audiences"], told["report_class"]) == (["role:agency"], "named")
    assert told["disclosure"]["marking"]["tlp"] == "TLP:AMBER"


def test_a_receipt_counts_values_and_entries_apart(bank: Bank) -> None:
    ended = tocsin("agent", "report", bank.home, bank.mail(), "--yes")
    assert "3 values in 4 entries receipted." in ended.stdout


def test_a_program_is_told_what_stays_and_why(bank: Bank) -> None:
    mail = bank.mail()
    mail.write_text(mail.read_text() + "and https://www.ayr.example/help\n")
    ended = tocsin("agent", "report", bank.home, mail, "--dry-run", "--json")
    told = json.loads(ended.stdout)
    assert [one["reason"] for one in told["stays"]] != []
    assert all(one["owner"] for one in told["stays"])
    assert told["unread"] == []


@pytest.mark.parametrize(
    ("answer", "code"), [(b"n\n", 0), (b"\x04", 0), (b"\x03", 130)], ids=["no", "end of input", "Ctrl-C"]
)
def test_whatever_is_no_yes_sends_nothing(bank: Bank, answer: bytes, code: int) -> None:
    before = bank.outbox()
    ended, said = ask_at_a_terminal("agent", "report", bank.home, bank.mail(), answer=answer)
    assert "Nothing was sent." in said
    assert "Traceback" not in said
    assert ended == code
    assert bank.outbox() == before


def test_a_yes_sends(bank: Bank) -> None:
    ended, said = ask_at_a_terminal("agent", "report", bank.home, bank.mail(), answer=b"y\n")
    assert ended == 0
    assert "Sent as rpt_" in said


def test_a_hub_that_does_not_answer_is_waited_for_aloud_and_not_for_long(bank: Bank) -> None:
    machine = bank.machine
    machine.signal("hub", signal.SIGSTOP)
    began = time.monotonic()
    try:
        ended = tocsin("agent", "report", bank.home, bank.mail(), "--yes")
    finally:
        machine.signal("hub", signal.SIGCONT)
    assert time.monotonic() - began < 30
    assert ended.returncode == 3
    assert "Waiting for http://127.0.0.1" in ended.stderr
    (waiting,) = [name for name, state in bank.outbox() if state == "waiting"]
    assert f"{waiting} waits in the outbox" in ended.stderr
    shown = tocsin("agent", "outbox", bank.home)
    assert str(waiting) in shown.stdout
    assert "1 message waits" in tocsin("agent", "inbox", bank.home).stdout


def test_what_a_command_prints_fits_a_narrow_terminal(bank: Bank) -> None:
    mail = bank.mail()
    for command in (["report", bank.home, mail, "--dry-run"], ["inbox", bank.home], ["outbox", bank.home]):
        ended = subprocess.run(
            [sys.executable, "-m", "tocsin", "agent", *map(str, command)],
            env={**os.environ, "COLUMNS": "80"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert [line for line in ended.stdout.splitlines() if len(line) > 80 and "/" not in line] == []


def test_an_inbox_shows_what_came_newest_first_and_what_is_ones_own(bank: Bank) -> None:
    bank.serve()
    for number in (1, 2):
        ended = tocsin("agent", "report", bank.home, bank.mail(), "--yes")
        report = ended.stdout.partition("Sent as ")[2].partition(",")[0]
        assert wait_until(partial(bank.other_knows, report)), number
    shown = tocsin("agent", "inbox", bank.other, "--all").stdout.splitlines()
    heads = [line for line in shown if line.startswith("20")]
    assert heads == sorted(heads, key=lambda line: line[:16], reverse=True)
    assert report in heads[0]
    assert "phishing, TLP:AMBER PAP:GREEN" in heads[0]
    assert not any("yours" in line for line in shown)
    own = tocsin("agent", "inbox", bank.home, "--all").stdout
    assert f"{report}  phishing, TLP:AMBER PAP:GREEN  yours" in own
    narrow = subprocess.run(
        [sys.executable, "-m", "tocsin", "agent", "inbox", str(bank.home)],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert f"{report[:12]}…" in narrow
    ended = tocsin("agent", "erase", bank.home, f"{report[:12]}…")
    assert ended.returncode == 0, ended.stderr


def test_an_outage_has_an_end_and_can_be_cleared(bank: Bank) -> None:
    machine = bank.machine
    bank.serve()
    assert machine.stop("hub") == 0
    assert wait_until(lambda: "PROBLEM" in tocsin("agent", "inbox", bank.home).stdout)
    machine.start("hub")
    assert wait_until(lambda: "(over since 20" in tocsin("agent", "inbox", bank.home).stdout, 60)
    assert "1 alarm;" in tocsin("agent", "inbox", bank.home, "--clear-alarms").stdout
    assert "PROBLEM" not in tocsin("agent", "inbox", bank.home).stdout
    assert any("connected again" in log.read_text() for log in machine.folder.glob("ayr.*.log"))


def test_the_operator_is_told_whether_there_was_anything_to_erase(bank: Bank) -> None:
    ended = tocsin("agent", "sight", bank.home, "by-law.example", "--yes")
    message = ended.stdout.partition("Confirmed as ")[2].partition(":")[0]
    hub = bank.machine.folder / "hub"
    unknown = tocsin("hub", "erase", hub, "rpt_" + "0" * 32)
    assert unknown.returncode == 1
    assert "No entry is about" in unknown.stderr
    assert "members: 1 erased" in tocsin("hub", "erase", hub, message).stdout
    assert tocsin("hub", "erase", hub, message).stdout == f"{message}: It was erased before.\n"


def test_a_protection_file_is_counted_as_what_it_holds(bank: Bank) -> None:
    settings = bank.home / "agent.toml"
    settings.write_text(settings.read_text().replace('rpz = ""', 'rpz = "block.rpz"'))
    assert tocsin("agent", "shield", bank.home, "on", "rpz", "--why", "tested").returncode == 0
    bank.serve()
    for home in (bank.home, bank.other):
        for value in ("both-saw.example", "https://both-saw.example/a"):
            assert tocsin("agent", "sight", home, value, "--yes").returncode == 0
    assert wait_until(lambda: "both-saw.example,2-4" in (bank.home / "block.csv").read_text())
    said = tocsin("agent", "shield", bank.home, "--dry-run").stdout
    assert "block.csv: 2 of 2 values at block\n" in said
    assert "block.rpz: 1 of 2 values at block (a zone can hold only domains and addresses)\n" in said
    assert re.search(r"would change: \d+ lines? added, \d+ removed", said)


def test_a_hubs_status_reads_as_sentences(bank: Bank) -> None:
    said = tocsin("hub", "status", bank.machine.folder / "hub").stdout
    assert re.search(r"^heads: unwitnessed, no partner is declared; \d+ signed so far$", said, re.M)


def test_a_hub_that_restores_itself_says_for_whom_it_waits_until_when_and_when_it_is_back(
    tmp_path: Path,
) -> None:
    with Machine(tmp_path) as machine:
        machine.raise_hub(witnessed=False)
        homes = {short: machine.join(short) for short in ("ayr", "bute")}
        for short, home in homes.items():
            machine.serve(short)
            assert wait_until(lambda home=home: tocsin("agent", "note", home).returncode == 0)
            assert machine.stop(short) == 0
        hub = tmp_path / "hub"
        assert tocsin("hub", "backup", hub, tmp_path / "hub.backup").returncode == 0
        assert machine.stop("hub") == 0
        for path in hub.glob("hub.db*"):
            path.unlink()
        assert tocsin("hub", "restore", hub, "--from", tmp_path / "hub.backup").returncode == 0
        assert "restoring: it waits for tocsin hub serve" in tocsin("hub", "status", hub).stdout
        machine.start("hub")
        (log,) = tmp_path.glob(f"hub.{machine.starts - 1}.log")
        waiting = r"restoring: waiting for {}, opens by itself at \d\d:\d\d UTC"
        both = re.compile(waiting.format("Ayr Bank plc, Bute Bank plc"))
        one = re.compile(waiting.format("Bute Bank plc"))
        assert wait_until(lambda: both.search(log.read_text()) is not None)
        assert wait_until(lambda: both.search(tocsin("hub", "status", hub).stdout) is not None)
        told = json.loads(tocsin("hub", "status", hub, "--json").stdout)["restoring"]
        assert told["parties"] == ["Ayr Bank plc", "Bute Bank plc"]
        assert told["opens"] > 0
        machine.serve("ayr")
        assert wait_until(lambda: one.search(log.read_text()) is not None)
        assert " ready" not in log.read_text()
        machine.serve("bute")
        assert wait_until(lambda: "Hub ready at http" in log.read_text())
        assert "restored: " in log.read_text()
        assert "restoring" not in tocsin("hub", "status", hub).stdout
