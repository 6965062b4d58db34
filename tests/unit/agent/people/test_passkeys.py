# SPDX-License-Identifier: Apache-2.0
"""Passkeys: what lets in, and every answer of an authenticator, or of somebody who has none, that does not."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.looking import bytes_of, change
from tests.unit.agent.people.authenticator import FLAG, Authenticator
from tests.unit.agent.people.house import CLIENT, another, first, journal, people_in, wait, with_settings

from tocsin.agent.house import House
from tocsin.agent.people import backoff, ceremonies, links
from tocsin.agent.people.administering import invite, people, reset, revoke
from tocsin.agent.people.credentials import MOST_OF_PERSON
from tocsin.agent.people.passkeys import (
    add,
    begin,
    begin_adding,
    begin_link,
    come_in,
    drop,
    passkeys,
    take_link,
)
from tocsin.agent.people.person import Role
from tocsin.agent.people.sessions import Client, signed_in
from tocsin.config.sign_in import SignIn
from tocsin.errors import (
    ConfigError,
    Conflict,
    LinkSpent,
    Malformed,
    SignInFailed,
    TooMany,
    Unknown,
    VaultLocked,
)

ORIGIN = "https://tocsin.ayr.example"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with people_in(tmp_path / "ayr", SignIn(origin=ORIGIN)) as made:
        yield made


def with_passkey(house: House, *, counter: int = 1) -> tuple[str, Authenticator]:
    """The first administrator, and a key of theirs."""
    ada, key = first(house), Authenticator(ORIGIN, counter=counter)
    begun = begin_adding(house, ada.id)
    add(house, ada.id, begun.ticket, key.make(begun), "laptop")
    return ada.id, key


def comes_in(house: House, key: Authenticator) -> str:
    begun = begin(house)
    return come_in(house, begun.ticket, key.sign(begun), CLIENT).token


def test_the_key_names_its_person_by_itself(house: House) -> None:
    ada, key = with_passkey(house)
    asked = json.loads(bytes(begin(house).options))
    assert (asked["rpId"], asked["userVerification"]) == ("tocsin.ayr.example", "required")
    assert not asked.get("allowCredentials")
    session = signed_in(house, comes_in(house, key))
    assert (session.person.id, session.way) == (ada, "passkey")
    (listed,) = passkeys(house, ada)
    assert (listed.label, listed.used) == ("laptop", house.clock.now())
    assert people(house)[0].ways == ("password", "1 passkey")
    assert ("Ada Example", "added a passkey", ada) in journal(house)


def test_a_new_key_is_asked_to_stay_and_to_look_at_its_person(house: House) -> None:
    asked = json.loads(bytes(begin_adding(house, first(house).id).options))
    chosen = asked["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    assert asked["user"]["name"] == "Ada Example"
    assert -7 in [one["alg"] for one in asked["pubKeyCredParams"]]


def elsewhere(key: Authenticator) -> None:
    key.origin = "https://tocsin.ayr.example.attacker.example"


def lower_port(key: Authenticator) -> None:
    key.origin = f"{ORIGIN}:8443"


def other_relying(key: Authenticator) -> None:
    key.relying = "ayr.example"


def unlooked(key: Authenticator) -> None:
    key.flags = FLAG.UP


def untouched(key: Authenticator) -> None:
    key.flags = FLAG.UV


def framed(key: Authenticator) -> None:
    key.cross_origin = True


def other_key(key: Authenticator) -> None:
    key.key = Authenticator(ORIGIN).key


def unknown(key: Authenticator) -> None:
    key.identifier = bytes(32)


WRONG = [elsewhere, lower_port, other_relying, unlooked, untouched, framed, other_key, unknown]


@pytest.mark.parametrize("spoil", WRONG, ids=lambda spoil: spoil.__name__)
def test_a_wrong_answer_lets_nobody_in(house: House, spoil: Callable[[Authenticator], None]) -> None:
    _, key = with_passkey(house)
    spoil(key)
    with pytest.raises(SignInFailed):
        comes_in(house, key)


@pytest.mark.parametrize(
    "spoil", [elsewhere, other_relying, unlooked, untouched, framed], ids=lambda spoil: spoil.__name__
)
def test_a_key_that_was_made_wrongly_is_not_kept(
    house: House, spoil: Callable[[Authenticator], None]
) -> None:
    ada, key = first(house), Authenticator(ORIGIN)
    spoil(key)
    begun = begin_adding(house, ada.id)
    with pytest.raises(SignInFailed):
        add(house, ada.id, begun.ticket, key.make(begun), "laptop")
    assert passkeys(house, ada.id) == []


def test_an_answer_counts_once_and_for_what_was_asked(house: House) -> None:
    _, key = with_passkey(house)
    begun, other = begin(house), begin(house)
    answer = key.sign(begun)
    with pytest.raises(SignInFailed):
        come_in(house, other.ticket, answer, CLIENT)
    come_in(house, begun.ticket, answer, CLIENT)
    with pytest.raises(SignInFailed, match="done already"):
        come_in(house, begun.ticket, answer, CLIENT)


def test_an_answer_that_comes_late_is_none(house: House) -> None:
    _, key = with_passkey(house)
    begun = begin(house)
    wait(house, ceremonies.LIFE)
    with pytest.raises(SignInFailed, match="too long"):
        come_in(house, begun.ticket, key.sign(begun), CLIENT)


@pytest.mark.parametrize("ticket", ["", "x", "é", "A" * 10_000], ids=["none", "x", "odd", "long"])
def test_what_is_no_ticket_is_none(house: House, ticket: str) -> None:
    _, key = with_passkey(house)
    with pytest.raises(SignInFailed, match="elsewhere"):
        come_in(house, ticket, key.sign(begin(house)), CLIENT)


def test_a_ticket_of_another_ceremony_is_none(house: House) -> None:
    ada, key = with_passkey(house)
    begun = begin_adding(house, ada)
    with pytest.raises(SignInFailed, match="elsewhere"):
        come_in(house, begun.ticket, key.sign(begun), CLIENT)


def test_a_key_is_added_by_whoever_began_it(house: House) -> None:
    ada = first(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    begun = begin_adding(house, ada.id)
    with pytest.raises(SignInFailed, match="somebody else"):
        add(house, bo.id, begun.ticket, Authenticator(ORIGIN).make(begun), "laptop")


def test_a_copied_key_is_refused_and_written_down(house: House) -> None:
    ada, key = with_passkey(house)
    comes_in(house, key)
    key.counter -= 1
    with pytest.raises(SignInFailed):
        comes_in(house, key)
    assert journal(house)[-1] == ("agent", "refused a passkey whose counter did not grow", ada)
    key.counter += 1
    comes_in(house, key)


def test_a_key_that_does_not_count_lets_in(house: House) -> None:
    _, key = with_passkey(house, counter=0)
    comes_in(house, key)
    comes_in(house, key)


def test_whoever_is_shut_out_or_reset_has_no_passkey(house: House) -> None:
    with_passkey(house)
    bo, key = another(house, "Bo Example", Role.ANALYST), Authenticator(ORIGIN)
    begun = begin_adding(house, bo.id)
    add(house, bo.id, begun.ticket, key.make(begun), "laptop")
    for step in (reset, revoke):
        step(house, bo.id, "Ada Example")
        assert passkeys(house, bo.id) == []
        with pytest.raises(SignInFailed):
            comes_in(house, key)


def test_one_is_taken_away_by_its_handle(house: House) -> None:
    ada, key = with_passkey(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    (listed,) = passkeys(house, ada)
    with pytest.raises(Unknown):
        drop(house, bo.id, listed.handle, "Bo Example")
    drop(house, ada, listed.handle, "Ada Example")
    with pytest.raises(SignInFailed):
        comes_in(house, key)


def test_they_are_bounded_and_each_is_kept_once(house: House) -> None:
    ada, key = with_passkey(house)
    begun = begin_adding(house, ada)
    with pytest.raises(Conflict, match="kept already"):
        add(house, ada, begun.ticket, key.make(begun), "again")
    for number in range(MOST_OF_PERSON):
        begun = begin_adding(house, ada)
        answer = Authenticator(ORIGIN).make(begun)
        if number < MOST_OF_PERSON - 1:
            add(house, ada, begun.ticket, answer, f"key {number}")
    with pytest.raises(Conflict, match="at most"):
        add(house, ada, begun.ticket, answer, "one more")


@pytest.mark.parametrize(
    "label", ["", " ", "x" * 61, "two\nlines"], ids=["empty", "space", "long", "two lines"]
)
def test_a_key_has_a_label_that_can_be_shown(house: House, label: str) -> None:
    ada = first(house)
    begun = begin_adding(house, ada.id)
    with pytest.raises(Malformed, match="60"):
        add(house, ada.id, begun.ticket, Authenticator(ORIGIN).make(begun), label)


def test_a_link_can_be_taken_with_a_passkey_and_no_password(house: House) -> None:
    closed = with_settings(house, SignIn(origin=ORIGIN, passwords=False))
    issued, key = links.first_link(closed), Authenticator(ORIGIN)
    assert issued is not None
    begun = begin_link(closed, issued.code, "Ada Example")
    opened = take_link(closed, issued.code, "Ada Example", begun.ticket, key.make(begun), "laptop", CLIENT)
    assert Role.ADMIN in opened.person.roles
    assert people(closed)[0].ways == ("1 passkey",)
    comes_in(closed, key)
    with pytest.raises(LinkSpent):
        begin_link(closed, issued.code, "Ada Example")


def test_a_link_is_taken_with_what_was_made_for_it(house: House) -> None:
    first(house)
    codes = {
        name: invite(house, name, frozenset({Role.ANALYST}), None, "Ada Example").link.code
        for name in ("Bo Example", "Cy Example")
    }
    begun, key = begin_link(house, codes["Bo Example"], ""), Authenticator(ORIGIN)
    with pytest.raises(SignInFailed, match="another link"):
        take_link(house, codes["Cy Example"], "", begun.ticket, key.make(begun), "laptop", CLIENT)
    opened = take_link(house, codes["Bo Example"], "", begun.ticket, key.make(begun), "laptop", CLIENT)
    assert opened.person.name == "Bo Example"


def test_without_an_origin_there_are_no_passkeys(tmp_path: Path) -> None:
    with people_in(tmp_path / "ayr") as house, pytest.raises(ConfigError, match=r"sign_in\.origin"):
        begin(house)


def test_an_address_that_guesses_waits(house: House) -> None:
    _, key = with_passkey(house)
    for _ in range(backoff.ADDRESS.free):
        with pytest.raises(SignInFailed):
            come_in(house, "x", {}, CLIENT)
    with pytest.raises(TooMany):
        comes_in(house, key)


def test_a_row_that_was_given_to_somebody_else_opens_nothing(house: House) -> None:
    ada, key = with_passkey(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    stored = house.folder / "agent.db"
    change(stored, "UPDATE passkey SET person = :person", {"person": bo.id})
    assert signed_in(house, comes_in(house, key)).person.id == ada
    change(stored, "UPDATE passkey SET digest = :digest", {"digest": bytes(32)})
    with pytest.raises(VaultLocked):
        passkeys(house, bo.id)
    assert key.identifier not in bytes_of(house.folder, "agent.db")


def test_bent_answers_are_refused_in_our_words(house: House) -> None:
    """Whatever a browser sends: nothing but our own error comes of it, and nobody comes in."""
    ada, key = with_passkey(house)
    draw = random.Random(20261130)
    for _ in range(40):
        begun = begin(house)
        with pytest.raises(SignInFailed):
            come_in(
                house, begun.ticket, _bent(key.sign(begun), draw), Client(f"192.0.2.{draw.randrange(250)}")
            )
        more = begin_adding(house, ada)
        with suppress(SignInFailed, Conflict):  # nothing attests a new key: another letter may be another key
            add(house, ada, more.ticket, _bent(key.make(more), draw), "laptop")


ODD: list[Any] = [None, "", "x", 7, [], {}, "A" * 5_000, True, {"a": 1}, "\ud800", "gA", -1.5]


def _bent(answer: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """The answer with something in it replaced, taken out, or one letter changed."""
    inside: dict[str, Any] = draw.choice((answer, answer["response"]))
    name = draw.choice(
        [one for one in inside if one not in ("userHandle", "clientExtensionResults", "id", "type")]
    )
    value = inside[name]
    match draw.randrange(3):
        case 0:
            inside[name] = draw.choice(ODD)
        case 1:
            del inside[name]
        case _ if isinstance(value, str):
            at = draw.randrange(len(value) - 2)  # the last letter may hold bits that count for nothing
            inside[name] = value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :]
        case _:
            inside[name] = draw.choice(ODD)
    return answer
