# SPDX-License-Identifier: Apache-2.0
"""What was sent is tied to its case by identifiers; no word of the case, and no file of it, is in what was sent."""

import ast
from pathlib import Path

import pytest
from tests.alliance import Agent, Alliance
from tests.looking import look
from tests.unit.agent.test_warn import ANA, BO, drafted

from tocsin.agent.cases.facts import Closed, Concerned, Decided, Kind, Noted, Sent, TakenOut
from tocsin.agent.cases.impact import Quantity, parse
from tocsin.agent.cases.record import Case
from tocsin.agent.reported import earlier
from tocsin.agent.verbs import case as verbs
from tocsin.agent.verbs import warn
from tocsin.agent.verbs.erase import erase
from tocsin.agent.verbs.sight import look as look_at
from tocsin.agent.verbs.sight import sight
from tocsin.agent.work import classifier
from tocsin.clock import Instant
from tocsin.domain.observable import Kind as ValueKind
from tocsin.domain.observable import normalise
from tocsin.domain.party import Role
from tocsin.errors import ConfigError, Conflict, Missing, Taken, Unknown

EVIL, WORSE = (normalise(ValueKind.DOMAIN, name) for name in ("evil.example", "worse.example"))
PLANTED = "planted-4711"


def opened(agent: Agent) -> Case:
    house = agent.house
    facts = [parse(quantity, "unknown") for quantity in Quantity]
    found = verbs.open_case(
        house, f"{PLANTED} title", ANA, *facts, Concerned((f"{PLANTED} Bank",), (PLANTED,))
    )
    verbs.write(house, found.id, ANA, Noted(f"{PLANTED} note", Instant(1)))
    verbs.write(house, found.id, ANA, Decided(Kind.AWARE, Instant(1), f"{PLANTED} why"))
    evidence = house.folder.parent / f"{PLANTED}.txt"
    evidence.write_text(f"{PLANTED} body")
    return verbs.attach(house, found.id, [evidence], BO)


def outbox(agent: Agent) -> dict[str, bytes]:
    """Every message that is or was on its way, opened."""
    rows = look(agent.database, "SELECT id FROM outbox")
    return {str(name): agent.house.outbox.body(str(name)) for (name,) in rows}


async def test_keeping_a_case_queues_nothing(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        found = opened(ayr)
        verbs.extract(ayr.house, found.id, f"{PLANTED}.txt", tmp_path / "copy", ANA)
        assert outbox(ayr) == {}


def test_no_verb_of_a_case_can_name_what_sends() -> None:
    tree = ast.parse(Path(verbs.__file__).read_text())
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "outbox" in called
    assert not called & {"queue", "flush", "post"}


async def test_report_sighting_and_warning_stand_in_the_case_and_nothing_of_it_in_them(
    tmp_path: Path,
) -> None:
    async with Alliance(tmp_path) as alliance:
        desk = await alliance.join("desk", Role.DESK, follow=False)
        found = opened(desk)
        report = desk.queue_report(EVIL, case=found.id)
        seen = sight(desk.house, look_at(desk.house, classifier(desk.house), WORSE), "members", ANA, found.id)
        warning = warn.issue(desk.house, drafted(desk).id, BO, found.id)
        await desk.deliver()
        gone = warn.withdraw(desk.house, warning.id, "It was over.", ANA, found.id)
        found = verbs.read(desk.house, found.id)
        assert [(one.what, one.fact, one.message) for one in found.sent] == [
            ("report", report, report),
            ("sighting", seen, seen),
            ("warning", warning.id, warning.message),
            ("warning", warning.id, gone.message),
        ]
        assert [one.state for one in verbs.told(desk.house, found)] == [*["receipted"] * 3, "waiting"]
        sent = outbox(desk)
        assert sent.keys() == {one.message for one in found.sent}
        for body in sent.values():
            assert PLANTED.encode() not in body
            assert found.id.partition("_")[2].encode() not in body
        assert erase(desk.house, report, "mistake", ANA)
        assert verbs.told(desk.house, found)[0].state == "taken back"


async def test_a_report_without_a_case_opens_one_with_the_file_in_custody(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        report = ayr.queue_report(EVIL)
        ((found,), _) = verbs.listed(ayr.house)
        (exhibit,) = found.evidence
        assert (exhibit.by, exhibit.at) == ("person Test", alliance.clock.now())
        assert [one.fact for one in found.sent] == [report]
        assert found.sent[0].evidence == exhibit.file.digest
        assert [one.report for one in earlier(ayr.house, exhibit.file.digest)] == [report]


async def test_a_file_counts_as_reported_only_by_reports_that_rest_on_it(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        found = opened(ayr)
        first, second = (ayr.queue_report(value, case=found.id) for value in (EVIL, WORSE))
        digests = {one.evidence: one.fact for one in verbs.read(ayr.house, found.id).sent}
        for digest, fact in digests.items():
            assert [one.report for one in earlier(ayr.house, digest)] == [fact]
        assert set(digests.values()) == {first, second}
        assert earlier(ayr.house, found.evidence[0].file.digest) == ()


async def test_to_a_closed_case_nothing_is_tied_and_then_nothing_is_queued(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        found = opened(ayr)
        verbs.write(ayr.house, found.id, ANA, Closed("over"))
        with pytest.raises(Conflict, match="closed"):
            verbs.find_open(ayr.house, found.id[:12])
        leaving = look_at(ayr.house, classifier(ayr.house), EVIL)
        for tell in (
            lambda: ayr.queue_report(EVIL, case=found.id),
            lambda: sight(ayr.house, leaving, "members", ANA, found.id),
        ):
            with pytest.raises(Conflict, match="closed"):
                tell()
        assert outbox(ayr) == {}


async def test_a_copy_is_the_file_and_the_case_says_who_took_it(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        found, place = opened(ayr), tmp_path / "copy"
        digest = found.evidence[0].file.digest
        assert verbs.extract(ayr.house, found.id, digest[:8], place, BO).digest == digest
        assert place.read_text() == f"{PLANTED} body"
        assert place.stat().st_mode & 0o777 == 0o600
        last = verbs.read(ayr.house, found.id).lines[-1]
        assert (last.by, last.fact) == (BO, TakenOut(digest))


async def test_a_copy_that_cannot_be_written_was_not_taken(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        found = opened(ayr)
        (tmp_path / "there").write_text("somebody's")
        for begun, place, error in (
            (f"{PLANTED}.txt", tmp_path / "there", Taken),
            (f"{PLANTED}.txt", ayr.house.folder / "copy", ConfigError),
            (f"{PLANTED}.txt", tmp_path / "no folder" / "copy", OSError),
            ("other.txt", tmp_path / "copy", Unknown),
        ):
            with pytest.raises(error):
                verbs.extract(ayr.house, found.id, begun, place, BO)
        assert verbs.read(ayr.house, found.id) == found
        assert (tmp_path / "there").read_text() == "somebody's"
        with pytest.raises(Missing):
            verbs.attach(ayr.house, found.id, [tmp_path / "nowhere"], ANA)
        with pytest.raises(Unknown):
            verbs.find(ayr.house, "cas_00000000")


def test_a_sent_line_holds_identifiers_and_the_text_that_left() -> None:
    assert Sent.__struct_fields__ == ("what", "fact", "message", "evidence", "text")
