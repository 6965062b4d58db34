# SPDX-License-Identifier: Apache-2.0
"""Relay, partner and hub as one agent meets them on the anonymous path, and every way in which they fail it.

They speak the wire's own messages and hold real keys. Other members are so many envelopes more in each slot. The real
ones stand in `tests/unit/agent/anonymous/test_path.py`; here each can be made to lie.
"""

import random
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tocsin.agent.alarms import alarms
from tocsin.agent.anonymous import reports
from tocsin.agent.anonymous.epochs import Epoch, believe, by_number
from tocsin.agent.anonymous.means import Means
from tocsin.agent.anonymous.now import Now
from tocsin.agent.anonymous.reports import Anonymous as Hidden
from tocsin.agent.anonymous.reports import Way
from tocsin.agent.anonymous.slots import Slots
from tocsin.agent.anonymous.standing import Standing, standing
from tocsin.agent.anonymous.tokens import choose, finished, keep, opened, question, seed_for
from tocsin.agent.house import House
from tocsin.agent.outbox import Outbox
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import approve
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.vault import Membership, Vault
from tocsin.agent.verbs.report import Prepared, send
from tocsin.clock import SECOND, Instant, ManualClock, day_of, from_text
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.cover import Anonymous
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import Unreachable
from tocsin.halves.audit import false_places, others
from tocsin.halves.candidates import Asker, party_bytes
from tocsin.ids import new_id
from tocsin.privacy.bhttp import BinaryResponse
from tocsin.privacy.blindrsa import BlindSigner
from tocsin.privacy.box import Box
from tocsin.privacy.hybrid import Opener
from tocsin.privacy.ohttp import Gateway
from tocsin.privacy.tokens import TokenKey, TokenRequest, check_token, issue
from tocsin.proof.signing import Context, SigningKey
from tocsin.storage.sqlite import open_sqlite
from tocsin.wire.audit import OpenTokens
from tocsin.wire.envelope import (
    MIX,
    NOW,
    SEALED_RESULT_BYTES,
    Admission,
    Enclosed,
    blob_context,
    check_admission,
    check_enclosed,
    read_inner,
    seal_result,
    unpack,
)
from tocsin.wire.epoch import (
    ACCOUNTABLE,
    AskTokens,
    EpochDocument,
    EpochEvent,
    IssuedTokens,
    Operators,
)
from tocsin.wire.listing import Listing, listing_of
from tocsin.wire.messages import Report, decode, encode
from tocsin.wire.slot import (
    Delivered,
    Fate,
    SignedCount,
    SignedRecord,
    SlotRecord,
    count_bytes,
    delivered_bytes,
    reply,
    write_fate,
)

START = Instant(from_text("2026-11-21T08:30:00Z"))
REALM, HUB = "live", "hub.example"
SLOT = 300 * SECOND
PARTY = "prt_" + "7" * 32
KEY = SigningKey.from_seed(b"m" * 32)
RELAY, PARTNER = SigningKey.from_seed(b"r" * 32), SigningKey.from_seed(b"p" * 32)
HUBS = SigningKey.from_seed(b"h" * 32)
OPERATORS = Operators("City Alliance Ltd", "Relay Ltd", "Partner plc")
_ISSUERS = [rsa.generate_private_key(65537, 2048) for _ in range(2)]


class OverError(Exception):
    """The test has seen enough."""


