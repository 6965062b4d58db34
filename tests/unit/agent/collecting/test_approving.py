# SPDX-License-Identifier: Apache-2.0
"""What standing rules let go of what was collected: exactly what they name, so much a day, and nothing when off."""

import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from tests.alliance import Agent, Alliance
from tests.looking import look
from tests.unit.agent.collecting.houses import NOTHING, phish

from tocsin.agent.collecting.approving import Approving, is_off, switch, today
from tocsin.agent.collecting.queue import About, Queue
from tocsin.agent.house import House
from tocsin.agent.journal import read
from tocsin.agent.verbs.decide import waiting as drafts_waiting
from tocsin.agent.work import classifier
from tocsin.clock import DAY, ManualClock
from tocsin.config.agent import DeclaredRule
from tocsin.errors import ConfigError
from tocsin.wire.messages import Report, decode

pytestmark = pytest.mark.processes

RULE = DeclaredRule("links", ("phishing",), ("url", "domain", "email"), collected=("imap",), per_day=2)
PARTLY = msgspec.structs.replace(RULE, kinds=("url",), whole=False)


@asynccontextmanager
async def bank(folder: Path, *rules: DeclaredRule, approvals: int = 1) -> AsyncIterator[tuple[Agent, House]]:
    async with Alliance(folder) as alliance:
        agent = await alliance.join("ayr", follow=False)
        config = msgspec.structs.replace(agent.house.config, standing_rules=rules, approvals=approvals)
        yield agent, msgspec.structs.replace(agent.house, config=config)


def approving(house: House) -> Approving:
    async def sleep(seconds: float) -> None:
        raise AssertionError("a round does not sleep")

    return Approving(house, classifier, sleep)


def collect(house: House, data: bytes, source: str = "imap mail.example INBOX") -> str:
    queue = Queue(house)
    return house.store.run("add", lambda tx: queue.add(tx, About(source, "a.eml", "", 1), data))


