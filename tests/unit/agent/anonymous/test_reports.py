# SPDX-License-Identifier: Apache-2.0
"""What waits for an anonymous class: nothing in it is its sender's own, and nothing by name beside it."""

import random

import msgspec
import pytest
from tests.looking import bytes_of
from tests.unit.agent.anonymous.path import SLOT, START, on_the_path

from tocsin.agent.anonymous import reports
from tocsin.agent.anonymous.reports import CLASSES, State, hidden, plain, require_room
from tocsin.agent.anonymous.settling import restored
from tocsin.agent.reported import stands
from tocsin.agent.vault import TokenSeed
from tocsin.agent.verbs.erase import erase, withdraw
from tocsin.clock import DAY, SECOND, Instant
from tocsin.domain.release import Purpose
from tocsin.errors import Conflict, Malformed, Refused, TooLarge
from tocsin.wire.messages import Report

BEGINS = START + 600 * SECOND
REPORT = Report(
    id="rpt_" + "1" * 32, sent=START, audiences=("members",), unattended=True, objects=(msgspec.Raw(b"{}"),)
)


@pytest.fixture
def member(tmp_path):
    walk, made = on_the_path(tmp_path)
    walk.clock.advance(BEGINS + SLOT // 3 - walk.clock.now())
    return made


@pytest.mark.parametrize("report_class", CLASSES)
def test_moment_and_rule_of_its_sender_are_not_in_it(report_class):
    found = plain(REPORT, report_class)
    assert (found.sent, found.unattended, found.report_class) == (0, False, report_class)


@pytest.mark.parametrize(
    "changes",
    [
        {"audiences": ()},
        {"audiences": ("role:agency",)},
        {"audiences": ("members", "jurisdiction:GB")},
        {"not_before": START},
        {"purposes": (next(iter(Purpose)),)},
    ],
    ids=["nobody", "agencies", "a country", "embargo", "purposes"],
)
def test_what_few_senders_would_write_is_refused(changes):
    with pytest.raises(Malformed, match="An anonymous report"):
        plain(msgspec.structs.replace(REPORT, **changes), "mixed")


def test_one_order_of_audiences():
    both = msgspec.structs.replace(REPORT, audiences=("members", "all", "members"))
    assert plain(both, "mixed").audiences == ("all", "members")


def test_a_report_that_does_not_fit_is_refused_before_it_waits():
    with pytest.raises(TooLarge, match="send it as several reports"):
        require_room(random.Random(1).randbytes(10_000), 4_096)
    require_room(bytes(10_000), 4_096)


def test_no_log_shows_one(member):
    one = hidden(REPORT, reports.Way("mixed"), Instant(START))
    assert repr(one) == f"Anonymous({REPORT.id}, waiting)"


def test_it_lies_sealed(member):
    """Its identifier is public elsewhere: a disk without the vault's key must not say that it is this party's."""
    report = member.report()
    lies = bytes_of(member.house.folder, "agent.db")
    assert b"evil.example" not in lies
    assert report.partition("_")[2].encode() not in lies


def test_one_that_waits_can_be_taken_back_and_leaves_nothing(member):
    report = member.report()
    assert stands(member.house, report)
    assert withdraw(member.house, report, "Test")
    assert member.state(report).state is State.WITHDRAWN
    assert member.state(report).body == b""
    assert not stands(member.house, report)
    member.house.store.run(
        "by name", lambda tx: reports.require_unlinked(tx, member.house.vault.box, ["domain:evil.example"])
    )


async def test_one_that_went_is_taken_back_by_nobody(member):
    report = member.report(report_class="now")
    await member.now().send(report)
    with pytest.raises(Conflict, match="It went anonymously"):
        withdraw(member.house, report, "Test")
    with pytest.raises(Conflict):
        erase(member.house, report, "mistake", "Test")
    assert member.house.outbox.waiting() == []


def test_a_named_fact_is_not_taken_for_an_anonymous_one(member):
    assert not withdraw(member.house, "rpt_" + "0" * 32, "Test")


def test_what_was_named_anonymously_is_not_told_by_name(member):
    member.report()
    house = member.house
    with pytest.raises(Refused, match=r"evil\[\.\]example was reported anonymously"):
        house.store.run(
            "by name", lambda tx: reports.require_unlinked(tx, house.vault.box, ["domain:evil.example"])
        )
    house.store.run(
        "by name", lambda tx: reports.require_unlinked(tx, house.vault.box, ["domain:other.example"])
    )


def test_what_came_back_from_a_backup_uses_no_token_and_sends_nothing_again(member):
    report = member.report()
    house = member.house
    house.store.run("asked", lambda tx: house.vault.keep_token_seed(tx, TokenSeed(2, bytes(32))))
    house.store.run("restored", lambda tx: restored(tx, house.vault, house.clock.now()))
    assert member.standing().tokens == 0
    with house.store.reading("seed") as tx:
        assert house.vault.token_seed(tx) is None, "what a hub was told to be opened of it nobody knows"
    ended = member.state(report)
    assert (ended.state, ended.body) == (State.UNANSWERED, b"")


def test_they_go_with_the_age_of_cases(member):
    report = member.report()
    house = member.house
    queued = member.state(report).queued
    house.store.run("forget", lambda tx: reports.forget(tx, queued))
    assert member.state(report)
    house.store.run("forget", lambda tx: reports.forget(tx, Instant(queued + DAY)))
    with house.store.reading("report") as tx:
        assert reports.find(tx, house.vault.box, report) is None
