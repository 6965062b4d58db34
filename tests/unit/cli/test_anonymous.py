# SPDX-License-Identifier: Apache-2.0
"""Before a report goes, a person reads who could learn what; afterwards, what became of it."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from tests.unit.agent.anonymous.path import SLOT, START, Member, on_the_path, walk_until, with_a_report

from tocsin.agent import app
from tocsin.agent.anonymous.reports import Way
from tocsin.agent.app import SETTINGS
from tocsin.agent.house import House
from tocsin.cli import report as report_command
from tocsin.cli.anonymous import carried, path_lines, who_learns
from tocsin.cli.main import run
from tocsin.cli.outcomes import Outcome, outcome_of
from tocsin.cli.told import FileReport
from tocsin.clock import SECOND
from tocsin.config.files import save
from tocsin.errors import Unreachable

BEGINS = START + 600 * SECOND


def installed(member: Member) -> str:
    """The same agent as the command line opens it."""
    folder = member.house.folder
    key = folder.parent / "agent.key"
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    save(folder / SETTINGS, msgspec.structs.replace(member.house.config, master_key=str(key)))
    return str(folder)


@pytest.fixture
def member(tmp_path) -> Member:
    (tmp_path / "agent").mkdir()
    return on_the_path(tmp_path / "agent")[1]


async def test_every_class_says_who_could_learn_what_and_the_chosen_one_is_marked(member):
    await walk_until(member, 4)
    said = list(who_learns(member.standing(), Way("mixed", hold=False)))
    assert [line[0] for line in said[:3]] == [" ", " ", ">"]
    assert "The relay does, and whoever watches your line" in said[1]
    assert "All three together can" in said[2]
    assert said[-2].startswith(
        "The set: 1 of 25. The relay counted 25 senders, the partner 25 envelopes, and 30 members"
    )
    assert (
        said[-1]
        == "It goes in the first slots after an outage: who watched who was away may guess whose it is."
    )


async def test_below_the_floor_it_says_pseudonymous_or_why_not(member):
    member.walk.others = 6
    await walk_until(member, 4)
    refused = list(who_learns(member.standing(), Way("mixed", hold=False)))
    assert refused[-1] == "It does not go now: it would be one of 7 senders, and the floor is 20."
    taken = list(who_learns(member.standing(), Way("mixed", hold=False, pseudonymous=True)))
    assert any("is pseudonymous, not anonymous" in line for line in taken)
    assert not any("does not go now" in line for line in taken)


async def test_class_now_needs_no_set(member):
    await walk_until(member, 1)
    said = list(who_learns(member.standing(), Way("now")))
    assert [line[0] for line in said[:3]] == [" ", ">", " "]
    assert not any("set:" in line or "does not go" in line for line in said)


async def test_a_rehearsal_is_said_before_every_anonymous_report(tmp_path):
    _, member = on_the_path(tmp_path, rehearsal=True)
    await walk_until(member, 4)
    for report_class, told in (("named", False), ("now", True), ("mixed", True)):
        said = who_learns(member.standing(), Way(report_class))
        assert any("is a rehearsal" in line for line in said) == told


async def test_the_path_at_a_glance(member):
    assert list(path_lines(member.standing())) == [
        "anonymous path: none now: one begins 2026-11-21 08:40 UTC"
    ]
    member.walk.dropped = {1}
    await walk_until(member, 4)
    said = "\n".join(path_lines(member.standing()))
    for words in (
        "epoch 1 until 2026-11-21 12:00 UTC",
        "relay Relay Ltd, partner Partner plc, hub City Alliance Ltd",
        "3 of 3 tokens left; the set: 1 of 24",
        "1 of the last 3 envelopes in no record of their slot",
        "reports are held for",
    ):
        assert words in said


async def test_what_waits_says_why_and_how_to_take_it_back(member):
    await walk_until(member, 2)
    report = member.report()
    shown = FileReport("a.eml", approved_by="person Test", report_class="mixed", report=report)
    output = carried(member.house, report, shown, "AGENT")
    assert output.code == 3
    assert isinstance(output.data, FileReport)
    assert outcome_of(output.data) is Outcome.WAITING
    assert output.lines[0].startswith(f"{report} waits for a slot")
    assert "it is held for" in output.lines[1]
    assert output.lines[-1] == f"  tocsin agent erase AGENT {report}"


async def test_the_command_shows_each_report_and_what_became_of_it(member, capsys):
    report = await with_a_report(member, 30)
    member.report("other.example")
    folder = installed(member)
    member.house.store.close()
    assert run(["agent", "anonymous", folder]) == 0
    said = capsys.readouterr().out
    assert "anonymous path: none now" in said, "the command has the real clock"
    assert f"{report}  was taken in (class mixed, sent in slot" in said
    assert "one of 25 senders" in said
    assert "class mixed, approved 2026-11-21" in said
    assert run(["agent", "anonymous", folder, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["state"] for one in shown["reports"]] == ["taken", "waiting"]
    assert shown["reports"][1]["why_not_yet"].startswith("no epoch of the anonymous path has begun")


async def test_one_that_waits_is_taken_back_by_the_same_command_as_all(member, capsys):
    await walk_until(member, 2)
    report = member.report()
    folder = installed(member)
    member.house.store.close()
    assert run(["agent", "erase", folder, report]) == 0
    assert "it had not gone yet" in capsys.readouterr().out


def test_without_a_path_nothing_is_promised(member, capsys, tmp_path):
    member.walk.clock.advance(100 * SLOT)
    folder = installed(member)
    member.house.store.close()
    mail = tmp_path / "a.eml"
    mail.write_text("From: a@evil.example\nTo: b@ayr.example\nSubject: x\n\nhttp://evil.example/login now\n")
    assert run(["agent", "report", folder, str(mail), "--class", "mixed", "--yes", "--by", "Test"]) == 1
    shown = capsys.readouterr()
    assert "It does not go now: no epoch of the anonymous path has begun" in shown.out
    assert "This class would not hide who sends it now" in shown.err


def mails(folder: Path, count: int) -> list[str]:
    """So many phish, each with a host of its own."""
    named = []
    for number in range(count):
        file = folder / f"{number}.eml"
        link = f"http://evil{number}.example/login"
        file.write_text(f"From: a@evil{number}.example\nTo: b@ayr.example\nSubject: x\n\nSee {link} now\n")
        named.append(str(file))
    return named


@pytest.fixture
def at_the_walks_time(member, monkeypatch) -> None:
    """The command reads the clock that the path has."""
    monkeypatch.setattr(app, "SystemClock", lambda: member.walk.clock)


async def reported(member: Member, *words: str) -> int:
    """What the command ends with, in a thread as a shell runs it."""
    member.house.store.close()
    return await asyncio.to_thread(
        run, ["agent", "report", installed(member), *words, "--yes", "--by", "Test"]
    )


def unfolded(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said, as if the terminal were as wide as it takes."""
    shown = capsys.readouterr()
    return " ".join(f"{shown.out} {shown.err}".split())


