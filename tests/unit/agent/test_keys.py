# SPDX-License-Identifier: Apache-2.0
"""A party's keys change hands: by itself, or after a theft by the sheet of paper; nobody is locked out half-way."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest
from tests.alliance import URL, Agent, Alliance, until
from tests.looking import bytes_of, look
from tests.unit.agent.test_warn import ANA, BO, CONTENT, issued

from tocsin.agent.history.directory import party_at
from tocsin.agent.journal import read
from tocsin.agent.recovery import read_sheet, recovery_path
from tocsin.agent.signed import SignedHub
from tocsin.agent.verbs import warn
from tocsin.agent.verbs.case import listed
from tocsin.agent.verbs.recover import recover
from tocsin.agent.verbs.rotate import complete, rotate
from tocsin.domain.observable import Kind, normalise
from tocsin.domain.party import Role
from tocsin.errors import Conflict, KeySwapped, Malformed, Refused, Taken, Unauthenticated, Unreachable
from tocsin.follow.directory import sign_change
from tocsin.follow.follower import Follower
from tocsin.hub.streams import HUB_ITSELF, Draft, Streams
from tocsin.hub.views.directory import party_row, state_party
from tocsin.proof.signing import SigningKey
from tocsin.wire.events import WarningEvent
from tocsin.wire.messages import Warn, encode
from tocsin.wire.parties import KeyChange, PartyEvent, Recover, Rotate

EVIL, WORSE = (normalise(Kind.DOMAIN, name) for name in ("evil.example", "worse.example"))
MALLORY = SigningKey.from_seed(b"m" * 32)


def renew(agent: Agent) -> None:
    """What `agent serve` does before each connection."""
    agent.membership = agent.house.vault.membership()


def follow_with_renewed_keys(agent: Agent) -> None:
    """Follow as `agent serve` does: with the keys that the vault has when it connects."""

    @asynccontextmanager
    async def connect(cursor: str):
        renew(agent)
        async with agent.hub().stream(cursor) as chunks:
            yield chunks

    async def shortly(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))

    follower = Follower(connect, agent.replica(), agent.clock, agent.entropy, shortly)
    agent.following = asyncio.create_task(follower.run(lambda: None))


def judged_at(patch: pytest.MonkeyPatch, directory: int) -> None:
    """The hub writes into headers that the directory has so many entries."""
    lock = Streams._lock
    patch.setattr(Streams, "_lock", lambda *given: msgspec.structs.replace(lock(*given), directory=directory))


def key_in_directory(alliance: Alliance, agent: Agent) -> bytes:
    ((key,),) = look(alliance.database, "SELECT signing_key FROM party WHERE id = :id", {"id": agent.party})
    return bytes(key)


async def test_a_rotation_gives_new_keys_and_keeps_the_old_sealing_key(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr", follow=False), await alliance.join("bute")
        follow_with_renewed_keys(ayr)
        await alliance.settled()
        before = ayr.house.vault.membership()
        made = await rotate(ayr.house, ayr.http, ANA)
        after = ayr.house.vault.membership()
        assert key_in_directory(alliance, ayr) == bytes.fromhex(made.signing_key)
        assert after.signing_seed != before.signing_seed
        assert after.sealing_seed != before.sealing_seed
        assert after.old_sealing_seeds == (before.sealing_seed,)
        assert after.recovery_key == before.recovery_key
        assert ayr.house.vault.next_keys() is None
        renew(ayr)
        await ayr.report(EVIL)
        await alliance.settled()
        assert bute.level(EVIL.value) == "watch"
        assert bute.alarms() == []
        old = SignedHub(ayr.http, URL, before, ayr.clock, ayr.entropy)
        with pytest.raises(Unauthenticated):
            await old.post("/v1/reports", b"{}")
        with ayr.house.store.reading("journal") as tx:
            rotation, *_report = read(tx, ayr.house.vault.box)
            assert rotation.what == "rotates this party's keys"


async def test_open_connections_under_the_old_key_are_cut(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        thief = asyncio.create_task(_read(ayr.hub()))
        await until(lambda: len(alliance.hub.following._viewers) == 1)
        await rotate(ayr.house, ayr.http, ANA)
        await until(thief.done)


async def _read(hub: SignedHub) -> int:
    async with hub.stream("") as chunks:
        return sum([len(chunk) async for chunk in chunks])


@pytest.mark.parametrize("lost", ["request", "answer", "vault"])
async def test_wherever_it_is_broken_off_the_next_try_carries_it_through(tmp_path, lost, monkeypatch):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        before = ayr.house.vault.membership()

        class Broken(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request):
                if lost == "request":
                    raise httpx.ConnectError("cut")
                await (await alliance.wire.handle_async_request(request)).aread()
                raise httpx.ReadError("cut")

        if lost == "vault":
            with monkeypatch.context() as patch:
                patch.setattr(type(ayr.house.vault), "take_next_keys", _power_cut)
                with pytest.raises(KeyboardInterrupt):
                    await rotate(ayr.house, ayr.http, ANA)
        else:
            async with httpx.AsyncClient(transport=Broken()) as cut:
                with pytest.raises(Unreachable):
                    await rotate(ayr.house, cut, ANA)
        assert ayr.house.vault.membership() == before
        staged = ayr.house.vault.next_keys()
        made = await (complete(ayr.house, ayr.http) if lost == "answer" else rotate(ayr.house, ayr.http, ANA))
        assert bytes.fromhex(made.signing_key) == SigningKey.from_seed(staged.signing_seed).public
        assert key_in_directory(alliance, ayr) == bytes.fromhex(made.signing_key)
        renew(ayr)
        await ayr.report(EVIL)


def _power_cut(*_: object) -> None:
    raise KeyboardInterrupt


async def test_a_rotation_waits_for_what_the_old_key_has_signed(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        ayr.queue_report(EVIL)
        with pytest.raises(Conflict, match="1 message waits"):
            await rotate(ayr.house, ayr.http, ANA)
        await ayr.deliver()
        await rotate(ayr.house, ayr.http, ANA)


async def test_a_rotation_cannot_replace_the_recovery_key(tmp_path):
    """Else whoever steals the machine could make the sheet of paper worthless."""
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        member = ayr.membership
        change = KeyChange(
            by=ayr.key.public,
            signing_key=MALLORY.public,
            sealing_key=b"\x09" * 32,
            recovery_key=SigningKey.from_seed(b"r" * 32).public,
        )
        signed = sign_change(change, ayr.key, MALLORY, member.realm, member.hub)
        with pytest.raises(Refused):
            await ayr.tell("/v1/rotations", Rotate(id=ayr.message_id(), sent=0, change=signed))
        assert key_in_directory(alliance, ayr) == ayr.key.public


async def test_nobody_rotates_anothers_keys(tmp_path):
    async with Alliance(tmp_path) as alliance:
        desk, ayr = (
            await alliance.join("desk", Role.DESK, follow=False),
            await alliance.join("ayr", follow=False),
        )
        member = desk.membership
        for by in (desk.key, ayr.key):
            change = KeyChange(
                by=ayr.key.public,
                signing_key=MALLORY.public,
                sealing_key=b"\x09" * 32,
                recovery_key=ayr.membership.recovery_key,
            )
            signed = sign_change(change, by, MALLORY, member.realm, member.hub)
            with pytest.raises(Refused):
                await desk.tell("/v1/rotations", Rotate(id=desk.message_id(), sent=0, change=signed))
        assert key_in_directory(alliance, ayr) == ayr.key.public


# --- the sheet of paper ---------------------------------------------------------------------------------------------


async def test_the_recovery_key_is_on_paper_and_nowhere_else(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        place = recovery_path(ayr.house.folder)
        assert place.stat().st_mode & 0o777 == 0o600
        sheet, seed = read_sheet(place)
        assert sheet.hub == ayr.membership.hub
        assert SigningKey.from_seed(seed).public == ayr.membership.recovery_key
        assert seed not in bytes_of(ayr.house.folder, "agent.db")
        kept = [ayr.house.vault.membership(), ayr.house.vault.next_keys()]
        assert seed not in repr(kept).encode()
        assert seed.hex() not in repr(kept)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-40],
        lambda text: text.replace("a", "b"),
        lambda text: "",
        lambda text: text + "x = 1\n",
    ],
)
async def test_a_sheet_that_was_mistyped_is_told_so(tmp_path, spoil):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        place = recovery_path(ayr.house.folder)
        place.write_text(spoil(place.read_text()))
        with pytest.raises(Malformed):
            read_sheet(place)


async def new_machine(alliance: Alliance, of: Agent) -> Agent:
    """An agent in an empty folder, with the sheet in its hand."""
    fresh = Agent(alliance, f"{of.short}-new", of.house.config, alliance.folder / f"{of.short}-new")
    alliance.agents[fresh.short] = fresh
    return fresh


async def test_after_a_theft_the_sheet_puts_new_keys_in_place(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police, bute = await alliance.join("police", Role.AGENCY), await alliance.join("bute")
        await alliance.settled()
        one = await issued(police)
        await alliance.settled()
        assert bute.level("evil.example") == "block"
        stolen = police.membership
        await police.unfollow()
        fresh = await new_machine(alliance, police)
        sheet, seed = read_sheet(recovery_path(police.house.folder))
        made = await recover(fresh.house, fresh.http, sheet, seed, ANA)
        assert (made.party, made.name) == (police.party, "Police Office")
        renew(fresh)
        fresh.follow()
        await alliance.settled()
        assert bute.level("evil.example") == "block", "what it said before the theft still counts"
        assert any("recovery key" in alarm for alarm in bute.alarms()), (
            "people look again at what came lately"
        )
        thief = SignedHub(police.http, URL, stolen, police.clock, police.entropy)
        with pytest.raises(Unauthenticated):
            await thief.post("/v1/warnings", b"{}")
        again = await issued(fresh, msgspec.structs.replace(CONTENT, look_for=(WORSE,)))
        await alliance.settled()
        assert bute.level(WORSE.value) == "block"
        assert again.id != one.id


async def test_what_the_stolen_key_signs_after_the_revocation_is_refused_even_from_the_hub(tmp_path):
    """The hub and the thief together: the warning stands in the stream, and nobody acts on it."""
    async with Alliance(tmp_path) as alliance:
        police, bute = await alliance.join("police", Role.AGENCY), await alliance.join("bute")
        await alliance.settled()
        draft = warn.draft(police.house, CONTENT, (), ANA)
        warn.approve(police.house, draft.id, BO)
        warn.issue(police.house, draft.id, BO)
        forged = signed_warning(police)
        await police.unfollow()
        fresh = await new_machine(alliance, police)
        sheet, seed = read_sheet(recovery_path(police.house.folder))
        await recover(fresh.house, fresh.http, sheet, seed, ANA)
        await alliance.hub.commits.run(
            lambda tx: alliance.exchange.streams.append(
                tx, "all", [Draft("warning", draft.id, encode(forged))], HUB_ITSELF
            )
        )
        await until(lambda: bute.sizes().get("all", 0) == 1)
        assert bute.level("evil.example") == ""
        assert any("is not acted on" in alarm for alarm in bute.alarms())


def signed_warning(police: Agent) -> WarningEvent:
    """The warning that waits in the outbox, as its author signed it."""
    (waiting,) = look(police.database, "SELECT id, box FROM outbox WHERE state = 'waiting'")
    posted = msgspec.msgpack.decode(police.house.vault.box.open(bytes(waiting[1]), f"outbox/{waiting[0]}"))
    message = msgspec.json.decode(posted["body"], type=Warn)
    return WarningEvent(author=police.party, warning=message.warning, signature=message.signature)


async def test_a_recovery_goes_on_where_it_was_broken_off(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        fresh = await new_machine(alliance, ayr)
        sheet, seed = read_sheet(recovery_path(ayr.house.folder))

        class Deaf(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request):
                await (await alliance.wire.handle_async_request(request)).aread()
                raise httpx.ReadError("cut")

        async with httpx.AsyncClient(transport=Deaf()) as cut:
            with pytest.raises(Unreachable):
                await recover(fresh.house, cut, sheet, seed, ANA)
        made = await recover(fresh.house, fresh.http, sheet, seed, ANA)
        assert key_in_directory(alliance, ayr) == bytes.fromhex(made.signing_key)
        renew(fresh)
        await fresh.report(EVIL)


async def test_the_used_sheet_is_worth_nothing_and_the_next_one_works(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        sheet, seed = read_sheet(recovery_path(ayr.house.folder))
        made = await recover(ayr.house, ayr.http, sheet, seed, ANA)
        assert made.recovery == f"{recovery_path(ayr.house.folder)}.new", "the used one lies in its place"
        bystander = await new_machine(alliance, ayr)
        with pytest.raises(Unauthenticated):
            await recover(bystander.house, bystander.http, sheet, seed, ANA)
        assert not recovery_path(bystander.house.folder).exists(), "nobody's key is not left behind"
        next_sheet, next_seed = read_sheet(type(recovery_path(ayr.house.folder))(made.recovery))
        again = await recover(bystander.house, bystander.http, next_sheet, next_seed, ANA)
        assert again.party == ayr.party


async def test_a_vault_that_is_still_there_keeps_its_cases_and_old_keys(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        await ayr.report(EVIL)
        before, (cases, _) = ayr.membership, listed(ayr.house)
        sheet, seed = read_sheet(recovery_path(ayr.house.folder))
        await recover(ayr.house, ayr.http, sheet, seed, ANA)
        after = ayr.house.vault.membership()
        assert after.old_sealing_seeds == (before.sealing_seed,)
        assert listed(ayr.house) == (cases, [])
        assert len(cases) == 1
        assert after.recovery_key != before.recovery_key
        with pytest.raises(Taken):
            await recover(ayr.house, ayr.http, sheet, seed, ANA)


async def test_a_wrong_recovery_key_changes_nothing(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        sheet, _ = read_sheet(recovery_path(ayr.house.folder))
        fresh = await new_machine(alliance, ayr)
        with pytest.raises(Unauthenticated, match="no party's recovery key"):
            await recover(fresh.house, fresh.http, sheet, b"w" * 32, ANA)
        change = KeyChange(
            by=ayr.membership.recovery_key,
            signing_key=MALLORY.public,
            sealing_key=b"\x09" * 32,
            recovery_key=SigningKey.from_seed(b"r" * 32).public,
        )
        forged = sign_change(change, MALLORY, MALLORY, "live", sheet.hub)
        answer = await ayr.http.post(f"{URL}/v1/recoveries", content=encode(Recover(change=forged)))
        assert answer.status_code == 422
        assert key_in_directory(alliance, ayr) == ayr.key.public
        await ayr.report(EVIL)


# --- what readers believe -------------------------------------------------------------------------------------------


async def test_the_operator_cannot_give_a_party_other_keys(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police, bute = await alliance.join("police", Role.AGENCY), await alliance.join("bute")
        await alliance.settled()

        def swapped(tx) -> PartyEvent:
            row = party_row(tx, police.party)
            return msgspec.structs.replace(row.event(), signing_key=MALLORY.public)

        with pytest.raises(KeySwapped):
            await alliance.hub.commits.run(lambda tx: state_party(tx, alliance.exchange, swapped(tx)))

        def behind_every_rule(tx) -> None:
            draft = Draft("party", police.party, encode(swapped(tx)))
            alliance.exchange.streams.append(tx, "directory", [draft], HUB_ITSELF)

        await alliance.hub.commits.run(behind_every_rule)
        await alliance.settled()
        (alarm,) = bute.alarms()
        assert "without a proof of its own" in alarm
        one = await issued(police)
        await alliance.settled()
        assert bute.level("evil.example") == "block", f"{one.id} is judged by the key that police proved"


async def test_a_signature_is_judged_by_the_key_at_its_place(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police, bute = await alliance.join("police", Role.AGENCY, follow=False), await alliance.join("bute")
        await issued(police)
        first = police.key.public
        await rotate(police.house, police.http, ANA)
        renew(police)
        await issued(police, msgspec.structs.replace(CONTENT, look_for=(WORSE,)))
        await alliance.settled()
        late = await alliance.join("clyde")
        await alliance.settled()
        for reader in (bute, late):
            assert (reader.level("evil.example"), reader.level(WORSE.value)) == ("block", "block")
            assert reader.alarms() == []
            with reader.house.store.reading("who was it") as tx:
                changes = alliance.sizes()["directory"]
                keys = [party_at(tx, police.party, size) for size in range(changes + 1)]
            known = [one.signing_key for one in keys if one]
            assert known[0] == first
            assert known[-1] == police.key.public
            assert len(set(known)) == 2
            assert keys[0] is None


async def test_an_entry_waits_for_the_part_of_the_directory_that_it_rests_on(tmp_path, monkeypatch):
    async with Alliance(tmp_path) as alliance:
        police, bute = await alliance.join("police", Role.AGENCY, follow=False), await alliance.join("bute")
        await alliance.settled()
        ahead = alliance.sizes()["directory"] + 1
        with monkeypatch.context() as patch:
            judged_at(patch, ahead)
            await issued(police)
        await until(lambda: bute.sizes().get("all", 0) == 1)
        assert bute.level("evil.example") == ""
        assert any("it waits" in alarm for alarm in bute.alarms())
        await alliance.join("clyde", follow=False)
        await until(lambda: bute.sizes()["directory"] == ahead)
        assert bute.level("evil.example") == "block"
        assert look(bute.database, "SELECT count(*) FROM waiting") == [(0,)]


async def test_an_entry_that_asks_for_an_older_judge_is_not_believed(tmp_path, monkeypatch):
    async with Alliance(tmp_path) as alliance:
        police, bute = await alliance.join("police", Role.AGENCY, follow=False), await alliance.join("bute")
        await issued(police)
        await alliance.settled()
        with monkeypatch.context() as patch:
            judged_at(patch, 1)
            await issued(police, msgspec.structs.replace(CONTENT, look_for=(WORSE,)))
        await until(lambda: any("older directory" in alarm for alarm in bute.alarms()))
        assert bute.sizes()["all"] == 1
        assert bute.level(WORSE.value) == ""
