# SPDX-License-Identifier: Apache-2.0
"""One-time links: once, for a while, for one person, and the first only while nobody administers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.looking import bytes_of, change
from tests.unit.agent.people.house import (
    CLIENT,
    PASSWORD,
    Someone,
    another,
    first,
    journal,
    people_in,
    seed_of,
    wait,
    with_settings,
)

from tocsin.agent.house import House
from tocsin.agent.people import links, totp
from tocsin.agent.people.administering import invite, people, reset, revoke
from tocsin.agent.people.enrolling import FIRST_ROLES, Chosen, Offer, open_link, redeem
from tocsin.agent.people.person import Role
from tocsin.clock import DAY, HOUR
from tocsin.config.sign_in import SignIn
from tocsin.errors import Conflict, Forbidden, LinkSpent, Malformed, SignInFailed, VaultLocked


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with people_in(tmp_path / "ayr") as made:
        yield made


def code_of(house: House) -> str:
    issued = links.first_link(house)
    assert issued is not None
    return issued.code


def shown_now(house: House, offer: Offer) -> str:
    return totp.code_at(seed_of(offer.seed), totp.step_of(house.clock.now()))


def take(house: House, code: str, offer: Offer, name: str = "Ada Example", **changes: str) -> None:
    typed = {"password": PASSWORD, "shown": shown_now(house, offer), "ticket": offer.ticket, **changes}
    redeem(house, code, typed["ticket"], Chosen(name, typed["password"], typed["shown"]), CLIENT)


def test_the_first_one_in_administers_and_no_second_link_is_made(house: House) -> None:
    ada = first(house)
    assert ada.enrolled.opened.person.roles == FIRST_ROLES
    assert links.first_link(house) is None
    assert ("Ada Example", "took up a link: first", ada.id) in journal(house)


def test_a_link_is_good_once(house: House) -> None:
    code = code_of(house)
    offer = open_link(house, code)
    take(house, code, offer)
    for again in (lambda: open_link(house, code), lambda: take(house, code, offer, "Bo Example")):
        with pytest.raises(LinkSpent):
            again()


def test_looking_at_a_link_spends_nothing_and_ties_no_seed(house: House) -> None:
    code = code_of(house)
    one, other = open_link(house, code), open_link(house, code)
    assert one.seed != other.seed
    take(house, code, one)


def test_each_start_makes_a_new_first_link_and_the_one_before_is_good_no_more(house: House) -> None:
    before, after = code_of(house), code_of(house)
    with pytest.raises(LinkSpent):
        open_link(house, before)
    assert open_link(house, after).kind is links.Kind.FIRST


def test_a_first_link_that_is_open_somewhere_dies_when_somebody_administers(house: House) -> None:
    ada = first(house)
    reset(house, ada.id, "operator")  # nobody administers now
    code = code_of(house)
    offer = open_link(house, code)
    bo = invite(house, "Bo Example", frozenset({Role.ADMIN}), None, "operator")
    Someone(house, "Bo Example", bo.link.code)
    for again in (lambda: open_link(house, code), lambda: take(house, code, offer, "Eve Example")):
        with pytest.raises(LinkSpent):
            again()


@pytest.mark.parametrize("kind", list(links.Kind))
def test_a_link_expires(house: House, kind: links.Kind) -> None:
    code = code_of(house)
    if kind is not links.Kind.FIRST:
        first(house)
        invited = invite(house, "Bo Example", frozenset({Role.ANALYST}), None, "Ada Example")
        if kind is links.Kind.RESET:
            invited = reset(house, invited.account.id, "Ada Example")
        code = invited.link.code
    offer = open_link(house, code)
    assert offer.kind is kind
    wait(house, links.LIFE[kind] - 1)
    open_link(house, code)
    wait(house, 1)
    for late in (lambda: open_link(house, code), lambda: take(house, code, offer, "Bo Example")):
        with pytest.raises(LinkSpent):
            late()
    assert links.LIFE == {links.Kind.FIRST: HOUR, links.Kind.INVITATION: 3 * DAY, links.Kind.RESET: DAY}


@pytest.mark.parametrize(
    "code", ["", "x", "A" * 43, "A" * 10_000, "\ud800"], ids=["none", "x", "guess", "long", "odd"]
)
def test_what_is_no_code_is_no_link(house: House, code: str) -> None:
    code_of(house)
    with pytest.raises(LinkSpent):
        open_link(house, code)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"password": "short"}, "12 to 256"),
        ({"password": "ada example ada"}, "own name"),
        ({"shown": "000000"}, "does not fit"),
        ({"ticket": "bm90aGluZw=="}, "not the one"),
        ({"ticket": "é"}, "not the one"),
        ({"ticket": ""}, "not the one"),
    ],
    ids=["short", "own name", "code", "ticket", "letters", "no ticket"],
)
def test_a_form_that_does_not_fit_spends_nothing(house: House, changes: dict[str, str], why: str) -> None:
    code = code_of(house)
    offer = open_link(house, code)
    with pytest.raises(Malformed, match=why):
        take(house, code, offer, **changes)
    assert people(house) == []
    take(house, code, offer)


def test_a_seed_from_another_links_page_is_not_taken(house: House) -> None:
    first(house)
    one = invite(house, "Bo Example", frozenset({Role.ANALYST}), None, "Ada Example")
    other = invite(house, "Cy Example", frozenset({Role.ANALYST}), None, "Ada Example")
    elsewhere = open_link(house, other.link.code)
    with pytest.raises(Malformed, match="not the one"):
        take(house, one.link.code, elsewhere, "Bo Example")


def test_an_invited_person_cannot_choose_another_name(house: House) -> None:
    first(house)
    invited = invite(house, "Bo Example", frozenset({Role.ANALYST}), None, "Ada Example")
    take(house, invited.link.code, open_link(house, invited.link.code), "Ada Example")
    assert [one.name for one in people(house)] == ["Ada Example", "Bo Example"]


def test_the_first_one_in_cannot_take_a_name_that_stands_in_the_journal(house: House) -> None:
    ada = first(house)
    reset(house, ada.id, "operator")
    code = code_of(house)
    offer = open_link(house, code)
    with pytest.raises(Conflict, match="reads like"):
        take(house, code, offer, "ADA Example")
    open_link(house, code)


def test_a_reset_ends_what_was_and_gives_the_same_person_new_ways(house: House) -> None:
    first(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    again = reset(house, bo.id, "Ada Example")
    with pytest.raises(SignInFailed):
        bo.comes_in()
    with pytest.raises(SignInFailed):
        bo.comes_in(code=bo.enrolled.recovery[0])
    new = Someone(house, "Bo Example", again.link.code)
    assert new.id == bo.id
    assert new.enrolled.opened.person.roles == {Role.ANALYST}
    with pytest.raises(SignInFailed):
        bo.comes_in()
    new.comes_in()


def test_shutting_out_takes_an_open_invitation_too(house: House) -> None:
    first(house)
    invited = invite(house, "Bo Example", frozenset({Role.ANALYST}), None, "Ada Example")
    revoke(house, invited.account.id, "Ada Example")
    with pytest.raises(LinkSpent):
        open_link(house, invited.link.code)


def test_where_passwords_let_nobody_in_a_link_takes_none(house: House) -> None:
    closed = with_settings(house, SignIn(passwords=False))
    code = code_of(closed)
    with pytest.raises(Forbidden, match="passwords is false"):
        take(closed, code, open_link(closed, code))
    open_link(closed, code)


def test_a_row_that_somebody_wrote_into_the_file_lets_nobody_in(house: House) -> None:
    """Whoever can write the store but has no key makes no link: neither a new one, nor one for somebody else."""
    ada = first(house)
    invited = invite(house, "Bo Example", frozenset({Role.ANALYST}), None, "Ada Example")
    store = house.folder / "agent.db"
    change(store, "UPDATE link SET person = :person, until = until * 2", {"person": ada.id})
    assert open_link(house, invited.link.code).name == "Bo Example"
    change(store, "UPDATE link SET digest = :digest", {"digest": links._digest("mine")})
    with pytest.raises(VaultLocked):
        open_link(house, "mine")


def test_no_code_is_in_the_file(house: House) -> None:
    code = code_of(house)
    open_link(house, code)
    assert code.encode() not in bytes_of(house.folder, "agent.db")
