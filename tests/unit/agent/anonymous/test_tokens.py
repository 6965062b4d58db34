# SPDX-License-Identifier: Apache-2.0
"""All tokens are asked for at once, the same ones when asked again, and each is gone when it is used."""

import msgspec
import pytest
from tests.accountable import TRUSTEES
from tests.looking import bytes_of, look
from tests.unit.agent.anonymous.path import KEY, PARTY, SLOT, START, Member, Walk

from tocsin.agent.anonymous.epochs import Epoch, by_number
from tocsin.agent.anonymous.tokens import (
    choose,
    finished,
    forget,
    held,
    keep,
    opened,
    question,
    seed_for,
    take,
    wanted,
)
from tocsin.agent.vault import TokenSeed
from tocsin.agent.verbs.ask_tokens import ask_tokens, moment
from tocsin.clock import SECOND, Instant, ManualClock
from tocsin.errors import InputError, ProofError, StorageError, Unreachable
from tocsin.halves.candidates import Asker, party_bytes
from tocsin.privacy.shamir import combine
from tocsin.privacy.tokens import Token, TokenKey, check_token, token_nonce
from tocsin.proof.signing import SigningKey
from tocsin.wire.audit import ChosenTokens
from tocsin.wire.envelope import stands_for
from tocsin.wire.epoch import IssuedTokens
from tocsin.wire.messages import encode

BEGINS = Instant(START + 10 * SLOT)
ACCOUNTABLE = {"token_class": "accountable", "needed": 2, "trustees": tuple(one.trustee for one in TRUSTEES)}


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
    asked = question(first, epoch, PARTY)
    assert asked == question(first, epoch, PARTY)
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
    answers = member.walk.issue(question(seed, epoch, PARTY)).answers
    wrong = {
        "fewer": answers[:-1],
        "swapped": (answers[1], answers[0], answers[2]),
        "garbage": (bytes(256), *answers[1:]),
    }[how]
    with pytest.raises((InputError, ProofError)):
        finished(seed, epoch, PARTY, IssuedTokens(answers=wrong))
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
    assert set(question(seed, epoch, PARTY).requests).isdisjoint(question(other, epoch, PARTY).requests)


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
    tickets = finished(seed, epoch, PARTY, member.walk.issue(question(seed, epoch, PARTY)))
    house.store.run("keep", lambda tx: keep(tx, house.vault, epoch, tickets))
    with pytest.raises(StorageError):
        house.store.run("keep", lambda tx: keep(tx, house.vault, epoch, tickets))


@pytest.fixture
def accountable(tmp_path) -> Member:
    walk = Walk(ManualClock(START))
    walk.document(1, BEGINS, **ACCOUNTABLE)
    made = Member(tmp_path, walk)
    made.believe(walk.event(1))
    return made


def choose_in(member: Member, draw: bytes) -> TokenSeed:
    house, seed = member.house, seed_of(member)
    assert seed is not None
    return house.store.run("choose", lambda tx: choose(tx, house.vault, seed, draw))


def test_of_accountable_tokens_half_is_opened_and_the_other_half_kept(accountable):
    epoch, seed = epoch_of(accountable), seed_of(accountable)
    assert seed is not None
    asked = question(seed, epoch, PARTY)
    assert len(set(asked.requests)) == 2 * epoch.terms.quota == 6
    told = opened(choose_in(accountable, b"d" * 32), epoch, PARTY, KEY)
    assert (told.requests, len(told.seeds)) == (asked.requests, 3)
    assert accountable.take_tokens(1) == 3
    house = accountable.house
    asker = Asker(epoch.terms, epoch.document, party_bytes(PARTY))
    spoiled = {asker.candidate(one).pending.unsigned.nonce for one in told.seeds}
    for _ in range(3):
        ticket = house.store.run("take", lambda tx: take(tx, house.vault.box, 1))
        assert ticket is not None
        token, key = Token.parse(ticket.token), SigningKey.from_seed(ticket.one_time_seed)
        check_token(token, TokenKey.parse(epoch.terms.issuer_key), epoch.terms.challenge(epoch.document))
        assert token.nonce not in spoiled, "what was opened is never used"
        assert token.nonce == token_nonce(ticket.random, stands_for(key.public, ticket.escrow))
        shares = [
            one.sealing.open(ticket.escrow, epoch.terms.escrow(epoch.document, key.public))
            for one in TRUSTEES
        ]
        assert combine({one.number: one.value for one in shares}, 2) == party_bytes(PARTY)
    with house.store.reading("tokens") as tx:
        assert house.vault.token_seed(tx) is None


def test_an_issuer_that_chooses_twice_is_told_nothing(accountable):
    kept = choose_in(accountable, b"d" * 32)
    assert choose_in(accountable, b"d" * 32) == kept == seed_of(accountable)
    with pytest.raises(ProofError, match="come to know all"):
        choose_in(accountable, b"e" * 32)
    assert seed_of(accountable) == kept
    for draw in (b"", bytes(31)):
        with pytest.raises(InputError, match="32 bytes"):
            choose_in(accountable, draw)


def test_the_same_half_is_opened_when_asked_again(accountable):
    chosen = choose_in(accountable, b"d" * 32)
    epoch = epoch_of(accountable)
    assert opened(chosen, epoch, PARTY, KEY) == opened(chosen, epoch, PARTY, KEY)


class Choosing:
    """A hub that says which tokens are to be opened, each time another half, and gives none."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def post(self, path: str, body: bytes) -> bytes:
        self.asked.append(path)
        if path.endswith("/opened"):
            raise Unreachable("The line is cut.")
        return encode(ChosenTokens(draw=len(self.asked).to_bytes(32)))


async def test_people_hear_of_it_and_the_epoch_is_given_up(accountable):
    hub = Choosing()
    later = Instant(BEGINS + 60 * 24 * 3600 * SECOND)
    accountable.walk.document(2, later, **ACCOUNTABLE)
    accountable.believe(accountable.walk.event(2))
    clock = accountable.walk.clock
    clock.advance(accountable.walk.terms[2].issue_from - clock.now())
    with pytest.raises(Unreachable):
        await ask_tokens(accountable.house, hub)
    with pytest.raises(ProofError):
        await ask_tokens(accountable.house, hub)
    assert hub.asked == ["/v1/tokens", "/v1/tokens/opened", "/v1/tokens"]
    assert any("come to know all" in one for one in accountable.alarms())
    assert await ask_tokens(accountable.house, hub) == 0
