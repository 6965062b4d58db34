# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on the path: somebody floods it, drops from it, is down, comes back, or has lost its memory."""

import asyncio
from hashlib import sha256

import pytest
from msgspec import Raw, structs
from tests.alliance import until
from tests.anonymous import TICK_SECONDS, AnonymousAlliance, Sender
from tests.unit.hub.asking import BAD, EVIL, problem

from tocsin.clock import SECOND, Instant
from tocsin.domain.party import Standing
from tocsin.errors import Malformed, Unreachable
from tocsin.hub.anonymous.operators import Operator
from tocsin.hub.verbs.keys import rotate_hub_key
from tocsin.hub.verbs.standing import change_standing
from tocsin.hub.views.anonymous import DRAFTED
from tocsin.proof.signing import SigningKey
from tocsin.wire.messages import encode
from tocsin.wire.stix21 import read


async def members(alliance: AnonymousAlliance, *shorts: str) -> list[Sender]:
    """Members with their tokens, in the first slot of the first epoch."""
    banks = [await alliance.join(short) for short in shorts]
    await alliance.first_epoch()
    senders = [Sender(alliance, bank) for bank in banks]
    for sender in senders:
        await sender.ask()
    await alliance.into_epoch()
    return senders


def objects(alliance: AnonymousAlliance) -> int:
    return sum(kind == "object" for _, kind, _, _ in alliance.entries("members"))


