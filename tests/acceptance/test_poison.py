# SPDX-License-Identifier: Apache-2.0
"""Poison through the real hub: two colluding members against six honest ones, and the files that readers write.

The two say the same of everything that must never be blocked, of every member's own name, and of a mass of junk, at
once or spread over weeks. What must hold: none of the targets is in any file, each was refused at the door or is held
with the reason, and of what two honest members confirmed at least 99 of 100 are in every file.

Sizes are those of the issue (a million junk values, 20,000 good ones, files of 100,000, two may confirm 10,000) divided
by 200; ``JUNK=all`` takes them as they are (`make poison`).
"""

import csv
import os
from collections.abc import Iterator, Sequence
from itertools import combinations, cycle
from pathlib import Path

import httpx
import pytest
from tests.alliance import Agent, Alliance
from tests.unit.agent.shields.blocks import BOX, all_on, named_in

from tocsin.agent.redaction.assets import assets_of, own_assets
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.shields.guard import guard_for
from tocsin.agent.shields.levels import Levels
from tocsin.agent.shields.protection import Protection
from tocsin.clock import HOUR
from tocsin.config.shields import Shields
from tocsin.domain.level import MOST_BY_TWO, Level
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import Refused
from tocsin.hub.views import pairs

LESS = 1 if os.environ.get("JUNK") == "all" else 200
JUNK, GOOD, CAP, BY_TWO = 1_000_000 // LESS, 20_000 // LESS, 100_000 // LESS, MOST_BY_TWO // LESS
REPORT = 1_000
HONEST, BAD = ("ayr", "bute", "clyde", "dee", "esk", "forth"), ("mull", "skye")
TARGETS = (
    (Kind.IPV4, "9.9.9.9"),
    (Kind.CIDR, "8.8.8.0/24"),
    (Kind.DOMAIN, "cloudfront.net"),
    (Kind.URL, "https://storage.googleapis.com/"),
    (Kind.DOMAIN, "co.uk"),
    (Kind.DOMAIN, "github.io"),
    (Kind.URL, "https://www.visa.com/pay"),
    (Kind.CIDR, "0.0.0.0/1"),
    (Kind.DOMAIN, "harbourbank.com"),
    *((Kind.DOMAIN, f"{short}.example") for short in HONEST),
    *((Kind.URL, f"https://login.{short}.example/") for short in HONEST),
)


def values(stem: str, count: int) -> list[Observable]:
    return [normalise(Kind.DOMAIN, f"{stem}-{number}.example") for number in range(count)]


def pieces(whole: Sequence[Observable]) -> Iterator[Sequence[Observable]]:
    return (whole[start : start + REPORT] for start in range(0, len(whole), REPORT))


def house_of(reader: Agent) -> Levels:
    """The levels of one bank as `agent serve` has them: with the other members' names."""
    own = reader.house.config.own
    others = tuple(assets_of(f"{short.capitalize()} Bank plc") for short in (*HONEST, "harbour"))
    members = tuple(one for one in others if one.legal_name != own.legal_name)
    return Levels(reader.house.store, guard_for(own, Classifier(own_assets(own), members)))


def file_of(reader: Agent, levels: Levels, cap: int = CAP) -> frozenset[str]:
    """What a bank's file holds, once it was written."""
    folder, now = reader.house.folder, reader.clock.now()
    shields = named_in(folder, Shields(csv="block.csv", cap=cap))
    Protection(levels, shields, folder, all_on, BOX).apply(now, dry_run=False)
    with (folder / "block.csv").open(newline="", encoding="utf-8") as file:
        return frozenset(f"{row['kind']}:{row['value']}" for row in csv.DictReader(file))


async def say(agent: Agent, said: Sequence[Observable]) -> str:
    """Report past the agent's own door, as whoever holds its keys can; why the hub refused all of it, or empty."""
    try:
        outcomes = await agent.tell("/v1/reports", agent.report_message(*said))
    except (Refused, httpx.HTTPError) as error:
        return str(error)
    return "; ".join(one.reason for one in outcomes if one.status == "refused")


async def raised(alliance: Alliance) -> tuple[list[Agent], list[Agent]]:
    """The honest members and the colluding ones; two of the honest follow, and their files are looked at."""
    honest = [await alliance.join(short, follow=short in HONEST[:2]) for short in HONEST]
    return honest, [await alliance.join(short, follow=False) for short in BAD]


