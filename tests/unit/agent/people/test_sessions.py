# SPDX-License-Identifier: Apache-2.0
"""Sessions: how long, whose, ended by whom, and known by nothing but what the browser alone holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.looking import bytes_of, change
from tests.unit.agent.people.house import another, first, journal, people_in, wait

from tocsin.agent.house import House
from tocsin.agent.people.administering import change_roles, restored, revoke
from tocsin.agent.people.person import Role
from tocsin.agent.people.sessions import (
    MOST_OF_PERSON,
    demand_recent,
    end,
    limits_of,
    sessions,
    sign_out,
    signed_in,
)
from tocsin.clock import MINUTE
from tocsin.errors import NotSignedIn, SignInAgain, Unknown


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with people_in(tmp_path / "ayr") as made:
        yield made


def test_each_sign_in_has_a_number_of_its_own_and_the_file_has_none(house: House) -> None:
    ada = first(house)
    tokens = {ada.enrolled.opened.token, ada.comes_in().token}
    assert len(tokens) == 2
    assert {len(token) for token in tokens} == {43}  # 256 bits
    stored = bytes_of(house.folder, "agent.db")
    assert not any(token.encode() in stored for token in tokens)


@pytest.mark.parametrize(
    "token", ["", "x", "A" * 43, "A" * 10_000, "\ud800"], ids=["none", "x", "guess", "long", "odd"]
)
def test_a_number_that_was_planted_is_nobodys(house: House, token: str) -> None:
    first(house)
    with pytest.raises(NotSignedIn):
        signed_in(house, token)


def test_a_session_ends_when_it_is_not_used(house: House) -> None:
    token, idle = first(house).enrolled.opened.token, limits_of(house.config.sign_in).idle
    for _ in range(3):
        wait(house, idle - 2 * MINUTE)
        signed_in(house, token)
    wait(house, idle)
    with pytest.raises(NotSignedIn):
        signed_in(house, token)
    assert sessions(house) == []


def test_what_a_page_asks_by_itself_keeps_no_session_alive(house: House) -> None:
    token, idle = first(house).enrolled.opened.token, limits_of(house.config.sign_in).idle
    for _ in range(9):
        wait(house, idle // 10)
        signed_in(house, token, is_use=False)
    wait(house, idle // 10)
    with pytest.raises(NotSignedIn):
        signed_in(house, token, is_use=False)


def test_a_session_ends_when_it_is_old_however_much_it_is_used(house: House) -> None:
    token, limits = first(house).enrolled.opened.token, limits_of(house.config.sign_in)
    (session,) = sessions(house)
    while (left := session.began + limits.longest - house.clock.now()) > 0:
        signed_in(house, token)
        wait(house, min(20 * MINUTE, left))
    with pytest.raises(NotSignedIn):
        signed_in(house, token)


def test_roles_count_from_the_next_request_on(house: House) -> None:
    first(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    token = bo.comes_in().token
    change_roles(house, bo.id, frozenset({Role.AUDITOR}), None, "Ada Example")
    assert signed_in(house, token).person.roles == {Role.AUDITOR}


def test_whoever_is_shut_out_is_out_at_every_browser(house: House) -> None:
    first(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    tokens = [bo.enrolled.opened.token, bo.comes_in().token]
    revoke(house, bo.id, "Ada Example")
    for token in tokens:
        with pytest.raises(NotSignedIn):
            signed_in(house, token)


def test_signing_out_ends_this_browser_only(house: House) -> None:
    ada = first(house)
    stays, goes = ada.enrolled.opened.token, ada.comes_in().token
    sign_out(house, goes)
    sign_out(house, goes)
    sign_out(house, "planted")
    signed_in(house, stays)
    with pytest.raises(NotSignedIn):
        signed_in(house, goes)
    assert journal(house)[-1] == ("Ada Example", "signed out", ada.id)


def test_a_session_is_ended_by_its_handle_which_lets_nobody_in(house: House) -> None:
    first(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    token = bo.comes_in().token
    handle = signed_in(house, token).handle
    with pytest.raises(NotSignedIn):
        signed_in(house, handle)
    with pytest.raises(Unknown):
        end(house, handle, "Ada Example", person="per_" + "0" * 32)
    end(house, handle, "Ada Example")
    with pytest.raises(NotSignedIn):
        signed_in(house, token)
    with pytest.raises(Unknown):
        end(house, handle, "Ada Example")
    assert journal(house)[-1] == ("Ada Example", "ended a session", bo.id)


def test_one_more_browser_than_the_bound_ends_the_oldest(house: House) -> None:
    ada = first(house)
    for _ in range(MOST_OF_PERSON):
        ada.comes_in()
        wait(house, MINUTE)
    assert len(sessions(house, ada.id)) == MOST_OF_PERSON
    with pytest.raises(NotSignedIn):
        signed_in(house, ada.enrolled.opened.token)


def test_some_steps_ask_for_a_sign_in_of_a_moment_ago(house: House) -> None:
    ada = first(house)
    old = ada.enrolled.opened.token
    demand_recent(house, signed_in(house, old))
    wait(house, limits_of(house.config.sign_in).recent)
    with pytest.raises(SignInAgain):
        demand_recent(house, signed_in(house, old))
    demand_recent(house, signed_in(house, ada.comes_in().token))


def test_a_row_given_to_somebody_else_stays_whose_it_was(house: House) -> None:
    ada = first(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    token = bo.comes_in().token
    change(house.folder / "agent.db", "UPDATE session SET person = :person", {"person": ada.id})
    assert signed_in(house, token).person.name == "Bo Example"


def test_after_a_restore_nobody_is_signed_in_and_no_link_is_open(house: House) -> None:
    token = first(house).enrolled.opened.token
    another(house, "Bo Example", Role.ANALYST)
    house.store.run("restored", lambda tx: restored(tx, house.clock.now()))
    with pytest.raises(NotSignedIn):
        signed_in(house, token)
    assert sessions(house) == []
