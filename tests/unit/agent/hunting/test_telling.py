# SPDX-License-Identifier: Apache-2.0
"""Who hears that a value was found here: by policy, never by a log's line, and never so that a level rises."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.looking import look
from tests.unit.agent.collecting.houses import house_in
from tests.unit.agent.hunting.test_past import EVIL, WHEN, found, posted

from tocsin.agent.house import House
from tocsin.agent.hunting import ledger
from tocsin.agent.hunting.telling import BY, Hit, hits, look_at, tell_by_itself
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.shields.levels import KnownValue
from tocsin.agent.work import classifier
from tocsin.config.agent import Hunting
from tocsin.domain.level import Band, Judgement, Level
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import Refused

OWN = normalise(Kind.DOMAIN, "www.ayr.example")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(tmp_path / "ayr") as made:
        yield made


def policy(house: House, sightings: str) -> House:
    hunting = msgspec.convert({"sightings": sightings}, Hunting)
    return msgspec.structs.replace(house, config=msgspec.structs.replace(house.config, hunt=hunting))


def known(value: Observable, level: Level) -> dict[Observable, KnownValue]:
    return {value: KnownValue(value, Judgement(level, ("why",)), Band.FEW, WHEN, WHEN, "rpt_1")}


def seen(house: House, value: Observable, *, exact: bool = True) -> None:
    one = msgspec.structs.replace(found(value), exact=exact)
    house.store.run("see", lambda tx: ledger.keep_found(tx, house.vault.box, "log", [one], WHEN, add=False))


def told(house: House, level: Level, value: Observable = EVIL) -> tuple[int, list[Hit]]:
    before = hits(house, known(value, level))
    count = tell_by_itself(house, _classifier(house), before)
    return count, hits(house, known(value, level))


def _classifier(house: House) -> Classifier:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tocsin.agent.work._members", lambda house: ())
        return classifier(house)


def test_by_itself_the_agent_tells_of_what_is_at_block_already_and_once(house: House) -> None:
    posted(house, EVIL)
    house = policy(house, "automatic")
    seen(house, EVIL)
    count, (hit,) = told(house, Level.BLOCK)
    assert count == 1
    assert hit.told is not None
    assert (hit.told.by, bool(hit.told.message)) == (BY, True)
    assert look(house.folder / "agent.db", "SELECT count(*) FROM outbox") == [(1,)]
    assert told(house, Level.BLOCK)[0] == 0


@pytest.mark.parametrize("level", [Level.WATCH, Level.HOLD])
def test_a_sighting_by_itself_never_raises_a_level(house: House, level: Level) -> None:
    posted(house, EVIL)
    house = policy(house, "automatic")
    seen(house, EVIL)
    count, (hit,) = told(house, level)
    assert (count, hit.told) == (0, None)


@pytest.mark.parametrize("sightings", ["off", "ask"])
def test_without_the_policy_a_person_tells(house: House, sightings: str) -> None:
    posted(house, EVIL)
    house = policy(house, sightings)
    seen(house, EVIL)
    assert told(house, Level.BLOCK)[0] == 0


def test_what_was_met_only_by_what_lies_below_it_waits_for_a_person(house: House) -> None:
    posted(house, EVIL)
    house = policy(house, "automatic")
    seen(house, EVIL, exact=False)
    assert told(house, Level.BLOCK)[0] == 0


def test_what_may_not_be_named_to_others_is_not_and_says_why(house: House) -> None:
    posted(house, OWN)
    house = policy(house, "automatic")
    seen(house, OWN)
    count, (hit,) = told(house, Level.BLOCK, OWN)
    assert count == 0
    assert hit.told is not None
    assert not hit.told.message
    assert "your own" in hit.told.why


def test_what_was_named_to_fewer_is_not_told_to_all(house: House) -> None:
    row = {
        "value": str(EVIL), "stream": "group:sepa", "seq": 0, "fact": "rpt_1", "kind": "named",
        "may_block": 1, "since": WHEN, "expires": WHEN * 2,
    }  # fmt: skip
    house.store.run("post", lambda tx: tx.run("post", row))
    with pytest.raises(Refused, match="group:sepa"):
        look_at(house, _classifier(house), EVIL)
