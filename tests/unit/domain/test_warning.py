# SPDX-License-Identifier: Apache-2.0
"""A warning is complete, bounded, expires, and is safe to show on a terminal."""

import pytest
from msgspec.structs import replace

from tocsin.clock import DAY, LAST, Instant, from_text
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.warning import (
    MAX_LIFE_DAYS,
    MAX_OFFICERS,
    MAX_REASON,
    MAX_TEXT,
    MAX_VALUES,
    MAX_VERSIONS,
    Urgency,
    Warning,
    check_warning,
)
from tocsin.errors import Malformed

ISSUED = from_text("2026-11-21T08:30:00Z")
SOUND = Warning(
    id="wrn_1f0c2a645a3b4c8e9b1d0123456789ab",
    author="prt_1f0c2a645a3b4c8e9b1d0123456789ab",
    title="Password theft by telephone",
    look_for=(Observable(Kind.DOMAIN, "login.example"),),
    measures="Block the name.\nAsk the customers who called it.",
    urgency=Urgency.URGENT,
    issued=ISSUED,
    expires=Instant(ISSUED + 30 * DAY),
)


def test_a_sound_warning_is_returned_as_it_is() -> None:
    assert check_warning(SOUND) == SOUND


@pytest.mark.parametrize(
    "change",
    [
        {"title": "x" * 200},
        {"measures": ""},
        {"measures": "x" * MAX_TEXT},
        {"title": "Hameçonnage : « Société »", "measures": "Поддельный сайт 漢字 שלום"},
        {"look_for": ()},
        {"expires": Instant(ISSUED + 1)},
        {"version": MAX_VERSIONS, "officers": MAX_OFFICERS},
        {"version": 2, "look_for": (), "measures": "", "withdrawn": "x" * MAX_REASON},
        {"expires": Instant(ISSUED + MAX_LIFE_DAYS * DAY)},
        {"issued": Instant(LAST - DAY), "expires": LAST},
    ],
)
def test_a_warning_at_its_bounds_is_accepted(change: dict[str, object]) -> None:
    assert check_warning(replace(SOUND, **change))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"id": "wrn_1"}, "wrn_1"),
        ({"id": SOUND.author}, "prt_"),
        ({"author": "the police"}, "the police"),
        ({"title": ""}, "title"),
        ({"title": " \t"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "\x1b[2Jall clear"}, "control a terminal"),
        ({"title": "two\nlines"}, "control a terminal"),
        ({"title": "\u202eelpmaxe"}, "control a terminal"),
        ({"measures": "pay\rkeep"}, "control a terminal"),
        ({"measures": "\x9b31m"}, "control a terminal"),
        ({"measures": "x" * (MAX_TEXT + 1)}, "measures"),
        ({"look_for": (Observable(Kind.DOMAIN, "LOGIN.example"),)}, "normal form"),
        ({"look_for": (Observable(Kind.URL, "javascript:x"),)}, "not an http"),
        ({"look_for": SOUND.look_for * (MAX_VALUES + 1)}, "at most"),
        ({"version": 0}, "version"),
        ({"version": MAX_VERSIONS + 1}, "version"),
        ({"officers": 0}, "officers"),
        ({"officers": MAX_OFFICERS + 1}, "officers"),
        ({"version": 2, "look_for": (), "measures": "", "withdrawn": "x" * (MAX_REASON + 1)}, "plain text"),
        ({"version": 2, "look_for": (), "measures": "", "withdrawn": "\x1b[2J"}, "plain text"),
        ({"version": 1, "look_for": (), "measures": "", "withdrawn": "wrong host"}, "later version"),
        ({"version": 2, "measures": "", "withdrawn": "wrong host"}, "no values"),
        ({"version": 2, "look_for": (), "withdrawn": "wrong host"}, "no measures"),
        ({"expires": ISSUED}, "expires"),
        ({"expires": Instant(ISSUED - 1)}, "expires"),
        ({"expires": Instant(ISSUED + MAX_LIFE_DAYS * DAY + 1)}, "expires"),
        ({"issued": Instant(-DAY), "expires": Instant(DAY)}, "years"),
        ({"issued": LAST, "expires": Instant(LAST + DAY)}, "years"),
        ({"issued": Instant(10**18), "expires": Instant(10**18 + DAY)}, "years"),
    ],
)
def test_a_warning_that_is_not_sound_is_malformed(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(Malformed, match=complaint):
        check_warning(replace(SOUND, **change))


@pytest.mark.parametrize(
    ("now", "active"),
    [
        (ISSUED - 1, False),
        (ISSUED, True),
        (ISSUED + 30 * DAY - 1, True),
        (ISSUED + 30 * DAY, False),
        (ISSUED + 31 * DAY, False),
    ],
)
def test_it_counts_from_issue_until_just_before_it_expires(now: int, active: bool) -> None:
    assert SOUND.active(Instant(now)) is active


def test_what_was_withdrawn_does_not_count() -> None:
    gone = replace(SOUND, version=2, look_for=(), measures="", withdrawn="The host was cleaned.")
    assert check_warning(gone).active(ISSUED) is False


def test_urgency_has_three_steps() -> None:
    assert list(Urgency) == ["routine", "elevated", "urgent"]
