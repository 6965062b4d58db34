# SPDX-License-Identifier: Apache-2.0
"""Rosters: who is in a group from when until when, kept as entries and as the table that they give."""

from collections.abc import Iterator

import msgspec
import pytest
from tests.alliance import HUB_SEEDS, START, URL

from tocsin.clock import Instant, ManualClock
from tocsin.config.hub import HubConfig
from tocsin.domain.audience import History, Membership
from tocsin.domain.party import Role, Standing
from tocsin.errors import Conflict, Malformed, Unknown
from tocsin.hub.assembly import exchange
from tocsin.hub.exchange import Exchange
from tocsin.hub.readable import stored
from tocsin.hub.streams import HUB_ITSELF, Draft
from tocsin.hub.verbs.roster import MAX_GROUPS, join_group, leave_group, roster
from tocsin.hub.views.rosters import ROSTERS
from tocsin.ids import Entropy
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Store
from tocsin.wire.events import MembershipEvent
from tocsin.wire.messages import decode

AYR, BUTE, GONE, SUSPENDED = (f"prt_{number:032x}" for number in range(4))


class Hub(msgspec.Struct, frozen=True):
    exchange: Exchange
    clock: ManualClock
    store: Store

    def join(self, party: str = AYR, history: History = History.FROM_JOIN, group: str = "sepa") -> Membership:
        return self.store.run("join", lambda tx: join_group(tx, self.exchange, group, party, history))

    def leave(self, party: str = AYR, group: str = "sepa") -> Membership:
        return self.store.run("leave", lambda tx: leave_group(tx, self.exchange, group, party))

    def roster(self, group: str = "sepa") -> dict[str, Membership]:
        with self.store.reading("roster") as tx:
            return roster(tx, group)

    def say(self, count: int) -> None:
        drafts = [Draft("object", "rpt_1", b"{}")] * count
        self.store.run("say", lambda tx: self.exchange.streams.append(tx, "group:sepa", drafts, HUB_ITSELF))

    def events(self) -> list[MembershipEvent]:
        """Every entry of the desk's stream."""
        with self.store.reading("events") as tx:
            rows = stored(tx, 1, 0, 100)
        return [decode(row.body or b"", MembershipEvent) for row in rows]


@pytest.fixture
def hub(entropy: Entropy) -> Iterator[Hub]:
    clock = ManualClock(START)
    made = Hub(
        exchange(HubConfig(alliance="A", public_url=URL), HUB_SEEDS, clock, entropy),
        clock,
        open_sqlite(":memory:"),
    )
    first = [Draft("agreement", "fct_1", b"{}")]
    made.store.run("begin", lambda tx: made.exchange.streams.append(tx, "directory", first, HUB_ITSELF))
    standings = (Standing.ACTIVE, Standing.ACTIVE, Standing.LEFT, Standing.SUSPENDED)
    for number, (party, standing) in enumerate(zip((AYR, BUTE, GONE, SUSPENDED), standings, strict=True)):
        row = {"id": party, "name": f"Bank {number}", "role": Role.BANK, "jurisdiction": "GB"}
        row |= {"joined": 0, "agreement": ""}
        keys = dict.fromkeys(("signing_key", "sealing_key", "recovery_key"), bytes([number]) * 32)
        made.store.run(
            "put",
            lambda tx, row=row, keys=keys, at=standing: tx.run("put_party", row | keys | {"standing": at}),
        )
    yield made
    made.store.close()


def test_a_member_is_in_from_now_on(hub: Hub) -> None:
    assert hub.join() == Membership("sepa", START, None, START)
    assert hub.join(BUTE, History.ALL) == Membership("sepa", START, None, Instant(0))
    assert hub.roster() == {AYR: hub.roster()[AYR], BUTE: Membership("sepa", START, None, Instant(0))}
    assert hub.roster()[AYR].history is History.FROM_JOIN
    assert hub.roster()[BUTE].history is History.ALL


def test_the_past_is_all_that_was_said_before_whatever_the_clock_does(hub: Hub) -> None:
    """The stream's own time runs ahead of a clock that stands still; a newcomer still reads none of it."""
    hub.say(5)
    joined = hub.join()
    assert (joined.since, joined.reads_from) == (START, START + 5)
    assert not joined.reads(Instant(START + 4))
    assert joined.reads(Instant(START + 5))


