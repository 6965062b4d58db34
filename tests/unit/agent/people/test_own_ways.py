# SPDX-License-Identifier: Apache-2.0
"""What somebody changes of their own: the old one lets in no more, and whoever knew it is out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.agent.people.authenticator import Authenticator
from tests.unit.agent.people.house import CLIENT, another, first, journal, people_in

from tocsin.agent.house import House
from tocsin.agent.people import links
from tocsin.agent.people.own_ways import change_password, renew_recovery_codes
from tocsin.agent.people.passkeys import begin_link, take_link
from tocsin.agent.people.person import Role
from tocsin.agent.people.sessions import sessions, signed_in
from tocsin.config.sign_in import SignIn
from tocsin.errors import Conflict, Malformed, NotSignedIn, SignInFailed

NEW = "another bell, another river"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with people_in(tmp_path / "ayr", SignIn(origin="https://tocsin.ayr.example")) as made:
        yield made


def test_a_new_password_ends_every_other_session_of_that_person(house: House) -> None:
    ada = first(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    here, there = ada.comes_in().token, ada.enrolled.opened.token
    with pytest.raises(Malformed):
        change_password(house, signed_in(house, here), "short")
    change_password(house, signed_in(house, here), NEW)
    signed_in(house, here)
    signed_in(house, bo.enrolled.opened.token)
    with pytest.raises(NotSignedIn):
        signed_in(house, there)
    with pytest.raises(SignInFailed):
        ada.comes_in(code=ada.enrolled.recovery[0])
    ada.comes_in(password=NEW, code=ada.enrolled.recovery[0])
    assert ("Ada Example", "changed the own password", ada.id) in journal(house)


def test_new_recovery_codes_take_the_place_of_the_old_ones(house: House) -> None:
    ada = first(house)
    codes = renew_recovery_codes(house, signed_in(house, ada.enrolled.opened.token))
    with pytest.raises(SignInFailed):
        ada.comes_in(code=ada.enrolled.recovery[0])
    ada.comes_in(code=codes[0])
    assert ("Ada Example", "made new recovery codes", ada.id) in journal(house)


def test_where_no_password_lets_in_none_is_made(house: House) -> None:
    issued = links.first_link(house)
    assert issued is not None
    begun, key = begin_link(house, issued.code, "Ada Example"), Authenticator("https://tocsin.ayr.example")
    take_link(house, issued.code, "Ada Example", begun.ticket, key.make(begun), "laptop", CLIENT)
    (session,) = sessions(house)
    for step in (lambda: change_password(house, session, NEW), lambda: renew_recovery_codes(house, session)):
        with pytest.raises(Conflict, match="No password"):
            step()
