# SPDX-License-Identifier: Apache-2.0
"""Coarser telling really makes more look alike: measured on 369 published incidents of finance whose day is known.

Source: VERIS Community Database (CC BY-SA 4.0), read where it lies; nothing of it is in this repository. Publication
is biased (mostly the United States, peak 2013): the order of the figures is the finding, not their size.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec
import pytest

from tocsin.domain.disclosure import Attack, Disclosure
from tocsin.domain.likeness import Earlier, Grain, first_day, price
from tocsin.domain.marking import Marking
from tocsin.domain.party import Role


class Incident(msgspec.Struct, frozen=True):
    """One published incident, as coarsely as a disclosure tells it."""

    country: str
    """Of its victim; ``ZZ`` (ISO 3166-1: user-assigned) where it is not said."""
    attack: Attack
    happened: str


@pytest.fixture
def incidents(data_dir: Path) -> list[Incident]:
    lines = (data_dir / "regulatory" / "vcdb_finance.jsonl").read_text().splitlines()
    return [found for line in lines if (found := _incident(json.loads(line)))]


def _incident(row: dict[str, object]) -> Incident | None:
    when = row["timeline"]["incident"]
    if not when.get("month") or not when.get("day"):
        return None
    day = f"{when['year']:04}-{when['month']:02}-{when['day']:02}"
    if day == "2018-02-29":  # as it was published
        return None
    return Incident(_country(row), _attack(row), day)


def _country(row: dict[str, object]) -> str:
    named = (row["victim"].get("country") or ["Unknown"])[0]
    return named if len(named) == 2 else "ZZ"


def _attack(row: dict[str, object]) -> Attack:
    varieties = " ".join(one for action in row["action"].values() for one in action.get("variety") or [])
    named = {"DoS": Attack.DDOS, "Phishing": Attack.PHISHING}
    for word, attack in named.items():
        if word in varieties:
            return attack
    kinds = {"malware": Attack.MALWARE, "hacking": Attack.INTRUSION, "error": Attack.OTHER}
    return next((attack for kind, attack in kinds.items() if kind in row["action"]), Attack.FRAUD)


def alike(incidents: Sequence[Incident], grain: Grain, *, near: bool) -> list[int]:
    """For each incident how many are told the same way, itself included."""
    counts = []
    for one in incidents:
        audience = f"jurisdiction:{one.country}" if near else "members"
        told = Disclosure("rpt_" + "0" * 32, one.attack, first_day(one.happened, grain), (), (), Marking())
        readers = [
            Earlier(other.attack, other.happened)
            for other in incidents
            if other is not one and (audience == "members" or other.country == one.country)
        ]
        counts.append(
            price(told, "prt_1", Role.BANK, (audience,), (), {audience: readers}, grain=grain).reports
        )
    return counts


def test_each_coarser_step_leaves_fewer_alone_and_more_alike(incidents: list[Incident]) -> None:
    assert len(incidents) == 369
    steps = [(Grain.DAY, True), (Grain.DAY, False), (Grain.WEEK, False), (Grain.MONTH, False)]
    found = [alike(incidents, grain, near=near) for grain, near in steps]
    alone = [sum(count == 1 for count in counts) / len(counts) for counts in found]
    print([f"{share:.1%}" for share in alone], [median(counts) for counts in found])
    assert alone == sorted(alone, reverse=True)
    assert len(set(alone)) == len(alone)
    assert [sum(counts) for counts in found] == sorted(sum(counts) for counts in found)
    assert alone[0] > 0.8
    assert alone[-1] < 0.5


def test_for_each_incident_a_wider_audience_never_takes_a_likeness_away(incidents: list[Incident]) -> None:
    near, far = (alike(incidents, Grain.MONTH, near=near) for near in (True, False))
    assert all(one <= other for one, other in zip(near, far, strict=True))