class Walk:
    """One alliance's path, and whatever is wrong with it."""

    def __init__(self, clock: ManualClock, seed: int = 7) -> None:
        self.clock = clock
        self.entropy = random.Random(seed).randbytes
        self.intake, self.mix, self.at_once = Opener(b"i" * 32), Gateway(1, b"x" * 32), Gateway(2, b"n" * 32)
        self.documents: dict[int, bytes] = {}
        self.terms: dict[int, EpochDocument] = {}
        self.blobs: dict[int, list[bytes]] = {}
        self.bodies: list[bytes] = []
        """What the relay was sent, with when, in the order in which it came."""
        self.times: list[Instant] = []
        self.reports: list[tuple[int, Enclosed, Report]] = []
        """In which slot each report came, and it."""
        self.others = 24
        self.counted: int | None = 0
        """Added to the relay's count; None: it gives no word."""
        self.cut: set[int] = set()
        """Slots in which nothing gets through to the relay."""
        self.dropped: set[int] = set()
        """Slots whose envelope is left out."""
        self.silent: set[int] = set()
        """Slots in which the partner does not answer."""
        self.without_results: set[int] = set()
        """Records that have none; they are in none later either."""
        self.unsigned: set[int] = set()
        """Slots whose blobs the hub does not sign for."""
        self.kept_back: set[int] = set()
        """Slots whose envelope the partner lists and does not give to the hub."""
        self.late: set[int] = set()
        """Records whose results are in the next one."""
        self.other_document = False
        self.chosen = b"d" * 32
        """What the issuer draws to choose which accountable tokens are opened."""
        self.fate = Fate("accepted", 1)
        self.ends = Instant(0)
        self.acts: dict[int, Callable[[], object]] = {}
        """What happens when a slot of the first epoch begins."""

    # --- epochs and tokens ---------------------------------------------------------------------------------------

    def document(self, number: int, begins: int, **changes: object) -> bytes:
        """An epoch of 40 slots of five minutes, with a day between tokens and beginning."""
        begins = Instant(begins)
        one = EpochDocument(
            hub=HUB,
            realm=REALM,
            number=number,
            operators=OPERATORS,
            issue_from=begins - 48 * 3600 * SECOND,
            issue_until=begins - 24 * 3600 * SECOND,
            begins=begins,
            ends=begins + 40 * SLOT,
            slot_seconds=300,
            quota=3,
            issuer_key=TokenKey(self.signer(number).public).to_bytes(),
            hub_key=HUBS.public,
            intake_key=self.intake.public,
            mix_gateway=self.mix.config.to_bytes(),
            now_gateway=self.at_once.config.to_bytes(),
            relay_url="https://relay.example",
            relay_key=RELAY.public,
            partner_key=PARTNER.public,
            envelope_bytes=8_192,
            results=4,
            floor=20,
            members=30,
            members_root=bytes(32),
        )
        self.terms[number] = msgspec.structs.replace(one, **changes)
        self.documents[number] = encode(self.terms[number])
        return self.documents[number]

    def event(self, number: int) -> EpochEvent:
        """What the directory shows of it."""
        data = self.documents[number]
        words = [
            key.sign(Context(what, REALM, HUB), data)
            for what, key in (("epoch-relay", RELAY), ("epoch-partner", PARTNER))
        ]
        return EpochEvent(document=data, by_relay=words[0], by_partner=words[1])

    def signer(self, number: int) -> BlindSigner:
        return BlindSigner(_ISSUERS[number % 2], self.entropy)

    def issue(self, asked: AskTokens) -> IssuedTokens:
        signer = self.signer(asked.number)
        requests = [TokenRequest.parse(one) for one in asked.requests]
        return IssuedTokens(answers=tuple(issue(signer, TokenKey(signer.public), one) for one in requests))

    def audit(self, epoch: Epoch, told: OpenTokens) -> AskTokens:
        """The issuer's look at what was opened; what is left to be issued."""
        assert told.draw == self.chosen
        asker = Asker(epoch.terms, epoch.document, party_bytes(PARTY))
        assert false_places(asker, told, KEY.public) == ()
        left = others(told.draw, len(told.requests))
        return AskTokens(number=told.number, requests=tuple(told.requests[place] for place in left))

    # --- envelopes -----------------------------------------------------------------------------------------------

    async def post(self, url: str, body: bytes, size: int) -> bytes:
        """The relay."""
        found = Admission.parse(body)
        is_now = url.endswith("/v1/now")
        what = "now-envelope" if is_now else "slot-envelope"
        check_admission(found, KEY.public, Context(what, REALM, HUB))
        assert found.party == bytes.fromhex("7" * 32)
        terms = self.terms[found.epoch]
        assert found.slot == terms.slot_at(self.clock.now()), "sent in its own slot"
        self.bodies.append(body)
        self.times.append(self.clock.now())
        if found.slot in self.cut:
            raise Unreachable("The relay is away.")
        answer = self._at_once(found) if is_now else self._mixed(found)
        assert len(answer) == size
        return self.entropy(size) if found.slot in self.silent else answer

    def _mixed(self, found: Admission) -> bytes:
        request, answering = self.mix.open_request(found.encapsulated)
        epoch, slot, blob = read_inner(request, MIX)
        assert (epoch, slot) == (found.epoch, found.slot)
        if slot not in self.dropped | self.silent:
            self.blobs.setdefault(slot, []).append(blob)
        signed = self.record(epoch, slot - 1) if slot else SignedRecord(b"", b"")
        terms = self.terms[epoch]
        return answering.seal_response(reply(signed, terms.members, terms.results), self.entropy)

    def _at_once(self, found: Admission) -> bytes:
        request, answering = self.at_once.open_request(found.encapsulated)
        _, _, blob = read_inner(request, NOW)
        result = self.result(found.epoch, found.slot, blob) or self.entropy(SEALED_RESULT_BYTES)
        return answering.seal_response(BinaryResponse(200, (), result).to_bytes(), self.entropy)

    def result(self, epoch: int, slot: int, blob: bytes) -> bytes | None:
        """What the hub says to whoever sent it; None to cover."""
        document = self.documents[epoch]
        terms = self.terms[epoch]
        found = unpack(self.intake.open(blob, blob_context(REALM, HUB, document)), terms.escrow_bytes)
        if found is None:
            return None
        check_enclosed(found, signs=Context("anonymous-report", REALM, HUB), document=document)
        check_token(found.token, TokenKey.parse(terms.issuer_key), terms.challenge(document))
        self.reports.append((slot, found, decode(found.body, Report)))
        return seal_result(found.reply_key, write_fate(self.fate), self.entropy(12))

    def record(self, epoch: int, slot: int) -> SignedRecord:
        """The partner's record of a slot."""
        terms = self.terms[epoch]
        blobs = self.blobs.get(slot, [])
        told = [
            blob
            for one in ({slot} - self.late) | ({slot - 1} & self.late)
            for blob in self.blobs.get(one, [])
        ]
        results = [one for blob in told if (one := self.result(epoch, slot, blob))]
        results += [self.entropy(SEALED_RESULT_BYTES) for _ in range(terms.results - len(results))]
        salt, others = self.entropy(16), [self.entropy(32) for _ in range(self.others)]
        digests = [*others, *(sha256(blob).digest() for blob in blobs)]
        listing = listing_of(digests, salt, terms.members)
        given = listing_of(others if slot in self.kept_back else digests, salt, terms.members)
        record = SlotRecord(
            epoch=epoch,
            slot=slot,
            document=sha256(b"another" if self.other_document else self.documents[epoch]).digest(),
            counted=self._count(epoch, slot, len(blobs) + self.others),
            delivered=None if slot in self.unsigned else self._delivered(epoch, slot, given),
            listing=listing,
            results=() if slot in self.without_results else tuple(results),
        )
        data = record.to_bytes(terms.results)
        return SignedRecord(data, PARTNER.sign(Context("slot-record", REALM, HUB), data))

    def _count(self, epoch: int, slot: int, senders: int) -> SignedCount | None:
        if self.counted is None:
            return None
        senders += self.counted
        signature = RELAY.sign(Context("slot-count", REALM, HUB), count_bytes(epoch, slot, senders))
        return SignedCount(epoch=epoch, slot=slot, senders=senders, signature=signature)

    def _delivered(self, epoch: int, slot: int, listing: Listing) -> Delivered:
        said = delivered_bytes(epoch, slot, 30, listing)
        return Delivered(listing.salt, 30, HUBS.sign(Context("slot-delivered", REALM, HUB), said))

    # --- time ----------------------------------------------------------------------------------------------------

    async def sleep(self, seconds: float) -> None:
        """Time passes, what a test planned happens, and it ends where it said."""
        self.clock.advance(int(seconds * SECOND))
        slot = self.terms[1].slot_at(self.clock.now())
        for planned in [one for one in self.acts if one <= slot]:
            self.acts.pop(planned)()
        if self.ends and self.clock.now() >= self.ends:
            raise OverError


