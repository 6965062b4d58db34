# SPDX-License-Identifier: Apache-2.0
"""A hub that comes back takes only what proves itself, opens for whoever is there, and doubles nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.alliance import Agent, Alliance, until
from tests.looking import change, look
from tests.unit.hub.test_acknowledge import answer, issued
from tests.unit.hub.test_keys import THIRD_SEED, rotated

from tocsin.agent.history.refilling import Refilling
from tocsin.agent.verbs.erase import erase
from tocsin.clock import DAY
from tocsin.domain.acknowledgement import Answer
from tocsin.domain.audience import History
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Role
from tocsin.errors import (
    BadProof,
    BadSignature,
    Conflict,
    Forked,
    HubRestoring,
    Malformed,
    ProofError,
    Rewritten,
    StateError,
    TocsinError,
)
from tocsin.follow.verify import Trust
from tocsin.halves.held import ask_held, check_held
from tocsin.hub import restart
from tocsin.hub.epochs import Restart, positions
from tocsin.hub.restoring.refill import accept, check_head
from tocsin.hub.restoring.steps import begin, check_history, what_partner_holds
from tocsin.hub.status import status
from tocsin.hub.streams import blinded
from tocsin.hub.verbs.roster import join_group
from tocsin.partner.witnessing import Witnessing, take_back
from tocsin.proof.signing import SigningKey
from tocsin.storage.sqlite import open_sqlite
from tocsin.wire.ceremony import Held, Refill, Refilled, Restoring
from tocsin.wire.cursor import Cursor
from tocsin.wire.messages import decode, encode


def value(name: str) -> Observable:
    return Observable(Kind.DOMAIN, f"{name}.phish-ayr.example")


class Collected:
    """In place of the hub: keeps what an agent hands in."""

    def __init__(self) -> None:
        self.refills: list[Refill] = []

    async def post(self, path: str, body: bytes) -> bytes:
        self.refills.append(refill := decode(body, Refill))
        return encode(Refilled(stream=refill.head.stream, size=refill.head.size))


async def handed_in(agent: Agent) -> dict[str, Refill]:
    """Everything that an agent holds, by stream, for a hub that knows nothing."""
    hub = Collected()
    offer = Restoring(hub=agent.membership.hub, epoch=1, party=agent.party, streams=())
    await Refilling(agent.house.store, hub).hand_in(offer)
    return {one.head.stream: one for one in reversed(hub.refills)}


def trust_of(alliance: Alliance) -> Trust:
    identity = alliance.exchange.identity
    return Trust(identity.id, identity.realm, alliance.hub_key, alliance.witness.key)


def is_whole(alliance: Alliance, epoch: int = 1) -> bool:
    """Whether the hub went on, and its partner has seen that."""
    ((restarts,),) = look(alliance.database, "SELECT count(*) FROM entry WHERE kind = 'restart'")
    ((cosigned,),) = look(alliance.database, "SELECT cosigned FROM log ORDER BY size DESC LIMIT 1")
    waiting = look(alliance.database, "SELECT 1 FROM stream WHERE name = 'directory' AND size > noted_size")
    return restarts == epoch and cosigned is not None and not waiting


def in_step(alliance: Alliance, *agents: Agent) -> bool:
    """Whether these agents hold what the hub holds, under heads that need no further witness."""
    sizes = alliance.sizes()
    for agent in agents:
        streams = look(agent.database, "SELECT name, size, firm FROM stream")
        held = {name: size for name, size, firm in streams if size == firm}
        if any(held.get(name) != sizes[name] for name in alliance.readable(agent)):
            return False
    return True


def accusations(agent: Agent) -> list[str]:
    return [line for line in agent.alarms() if "reached" not in line]


def facts(alliance: Alliance, stream: str = "members") -> list[object]:
    rows = look(
        alliance.database,
        "SELECT fact FROM entry JOIN stream ON number = stream WHERE name = :name AND kind = 'object'",
        {"name": stream},
    )
    return [fact for (fact,) in rows]


async def test_a_refill_is_taken_whoever_brings_it_and_gives_the_same_tree(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        alliance.back_up(tmp_path / "old.db")
        for number in range(3):
            await ayr.report(value(f"a-{number}"))
        await alliance.settled()
        brought = await handed_in(bute)
        roots = dict(look(alliance.database, "SELECT name, root FROM stream"))
        store = open_sqlite(tmp_path / "old.db")
        for stream in ("directory", "members"):
            store.run("check", lambda tx, name=stream: check_head(tx, trust_of(alliance), brought[name].head))
            size = store.run("refill", lambda tx, name=stream: accept(tx, trust_of(alliance), brought[name]))
            assert size == brought[stream].head.size
            assert (
                store.run("again", lambda tx, name=stream: accept(tx, trust_of(alliance), brought[name]))
                == size
            )
        assert dict(look(tmp_path / "old.db", "SELECT name, root FROM stream")) == roots
        store.close()


async def test_a_stream_that_the_backup_did_not_know_has_its_old_blinded_name_again(tmp_path: Path) -> None:
    """Whatever keys the hub has now: the name follows from the directory's first entry alone."""
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        alliance.back_up(tmp_path / "old.db")
        await ayr.report(value("a"))
        await alliance.settled()
        ((key,),) = look(alliance.database, "SELECT key FROM stream WHERE name = 'members'")
        store = open_sqlite(tmp_path / "old.db")
        assert store.run("name", lambda tx: blinded(tx, "members")) == key
        store.close()