async def test_a_member_sends_once_into_a_slot_and_an_outsider_never(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        (one, two) = await members(alliance, "one", "two")
        outsider = Sender(alliance, await alliance.join("three"))
        cover = one.cover().blob
        assert problem(await outsider.post(outsider.envelope(cover)[0])) == "forbidden"
        envelope, _ = one.envelope(cover)
        forged = envelope[:17] + bytes.fromhex(two.agent.party.partition("_")[2]) + envelope[33:]
        assert problem(await one.post(forged)) == "bad-signature"
        assert problem(await one.post(one.envelope(cover, slot=1)[0])) == "conflict"
        assert problem(await one.post(one.envelope(cover)[0], "now")) == "bad-signature"
        assert problem(await one.post(envelope[:-1])) == "malformed"
        assert problem(await one.post(envelope + b"\0")) == "too-large"
        assert problem(await one.post(b"")) == "malformed"
        assert (await one.post(envelope)).status_code == 200
        for another in (envelope, one.envelope(one.cover().blob)[0]):
            assert problem(await one.post(another)) == "too-many"
        await alliance.next_slot()
        record = await two.send(two.cover())
        assert record.blobs == 1


async def test_the_partner_takes_nothing_that_the_relay_has_not_signed(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        (one,) = await members(alliance, "one")
        envelope, _ = one.envelope(one.cover().blob)
        for place in ("partner", "hub"):
            answer = await one.http.post(f"http://{place}.example/v1/gateway", content=envelope)
            assert problem(answer) == "unauthenticated"
        for path in ("slots", "results", "proposals", "epochs"):
            answer = await one.http.post(f"http://partner.example/v1/{path}", content=b"{}")
            assert problem(answer) == "unauthenticated"


async def test_with_the_partner_down_mixed_waits_and_named_and_now_go_on(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        (one,) = await members(alliance, "one")
        envelope, awaiting = one.envelope(one.cover().blob)
        length = len((await one.post(envelope)).content)
        await alliance.next_slot()
        await alliance.stop("partner")
        envelope, awaiting = one.envelope(one.cover().blob)
        answer = await one.post(envelope)
        assert (answer.status_code, len(answer.content)) == (200, length)
        with pytest.raises(Malformed):
            awaiting.open_response(answer.content)
        fate = await one.send_now(one.report(EVIL, report_class="now"))
        assert (fate.status, fate.taken) == ("accepted", 2)
        await one.agent.report(BAD)
        assert objects(alliance) == 4
        assert await one.send_now(one.cover()) is None


async def test_a_hub_that_was_down_takes_the_slots_late_and_their_fates_come_later(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        (one,) = await members(alliance, "one")
        sent = one.report(EVIL)
        await one.send(sent)
        await alliance.stop_hub()
        await alliance.next_slot(collected=False)
        record = await one.send(one.cover())  # the hub said nothing of slot 0
        assert (record.slot, record.blobs, record.results) == (0, 1, ())
        assert record.counted is not None
        await alliance.start_hub()
        await until(lambda: objects(alliance) == 2)
        await alliance.next_slot()
        await one.send(one.cover())
        assert one.fate(sent).status == "accepted"
        ((added,),) = alliance.look(
            "SELECT min(entry.added) FROM entry JOIN stream ON number = stream WHERE name = 'members'"
        )
        assert added == one.document.slot_begins(1)  # the end of its slot, whenever it was taken in


async def test_a_batch_that_comes_twice_is_taken_in_once(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        (one,) = await members(alliance, "one")
        sent = one.report(EVIL)
        await one.send(sent)
        end = one.document.slot_begins(1)
        await alliance.move_to(Instant(end + one.document.slot_seconds * SECOND // 10 + SECOND))
        await until(lambda: alliance.collected() == (1, 0))
        await asyncio.sleep(3 * TICK_SECONDS)
        await alliance.hub.commits.run(lambda tx: tx.run("set_meta", {"key": "collected", "value": b""}))
        await until(lambda: alliance.collected() == (1, 0))
        await asyncio.sleep(3 * TICK_SECONDS)
        assert objects(alliance) == 2
        await alliance.into_epoch(slot=1)
        await one.send(one.cover())
        assert one.fate(sent).status == "known"


async def test_more_fates_than_a_record_has_places_come_in_later_records(tmp_path):
    async with AnonymousAlliance(tmp_path, results=1) as alliance:
        senders = await members(alliance, "one", "two", "three")
        sent = [sender.report(EVIL) for sender in senders]
        for sender, one in zip(senders, sent, strict=True):
            await sender.send(one)
        for _ in range(3):
            await alliance.next_slot()
            for sender in senders:
                await sender.send(sender.cover())
        assert [sender.fate(one).status for sender, one in zip(senders, sent, strict=True)] == [
            "accepted"
        ] * 3


async def test_a_blob_that_is_dropped_is_missed_in_the_record(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        one, two = await members(alliance, "one", "two")
        sent = one.cover()
        await one.send(sent)
        await two.send(two.cover())
        await alliance.stop("partner")  # and what it held is gone
        await alliance.start_partner()
        await alliance.next_slot()
        record = await one.send(one.cover())
        assert record.blobs == 0
        assert not record.listing.shows(sha256(sent.blob).digest())


async def test_a_hub_that_was_restored_closes_the_epoch_and_makes_another(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        (one,) = await members(alliance, "one")
        alliance.back_up(tmp_path / "backup")
        await one.send(one.report(EVIL))
        await alliance.next_slot()
        await alliance.settled()
        await alliance.lose_hub()
        await alliance.restore_hub(tmp_path / "backup")

        def kinds() -> list[str]:
            return [kind for _, kind, _, _ in alliance.entries("directory")]

        await until(lambda: "epoch-closed" in kinds() and kinds().count("epoch") == 2)
        second = alliance.read(alliance.event(2))
        assert second.begins >= alliance.clock.now() + 1_200 * SECOND
        await alliance.first_epoch(2)
        again = Sender(alliance, one.agent, 2)
        await again.ask()
        await alliance.into_epoch(2)
        sent = again.report(BAD)
        await again.send(sent)
        await alliance.next_slot()
        await again.send(again.cover())
        assert again.fate(sent).status == "accepted"


async def test_epochs_follow_each_other_and_old_keys_are_gone(tmp_path):
    async with AnonymousAlliance(tmp_path, slots=4) as alliance:
        (one,) = await members(alliance, "one")
        for number in (2, 3, 4):
            await alliance.first_epoch(number)
            sender = Sender(alliance, one.agent, number)
            await sender.ask()
            await alliance.into_epoch(number)
            await sender.send(sender.report(EVIL))
            await alliance.next_slot()
        assert [alliance.read(event).number for event in alliance.events()][:4] == [1, 2, 3, 4]
        await until(lambda: not (tmp_path / "hub.epochs" / "0000000002.key").exists())
        assert not (tmp_path / "partner.epochs" / "0000000002.key").exists()
        assert (tmp_path / "hub.epochs" / "0000000003.key").exists()
        assert (tmp_path / "partner.epochs" / "0000000003.key").exists()
        assert {epoch for (epoch,) in alliance.look("SELECT epoch FROM spent")} == {3, 4}
        assert objects(alliance) == 6


async def test_a_suspended_member_is_not_admitted_and_a_new_key_is(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        one, two = await members(alliance, "one", "two")
        hub = alliance.exchange
        await alliance.hub.commits.run(
            lambda tx: change_standing(tx, hub, two.agent.party, Standing.SUSPENDED, "incident")
        )
        rosters = lambda: alliance.look("SELECT roster FROM epoch")  # noqa: E731
        before = rosters()
        await until(lambda: rosters() != before)
        assert problem(await two.post(two.envelope(two.cover().blob)[0])) == "forbidden"
        assert await one.send(one.cover()) is None


async def test_the_relay_follows_the_hubs_new_key(tmp_path):
    async with AnonymousAlliance(tmp_path, slots=4) as alliance:
        (one,) = await members(alliance, "one")
        await alliance.stop_hub()
        hub, after = alliance.exchange, SigningKey.from_seed(b"n" * 32)
        store = alliance.open_store()
        store.run("rotate", lambda tx: rotate_hub_key(tx, hub, hub.identity.signing_key, after))
        store.close()
        alliance.rotate(b"n" * 32)
        await alliance.start_hub()
        await alliance.first_epoch(2)
        sender = Sender(alliance, one.agent, 2)
        await sender.ask()
        await alliance.into_epoch(2)
        sent = sender.report(EVIL)
        await sender.send(sent)
        await alliance.next_slot()
        await sender.send(sender.cover())
        assert sender.fate(sent).status == "accepted"
        assert encode(alliance.event(2))


async def test_an_anonymous_report_has_no_text(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        (one,) = await members(alliance, "one")
        message = one.message(EVIL)
        grouping = read(bytes(message.objects[0]), alliance.exchange.identity.alliance_identity)
        told = Raw(encode(structs.replace(grouping, description="They called twice.")))
        sent = one.enclosed(encode(structs.replace(message, objects=(told, *message.objects[1:]))))
        await one.send(sent)
        await alliance.next_slot()
        await one.send(one.cover())
        fate = one.fate(sent)
        assert (fate.status, "has no text" in fate.reason) == ("refused", True)
        assert objects(alliance) == 0


async def test_the_hubs_keys_go_by_time_when_no_other_epoch_begins(tmp_path):
    async with AnonymousAlliance(tmp_path, slots=4) as alliance:
        (one,) = await members(alliance, "one")
        await one.send(one.report(EVIL))
        await alliance.next_slot()
        await alliance.stop("relay")  # and nobody makes the next one
        document = one.document
        await alliance.move_to(Instant(document.ends + (document.ends - document.begins) - SECOND))
        assert (tmp_path / "hub.epochs" / "0000000001.key").exists()
        await alliance.move_to(Instant(document.ends + (document.ends - document.begins)))
        await until(lambda: not (tmp_path / "hub.epochs" / "0000000001.key").exists())
        await until(lambda: alliance.look("SELECT epoch FROM spent") == [])


async def test_a_relay_that_comes_back_with_an_empty_disk_carries_on(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance:
        (one,) = await members(alliance, "one")
        await one.send(one.cover())
        await alliance.stop("relay")
        for file in tmp_path.glob("relay.db*"):
            file.unlink()
        await alliance.next_slot()
        await alliance.start_relay()
        await alliance.into_epoch(slot=2)  # in which the hub asks it

        async def admitted() -> bool:
            return (await one.post(one.envelope(one.cover().blob)[0])).status_code == 200

        deadline = asyncio.get_running_loop().time() + 20
        while not await admitted():
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(TICK_SECONDS)
        await alliance.next_slot()
        record = await one.send(one.cover())
        assert (record.slot, record.blobs) == (2, 1)


async def test_what_was_drafted_when_the_backup_was_made_is_stated_once_more_and_closed(
    tmp_path, monkeypatch
):
    async def away(*_: object) -> bytes:
        raise Unreachable("nobody signs yet")

    async with AnonymousAlliance(tmp_path) as alliance:
        await alliance.join("one")
        with monkeypatch.context() as patched:
            patched.setattr(Operator, "sign", away)
            await alliance.start_relay()
            await until(lambda: alliance.look("SELECT state FROM epoch") == [(DRAFTED,)])
            await alliance.settled()
            alliance.back_up(tmp_path / "backup")
            await alliance.lose_hub()
        await alliance.move_to(Instant(alliance.clock.now() + SECOND))
        await alliance.restore_hub(tmp_path / "backup")

        def kinds() -> list[str]:
            return [kind for _, kind, _, _ in alliance.entries("directory") if kind.startswith("epoch")]

        await until(lambda: len(kinds()) >= 3)
        assert kinds() == ["epoch", "epoch-closed", "epoch"]
        assert [alliance.read(event).number for event in alliance.events()] == [1, 2]