def test_who_leaves_is_out_at_that_moment(hub: Hub) -> None:
    hub.join()
    hub.clock.advance(10)
    left = hub.leave()
    assert left.until == START + 10
    assert left.holds(Instant(START + 9))
    assert not left.holds(Instant(START + 10))


def test_who_was_put_on_by_a_clock_ahead_leaves_all_the_same(hub: Hub) -> None:
    ahead = msgspec.structs.replace(hub.exchange, clock=ManualClock(Instant(START + 10)))
    hub.store.run("join", lambda tx: join_group(tx, ahead, "sepa", AYR, History.ALL))
    left = hub.leave()
    assert left.until == left.since
    assert not left.holds(left.since)


def test_who_comes_back_has_a_second_time_and_the_last_one_counts(hub: Hub) -> None:
    hub.join(history=History.ALL)
    hub.clock.advance(10)
    hub.leave()
    hub.clock.advance(10)
    again = hub.join()
    assert hub.roster() == {AYR: again}
    assert (again.since, again.until, again.reads_from) == (START + 20, None, START + 20)


def test_every_change_is_an_entry_that_says_the_time_as_it_stands(hub: Hub) -> None:
    hub.join()
    hub.clock.advance(10)
    hub.leave()
    assert ROSTERS == "role:desk"
    assert hub.events() == [
        MembershipEvent(group="sepa", party=AYR, since=START, until=None, reads_from=START),
        MembershipEvent(group="sepa", party=AYR, since=START, until=START + 10, reads_from=START),
    ]


def test_the_table_is_what_the_entries_say(hub: Hub) -> None:
    for party, group in ((AYR, "sepa"), (BUTE, "sepa"), (AYR, "atm")):
        hub.join(party, History.ALL, group)
        hub.clock.advance(1)
    hub.leave(AYR)
    said = {(one.group, one.party, one.since): one for one in hub.events()}
    rebuilt = {
        group: {
            party: Membership(
                group, Instant(since), one.until and Instant(one.until), Instant(one.reads_from)
            )
            for (name, party, since), one in said.items()
            if name == group
        }
        for group in ("sepa", "atm")
    }
    assert rebuilt == {group: hub.roster(group) for group in ("sepa", "atm")}


def test_nobody_is_in_a_group_twice_at_once(hub: Hub) -> None:
    hub.join()
    with pytest.raises(Conflict, match="Bank 0 is in sepa already"):
        hub.join()
    hub.join(BUTE)
    hub.join(AYR, group="atm")


def test_nobody_leaves_a_group_that_it_is_not_in(hub: Hub) -> None:
    with pytest.raises(Unknown, match="not in sepa"):
        hub.leave()
    hub.join()
    hub.leave()
    with pytest.raises(Unknown, match="not in sepa"):
        hub.leave()


@pytest.mark.parametrize("party", [GONE, "prt_nobody", ""])
def test_who_is_no_party_any_more_or_never_was_joins_no_group(hub: Hub, party: str) -> None:
    with pytest.raises(Unknown):
        hub.join(party)
    assert hub.roster() == {}


def test_a_suspended_party_can_be_put_on_a_roster_for_when_it_is_back(hub: Hub) -> None:
    assert hub.join(SUSPENDED).holds(START)


@pytest.mark.parametrize("group", ["", "a b", "a:b", "ä", "x" * 41])
def test_a_group_has_a_plain_name(hub: Hub, group: str) -> None:
    with pytest.raises(Malformed):
        hub.join(group=group)
    with pytest.raises(Malformed):
        hub.leave(group=group)


def test_a_party_is_in_no_more_groups_than_it_can_follow(hub: Hub) -> None:
    for number in range(MAX_GROUPS):
        hub.join(group=f"g{number}")
    with pytest.raises(Conflict, match="nobody can follow more"):
        hub.join(group="one-more")
    hub.leave(group="g0")
    hub.join(group="one-more")
    assert MAX_GROUPS + 6 == 32