def altered_body(refill: Refill) -> Refill:
    first, *others = refill.entries
    return replace(refill, entries=(replace(first, body=b'{"type":"grouping"}'), *others))


def altered_header(refill: Refill) -> Refill:
    first, *others = refill.entries
    return replace(
        refill, entries=(replace(first, header=first.header.replace(b"object", b"onject")), *others)
    )


def withheld_body(refill: Refill) -> Refill:
    first, *others = refill.entries
    return replace(refill, entries=(replace(first, salt_b=None), *others))


def gap(refill: Refill) -> Refill:
    return replace(refill, entries=(refill.entries[0], *refill.entries[2:]))


def no_beginning(refill: Refill) -> Refill:
    return replace(refill, entries=refill.entries[1:])


def foreign_stream(refill: Refill) -> Refill:
    return replace(refill, entries=tuple(replace(one, stream="all") for one in refill.entries))


def foreign_head(refill: Refill) -> Refill:
    return replace(refill, head=replace(refill.head, stream="all"))


def shorter_tail_without_proof(refill: Refill) -> Refill:
    return replace(refill, entries=refill.entries[:-1])


def longer_than_its_head(refill: Refill) -> Refill:
    return replace(refill, head=replace(refill.head, size=refill.head.size - 1))


def not_witnessed(refill: Refill) -> Refill:
    return replace(refill, head=replace(refill.head, note=refill.head.note.rpartition("— ")[0]))


