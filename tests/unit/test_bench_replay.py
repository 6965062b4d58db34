# SPDX-License-Identifier: Apache-2.0
"""A replay blocks by the product's own rule, knows nothing before it was told, and can miss every target it has."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as etree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers.reading import Found, Reading
from tocsin.bench.replay.course import LIFE, Dated, Shares, Terms, play
from tocsin.bench.replay.figures import Point, Replayed, Spread, rows, wilson
from tocsin.bench.replay.mails import load, stoppers
from tocsin.bench.replay.picture import picture
from tocsin.bench.replay.second import Second
from tocsin.clock import DAY, HOUR, Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import UsageError

HOST = Observable(Kind.DOMAIN, "evil.example")
ONE_BANK, MANY = Terms(1), Terms(1_000)
TIMES = st.lists(st.integers(0, 200 * DAY), max_size=12).map(sorted)


def mails(times: Sequence[int]) -> list[Dated]:
    return [Dated(Instant(at), number, frozenset({HOST})) for number, at in enumerate(times)]


def played(times: Sequence[int], terms: Terms, *, guards: tuple[str, ...] = (), tells: bool = True) -> Shares:
    said = frozenset({HOST}) if tells else frozenset()
    return play(mails(times), lambda bank, mail: said, [lambda value: guards] * terms.banks, terms, "1")


def test_the_first_is_known_to_nobody_the_second_to_all_and_the_third_is_blocked() -> None:
    found = played([1 * DAY, 2 * DAY, 3 * DAY, 4 * DAY], MANY)
    assert (found.alone, found.known, found.blocked) == (0, 0.75, 0.5)


def test_one_bank_alone_knows_and_never_has_two_sources() -> None:
    found = played([1 * DAY, 2 * DAY, 3 * DAY, 4 * DAY], ONE_BANK)
    assert (found.alone, found.known, found.blocked) == (0.75, 0.75, 0)


def test_what_is_guarded_is_known_and_not_blocked() -> None:
    found = played([1 * DAY, 2 * DAY, 3 * DAY], MANY, guards=("your own: evil.example",))
    assert (found.known, found.blocked) == (2 / 3, 0)


def test_what_nobody_may_tell_protects_nobody() -> None:
    assert played([1 * DAY, 2 * DAY, 3 * DAY], MANY, tells=False) == Shares(0, 0, 0)


def test_what_is_told_is_forgotten_after_its_life() -> None:
    assert played([1, 1 + LIFE - 1], MANY).known == 0.5
    assert played([1, 1 + LIFE], MANY).known == 0


def test_what_comes_before_the_news_is_not_stopped_by_it() -> None:
    late = Terms(1_000, delay=HOUR)
    assert played([1 * DAY, 1 * DAY + HOUR // 2], late).known == 0
    assert played([1 * DAY, 1 * DAY + HOUR + 1], late).known == 0.5


def test_the_same_seed_is_the_same_assignment_and_another_is_another() -> None:
    several = [Dated(Instant(at * DAY), at, frozenset({Observable(Kind.DOMAIN, f"h{at % 5}.example")}))
               for at in range(40)]  # fmt: skip

    def once(seed: str) -> Shares:
        guards = [lambda value: ()] * 4
        return play(several, lambda bank, mail: several[mail].stoppers, guards, Terms(4, share=0.5), seed)

    assert once("a") == once("a")
    assert len({once(str(seed)) for seed in range(8)}) > 1


@given(TIMES, st.sampled_from([1, 2, 5, 50]), st.integers(0, 3 * DAY))
def test_an_alliance_never_knows_less_than_a_bank_alone(times: list[int], banks: int, delay: int) -> None:
    found = played(times, Terms(banks, delay=delay))
    assert found.alone <= found.known
    assert found.blocked <= found.known
    prompt = played(times, Terms(banks))
    assert found.blocked <= prompt.blocked, "late news never stops more"


def test_a_mail_is_stopped_by_what_stands_in_it_and_by_what_its_hosts_lie_under() -> None:
    url = Observable(Kind.URL, "https://login.evil.example/a")
    address = Observable(Kind.IPV4, "192.0.2.1")
    found = stoppers(Reading("mail", found=tuple(Found(one, "link", "link 1", "") for one in (url, address))))
    names = {one.value for one in found if one.kind is Kind.DOMAIN}
    assert names == {"login.evil.example", "evil.example"}
    assert {url, address} <= found


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share_and_narrows(hits: int, more: int) -> None:
    of = hits + more
    low, high = wilson(hits, of)
    assert 0 <= low <= high <= 1
    if of:
        assert low - 1e-9 <= hits / of <= high + 1e-9
        wider = wilson(hits * 4, of * 4)
        assert wider[1] - wider[0] <= high - low


def test_the_interval_is_the_published_one() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I


def _found(second: Second) -> Replayed:
    spread = Spread(0.3, 0.2, 0.4)
    points = tuple(Point(Terms(banks), spread, Spread(0.2, 0.1, 0.3), spread) for banks in (5, 20))
    return Replayed(second, 40, points, points, points)


GOOD = Second(100, 80, 70, 90, 71, 50, 0, 0, 900, 900, 900)


@pytest.mark.parametrize(
    ("bent", "missed"),
    [
        ({}, set()),
        ({"stopped": 47}, {"phish stopped, two named sources"}),
        ({"wrongly": 1}, {"ordinary mails stopped, same shields"}),
        ({"wrongly_after_mistake": 2}, {"the same after one bank reported them all"}),
        ({"alike": 899}, {"blocks alike in alliance and in replay"}),
        ({"held": 0, "stopped": 0}, {"phish stopped, two named sources"}),
    ],
    ids=["good", "too few stopped", "ham stopped", "a mistake spreads", "replay differs", "nothing to stop"],
)
def test_every_figure_can_be_lost(bent: dict[str, int], missed: set[str]) -> None:
    second = Second(**{**{name: getattr(GOOD, name) for name in GOOD.__struct_fields__}, **bent})
    found = {one.name: one for one in rows(_found(second))}
    assert {name for name, one in found.items() if not one.met and ":" not in name} == missed
    assert not found["known: 5 banks"].met, "an alliance that knows less than a bank alone has lost"
    assert found["blocked: 5 banks"].met
    assert found["known: 5 banks"].interval == (0.1, 0.3)


def test_the_picture_is_well_formed_and_says_what_was_found() -> None:
    drawn = picture(_found(GOOD), "2 cores & more", 1)
    said = [
        "".join(one.itertext()) for one in etree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert any("70 of 80 phish" in text for text in said)
    assert any("0 of 50" in text for text in said)


def test_a_folder_without_an_attack_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ham").mkdir()
    with pytest.raises(UsageError, match="No mail that attacked"):
        load(tmp_path)
