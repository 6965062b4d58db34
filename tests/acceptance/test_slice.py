# SPDX-License-Identifier: Apache-2.0
"""The first whole path by the installed command alone: from an empty folder to a block at another bank, and back.

Hub, partner and three agents are processes of their own; each step is a command that an operator or an analyst types.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.acceptance.machine import Machine, wait_until
from tests.looking import bytes_of, look

from tocsin.world.processes import free_port

pytestmark = pytest.mark.processes

COMMAND = Path(sys.executable).with_name("tocsin")
BANKS = ("ayr", "bute", "clyde")
VALUE = "login.phish-of-today.example"


def installed(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as it was installed."""
    asked = [str(COMMAND), *map(str, words)]
    return subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)


def told(*words: str | Path, code: int = 0) -> list[dict]:
    """Run it for a program: every line of its answer is a document."""
    ended = installed(*words, "--json")
    assert ended.returncode == code, ended.stdout + ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def mail(to: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Security <alert@phisher-of-today.example>"
    message["To"] = f"Jane Doe <jane.doe@{to}.example>"
    message["Subject"] = "Dear Jane Doe, confirm your account 4711-8890-2236"
    message["Date"] = "Sat, 21 Nov 2026 08:30:00 +0000"
    message["Message-ID"] = "<m4711-8890-2236@phisher-of-today.example>"
    message.set_content(f"Dear Jane Doe,\n\nplease confirm: https://{VALUE}/confirm?user=jane.doe\n")
    return message.as_bytes()


@dataclass
class Story:
    """What happened."""

    folder: Path
    machine: Machine
    joined: dict[str, dict] = field(default_factory=dict)
    answers: dict[str, list[dict]] = field(default_factory=dict)
    blocked: dict[str, dict[str, str]] = field(default_factory=dict)

    def home(self, short: str) -> Path:
        return self.folder / short

    def knows(self, short: str) -> bool:
        """Whether a bank has heard of the value."""
        known = look(self.home(short) / "agent.db", "SELECT value FROM posting")
        return any(VALUE in str(value) for (value,) in known)

    def files(self, short: str) -> dict[str, str]:
        """The protection files of one bank."""
        return {path.name: path.read_text() for path in sorted((self.home(short) / "out").glob("block.*"))}

    def blocks(self, short: str) -> bool:
        return bool(self.files(short)) and all(VALUE in text for text in self.files(short).values())


def begin(story: Story) -> None:
    """hub init → partner → enrol → agent init ×3 → serve"""
    folder, machine, ports = story.folder, story.machine, (free_port(), free_port())
    url, witness = (f"http://127.0.0.1:{port}" for port in ports)
    named = ["--alliance", "City Alliance", "--url", url, "--port", str(ports[0])]
    (hub,) = told("hub", "init", folder / "hub", *named)
    (partner,) = told("partner", "init", folder / "partner", "--hub-key", hub["key"], "--port", str(ports[1]))
    told("hub", "partner", folder / "hub", "--url", witness, "--key", partner["key"])
    machine.start("partner", "partner", "serve", folder / "partner")
    machine.start("hub", "hub", "serve", folder / "hub")
    for short in BANKS:
        name = f"{short.capitalize()} Bank plc"
        asked = ["--name", name, "--role", "bank", "--jurisdiction", "GB"]
        (code,) = told("hub", "enrol", folder / "hub", *asked)
        own = ["--legal-name", name, "--domain", f"{short}.example"]
        asked = ["--hub", url, "--code", code["code"], *own]
        (story.joined[short],) = told("agent", "init", story.home(short), *asked)
        settings = story.home(short) / "agent.toml"
        text = settings.read_text()
        for shield, name in (("csv", "csv"), ("rpz", "rpz"), ("suricata", "rules")):
            text = text.replace(f'{shield} = ""', f'{shield} = "out/block.{name}"')
        settings.write_text(text)
        for shield in ("csv", "rpz", "suricata"):
            told("agent", "shield", story.home(short), "on", shield, "--why", "tested for a week")
        machine.serve(short)


def live(story: Story) -> None:
    """One bank reports, a second confirms, a third is protected; then the first takes it back."""
    (story.folder / "phish.eml").write_bytes(mail("ayr"))
    (story.folder / "same.eml").write_bytes(mail("bute"))
    asked = [story.folder / "phish.eml", "--yes", "--by", "Jane"]
    story.answers["report"] = told("agent", "report", story.home("ayr"), *asked)
    assert wait_until(lambda: story.knows("clyde"))
    story.answers["watched"] = told("agent", "inbox", story.home("clyde"), "--all")
    story.blocked["one source"] = story.files("clyde")
    asked = [story.folder / "same.eml", "--yes", "--by", "John"]
    story.answers["confirm"] = told("agent", "report", story.home("bute"), *asked)
    assert wait_until(lambda: story.blocks("clyde"))
    story.blocked["two sources"] = story.files("clyde")
    story.answers["inbox"] = told("agent", "inbox", story.home("clyde"), "--all")
    story.answers["shield"] = told("agent", "shield", story.home("clyde"), "--dry-run")
    story.answers["status"] = told("hub", "status", story.folder / "hub")
    report = story.answers["report"][0]["report"]
    story.answers["erase"] = told("agent", "erase", story.home("ayr"), report)
    assert wait_until(lambda: not story.blocks("clyde"))
    story.blocked["taken back"] = story.files("clyde")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("slice")
    with Machine(folder) as machine:
        told_story = Story(folder, machine)
        begin(told_story)
        live(told_story)
        yield told_story


def test_everybody_joined_one_witnessed_alliance(story: Story) -> None:
    assert [one["name"] for one in story.joined.values()] == [
        "Ayr Bank plc",
        "Bute Bank plc",
        "Clyde Bank plc",
    ]
    assert {(one["alliance"], one["role"], one["witnessed"]) for one in story.joined.values()} == {
        ("City Alliance", "bank", True)
    }
    assert len({one["party"] for one in story.joined.values()}) == 3


def test_a_report_is_receipted_entry_by_entry(story: Story) -> None:
    (report,) = [one for one in story.answers["report"] if "report" in one]
    outcomes = report["settled"]["receipt"]["outcomes"]
    assert {one["status"] for one in outcomes} == {"accepted"}
    assert {one["stream"] for one in outcomes} == {"members"}
    assert [one["seq"] for one in outcomes] == list(range(len(outcomes)))
    assert report["approved_by"] == "person Jane"


def test_one_source_blocks_nothing_and_the_second_blocks_everywhere(story: Story) -> None:
    (watched,), (inbox,) = story.answers["watched"], story.answers["inbox"]
    assert {one["judgement"]["level"] for one in watched["values"]} == {"watch"}
    assert "block" in {one["judgement"]["level"] for one in inbox["values"]}
    assert not any(VALUE in text for text in story.blocked["one source"].values())
    assert len(story.blocked["two sources"]) == 3
    assert all(VALUE in text for text in story.blocked["two sources"].values())
    assert "2-4 named sources" in story.blocked["two sources"]["block.csv"]


def test_what_is_taken_back_leaves_every_file_at_every_bank(story: Story) -> None:
    assert not any(VALUE in text for text in story.blocked["taken back"].values())
    for short in BANKS:
        assert wait_until(lambda short=short: not story.blocks(short))
        assert not any(VALUE in text for text in story.files(short).values())


def test_nobody_but_the_bank_holds_a_word_of_the_mail(story: Story) -> None:
    """Neither in clear at the hub, the partner and the other banks, nor readable in its own vault."""
    for name in ("hub", "partner", *BANKS):
        held = bytes_of(story.folder / name, "*.db")
        for word in (b"Jane Doe", b"jane.doe", b"4711-8890", b"confirm your account", b"ayr.example"):
            assert word not in held, (name, word)


def test_every_history_is_one(story: Story) -> None:
    (status,) = story.answers["status"]
    assert status["alliance"] == "City Alliance"
    assert status["witness"] in ("witnessed", "late")
    notes = []
    for short in BANKS:
        ended = installed("agent", "compare", story.home(short), partner_of(story))
        assert ended.returncode == 0, ended.stderr
        notes.append(ended.stdout)
    assert all("One history" in note for note in notes)
    (inbox,) = story.answers["inbox"]
    assert inbox["alarms"] == []


def partner_of(story: Story) -> str:
    settings = (story.folder / "hub" / "hub.toml").read_text()
    return settings.partition("[partner]")[2].partition('url = "')[2].partition('"')[0]


def test_a_dry_run_of_the_shield_changes_nothing(story: Story) -> None:
    (shown,) = story.answers["shield"]
    assert len(shown["changes"]) == 3
    assert {len(one["added"]) + len(one["removed"]) for one in shown["changes"]} == {0}


# --- exit codes and refusals


def test_exit_code_1_is_a_refusal_with_its_reason(story: Story) -> None:
    (problem,) = told("agent", "erase", story.home("ayr"), "rpt_" + "0" * 32, code=1)
    assert problem["type"].startswith("tag:tocsin,2026:problem/")
    assert problem["next_step"]


def test_exit_code_2_is_a_command_that_cannot_be_carried_out_as_written(story: Story) -> None:
    ended = installed("agent", "report", story.home("ayr"), story.folder / "no-such-file.eml", "--yes")
    assert ended.returncode == 2
    assert ended.stderr.startswith("tocsin: ")
    assert "→" in ended.stderr
    assert installed("agent", "inbox", story.home("ayr"), "--nope").returncode == 2


def test_exit_code_3_is_a_hub_that_is_not_there_and_what_was_approved_waits(
    story: Story, tmp_path: Path
) -> None:
    with Machine(tmp_path) as machine:
        machine.raise_hub(witnessed=False)
        home = machine.join("esk")
        machine.kill("hub")
        (tmp_path / "phish.eml").write_bytes(mail("esk"))
        ended = installed("agent", "report", home, tmp_path / "phish.eml", "--yes")
        assert ended.returncode == 3, ended.stdout + ended.stderr
        assert "outbox" in ended.stdout + ended.stderr
        machine.start("hub")
        machine.serve("esk")
        (status,) = told("hub", "status", tmp_path / "hub")

        def members() -> int:
            (status,) = told("hub", "status", tmp_path / "hub")
            return next((one["size"] for one in status["streams"] if one["name"] == "members"), 0)

        assert status["witness"] == "unwitnessed"
        assert wait_until(lambda: members() > 0)