@pytest.mark.parametrize(
    ("forge", "refusal"),
    [
        (altered_body, ProofError),
        (altered_header, (BadProof, Malformed)),
        (withheld_body, BadSignature),
        (gap, Malformed),
        (no_beginning, Conflict),
        (foreign_stream, Malformed),
        (foreign_head, BadProof),
        (shorter_tail_without_proof, BadProof),
        (longer_than_its_head, BadProof),
        (not_witnessed, BadSignature),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
async def test_a_refill_that_does_not_prove_itself_is_refused_and_changes_nothing(
    tmp_path: Path, forge: Callable[[Refill], Refill], refusal: type[TocsinError]
) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        alliance.back_up(tmp_path / "old.db")
        for number in range(2):
            await ayr.report(value(f"a-{number}"))
        await alliance.settled()
        honest = (await handed_in(ayr))["members"]
        store = open_sqlite(tmp_path / "old.db")

        def take(refill: Refill) -> None:
            store.run("check", lambda tx: check_head(tx, trust_of(alliance), refill.head))
            store.run("refill", lambda tx: accept(tx, trust_of(alliance), refill))

        before = look(tmp_path / "old.db", "SELECT name, size FROM stream")
        with pytest.raises(refusal):
            take(forge(honest))
        assert look(tmp_path / "old.db", "SELECT name, size FROM stream") == before
        take(honest)
        store.close()


async def test_a_backup_that_is_only_copied_into_place_is_refused_by_name(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await ayr.report(value("first"))
        await alliance.settled()
        alliance.back_up(tmp_path / "old.db")
        await ayr.report(value("second"))
        await alliance.settled()
        await alliance.lose_hub()
        (tmp_path / "old.db").rename(alliance.database)
        await alliance.start_hub()
        await until(lambda: any("restored without its ceremony" in line for line in bute.alarms()))
        await until(lambda: any("restored without its ceremony" in line for line in ayr.alarms()))
        assert "second.phish-ayr.example" in bute.known(), "protection stays as it was"
        await ayr.report(value("third"))
        await until(lambda: isinstance(alliance.hub.noting.last_refusal, ProofError))
        assert isinstance(alliance.hub.noting.last_refusal, Rewritten | Forked)


async def test_a_hub_lost_before_its_partner_heard_of_its_new_key_comes_back(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await ayr.report(value("seen"))
        await alliance.settled()
        alliance.witness.away = True
        rotated(alliance)
        rotated(alliance, THIRD_SEED)
        alliance.back_up(tmp_path / "old.db")
        await alliance.lose_hub()
        alliance.witness.away = False
        await alliance.restore_hub(tmp_path / "old.db")
        await until(lambda: is_whole(alliance))
        await until(lambda: in_step(alliance, ayr))
        assert ayr.replica().trust().hub_key == alliance.exchange.identity.key
        stranger = ask_held(alliance.hub_key, SigningKey.from_seed(b"s" * 32), alliance.clock.now())
        with pytest.raises(BadSignature):
            alliance.witness.witnessing.held(stranger)


async def test_what_no_cosignature_covered_comes_again_from_the_outboxes(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        alliance.back_up(tmp_path / "old.db")
        await ayr.report(value("seen"))
        await alliance.settled()
        alliance.witness.away = True
        late = [await agent.report(value(f"late-{agent.short}")) for agent in (ayr, bute)]
        await alliance.settled()
        await alliance.lose_hub()
        alliance.witness.away = False
        await alliance.restore_hub(tmp_path / "old.db")
        await until(lambda: is_whole(alliance))
        await until(lambda: in_step(alliance, ayr, bute))
        assert not set(late) & set(facts(alliance))
        for agent in (ayr, bute):
            (settled,) = await agent.deliver()
            assert settled.receipt is not None
        await until(lambda: in_step(alliance, ayr, bute))
        assert sorted(set(facts(alliance))) == sorted({*late, *set(facts(alliance))})
        assert set(late) <= set(facts(alliance))
        assert accusations(ayr) == accusations(bute) == []
        assert {"late-ayr.phish-ayr.example", "late-bute.phish-ayr.example"} <= bute.known().keys()


async def test_while_it_restores_itself_it_takes_nothing_and_says_so(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        alliance.back_up(tmp_path / "old.db")
        await alliance.lose_hub()
        alliance.witness.away = True
        await alliance.restore_hub(tmp_path / "old.db")
        report = ayr.queue_report(value("waiting"))
        with pytest.raises(HubRestoring):
            await ayr.deliver()
        assert ayr.house.outbox.state(report).state == "waiting"
        health = await ayr.http.get("http://hub.example/v1/health")
        assert health.json()["ready"] is False
        assert health.json()["witness"] == "restoring"
        ayr.follow()
        alliance.witness.away = False
        await until(lambda: is_whole(alliance))
        alliance.clock.advance(DAY // 24)
        (settled,) = await ayr.deliver()
        assert settled.receipt is not None


async def test_every_view_is_what_it_was_when_all_have_been_back(tmp_path: Path) -> None:
    """Warnings in two versions, answers, bands, sources and rosters: from what readers and senders bring alone."""
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        desk = await alliance.join("desk", Role.DESK)
        ayr, bute, cove = [await alliance.join(short) for short in ("ayr", "bute", "cove")]
        await alliance.settled()
        alliance.back_up(tmp_path / "old.db")
        await alliance.hub.commits.run(
            lambda tx: join_group(tx, alliance.exchange, "cards", ayr.party, History.ALL)
        )
        one = await issued(police)
        await alliance.settled()
        for agent in (ayr, bute):
            await agent.report(value("shared"))
            await answer(agent, one, Answer.ACTED)
        await answer(cove, one, Answer.RECEIVED)
        regretted = await cove.report(value("regretted"))
        erase(cove.house, regretted, "mistake", "Test")
        await cove.deliver()
        agents = (police, desk, ayr, bute, cove)
        await until(lambda: in_step(alliance, *agents))
        before = {view: look(alliance.database, sql) for view, sql in VIEWS.items()}
        await alliance.lose_hub()
        await alliance.restore_hub(tmp_path / "old.db")
        await until(lambda: is_whole(alliance) and in_step(alliance, *agents))
        for agent in agents:
            assert await agent.deliver() == []
        after = {view: look(alliance.database, sql) for view, sql in VIEWS.items()}
        assert all(before.values())
        assert after == before


_NAMED = "FROM {0} JOIN stream ON stream.number = {0}.stream ORDER BY 1, 2, 3, 4, 5"
VIEWS = {
    "party": "SELECT * FROM party ORDER BY id",
    "declared": "SELECT * FROM declared ORDER BY holder, seq",
    "membership": "SELECT * FROM membership ORDER BY name, party",
    "warning": "SELECT stream.name, seq, owner, id, version, digest, chain, expires "
    + _NAMED.format("warning"),
    "answer": "SELECT stream.name, party, seq, chain, answer, counted " + _NAMED.format("answer"),
    "answer_band": "SELECT stream.name, chain, role, received, acted, fact " + _NAMED.format("answer_band"),
    "object": "SELECT stream.name, seq, owner, id, modified, digest, chain "
    + _NAMED.format("object").replace("ORDER", "WHERE digest IS NOT NULL ORDER"),
    "source": "SELECT stream.name, seq, value, party, attended " + _NAMED.format("source"),
    "band": "SELECT stream.name, value, band, fact, 0 " + _NAMED.format("band"),
}
"""With streams by their names: a restored hub may number them otherwise."""


async def test_a_stream_whose_only_reader_is_away_waits_alone(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, dee = await alliance.join("ayr"), await alliance.join("dee")
        alliance.back_up(tmp_path / "old.db")
        stream = f"party:{dee.party}"
        told = await ayr.report(value("told"), audiences=(stream,))
        everybody = await ayr.report(value("everybody"))
        await alliance.settled()
        await dee.unfollow()
        await alliance.lose_hub()
        await alliance.restore_hub(tmp_path / "old.db")
        await until(lambda: is_whole(alliance))
        assert facts(alliance, stream) == []
        assert await ayr.report(value("meanwhile"))
        store = open_sqlite(alliance.database)
        with store.reading("status") as tx:
            seen = status(tx, alliance.exchange.identity, partner_declared=True)
        store.close()
        assert {one.name: one.lacks for one in seen.streams if one.lacks} == {stream: 2}
        waiting = ayr.queue_report(value("more"), audiences=(stream,))
        with pytest.raises(HubRestoring, match="is not whole again"):
            await ayr.deliver()

        dee.follow()
        await until(lambda: told in facts(alliance, stream))
        await until(lambda: not look(alliance.database, "SELECT * FROM closed"))
        alliance.clock.advance(DAY // 24)
        await ayr.deliver()
        await until(lambda: in_step(alliance, ayr, dee))
        assert facts(alliance, stream) == [told, told, waiting, waiting]
        assert facts(alliance).count(everybody) == 2
        assert accusations(ayr) == accusations(dee) == []


async def test_bodies_that_no_reader_brought_in_time_are_taken_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ayr has only commitments, as if the bodies were for a purpose that is dee's alone; dee is away."""
    async with Alliance(tmp_path) as alliance:
        ayr, dee = await alliance.join("ayr"), await alliance.join("dee")
        alliance.back_up(tmp_path / "old.db")
        told = await ayr.report(value("told"))
        await alliance.settled()
        members = alliance.numbers()["members"]
        change(ayr.database, "DELETE FROM body WHERE stream = 'members'")
        await dee.unfollow()
        await alliance.lose_hub()
        monkeypatch.setattr(restart, "_ROUND_SECONDS", 0.05)
        alliance.config = replace(alliance.config, restore_seconds=1)
        await alliance.restore_hub(tmp_path / "old.db")
        await until(lambda: is_whole(alliance))
        bodies = "SELECT count(*) FROM body WHERE stream = :stream"
        assert look(alliance.database, bodies, {"stream": members}) == [(0,)]
        dee.follow()
        await until(lambda: look(alliance.database, bodies, {"stream": members}) == [(2,)])
        await ayr.deliver()
        assert look(alliance.database, "SELECT DISTINCT party FROM source") == [(ayr.party,)]
        assert told in facts(alliance)
        assert accusations(ayr) == accusations(dee) == []


async def test_without_a_partner_the_longest_heads_that_are_shown_decide(tmp_path: Path) -> None:
    async with Alliance(tmp_path, witnessed=False) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        alliance.back_up(tmp_path / "old.db")
        reports = [await agent.report(value(f"from-{agent.short}")) for agent in (ayr, bute)]
        await alliance.settled()
        await alliance.lose_hub()
        await alliance.restore_hub(tmp_path / "old.db")
        await until(lambda: bool(look(alliance.database, "SELECT 1 FROM entry WHERE kind = 'restart'")))
        await until(lambda: in_step(alliance, ayr, bute))
        assert set(facts(alliance)) == set(reports)
        assert accusations(ayr) == accusations(bute) == []
        await ayr.report(value("later"))
        await until(lambda: in_step(alliance, ayr, bute))


async def test_a_second_loss_is_survived_like_the_first(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        for loss in (1, 2):
            alliance.back_up(tmp_path / f"{loss}.db")
            await ayr.report(value(f"before-{loss}"))
            await until(lambda: in_step(alliance, ayr))
            await alliance.lose_hub()
            await alliance.restore_hub(tmp_path / f"{loss}.db")
            await until(lambda epoch=loss: is_whole(alliance, epoch))
            await until(lambda: in_step(alliance, ayr))
            assert await ayr.deliver() == []
        assert len(set(facts(alliance))) == 2
        assert accusations(ayr) == []


async def test_its_owner_can_take_back_what_was_refilled_and_nobody_else(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        alliance.back_up(tmp_path / "old.db")
        report = await ayr.report(value("regretted"))
        await alliance.settled()
        await alliance.lose_hub()
        await alliance.restore_hub(tmp_path / "old.db")
        await until(lambda: is_whole(alliance) and in_step(alliance, ayr, bute))
        owners = "SELECT DISTINCT owner FROM origin JOIN entry USING (stream, seq) WHERE entry.fact = :fact"
        assert look(alliance.database, owners, {"fact": report}) == [(None,)]
        await bute.deliver()
        assert look(alliance.database, owners, {"fact": report}) == [(None,)]
        await ayr.deliver()
        assert look(alliance.database, owners, {"fact": report}) == [(ayr.party,)]


async def test_a_code_that_was_open_in_the_backup_is_void(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        await alliance.join("ayr")
        alliance.invite("Bute Bank plc")
        alliance.back_up(tmp_path / "old.db")
        store = open_sqlite(tmp_path / "old.db")
        store.run("begin", lambda tx: begin(tx, alliance.hub_key))
        assert look(tmp_path / "old.db", "SELECT expires FROM invitation WHERE spent_by IS NULL") == [(0,)]
        store.close()


async def test_a_backup_of_another_history_is_found_out(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    async with Alliance(tmp_path / "one") as one, Alliance(tmp_path / "other", seed=7) as other:
        for alliance in (one, other):
            ayr = await alliance.join("ayr")
            await ayr.report(value("a"))
            await alliance.settled()
        store = open_sqlite(other.database)
        held = check_held(_held(one), [one.hub_key], one.witness.key)
        with store.reading("check") as tx, pytest.raises((Forked, StateError)):
            check_history(tx, held)
        store.close()


def _held(alliance: Alliance) -> Held:
    store = open_sqlite(alliance.database)
    with store.reading("held") as tx:
        held = what_partner_holds(tx)
    store.close()
    return held


async def test_the_hub_shows_what_the_partner_holds(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await ayr.report(value("a"))
        await alliance.settled()
        shown = check_held(_held(alliance), [alliance.hub_key], alliance.witness.key)
        assert shown.note == alliance.witness.witnessing.note
        forged = replace(_held(alliance), heads=_held(alliance).heads[1:])
        with pytest.raises(BadProof):
            check_held(forged, [alliance.hub_key], alliance.witness.key)


async def test_a_partner_from_an_old_backup_signs_nothing_twice(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await alliance.settled()
        alliance.witness.store.copy(tmp_path / "partner.old")
        first = _held(alliance)
        for name in ("a", "a-2"):
            await ayr.report(value(name))
            await alliance.settled()
        old, old_notes = alliance.witness, len(alliance.witness.asked)
        store = open_sqlite(tmp_path / "partner.old", "partner")
        forgetful = Witnessing(store, alliance.hub_key, old.key.name, _key(old), alliance.clock)
        with pytest.raises(Conflict):
            forgetful.witness(old.asked[-1])

        now = alliance.clock.now()
        bare = replace(first, note=first.note.rpartition("— ")[0])
        with pytest.raises(BadSignature):
            store.run("bare", lambda tx: take_back(tx, bare, alliance.hub_key, old.key, now))
        size = store.run(
            "take back", lambda tx: take_back(tx, _held(alliance), alliance.hub_key, old.key, now)
        )
        restored = Witnessing(store, alliance.hub_key, old.key.name, _key(old), alliance.clock)
        assert restored.note == old.witnessing.note
        old.witnessing, old.store = restored, store
        await ayr.report(value("b"))
        await alliance.settled()
        assert len(old.asked) > old_notes
        assert size < restored._state.log.size
        with pytest.raises(Rewritten, match="are not the last"):
            store.run("older", lambda tx: take_back(tx, first, alliance.hub_key, old.key, now))


def _key(witness):
    return witness.witnessing._key


def test_a_cursor_is_good_as_far_as_what_it_counts_survived() -> None:
    cursor = Cursor(0, ((0, 20), (1, 700), (5, 3)))
    restarts = [Restart(1, {0: 20, 1: 650}), Restart(2, {0: 21, 1: 900, 5: 9})]
    assert positions(cursor, restarts) == {0: 20, 1: 650}
    assert positions(replace(cursor, epoch=1), restarts) == {0: 20, 1: 700, 5: 3}
    assert positions(replace(cursor, epoch=2), restarts) == dict(cursor.read)