def zipped(*files: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for number, data in enumerate(files):
            opened.writestr(f"{number}.eml", data)
    return archive.getvalue()


def reports(agent: Agent, house: House) -> list[Report]:
    rows = look(agent.database, "SELECT id FROM outbox ORDER BY queued, id")
    return [decode(house.outbox.body(row[0]), Report) for row in rows]


def journal(house: House) -> list[tuple[str, str]]:
    with house.store.reading("journal") as tx:
        return [(line.by, line.what) for line in read(tx, house.vault.box)]


async def test_what_a_rule_names_leaves_once_and_waits_no_more(tmp_path: Path) -> None:
    async with bank(tmp_path, RULE) as (agent, house):
        collect(house, phish(1))
        rounds = approving(house)
        assert await rounds.round() == 1
        assert await rounds.round() == 0
        (report,) = reports(agent, house)
        assert report.unattended
        assert Queue(house).size() == 0
        assert [what for by, what in journal(house) if by == "rule links"] == [
            "let a collected file go",
            "wrote in a case",
            "approved a report",
        ]
        assert [(one.rule, one.reports, one.most) for one in today(house)] == [("links", 1, 2)]


@pytest.mark.parametrize(
    ("rule", "data", "source"),
    [
        (msgspec.structs.replace(RULE, collected=()), phish(1), "imap mail.example INBOX"),
        (RULE, phish(1), "folder /in"),
        (msgspec.structs.replace(RULE, kinds=("url",)), phish(1), "imap mail.example INBOX"),
        (msgspec.structs.replace(RULE, attacks=("malware",)), phish(1), "imap mail.example INBOX"),
        (RULE, NOTHING.encode(), "imap mail.example INBOX"),
        (RULE, b"\x7fELF", "imap mail.example INBOX"),
        (RULE, zipped(phish(1), b"evil[.]example is bad"), "imap mail.example INBOX"),
    ],
    ids=[
        "not collected",
        "other source",
        "other kinds",
        "other attack",
        "nothing in it",
        "unreadable",
        "a part of it",
    ],
)
async def test_what_no_rule_names_waits(tmp_path: Path, rule: DeclaredRule, data: bytes, source: str) -> None:
    async with bank(tmp_path, rule) as (agent, house):
        collect(house, data, source)
        assert await approving(house).round() == 0
        assert (reports(agent, house), Queue(house).size(), drafts_waiting(house)) == ([], 1, [])


async def test_four_eyes_want_a_rule_that_says_so(tmp_path: Path) -> None:
    async with bank(tmp_path, RULE, approvals=2) as (agent, house):
        collect(house, phish(1))
        assert await approving(house).round() == 0
        assert today(house) == ()
        said = msgspec.structs.replace(RULE, four_eyes=True)
        config = msgspec.structs.replace(house.config, standing_rules=(said,))
        assert await approving(msgspec.structs.replace(house, config=config)).round() == 1
        assert len(reports(agent, house)) == 1


async def test_the_days_bound_holds_back_and_the_next_day_goes_on(tmp_path: Path) -> None:
    async with bank(tmp_path, RULE) as (agent, house):
        for number in range(4):
            collect(house, phish(number))
        rounds = approving(house)
        assert [await rounds.round() for _ in range(3)] == [2, 0, 0]
        assert Queue(house).size() == 2
        assert isinstance(house.clock, ManualClock)
        house.clock.advance(DAY)
        assert await rounds.round() == 2
        assert len(reports(agent, house)) == 4


async def test_a_file_of_more_than_the_rest_of_the_day_waits_whole(tmp_path: Path) -> None:
    async with bank(tmp_path, RULE) as (agent, house):
        collect(house, zipped(phish(1), phish(2), phish(3)))
        collect(house, zipped(phish(4), phish(5)))
        assert await approving(house).round() == 2
        assert len(reports(agent, house)) == 2
        assert Queue(house).size() == 1


async def test_switched_off_nothing_leaves_until_it_is_on_again(tmp_path: Path) -> None:
    async with bank(tmp_path, RULE) as (agent, house):
        collect(house, phish(1))
        switch(house, "Ana", on=False)
        assert is_off(house)
        rounds = approving(house)
        assert await rounds.round() == 0
        assert reports(agent, house) == []
        switch(house, "Bo", on=True)
        assert await rounds.round() == 1
        assert [line for line in journal(house) if "switched" in line[1]] == [
            ("Ana", "switched standing rules for what is collected off"),
            ("Bo", "switched standing rules for what is collected on"),
        ]


async def test_switched_off_during_a_look_it_obeys_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bank(tmp_path, RULE) as (agent, house):
        collect(house, phish(1))
        rounds = approving(house)
        let_go = rounds._let_go

        def late(*given):
            switch(house, "Ana", on=False)
            return let_go(*given)

        monkeypatch.setattr(rounds, "_let_go", late)
        assert await rounds.round() == 0
        assert (reports(agent, house), Queue(house).size()) == ([], 1)


async def test_what_was_reported_already_only_waits_no_more(tmp_path: Path) -> None:
    async with bank(tmp_path, RULE) as (agent, house):
        collect(house, phish(1))
        await approving(house).round()
        collect(house, zipped(phish(1)))
        assert await approving(house).round() == 0
        assert (len(reports(agent, house)), Queue(house).size()) == (1, 0)


async def test_what_somebody_decided_meanwhile_is_not_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bank(tmp_path, RULE) as (agent, house):
        item = collect(house, phish(1))
        rounds = approving(house)
        let_go = rounds._let_go

        def late(*given):
            Queue(house).drop([item], "Ana")
            return let_go(*given)

        monkeypatch.setattr(rounds, "_let_go", late)
        assert await rounds.round() == 0
        assert reports(agent, house) == []


async def test_of_a_part_the_rest_waits_for_a_person(tmp_path: Path) -> None:
    async with bank(tmp_path, PARTLY) as (_, house):
        collect(house, phish(1))
        assert await approving(house).round() == 1
        (rest,) = drafts_waiting(house)
        assert {str(one.observable.kind) for one in rest.draft.disclosure.indicators} == {"domain"}
        assert Queue(house).size() == 0


async def test_a_rule_that_names_no_source_of_ours_is_refused(tmp_path: Path) -> None:
    async with bank(tmp_path, msgspec.structs.replace(RULE, collected=("fax",))) as (_, house):
        with pytest.raises(ConfigError, match="fax"):
            approving(house)
