# SPDX-License-Identifier: Apache-2.0
"""Heads and their witness: who is away costs only a word, and hub and partner never lose step."""

import asyncio

import pytest
from tests.alliance import Alliance, Witness, until
from tests.looking import look
from tests.unit.hub.asking import BAD, EVIL

from tocsin.domain.observable import Kind, normalise
from tocsin.domain.party import Role
from tocsin.errors import BadProof, Conflict, ProofError, RemoteError, Rewritten, StorageError, TocsinError
from tocsin.halves.witness import Proposal
from tocsin.hub.heads import noting
from tocsin.proof.note import KeyKind, VerifierKey, open_note, verify_cosignature
from tocsin.proof.signing import SigningKey


def log(alliance: Alliance) -> list[tuple[int, bool]]:
    """Every head of the log, and whether the partner co-signed it."""
    rows = look(alliance.database, "SELECT size, cosigned IS NOT NULL FROM log ORDER BY size")
    return [(int(str(size)), bool(cosigned)) for size, cosigned in rows]


def in_step(alliance: Alliance) -> bool:
    """Whether hub and partner hold the same note over every entry."""
    newest = look(alliance.database, "SELECT cosigned FROM log ORDER BY size DESC LIMIT 1")
    behind = look(
        alliance.database, "SELECT name FROM stream WHERE NOT (size = noted_size AND size = witnessed_size)"
    )
    return newest == [(alliance.witness.witnessing.note,)] and behind == []


def witness_of(alliance: Alliance) -> str:
    return alliance.hub.noting.stand.witness


