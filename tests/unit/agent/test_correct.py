# SPDX-License-Identifier: Apache-2.0
"""A correction is kept with who, when and why, obeyed by every later draft, listed, and deleted; all in the journal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.alliance import Agent, Alliance
from tests.looking import bytes_of
from tests.unit.agent.readings import found, mail

from tocsin.agent.journal import read
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.verbs.correct import MAX_WHY, MOST, correct, corrections, take_back
from tocsin.agent.work import classifier
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import Conflict, Malformed, Refused, Unknown

ANA, BO = "Ana Ferreira", "Bo Lindqvist"
EVIL = normalise(Kind.DOMAIN, "evil.example")
MENTIONED = mail(found("domain", "evil.example", "text", "text"))


@asynccontextmanager
async def bank(folder: Path) -> AsyncIterator[Agent]:
    """One bank of an alliance."""
    async with Alliance(folder) as alliance:
        yield await alliance.join("ayr", follow=False)


def said(agent: Agent, owner: Owner, why: str = "asked their SOC", by: str = ANA, value=EVIL):
    return correct(agent.house, classifier(agent.house), value, owner, by, why)


def owner(agent: Agent) -> Owner:
    return classifier(agent.house).classify(MENTIONED)[0].owner


async def test_later_drafts_obey_a_correction_until_it_is_deleted(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        assert owner(ayr) is Owner.UNCLEAR
        accused = said(ayr, Owner.ATTACKER)
        assert owner(ayr) is Owner.ATTACKER
        assert take_back(ayr.house, accused.id, BO) == accused
        assert owner(ayr) is Owner.UNCLEAR
        said(ayr, Owner.CUSTOMER)
        assert owner(ayr) is Owner.CUSTOMER


async def test_who_when_and_why_are_listed_and_stand_in_the_journal(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        made = said(ayr, Owner.BYSTANDER, " a shared host ")
        assert corrections(ayr.house) == [made]
        assert (made.by, made.at, made.why) == (ANA, ayr.clock.now(), "a shared host")
        take_back(ayr.house, made.id, BO)
        with ayr.house.store.reading("journal") as tx:
            lines = [(line.by, line.what, line.about, line.why) for line in read(tx, ayr.house.vault.box)]
        about = f"{made.id}: domain:evil.example is bystander"
        assert lines == [
            (ANA, "kept a correction", about, "a shared host"),
            (BO, "deleted a correction", about, ""),
        ]


async def test_an_own_asset_cannot_be_made_the_attackers(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        for kind, value in ((Kind.DOMAIN, "ayr.example"), (Kind.URL, "https://www.ayr.example/x")):
            with pytest.raises(Refused, match=r"cannot be made the attacker's \(ours\)"):
                said(ayr, Owner.ATTACKER, value=normalise(kind, value))
        with pytest.raises(Refused, match="bystander"):
            said(ayr, Owner.ATTACKER, value=normalise(Kind.DOMAIN, "google.com"))
        assert corrections(ayr.house) == []


async def test_two_words_on_one_value_do_not_stand_together(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        first = said(ayr, Owner.ATTACKER)
        with pytest.raises(Conflict, match=f"{ANA} said already") as refused:
            said(ayr, Owner.CUSTOMER, by=BO)
        assert first.id in refused.value.next_step
        take_back(ayr.house, first.id, BO)
        said(ayr, Owner.CUSTOMER, by=BO)
        with pytest.raises(Refused, match=BO):
            said(ayr, Owner.ATTACKER)


@pytest.mark.parametrize(
    ("by", "why", "owner"),
    [
        ("", "x", Owner.OURS),
        ("x" * 201, "x", Owner.OURS),
        (ANA, " ", Owner.OURS),
        (ANA, "x" * (MAX_WHY + 1), Owner.OURS),
        (ANA, "x", Owner.UNCLEAR),
        (ANA, "x", Owner.IMPERSONATED),
    ],
)
async def test_a_correction_says_who_why_and_whose(tmp_path: Path, by: str, why: str, owner: Owner) -> None:
    async with bank(tmp_path) as ayr:
        with pytest.raises(Malformed):
            said(ayr, owner, why, by)


async def test_corrections_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bank(tmp_path) as ayr:
        assert MOST == 10_000
        monkeypatch.setattr("tocsin.agent.verbs.correct.MOST", 1)
        said(ayr, Owner.OURS)
        with pytest.raises(Conflict, match="stand"):
            said(ayr, Owner.OURS, value=normalise(Kind.DOMAIN, "worse.example"))


async def test_what_nobody_said_cannot_be_deleted(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        with pytest.raises(Unknown):
            take_back(ayr.house, "cor_" + "0" * 32, BO)


async def test_nothing_of_a_correction_is_readable_on_the_disk(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        said(ayr, Owner.CUSTOMER, "planted-reason")
        stored = bytes_of(ayr.house.folder, "agent.db")
        assert not any(word in stored for word in (b"planted-reason", b"evil.example", ANA.encode()))