async def confirm(alliance: Alliance, honest: Sequence[Agent], good: Sequence[Observable]) -> None:
    """Two of the honest members name each of these values."""
    twos = cycle(combinations(honest, 2))
    share = max(1, min(REPORT, GOOD // 30))
    for start in range(0, len(good), share):
        for member in next(twos):
            assert await say(member, good[start : start + share]) == ""
    await alliance.settled()


def is_of_another(target: Observable, reader: Agent) -> bool:
    """Whether it is the name of a bank whose domains this reader was never told: a limit (THREAT_MODEL, a member)."""
    names = [f"{short}.example" for short in HONEST if short != reader.short]
    return any(name in target.value for name in names)


def delivered(held: frozenset[str], good: Sequence[Observable]) -> float:
    return sum(str(one) in held for one in good) / len(good)


@pytest.fixture(autouse=True)
def smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "MOST_BY_TWO", BY_TWO)


@pytest.mark.parametrize("colluding", [1, 2])
async def test_no_target_is_in_a_file_and_each_was_refused_or_is_held(tmp_path: Path, colluding: int) -> None:
    async with Alliance(tmp_path) as alliance:
        honest, bad = await raised(alliance)
        good = values("good", GOOD)
        await confirm(alliance, honest, good)
        targets = [normalise(*one) for one in TARGETS]
        refused = {target: [await say(member, [target]) for member in bad[:colluding]] for target in targets}
        await alliance.settled()
        for reader in honest[:2]:
            levels = house_of(reader)
            known = {one.observable: one.judgement for one in levels.known(alliance.clock.now())}
            held = file_of(reader, levels)
            assert delivered(held, good) == 1
            for target in targets:
                if is_of_another(target, reader):
                    continue
                assert str(target) not in held, target
                if target not in known:
                    assert all(refused[target]), f"{target} was refused, with the reason"
                elif colluding == len(BAD):
                    assert known[target].level is Level.HOLD
                    assert all(known[target].reasons)


async def test_a_flood_of_two_members_costs_no_good_value(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        honest, bad = await raised(alliance)
        good, junk = values("good", GOOD), values("junk", JUNK)
        await confirm(alliance, honest, good)
        for piece in pieces(junk):
            for member in bad:
                assert await say(member, piece) == ""
            await alliance.settled()
        for reader in honest[:2]:
            held = file_of(reader, house_of(reader))
            assert delivered(held, good) >= 0.99
            assert sum("junk" in one for one in held) <= BY_TWO
        assert full(alliance) == [("Mull Bank plc", "Skye Bank plc", BY_TWO)]


async def test_a_flood_of_one_member_blocks_nothing(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        honest, bad = await raised(alliance)
        good, junk = values("good", GOOD), values("junk", JUNK)
        for piece in pieces(junk):
            assert await say(bad[0], piece) == ""
            await alliance.settled()
        await confirm(alliance, honest, good)
        held = file_of(honest[0], house_of(honest[0]))
        assert held == {str(one) for one in good}


async def test_single_values_over_weeks_take_no_more_room_than_a_flood(tmp_path: Path, monkeypatch) -> None:
    """Two who are patient look like many honest ones to a reader; the hub knows that it is always the same two."""
    most, room, fifty = 8, 28, 22
    monkeypatch.setattr(pairs, "MOST_BY_TWO", most)
    async with Alliance(tmp_path) as alliance:
        honest, bad = await raised(alliance)
        good = values("good", fifty - most // 3)  # with what the two may take it is what the file takes
        for number, junk in enumerate(values("junk", 4 * fifty)):
            for member in bad:
                assert await say(member, [junk]) == ""
            if number < len(good):
                for member in (honest[number % 6], honest[(number + 1) % 6]):
                    assert await say(member, [good[number]]) == ""
            alliance.clock.advance(3 * HOUR)
        await alliance.settled()
        held = file_of(honest[0], house_of(honest[0]), room)
        assert delivered(held, good) >= 0.99
        assert sum("junk" in one for one in held) == most


def full(alliance: Alliance) -> list[tuple[str, str, int]]:
    """Who has no room left, as the hub's doctor tells its operator."""
    store = alliance.open_store()
    with store.reading("full pairs") as tx:
        found = [(one.one, one.other, one.held) for one in pairs.full_pairs(tx)]
    store.close()
    return found