async def test_every_head_is_witnessed_by_the_declared_partner(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr")
        await agent.report(EVIL)
        await alliance.settled()
        assert in_step(alliance)
        assert witness_of(alliance) == "witnessed"
        note = open_note(alliance.hub.noting.stand.note, alliance.hub_key)
        assert verify_cosignature(note, alliance.witness.key) == alliance.clock.now()
        assert {how for (how,) in look(agent.database, "SELECT witness FROM stream")} == {"witnessed"}


async def test_who_comes_while_the_partner_is_asked_gets_the_head_with_its_cosignature(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        answers = asyncio.Event()
        witness = alliance.witness.witness

        async def slowly(proposal: Proposal) -> str:
            await answers.wait()
            return await witness(proposal)

        alliance.witness.witness = slowly
        await ayr.report(EVIL)
        await until(lambda: alliance.hub.noting._held_back is not None)
        ayr.follow()
        await until(lambda: len(alliance.hub.following._viewers) == 1)
        assert alliance.hub.noting.prove("members") is None
        await asyncio.sleep(0.1)
        assert ayr.sizes() == {}
        answers.set()
        await alliance.settled()
        assert ayr.level("evil.example") == "watch"
        late = look(ayr.database, "SELECT name FROM stream WHERE witness = 'late'")
        assert late == []
        assert ayr.replica().cursor() != ""


async def test_a_partner_that_does_not_come_to_an_end_keeps_no_head_from_its_readers(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr")
        await alliance.settled()
        answers, witness = asyncio.Event(), alliance.witness.witness

        async def hanging(proposal: Proposal) -> str:
            await answers.wait()
            return await witness(proposal)

        alliance.witness.witness = hanging
        for value in (EVIL, BAD):  # while it is asked, too
            await agent.report(value)
            await until(lambda value=value: agent.level(value.value) == "watch", 1.5)
        assert witness_of(alliance) == "late"
        answers.set()
        await until(lambda: in_step(alliance))
        await alliance.settled()
        assert agent.alarms() == []


async def test_a_hub_starts_while_its_partner_hangs(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await alliance.settled()
        await alliance.stop_hub()
        alliance.declare_partner()  # something to be signed
        witness = alliance.witness.witness
        alliance.witness.witness = lambda proposal: asyncio.Event().wait()
        async with asyncio.timeout(2):
            await alliance.start_hub()
        agent.follow()
        await until(lambda: agent.sizes() != {}, 2)
        await alliance.stop_hub()  # nor does it keep it from stopping
        alliance.witness.witness = witness
        await alliance.start_hub()
        await until(lambda: in_step(alliance))


async def test_a_slow_partners_cosignatures_reach_the_readers_though_streams_go_on_moving(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr")
        await alliance.settled()
        witness = alliance.witness.witness

        async def slowly(proposal: Proposal) -> str:
            await asyncio.sleep(noting.PATIENCE_SECONDS * 1.4)
            return await witness(proposal)

        async def go_on() -> None:
            for number in range(1_000):
                await agent.report(normalise(Kind.DOMAIN, f"evil-{number}.example"))
                await asyncio.sleep(0.05)

        alliance.witness.witness = slowly
        going = asyncio.create_task(go_on())
        seen: set[str] = set()

        def both() -> bool:
            seen.update(
                str(how)
                for (how,) in look(agent.database, "SELECT witness FROM stream WHERE name = 'members'")
            )
            return seen == {"late", "witnessed"}

        await until(both, 5)
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        alliance.witness.witness = witness
        await alliance.settled()


async def test_without_a_partner_heads_are_unwitnessed_and_say_so(tmp_path):
    async with Alliance(tmp_path, witnessed=False) as alliance:
        agent = await alliance.join("ayr")
        await agent.report(EVIL)
        await alliance.settled()
        assert witness_of(alliance) == "unwitnessed"
        assert {how for (how,) in look(agent.database, "SELECT witness FROM stream")} == {"unwitnessed"}
        assert not any(cosigned for _, cosigned in log(alliance))


async def test_an_absent_partner_costs_a_word_and_its_return_spans_what_it_missed(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr")
        await alliance.settled()
        alliance.witness.away = True
        for value in (EVIL, BAD):
            await agent.report(value)
            await alliance.settled()
        await agent.report(EVIL, audiences=("jurisdiction:GB",))
        await alliance.settled()
        assert witness_of(alliance) == "late"
        assert isinstance(alliance.hub.noting.last_refusal, RemoteError)
        assert agent.level("evil.example") == "watch"
        alliance.witness.away = False
        await until(lambda: in_step(alliance))
        await alliance.settled()
        assert alliance.hub.noting.last_refusal is None
        missed = [size for size, cosigned in log(alliance) if not cosigned]
        assert len(missed) >= 1  # signed while it was away; nothing rests on them
        assert {how for (how,) in look(agent.database, "SELECT witness FROM stream")} == {"witnessed"}
        assert agent.alarms() == []


async def test_an_answer_that_is_lost_is_asked_for_again_and_nobody_loses_step(tmp_path):
    """The partner co-signed what the hub never heard of: the next proposal must not start from before it."""
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr")
        await alliance.settled()
        for deaf in (1, 2, 3):
            alliance.witness.deaf = deaf
            await agent.report(EVIL)
            await agent.report(BAD)
            await until(lambda: in_step(alliance))
        await alliance.settled()


@pytest.mark.parametrize("deaf", [1, 2])
async def test_a_hub_that_dies_before_the_answer_goes_on_in_step(tmp_path, deaf):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await alliance.settled()
        alliance.witness.deaf = deaf
        await agent.report(EVIL)
        await until(lambda: alliance.witness.deaf == 0)
        await alliance.stop_hub()
        alliance.witness.away = True
        await alliance.start_hub()
        await agent.report(BAD)
        await until(lambda: len(log(alliance)) > 2)
        await alliance.stop_hub()
        alliance.witness.away = False
        await alliance.start_hub()
        await until(lambda: in_step(alliance))


async def test_what_a_dead_hub_left_unsigned_is_signed_before_it_serves(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await alliance.settled()
        await alliance.stop_hub()
        alliance.declare_partner()  # an entry that no process of the hub has seen
        assert not in_step(alliance)
        await alliance.start_hub()
        assert in_step(alliance)
        agent.follow()
        await alliance.settled()


async def test_a_partner_that_is_declared_later_witnesses_all_that_there_is(tmp_path):
    async with Alliance(tmp_path, witnessed=False) as alliance:
        agent = await alliance.join("ayr")
        for value in (EVIL, BAD):
            await agent.report(value)
        await alliance.settled()
        await alliance.stop_hub()
        alliance.declare_partner()
        await alliance.start_hub()
        await until(lambda: in_step(alliance))
        later = await alliance.join("bute")
        assert later.membership.partner_key == str(alliance.witness.key)
        await alliance.settled()
        assert {how for (how,) in look(agent.database, "SELECT witness FROM stream")} == {"witnessed"}
        assert later.alarms() == []
        assert [alarm for alarm in agent.alarms() if "be reached" not in alarm] == []


@pytest.mark.parametrize("refusal", [Rewritten("no"), BadProof("no"), Conflict("no"), StorageError("full")])
async def test_a_refusal_is_kept_and_shown_and_the_hub_goes_on(tmp_path, refusal: TocsinError):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr")
        await alliance.settled()
        alliance.witness.says = refusal
        await agent.report(EVIL)
        await until(lambda: alliance.hub.noting.last_refusal is refusal)
        assert witness_of(alliance) == "late"
        assert (await agent.http.get("http://hub.example/v1/health")).json()["witness"] == "late"
        await until(lambda: agent.level("evil.example") == "watch")
        asked = len(alliance.witness.asked)
        await asyncio.sleep(0.2)
        assert len(alliance.witness.asked) - asked <= 4  # once a round, never in a busy circle
        alliance.witness.says = None
        await until(lambda: in_step(alliance) and alliance.hub.noting.last_refusal is None)


async def test_a_reader_that_came_while_a_head_waited_for_its_witness_gets_it_too(tmp_path):
    """Its streams did not move; but the head that it was shown was late, and must not stay so."""
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr")
        await agent.report(EVIL)
        await alliance.settled()
        other = await alliance.join("bute", follow=False)
        await alliance.settled()
        alliance.witness.away = True
        await agent.report(BAD, audiences=("jurisdiction:GB",))
        await until(lambda: witness_of(alliance) == "late")
        other.follow()
        await until(lambda: other.sizes().get("members") == 2)
        assert dict(look(other.database, "SELECT name, witness FROM stream"))["members"] == "late"
        alliance.witness.away = False
        await alliance.settled()
        assert {how for (how,) in look(other.database, "SELECT witness FROM stream")} == {"witnessed"}


async def test_a_cosignature_of_somebody_else_is_not_taken(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr")
        await alliance.settled()
        (tmp_path / "other").mkdir()
        other = Witness(tmp_path / "other", alliance.hub_key, alliance.clock, b"o" * 32)
        older = alliance.witness.witnessing.note
        for answer in (older, "no note at all", older.replace("\n", "\n\n", 1)):
            alliance.witness.says = answer
            await agent.report(EVIL)
            await until(lambda: isinstance(alliance.hub.noting.last_refusal, (ProofError, TocsinError)))
            assert witness_of(alliance) == "late"
        alliance.witness.says = None
        await until(lambda: in_step(alliance))
        other.store.close()


async def test_two_processes_of_one_hub_do_not_sign_two_histories(tmp_path):
    async with Alliance(tmp_path, witnessed=False) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await alliance.settled()
        first, wire = alliance.hub, alliance.door.application
        await alliance.start_hub()  # a second one over the same store; the first still runs
        await agent.report(EVIL)
        await agent.report(BAD)
        await asyncio.sleep(0.1)
        sizes = [size for size, _ in log(alliance)]
        assert sizes == list(range(1, len(sizes) + 1))
        notes = {
            one.noting.stand.signed.log.size: one.noting.stand.signed.note for one in (first, alliance.hub)
        }
        for size, note in notes.items():
            assert look(alliance.database, "SELECT note FROM log WHERE size = :n", {"n": size}) == [(note,)]
        assert wire is not None
        await first.following.stop()
        first.commits.close()


async def test_the_partner_learns_no_name_and_no_content(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", Role.BANK)
        await agent.report(EVIL)
        await alliance.settled()
        seen = b"".join(repr(proposal).encode() for proposal in alliance.witness.asked)
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("partner.db*"))
        for secret in (b"members", b"directory", b"evil.example", agent.party.encode(), b"Ayr Bank"):
            assert secret not in seen + stored


def test_a_hub_key_does_not_pass_for_the_partners():
    key = SigningKey.from_seed(b"h" * 32).public
    assert VerifierKey("x", KeyKind.NOTE, key).id != VerifierKey("x", KeyKind.COSIGNATURE, key).id