async def test_several_files_wait_each_for_a_slot_of_its_own(member, capsys, tmp_path, at_the_walks_time):
    await walk_until(member, 4)
    assert await reported(member, *mails(tmp_path, 3), "--class", "mixed") == 3
    said = unfolded(capsys)
    assert said.count("waits for a slot, approved by") == 3
    assert "3 files: 3 disclosures, 0 sent, 0 refused, 3 waiting on the anonymous path." in said
    assert "Each of the 3 goes in a slot of its own, the last after about 15 minutes" in said
    assert await reported(member, *mails(tmp_path, 3), "--class", "mixed") == 0
    assert "3 skipped: an earlier run was through with them" in unfolded(capsys)


async def test_a_path_that_hides_nobody_costs_the_first_file_and_the_rest_is_not_tried(
    member, capsys, tmp_path, at_the_walks_time
):
    member.walk.others = 6
    await walk_until(member, 4)
    assert await reported(member, *mails(tmp_path, 3), "--class", "mixed") == 1
    said = unfolded(capsys)
    assert said.count("This class would not hide who sends it now") == 1
    assert "1 file: 0 disclosures, 0 sent, 1 refused." in said
    assert "The rest was not tried" in said


async def test_where_the_relay_does_not_answer_one_the_others_of_class_now_are_not_tried(
    member, capsys, tmp_path, at_the_walks_time, monkeypatch
):
    tried: list[str] = []

    def away(house: House, report: str) -> None:
        tried.append(report)
        raise Unreachable("nobody there")

    monkeypatch.setattr(report_command, "send_at_once", away)
    await walk_until(member, 1)
    assert await reported(member, *mails(tmp_path, 3), "--class", "now") == 3
    assert len(tried) == 1
    said = unfolded(capsys)
    assert said.count("waits: tocsin agent serve sends it again") == 3
    assert "3 waiting on the anonymous path" in said
