# SPDX-License-Identifier: Apache-2.0
"""The product's own path plays a story: all send, reports come in where they should, and nothing names anybody."""

import pytest

from tocsin.bench.linkability.game import Terms, draw
from tocsin.bench.linkability.path import HUB, PARTNER, RELAY, Played
from tocsin.bench.linkability.product import SLOT_SECONDS, Product
from tocsin.bench.linkability.sources import Source, names_of, sources
from tocsin.clock import SECOND

WORLD = draw("product", Terms(1, 1, 1, members=7, challenged=2, at_once=1, background=1, away=0.0))


@pytest.fixture(scope="module")
def played() -> Played:
    return Product().play(WORLD.story)


@pytest.fixture(scope="module")
def found(played: Played) -> dict[str, Source]:
    names = names_of(played, [one.value for one in WORLD.story.reports])
    return {
        one.name: one for party in (HUB, RELAY, PARTNER) for one in sources(party, played.views[party], names)
    }


def test_every_member_sends_one_envelope_of_one_size_into_every_slot(
    found: dict[str, Source], played: Played
) -> None:
    envelopes = found["relay: packets from members"]
    slots = [int(at - played.begins[1]) // (SLOT_SECONDS * SECOND) for at in envelopes.times]
    inside = [slot for slot in slots if 0 <= slot < WORLD.story.slots - 1]
    assert sorted(inside) == sorted(list(range(WORLD.story.slots - 1)) * WORLD.story.members)
    assert len(set(envelopes.numbers[:, 0].tolist())) == 1


def test_every_report_is_placed_once(found: dict[str, Source]) -> None:
    assert sorted(set(found["hub: body"].targets[:, 1].tolist())) == list(range(len(WORLD.story.reports)))


def test_nothing_beside_a_report_names_a_member(found: dict[str, Source]) -> None:
    for source in found.values():
        of_reports = set(source.targets[:, 0].tolist())
        assert not of_reports & set(source.members[:, 0].tolist()), source.name


def test_neither_relay_nor_partner_holds_anything_of_a_report(found: dict[str, Source]) -> None:
    assert not any(len(one.targets) for name, one in found.items() if not name.startswith(HUB))
