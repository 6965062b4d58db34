# SPDX-License-Identifier: Apache-2.0
"""Letting in and shutting out: written down, bounded, and never without somebody who administers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.agent.people.house import another, first, journal, people_in

from tocsin.agent.house import House
from tocsin.agent.people import accounts
from tocsin.agent.people.administering import change_roles, invite, people, reset, revoke
from tocsin.agent.people.person import Role, Seat
from tocsin.clock import DAY, Instant
from tocsin.errors import Conflict, Malformed, Unknown

ANALYST = frozenset({Role.ANALYST})
ADMIN = frozenset({Role.ADMIN})


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with people_in(tmp_path / "ayr") as made:
        yield made


def test_each_step_is_in_the_journal_by_whom_and_about_whom(house: House) -> None:
    ada = first(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    change_roles(house, bo.id, frozenset({Role.APPROVER, Role.ANALYST}), None, "Ada Example")
    reset(house, bo.id, "Ada Example")
    revoke(house, bo.id, "Ada Example")
    assert [line for line in journal(house) if line[2] == bo.id] == [
        ("Ada Example", "invited Bo Example", bo.id),
        ("Bo Example", "took up a link: invitation", bo.id),
        ("Ada Example", "changed what Bo Example may do", bo.id),
        ("Ada Example", "reset the ways in of Bo Example", bo.id),
        ("Ada Example", "shut Bo Example out", bo.id),
    ]
    assert [one.state for one in people(house)] == [accounts.State.ACTIVE, accounts.State.REVOKED]
    assert people(house)[0].id == ada.id


def test_the_last_one_who_administers_stays(house: House) -> None:
    ada = first(house)
    for step in (
        lambda: revoke(house, ada.id, "Ada Example"),
        lambda: change_roles(house, ada.id, ANALYST, None, "Ada Example"),
    ):
        with pytest.raises(Conflict, match="Nobody else administers"):
            step()
    invited = invite(house, "Cy Example", ADMIN, None, "Ada Example")
    with pytest.raises(Conflict, match="Nobody else administers"):
        revoke(house, ada.id, "Ada Example")  # Cy has not come yet
    revoke(house, invited.account.id, "Ada Example")
    another(house, "Bo Example", Role.ADMIN)
    revoke(house, ada.id, "Bo Example")


def test_a_name_is_never_given_again(house: House) -> None:
    first(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    revoke(house, bo.id, "Ada Example")
    with pytest.raises(Conflict, match="is, or was"):
        invite(house, "Bo Example", ANALYST, None, "Ada Example")
    with pytest.raises(Conflict, match="shut out before"):
        revoke(house, bo.id, "Ada Example")
    assert reset(house, bo.id, "Ada Example").account.id == bo.id  # the same person comes back


def test_accounts_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "MOST", 2)
    first(house)
    invite(house, "Bo Example", ANALYST, None, "Ada Example")
    with pytest.raises(Conflict, match="2 accounts"):
        invite(house, "Cy Example", ANALYST, None, "Ada Example")


def test_nobody_is_nobody(house: House) -> None:
    for step in (revoke, reset):
        with pytest.raises(Unknown):
            step(house, "per_" + "0" * 32, "Ada Example")
        with pytest.raises(Malformed):
            step(house, "Ada Example", "Ada Example")


def test_a_secondee_is_shown_with_house_and_end_and_can_stay_longer(house: House) -> None:
    first(house)
    seat = Seat("Clyde Police", Instant(house.clock.now() + DAY))
    bo = another(house, "Bo Example", Role.ANALYST, seat=seat)
    listed = people(house)[1]
    assert (listed.seat, listed.is_over, listed.ways) == (seat, False, ("password",))
    longer = Seat("Clyde Police", Instant(seat.until + DAY))
    assert change_roles(house, bo.id, ANALYST, longer, "Ada Example").seat == longer
    with pytest.raises(Malformed, match="does not administer"):
        change_roles(house, bo.id, ADMIN, longer, "Ada Example")