class Member:
    """One bank's agent on that path, with everything but its command line."""

    def __init__(
        self, folder: Path, walk: Walk, settings: Anonymous | None = None, role: str = "bank"
    ) -> None:
        self.walk = walk
        entropy = random.Random("a bank").randbytes
        box, store = Box(bytes(32), entropy), open_sqlite(folder / "agent.db", "agent")
        own = OwnAssets(legal_name="Ayr Bank plc", domains=("ayr.example",))
        config = AgentConfig("https://hub.example", "", own, anonymous=settings or Anonymous())
        vault, outbox = Vault(store, box), Outbox(store, box, walk.clock, entropy)
        self.house = House(folder, config, store, vault, outbox, walk.clock, entropy)
        self.house.vault.join(
            Membership(
                party=PARTY,
                name="Ayr Bank plc",
                role=role,
                jurisdiction="GB",
                realm=REALM,
                hub=HUB,
                hub_key="",
                partner_key=None,
                alliance="City Alliance",
                alliance_identity="identity--" + "7" * 8 + "-7777-4777-8777-" + "7" * 12,
                signing_seed=b"m" * 32,
                sealing_seed=b"s" * 32,
                recovery_key=bytes(32),
            )
        )

    def believe(self, event: EpochEvent, partner: bytes | None = PARTNER.public) -> str:
        return self.house.store.run("believe", lambda tx: believe(tx, REALM, HUB, partner, event))

    def take_tokens(self, number: int) -> int:
        """What asking for them does, without the hub's door."""
        house, data = self.house, self.walk.documents[number]
        epoch = house.store.run("epoch", lambda tx: by_number(tx, number))
        assert epoch is not None
        seed = house.store.run("seed", lambda tx: seed_for(tx, house.vault, epoch, house.entropy))
        assert seed is not None
        assert epoch.document == data
        asked = question(seed, epoch, PARTY)
        if epoch.terms.token_class == ACCOUNTABLE:
            draw = self.walk.chosen
            seed = house.store.run("chosen", lambda tx: choose(tx, house.vault, seed, draw))
            asked = self.walk.audit(epoch, opened(seed, epoch, PARTY, KEY))
        tickets = finished(seed, epoch, PARTY, self.walk.issue(asked))
        house.store.run("keep", lambda tx: keep(tx, house.vault, epoch, tickets))
        return len(tickets)

    def slots(self) -> Slots:
        return Slots(self.means(), self.walk.sleep)

    def now(self) -> Now:
        return Now(self.means())

    def means(self) -> Means:
        house, post = self.house, self.walk.post
        settings = house.config.anonymous
        return Means(house.store, house.vault, settings, post, house.clock, house.entropy)

    def report(self, value: str = "evil.example", report_class: str = "mixed", **way: bool) -> str:
        """A report of one domain that a person let go; its identifier."""
        draft = Draft(self._disclosure(value), (), ())
        prepared = Prepared("a.eml", value.encode(), Reading("mail"), draft)
        approved = approve(draft, "Test", self.house.clock.now())
        chosen = Way(report_class, **way)
        return send(self.house, prepared, approved, report_class, ("members",), way=chosen).report

    def _disclosure(self, value: str) -> Disclosure:
        found = Indicator(Observable(Kind.DOMAIN, value), "link")
        report = new_id("rpt", self.house.entropy)
        return Disclosure(report, Attack.PHISHING, day_of(self.house.clock.now()), (found,), (), Marking())

    def state(self, report: str) -> Hidden:
        with self.house.store.reading("report") as tx:
            return reports.demand(tx, self.house.vault.box, report)

    def standing(self) -> Standing:
        with self.house.store.reading("standing") as tx:
            return standing(tx, self.house.vault, self.house.config.anonymous, self.house.clock.now())

    def alarms(self) -> list[str]:
        with self.house.store.reading("alarms") as tx:
            return [one.sentence for one in alarms(tx)]


def on_the_path(
    folder: Path, settings: Anonymous | None = None, role: str = "bank", **terms: object
) -> tuple[Walk, Member]:
    """A member with tokens, ten minutes before its first epoch begins. `terms`: what else its document says."""
    walk = Walk(ManualClock(START))
    begins = Instant(START + 10 * 60 * SECOND)
    walk.document(1, begins, **terms)
    member = Member(folder, walk, settings, role)
    member.believe(walk.event(1))
    member.take_tokens(1)
    return walk, member


async def walk_until(member: Member, slot: int, acts: dict[int, Callable[[], object]] | None = None) -> None:
    """The loop runs until a slot of the first epoch begins; each time this is called it begins anew."""
    walk = member.walk
    walk.ends = walk.terms[1].slot_begins(slot)
    walk.acts = acts or {}
    with pytest.raises(OverError):
        await member.slots().run()


async def with_a_report(member: Member, until: int, *, since: int = 3, **way: bool) -> str:
    """The same with one report that waits since a slot; its identifier."""
    made: list[str] = []
    await walk_until(member, until, {since: lambda: made.append(member.report(**way))})
    return made[0]
