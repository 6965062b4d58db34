# SPDX-License-Identifier: Apache-2.0
"""All tokens are asked for at once, the same ones when asked again, and each is gone when it is used."""

import msgspec
import pytest
from tests.looking import bytes_of, look
from tests.unit.agent.anonymous.path import SLOT, START, Member, Walk

from tocsin.agent.anonymous.epochs import Epoch, by_number
from tocsin.agent.anonymous.tokens import finished, forget, held, keep, question, seed_for, take, wanted
from tocsin.agent.vault import TokenSeed
from tocsin.agent.verbs.ask_tokens import moment
from tocsin.clock import SECOND, Instant, ManualClock
from tocsin.errors import InputError, ProofError, StorageError
from tocsin.privacy.tokens import Token, TokenKey, check_token, token_nonce
from tocsin.proof.signing import SigningKey
from tocsin.wire.epoch import IssuedTokens

BEGINS = Instant(START + 10 * SLOT)


@pytest.fixture
def member(tmp_path) -> Member:
    walk = Walk(ManualClock(START))
    walk.document(1, BEGINS)
    made = Member(tmp_path, walk)
    made.believe(walk.event(1))
    return made


def epoch_of(member: Member, number: int = 1) -> Epoch:
    with member.house.store.reading("epoch") as tx:
        found = by_number(tx, number)
    assert found is not None
    return found


def seed_of(member: Member) -> TokenSeed | None:
    house, epoch = member.house, epoch_of(member)
    return house.store.run("seed", lambda tx: seed_for(tx, house.vault, epoch, house.entropy))


def test_asked_again_it_asks_the_same_and_the_whole_quota(member):
    first, second = seed_of(member), seed_of(member)
    assert first is not None
    assert first == second
    epoch = epoch_of(member)
    asked = question(first, epoch)
    assert asked == question(first, epoch)
    assert (asked.number, len(set(asked.requests))) == (1, 3)


def test_each_token_counts_for_its_one_time_key_and_nothing_else(member):
    member.take_tokens(1)
    house, epoch = member.house, epoch_of(member)
    tickets = [house.store.run("take", lambda tx: take(tx, house.vault.box, 1)) for _ in range(3)]
    keys = set()
    for ticket in tickets:
        assert ticket is not None
        token, key = Token.parse(ticket.token), SigningKey.from_seed(ticket.one_time_seed)
        check_token(token, TokenKey.parse(epoch.terms.issuer_key), epoch.terms.challenge(epoch.document))
        assert token.nonce == token_nonce(ticket.random, key.public)
        keys.add(key.public)
    assert len(keys) == 3
    assert house.store.run("take", lambda tx: take(tx, house.vault.box, 1)) is None


def test_what_is_used_or_asked_is_gone_from_the_store(member):
    seed = seed_of(member)
    assert seed is not None
    member.take_tokens(1)
    store, epoch = member.house.store, epoch_of(member)
    with store.reading("tokens") as tx:
        assert held(tx, 1) == 3
        assert not wanted(tx, epoch)
        assert member.house.vault.token_seed(tx) is None
    store.run("take", lambda tx: take(tx, member.house.vault.box, 1))
    assert look(member.house.folder / "agent.db", "SELECT place FROM token ORDER BY place") == [(1,), (2,)]
    assert seed_of(member) is None, "tokens are asked for once"


def test_no_token_lies_on_the_disk_as_it_is(member):
    member.take_tokens(1)
    house = member.house
    ticket = house.store.run("take", lambda tx: take(tx, house.vault.box, 1))
    assert ticket is not None
    for secret in (ticket.token[-32:], ticket.one_time_seed, ticket.random):
        assert secret not in bytes_of(house.folder, "agent.db")
    assert repr(ticket) == "Ticket(…)"


@pytest.mark.parametrize("how", ["fewer", "swapped", "garbage"])
def test_an_issuer_that_answers_something_else_is_refused(member, how):
    seed, epoch = seed_of(member), epoch_of(member)
    assert seed is not None
    answers = member.walk.issue(question(seed, epoch)).answers
    wrong = {
        "fewer": answers[:-1],
        "swapped": (answers[1], answers[0], answers[2]),
        "garbage": (bytes(256), *answers[1:]),
    }[how]
    with pytest.raises((InputError, ProofError)):
        finished(seed, epoch, IssuedTokens(answers=wrong))
    assert seed_of(member) == seed, "the same is asked again"


def test_a_token_of_another_epoch_is_never_taken_and_old_ones_go(member):
    member.take_tokens(1)
    store, box = member.house.store, member.house.vault.box
    assert store.run("take", lambda tx: take(tx, box, 2)) is None
    store.run("forget", lambda tx: forget(tx, 2))
    assert look(member.house.folder / "agent.db", "SELECT count(*) FROM token") == [(0,)]


def test_another_seed_asks_for_others(member):
    seed, epoch = seed_of(member), epoch_of(member)
    assert seed is not None
    other = msgspec.structs.replace(seed, seed=bytes(32))
    assert set(question(seed, epoch).requests).isdisjoint(question(other, epoch).requests)


def test_the_moment_of_asking_lies_in_the_window_and_only_there(member):
    clock = member.walk.clock
    assert moment(member.house) is None, "the window of this epoch is over"
    later = Instant(BEGINS + 60 * 24 * 3600 * SECOND)
    member.walk.document(2, later)
    member.believe(member.walk.event(2))
    terms = member.walk.terms[2]
    assert moment(member.house) is None, "and the next one's has not begun"
    clock.advance(terms.issue_from - clock.now())
    drawn = {moment(member.house) for _ in range(20)}
    assert len(drawn) > 10
    assert all(one is not None and terms.issue_from <= one < terms.issue_until for one in drawn)


def test_tokens_that_are_kept_twice_are_an_error_and_not_more_tokens(member):
    seed, epoch = seed_of(member), epoch_of(member)
    assert seed is not None
    house = member.house
    tickets = finished(seed, epoch, member.walk.issue(question(seed, epoch)))
    house.store.run("keep", lambda tx: keep(tx, house.vault, epoch, tickets))
    with pytest.raises(StorageError):
        house.store.run("keep", lambda tx: keep(tx, house.vault, epoch, tickets))
