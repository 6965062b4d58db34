# SPDX-License-Identifier: Apache-2.0
"""The hub's own key and its partner change, and every reader follows the signature of the one before."""

import msgspec
import pytest
from tests.alliance import HUB_SEEDS, Agent, Alliance, Witness, until
from tests.looking import change, look

from tocsin.config.hub import PartnerLink
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import BadSignature, KeyReplaced, KeySwapped, Refused, RemoteError
from tocsin.follow.compare import see
from tocsin.hub.assembly import exchange
from tocsin.hub.streams import HUB_ITSELF, Draft
from tocsin.hub.verbs.keys import declare_partner, rotate_hub_key
from tocsin.ids import new_id
from tocsin.proof.note import KeyKind, VerifierKey
from tocsin.proof.signing import Context, SigningKey
from tocsin.proof.succession import endorse
from tocsin.storage.sqlite import open_sqlite
from tocsin.wire.messages import encode
from tocsin.wire.parties import KeyEvent

EVIL, WORSE, LATER = (normalise(Kind.DOMAIN, f"{name}.example") for name in ("evil", "worse", "later"))
NEXT_SEED, THIRD_SEED, MALLORY_SEED = b"n" * 32, b"3" * 32, b"m" * 32
NEXT_PARTNER_SEED = b"q" * 32


def rotated(alliance: Alliance, seed: bytes = NEXT_SEED) -> None:
    """What `tocsin hub rotate-key` does to the store, and then to the key file."""
    before, after = alliance.exchange.identity.signing_key, SigningKey.from_seed(seed)
    first = alliance.exchange.identity.first_key
    store = open_sqlite(alliance.database)
    store.run("rotate", lambda tx: rotate_hub_key(tx, alliance.exchange, before, after))
    store.close()
    keys = seed + HUB_SEEDS[32:] + first
    alliance.exchange = exchange(alliance.config, keys, alliance.clock, alliance.entropy)


async def restarted(alliance: Alliance) -> None:
    await alliance.stop_hub()
    await alliance.start_hub()


def level(agent: Agent, value) -> str:
    return agent.level(value.value)


