# SPDX-License-Identifier: Apache-2.0
"""Every word that a page asks for is there, for every value that it may have, and none is there for nobody."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tocsin.agent.alarms import KINDS
from tocsin.agent.anonymous.reports import CLASSES, State
from tocsin.agent.cases.facts import Kind
from tocsin.agent.console.frame import MENU
from tocsin.agent.people.person import Role
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.shields import switching
from tocsin.domain import warning_life
from tocsin.domain.acknowledgement import Answer
from tocsin.domain.disclosure import Attack
from tocsin.domain.level import Level
from tocsin.domain.likeness import Grain
from tocsin.domain.warning import Urgency

CONSOLE = Path(__file__).resolve().parents[4] / "src" / "tocsin" / "agent" / "console"
WORDS = tomllib.loads((CONSOLE / "words.toml").read_text())
BY_VALUE: dict[str, Iterable[str]] = {
    "menu": [door.word for door in MENU],
    "levels": Level,
    "urgencies": Urgency,
    "alarms": KINDS,
    "attacks": Attack,
    "grains": Grain,
    "owners": Owner,
    "classes": ("named", *CLASSES),
    "learns": ("named", *CLASSES),
    "answers": Answer,
    "replies": Answer,
    "states": {"receipted", "refused", *State},
    "said": ("named", "anonymous", "sighting", "warning"),
    "switches": switching.State,
    "turn": set(switching.State) - {switching.State.UNDONE},
    "lives": warning_life.State,
    "decisions": Kind,
    "roles": Role,
}


@pytest.mark.parametrize("room", BY_VALUE)
def test_each_value_has_its_word(room: str) -> None:
    assert set(WORDS[room]) == set(BY_VALUE[room])


def test_each_word_is_asked_for_and_each_that_is_asked_for_is_there() -> None:
    pages = "".join(page.read_text() for page in sorted((CONSOLE / "templates").glob("*.html")))
    asked = set(re.findall(r"\bw\.(\w+)\.(\w+)", pages))
    there = {(room, word) for room in WORDS if room not in BY_VALUE for word in WORDS[room]}
    assert {one for one in asked if one[0] not in BY_VALUE} == there
    assert {room for room, _ in asked} | set(re.findall(r"\bw\.(\w+)\[", pages)) == set(WORDS)
