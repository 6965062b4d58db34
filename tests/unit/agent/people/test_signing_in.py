# SPDX-License-Identifier: Apache-2.0
"""Getting in by password and code, and everything that must not."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from tests.looking import bytes_of, look
from tests.unit.agent.people.house import (
    PASSWORD,
    Someone,
    another,
    first,
    journal,
    people_in,
    wait,
    with_settings,
)

from tocsin.agent.house import House
from tocsin.agent.people import backoff, passwords, totp
from tocsin.agent.people.administering import invite, people, reset, revoke
from tocsin.agent.people.own_ways import change_password
from tocsin.agent.people.person import Role, Seat
from tocsin.agent.people.sessions import Client, signed_in
from tocsin.agent.people.signing_in import Attempt, enter, knock, sign_in
from tocsin.clock import DAY, HOUR, SECOND, Instant
from tocsin.config.sign_in import SignIn
from tocsin.errors import Conflict, Malformed, NotSignedIn, SignInFailed, TooMany
from tocsin.storage.store import Transaction


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with people_in(tmp_path / "ayr") as made:
        yield made


def test_a_person_comes_in_and_is_who_they_are(house: House) -> None:
    ada = first(house)
    opened = ada.comes_in(name="  ADA  example")
    found = signed_in(house, opened.token)
    assert (found.person.name, found.person.id) == ("Ada Example", ada.id)
    assert found.person.roles == {Role.ADMIN, Role.ANALYST, Role.APPROVER}
    assert found.client.address == "192.0.2.7"
    assert ("Ada Example", "signed in by password and one-time code", ada.id) in journal(house)


def test_a_one_time_code_lets_in_once(house: House) -> None:
    ada = first(house)
    seen_over_the_shoulder = ada.telephone()
    ada.comes_in()
    with pytest.raises(SignInFailed):
        ada.comes_in(code=seen_over_the_shoulder)
    wait(house, totp.STEP_SECONDS * SECOND)
    with pytest.raises(SignInFailed):
        ada.comes_in(code=seen_over_the_shoulder)
    ada.comes_in()


def test_the_code_that_tied_the_telephone_does_not_let_in(house: House) -> None:
    ada = first(house)
    tying = totp.code_at(ada.seed, totp.step_of(house.clock.now()) - 1)
    with pytest.raises(SignInFailed):
        ada.comes_in(code=tying)


def test_a_wrong_password_spends_no_code(house: House) -> None:
    ada = first(house)
    with pytest.raises(SignInFailed):
        ada.comes_in(password="another bell over the river")
    ada.comes_in()


def test_a_recovery_code_lets_in_once_and_is_counted(house: House) -> None:
    ada = first(house)
    code = ada.enrolled.recovery[0]
    ada.comes_in(code=code)
    (listed,) = people(house)
    assert listed.recovery_left == 9
    with pytest.raises(SignInFailed):
        ada.comes_in(code=code)
    assert ("Ada Example", "signed in by password and recovery code", ada.id) in journal(house)


def revoked(house: House, bo: Someone) -> None:
    revoke(house, bo.id, "Ada Example")


def was_reset(house: House, bo: Someone) -> None:
    reset(house, bo.id, "Ada Example")


def locked(house: House, bo: Someone) -> None:
    for _ in range(backoff.ACCOUNT.free):
        with pytest.raises(SignInFailed):
            bo.comes_in(password="wrong words for this bell")


def nothing(house: House, bo: Someone) -> None:
    """The account is as it was."""


REFUSED = {
    "nobody's name": (nothing, {"name": "Nobody Here"}),
    "wrong password": (nothing, {"password": "wrong words for this bell"}),
    "wrong code": (nothing, {"code": "000000"}),
    "no code": (nothing, {"code": ""}),
    "all wrong": (nothing, {"password": "", "code": ""}),
    "locked": (locked, {}),
    "shut out": (revoked, {}),
    "reset": (was_reset, {}),
    "invited only": (nothing, {"name": "Cy Example"}),
    "a name that cannot be": (nothing, {"name": "\ud800 <script>" * 100}),
}


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """What is asked of the store, and how often a password is held against something."""
    work: Counter[str] = Counter()
    real_do, real_right = Transaction._do, passwords.is_right

    def do(self: Transaction, what: str, *given: object) -> object:
        """Count the statement."""
        work[what] += 1
        return real_do(self, what, *given)  # type: ignore[arg-type]

    def is_right(password: str, kept: str) -> bool:
        """Count the evaluation, with its cost."""
        work[f"argon2id {kept.split('$')[3]}"] += 1
        return real_right(password, kept)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "_do", do)
        patch.setattr(passwords, "is_right", is_right)
        yield work


def refused(house: House, attempt: Attempt) -> tuple[str, str, Counter[str]]:
    with counting() as work, pytest.raises(SignInFailed) as caught:
        sign_in(house, attempt)
    return str(caught.value), caught.value.next_step, work


def test_every_refusal_says_the_same_at_the_price_of_the_same_work(tmp_path: Path) -> None:
    answers = {}
    for number, (name, (before, typed)) in enumerate(REFUSED.items()):
        with people_in(tmp_path / str(number)) as house:
            first(house)
            bo = another(house, "Bo Example", Role.ANALYST)
            invite(house, "Cy Example", frozenset({Role.ANALYST}), None, "Ada Example")
            before(house, bo)
            answers[name] = refused(house, bo.attempt(**typed))
    expected = answers["nobody's name"]
    assert expected[2]["argon2id m=8,t=1,p=1"] == 1
    assert {name: answer for name, answer in answers.items() if answer != expected} == {}


def test_an_account_that_waits_lets_in_nobody_and_then_its_person(house: House) -> None:
    ada = first(house)
    locked(house, ada)
    for _ in range(3):
        with pytest.raises(SignInFailed):
            ada.comes_in()
    wait(house, backoff.ACCOUNT.first)
    ada.comes_in()
    with pytest.raises(SignInFailed):
        ada.comes_in(password="wrong words for this bell")
    wait(house, totp.STEP_SECONDS * SECOND)
    ada.comes_in()
    refusals = [line for line in journal(house) if "refused" in line[1]]
    assert refusals == [("agent", "refused 5 sign-ins in a row", ada.id)]


def test_a_name_of_nobody_is_refused_in_the_journal_without_what_was_typed(house: House) -> None:
    first(house)
    for _ in range(backoff.ACCOUNT.free + 3):
        with pytest.raises(SignInFailed):
            sign_in(house, Attempt("my secret password", "", "", Client("192.0.2.9")))
    refusals = [line for line in journal(house) if "refused" in line[1]]
    assert refusals == [("agent", "refused 5 sign-ins in a row", "a name that is nobody's")]


def test_tries_side_by_side_count_before_they_are_looked_at(house: House) -> None:
    ada = first(house)
    knocked = [knock(house, ada.attempt(password="x")) for _ in range(backoff.ACCOUNT.free + 2)]
    assert [one.is_open for one in knocked] == [True] * backoff.ACCOUNT.free + [False] * 2
    with pytest.raises(SignInFailed):
        enter(house, knocked[-1], ada.attempt(), is_right=True)


def test_an_address_that_waits_is_told_so_whoever_is_asked_for(house: House) -> None:
    ada = first(house)
    for number in range(backoff.ADDRESS.free):
        with pytest.raises(SignInFailed):
            sign_in(house, Attempt(f"nobody {number}", "", "", Client("192.0.2.9")))
    for name in ("Ada Example", "nobody else"):
        with pytest.raises(TooMany, match="this address"), counting() as work:
            sign_in(house, Attempt(name, PASSWORD, ada.telephone(), Client("192.0.2.9")))
        assert not any(what.startswith("argon2id") for what in work)
    ada.comes_in()


def test_a_flood_of_addresses_is_bounded_though_nobody_gets_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "MOST_ADDRESSES", 5)
    for number in range(20):
        wait(house, SECOND)
        with pytest.raises(SignInFailed):
            sign_in(house, Attempt("nobody", "", "", Client(f"192.0.2.{number}")))
    counted = look(house.folder / "agent.db", "SELECT count(*) FROM failed_sign_in WHERE kind = 'address'")
    assert counted == [(5,)]


def test_an_office_behind_one_address_is_not_locked_by_coming_to_work(house: House) -> None:
    ada = first(house)
    for _ in range(backoff.ADDRESS.free + 5):
        ada.comes_in()
        wait(house, totp.STEP_SECONDS * SECOND)


def test_a_password_that_was_changed_between_knock_and_entry_lets_nobody_in(house: House) -> None:
    first(house)
    bo = another(house, "Bo Example", Role.ANALYST)
    knocked = knock(house, bo.attempt())
    change_password(house, signed_in(house, bo.enrolled.opened.token), "another bell, another river")
    with pytest.raises(SignInFailed):
        enter(house, knocked, bo.attempt(), is_right=True)
    bo.comes_in(password="another bell, another river")


def test_a_seat_ends_at_its_time(house: House) -> None:
    first(house)
    seat = Seat("Clyde Police", Instant(house.clock.now() + 2 * HOUR))
    bo = another(house, "Bo Example", Role.ANALYST, seat=seat)
    opened = bo.comes_in()
    assert opened.person.institution == "Clyde Police"
    wait(house, 2 * HOUR)
    with pytest.raises(NotSignedIn):
        signed_in(house, opened.token)
    with pytest.raises(SignInFailed):
        bo.comes_in()


def test_where_passwords_let_nobody_in_the_right_one_does_not_either(house: House) -> None:
    ada = first(house)
    closed = with_settings(house, SignIn(passwords=False))
    with pytest.raises(SignInFailed):
        sign_in(closed, ada.attempt())


def test_two_may_not_have_names_that_read_alike(house: House) -> None:
    first(house, "Jill Smith")
    for name in ("Ji11 Smith", "jill  smith", "Jíll Smith"):
        with pytest.raises(Conflict, match="reads like"):
            invite(house, name, frozenset({Role.ANALYST}), None, "Jill Smith")
    with pytest.raises(Malformed, match="one script"):
        invite(house, "Jіll Smith", frozenset({Role.ANALYST}), None, "Jill Smith")


def test_no_secret_is_in_the_file_the_journal_or_a_list(house: House) -> None:
    ada = first(house)
    opened = ada.comes_in()
    stored = bytes_of(house.folder, "agent.db")
    shown = msgspec.json.encode(people(house)) + repr(journal(house)).encode()
    for secret in (PASSWORD, opened.token, ada.enrolled.recovery[1], "Ada Example"):
        assert secret.encode() not in stored
    for secret in (PASSWORD, opened.token, ada.enrolled.recovery[1], totp.spelled(ada.seed)):
        assert secret.encode() not in shown
    assert ada.seed not in stored
    assert b"argon2id" not in stored


def test_failures_of_yesterday_are_forgotten(house: House) -> None:
    ada = first(house)
    locked(house, ada)
    wait(house, DAY)
    for _ in range(backoff.ACCOUNT.free - 1):
        with pytest.raises(SignInFailed):
            ada.comes_in(password="wrong words for this bell")
    ada.comes_in()
