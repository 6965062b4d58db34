# SPDX-License-Identifier: Apache-2.0
"""Names: one person's each, in one script, however they are spelled."""

import pytest

from tocsin.agent.people.person import MAX_NAME, Role, Seat, check_name, check_roles, likeness
from tocsin.clock import DAY, Instant
from tocsin.domain.warning_life import same_person
from tocsin.errors import Malformed

NOW = Instant(20 * DAY)
SEAT = Seat("Clyde Police", Instant(NOW + DAY))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ada Example", "Ada Example"),
        ("  Ada \t Example ", "Ada Example"),
        ("Ａda Example", "Ada Example"),
        ("Zoë O’Neill-Łapka, Jr.", "Zoë O’Neill-Łapka, Jr."),
        ("Анна Петрова", "Анна Петрова"),
        ("山田 タロウ", "山田 タロウ"),
        ("محمد علي", "محمد علي"),
        ("Ann 2", "Ann 2"),
    ],
    ids=["plain", "spaces", "full width", "marks", "cyrillic", "japanese", "arabic", "number"],
)
def test_people_are_called_as_people_are_called(given: str, kept: str) -> None:
    assert check_name(given) == kept


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "A" * (MAX_NAME + 1),
        "Аda Example",
        "Ada\u202eelpmaxE",
        "Ada\x00",
        "Ada <b>",
        "Ada 😀",
        "agent",
        "Standing rule phish",
        "rule phish",
        "Ada and person Bo",
        "12 34",
        "--",
        "ʹʹʹ",
    ],
    ids=[
        "empty",
        "one letter",
        "long",
        "cyrillic A",
        "turned round",
        "nul",
        "markup",
        "picture",
        "agent",
        "standing rule",
        "rule",
        "two people",
        "digits",
        "hyphens",
        "primes",
    ],
)
def test_what_is_nobodys_name_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        check_name(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada Example", "ada  example"),
        ("Jill Smith", "Ji11 Smith"),
        ("José García", "Jose Garcia"),
        ("Anna Сора", "Anna Copa"),
        ("Barnes", "Bames"),
        ("O'Neill", "O’Neill"),
        ("Ann-Marie", "Ann Marie"),
    ],
)
def test_names_that_read_alike_are_one(one: str, other: str) -> None:
    assert likeness(one) == likeness(other)


def test_a_name_is_kept_apart_at_least_as_far_as_four_eyes_need() -> None:
    for one, other in (("Ada Example", "ADA EXAMPLE"), ("Zoë", "Zoe\u0308"), ("Ann\u00a0B", "Ann B")):
        assert same_person(one, other)
        assert likeness(one) == likeness(other)
    assert likeness("Ada Example") != likeness("Ada B. Example")


def test_a_person_has_a_role_and_a_secondee_does_not_administer() -> None:
    assert check_roles(frozenset({Role.ANALYST}), SEAT, NOW) == {Role.ANALYST}
    for roles, seat, why in [
        (frozenset(), None, "at least one"),
        (frozenset({Role.ADMIN}), SEAT, "does not administer"),
        (frozenset({Role.ANALYST}), Seat("Clyde Police", NOW), "over already"),
        (frozenset({Role.ANALYST}), Seat(" ", Instant(NOW + 1)), "institution"),
    ]:
        with pytest.raises(Malformed, match=why):
            check_roles(roles, seat, NOW)