async def test_readers_follow_the_hub_to_its_next_key_and_the_one_after(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await ayr.report(EVIL)
        await alliance.settled()
        name = alliance.exchange.identity.id
        for seed, value in ((NEXT_SEED, WORSE), (THIRD_SEED, LATER)):
            rotated(alliance, seed)
            await restarted(alliance)
            assert alliance.exchange.identity.id == name
            await alliance.settled()
            await ayr.report(value)
            await alliance.settled()
            assert level(bute, value) == "watch"
        told = bute.alarms()
        assert len([one for one in told if "signs with a new key" in one]) == 2
        assert not [one for one in told if "not acted on" in one or "does not" in one]
        trust = bute.replica().trust()
        assert trust.hub_key == alliance.exchange.identity.key
        assert len(trust.former_keys) == 2
        assert alliance.hub.noting.stand.witness == "witnessed"


async def test_who_was_away_and_who_is_new_follow_the_whole_chain(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await ayr.report(EVIL)
        await alliance.settled()
        await ayr.unfollow()
        for seed in (NEXT_SEED, THIRD_SEED):
            rotated(alliance, seed)
            await restarted(alliance)
        bute = await alliance.join("bute")
        assert bute.membership.hub_key == ayr.membership.hub_key, "the code names the first key"
        await alliance.settled()
        await bute.report(WORSE)
        ayr.follow()
        await alliance.settled()
        for agent in (ayr, bute):
            assert (level(agent, EVIL), level(agent, WORSE)) == ("watch", "watch")
        assert bute.alarms() == [], "what happened before it joined is no news to it"


async def test_old_receipts_and_notes_are_good_under_the_old_key(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        message = ayr.report_message(EVIL)
        await ayr.tell("/v1/reports", message)
        await alliance.settled()
        ((note,),) = look(alliance.database, "SELECT note FROM log ORDER BY size DESC LIMIT 1")
        rotated(alliance)
        await restarted(alliance)
        await alliance.settled()
        again = await ayr.tell("/v1/reports", message)
        assert [one.status for one in again] == ["accepted", "accepted"], "the receipt of then, signed now"
        await ayr.tell("/v1/reports", ayr.report_message(WORSE))
        assert see(ayr.replica().trust(), str(note)).checkpoint.size > 0


async def test_a_process_with_the_old_key_refuses_everything_and_signs_nothing(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await alliance.settled()
        logs = look(alliance.database, "SELECT count(*) FROM log")
        present = alliance.exchange
        rotated(alliance)
        with pytest.raises(KeyReplaced):
            await ayr.tell("/v1/reports", ayr.report_message(EVIL))
        message = ayr.queue_report(EVIL)
        with pytest.raises(KeyReplaced):
            await ayr.deliver()
        assert ayr.house.outbox.state(message).state == "waiting"
        assert look(alliance.database, "SELECT count(*) FROM log") == logs
        assert present.identity.key != alliance.exchange.identity.key
        await restarted(alliance)
        await alliance.settled()
        ayr.clock.advance(600_000_000)
        (settled,) = await ayr.deliver()
        assert settled.receipt is not None


async def test_a_second_rotation_by_the_old_key_is_refused(tmp_path):
    async with Alliance(tmp_path) as alliance:
        present = alliance.exchange
        rotated(alliance)
        alliance.exchange = present
        with pytest.raises(KeyReplaced):
            rotated(alliance, THIRD_SEED)


async def test_a_new_key_is_not_taken_before_the_partner_has_co_signed_it(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await alliance.settled()
        alliance.witness.away = True
        rotated(alliance)
        await restarted(alliance)
        await until(lambda: any("has not co-signed" in one for one in ayr.alarms()))
        size = ayr.sizes()["directory"]
        assert ayr.replica().trust().hub_key != alliance.exchange.identity.key
        alliance.witness.away = False
        await alliance.settled()
        assert ayr.sizes()["directory"] > size
        assert ayr.replica().trust().hub_key == alliance.exchange.identity.key


async def test_a_thief_of_no_key_is_believed_by_nobody(tmp_path):
    """A head under another key, with an entry that names it and that the old key has not signed."""
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await alliance.settled()
        identity = alliance.exchange.identity
        mallory = SigningKey.from_seed(MALLORY_SEED)
        forged = KeyEvent(
            holder="hub",
            key=str(identity.verifier(mallory.public)),
            before=str(identity.key),
            by_before=endorse(
                mallory,
                Context("hub-key", "live", identity.id),
                identity.key,
                identity.verifier(mallory.public),
            ),
        )
        keys = MALLORY_SEED + HUB_SEEDS[32:] + identity.first_key
        store = open_sqlite(alliance.database)
        draft = Draft("key", new_id("fct", alliance.entropy), encode(forged))
        store.run("forge", lambda tx: alliance.exchange.streams.append(tx, "directory", [draft], HUB_ITSELF))
        store.close()
        await alliance.settled()
        assert any("without the old one's signature" in one for one in ayr.alarms())
        alliance.exchange = exchange(alliance.config, keys, alliance.clock, alliance.entropy)
        change(
            alliance.database, "UPDATE declared SET value = :key WHERE holder = 'hub'", {"key": forged.key}
        )
        await restarted(alliance)
        await ayr_reports(ayr)
        await until(lambda: any("has not signed this head" in one for one in ayr.alarms()))
        assert ayr.replica().trust().hub_key == identity.key
        assert isinstance(alliance.hub.noting.last_refusal, BadSignature), "nor by the partner"


async def ayr_reports(ayr: Agent) -> None:
    """The hub takes it; its receipt is not believed."""
    ayr.queue_report(EVIL)
    with pytest.raises(BadSignature):
        await ayr.deliver()


async def test_the_partner_follows_only_the_old_keys_signature(tmp_path):
    async with Alliance(tmp_path) as alliance:
        await alliance.join("ayr")
        await alliance.settled()
        rotated(alliance)
        alliance.witness.deaf = 1
        await restarted(alliance)
        await alliance.settled()
        witnessing = alliance.witness.witnessing
        assert witnessing._hub_key == alliance.exchange.identity.key
        again = type(witnessing)(
            alliance.witness.store, alliance.hub_key, "partner.example", witnessing._key, alliance.clock
        )
        assert again._hub_key == alliance.exchange.identity.key, "it remembers when it is started again"
        proposal = alliance.witness.asked[-1]
        assert len(proposal.keys) == 1
        present = again._hub_key
        mallory = alliance.exchange.identity.verifier(SigningKey.from_seed(MALLORY_SEED).public)
        forged = KeyEvent(holder="hub", key=str(mallory), before=str(present), by_before=bytes(64))
        with pytest.raises(KeySwapped):
            again.witness(msgspec.structs.replace(proposal, keys=(encode(forged),)))


async def test_a_proposal_of_the_old_key_still_learns_its_fate(tmp_path):
    """The partner co-signed, the answer was lost, and then the hub changed its key."""
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await alliance.settled()
        alliance.witness.deaf = 99
        await ayr.report(EVIL)
        await until(lambda: alliance.hub.noting.last_refusal is not None)
        assert isinstance(alliance.hub.noting.last_refusal, RemoteError)
        rotated(alliance)
        alliance.witness.deaf = 0
        await restarted(alliance)
        await alliance.settled()
        assert alliance.hub.noting.stand.witness == "witnessed"


# --- another partner ------------------------------------------------------------------------------------------------


def another_partner(alliance: Alliance, folder, seed: bytes = NEXT_PARTNER_SEED) -> Witness:
    folder.mkdir()
    made = Witness(folder, alliance.hub_key, alliance.clock, seed)
    made.key = VerifierKey("partner.two", KeyKind.COSIGNATURE, made.key.public)
    made.witnessing._name = "partner.two"
    return made


def endorsement(alliance: Alliance, by: SigningKey, after: Witness) -> bytes:
    identity = alliance.exchange.identity
    context = Context("partner-key", identity.realm, identity.id)
    return endorse(by, context, alliance.witness.key, after.key)


def declared(alliance: Alliance, after: Witness, signature: bytes) -> None:
    store = open_sqlite(alliance.database)
    try:
        store.run("declare", lambda tx: declare_partner(tx, alliance.exchange, after.key, signature))
    finally:
        store.close()


@pytest.mark.parametrize("served", [True, False], ids=["of a hub that serves", "of a hub at rest"])
async def test_a_partner_that_was_endorsed_takes_over_with_an_empty_memory(tmp_path, served):
    """What the declaration added to the directory is in the last head of the hub before, or the first of the next."""
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await ayr.report(EVIL)
        await alliance.settled()
        old, new = alliance.witness, another_partner(alliance, tmp_path / "two")
        if not served:
            await alliance.stop_hub()
        declared(alliance, new, endorsement(alliance, old.witnessing._key, new))
        if served:
            await until(lambda: is_noted(alliance))
            await alliance.stop_hub()
        alliance.witness = new
        link = PartnerLink(url="http://partner.two", key=str(new.key))
        alliance.config = msgspec.structs.replace(alliance.config, partner=link)
        await alliance.start_hub()
        await ayr.report(WORSE)
        await alliance.settled()
        assert level(ayr, WORSE) == "watch"
        assert ayr.replica().trust().partner_key == new.key
        assert ayr.replica().trust().former_partners == (old.key,)
        assert alliance.hub.noting.stand.witness == "witnessed"
        assert new.witnessing.note
        assert any("the partner before it has agreed" in one for one in ayr.alarms())
        bute = await alliance.join("bute")
        await alliance.settled()
        assert bute.alarms() == []
        assert bute.replica().trust().partner_key == new.key
        await restarted(alliance)
        await ayr.report(LATER)
        await alliance.settled()
        old.store.close()


def is_noted(alliance: Alliance) -> bool:
    """Whether every stream's end is in a signed head."""
    return alliance.look("SELECT 1 FROM stream WHERE noted_size < size") == []


async def test_a_partner_that_nobody_endorsed_is_refused_here_and_alarms_there(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await alliance.settled()
        new = another_partner(alliance, tmp_path / "two")
        for signature in (b"", endorsement(alliance, SigningKey.from_seed(NEXT_PARTNER_SEED), new)):
            with pytest.raises(Refused, match="without the first one's agreement"):
                declared(alliance, new, signature)
        draft = Draft(
            "key",
            new_id("fct", alliance.entropy),
            encode(KeyEvent(holder="partner", key=str(new.key))),
        )
        await alliance.hub.commits.run(
            lambda tx: alliance.exchange.streams.append(tx, "directory", [draft], HUB_ITSELF)
        )
        await alliance.settled()
        assert any("names another partner" in one for one in ayr.alarms())
        assert ayr.replica().trust().partner_key == alliance.witness.key
        new.store.close()
