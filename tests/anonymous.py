# SPDX-License-Identifier: Apache-2.0
"""An alliance with the anonymous path, in one process: hub, relay and partner over the world's wires, on one clock.

::

    async with AnonymousAlliance(tmp_path) as alliance:       # a slot has 300 s, an epoch 12 slots
        bank = await alliance.join("one")                      # as in tests.alliance
        await alliance.first_epoch()                           # the document stands, and its issue window is open
        sender = Sender(alliance, bank)
        await sender.ask()                                     # its tokens
        await alliance.into_epoch()                            # slot 0
        sent = sender.report(EVIL)                             # or sender.cover()
        reply = await sender.send(sent)                        # now, in this slot
        await alliance.next_slot()                             # taken in, its record signed

`alliance.clock` stands until it is moved; the loops of the three look every 20 ms of real time.
"""

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import msgspec
from tests.alliance import HUB_SEEDS, Agent, Alliance, until

from tocsin.clock import SECOND, Instant
from tocsin.config.anonymous import AnonymousPath
from tocsin.domain.observable import Observable
from tocsin.files import NumberedSecrets
from tocsin.halves.asking import authority
from tocsin.halves.epochs import Operator as Signer
from tocsin.halves.epochs import check_signed
from tocsin.hub.anonymous import path as hub_path
from tocsin.hub.anonymous.operators import MixOperator, Operator, Operators
from tocsin.hub.anonymous.path import Means
from tocsin.hub.assembly import assemble, assemble_restoring, exchange
from tocsin.hub.reading import following
from tocsin.hub.restoring.steps import begin
from tocsin.partner.assembly import mixing
from tocsin.partner.routes import routes as partner_routes
from tocsin.privacy.hybrid import Recipient
from tocsin.privacy.ohttp import Awaiting, KeyConfig, encapsulate_request
from tocsin.privacy.tokens import Pending, Token, TokenKey, ask, finish, token_nonce
from tocsin.proof.encoding import to_base64
from tocsin.proof.signing import Context, SigningKey, verify
from tocsin.relay import carrying
from tocsin.relay.assembly import Relay
from tocsin.relay.assembly import assemble as assemble_relay
from tocsin.storage.sqlite import open_sqlite, put_in_place
from tocsin.web.calling import SignedClient
from tocsin.wire.envelope import (
    MIX,
    NOW,
    admission,
    blob_context,
    cover,
    enclose,
    find_result,
    inner_request,
    pack,
)
from tocsin.wire.epoch import AskTokens, EpochDocument, EpochEvent, IssuedTokens
from tocsin.wire.messages import Report, decode, encode
from tocsin.wire.slot import (
    Fate,
    SlotRecord,
    SlotResults,
    delivered_bytes,
    read_fate,
    read_reply,
    signing_after,
)
from tocsin.world.network import Door, Wire

RELAY_SEED = b"r" * 32
RELAY_URL = "https://relay.example"
PARTNER_URL = "http://partner.example"
TICK_SECONDS = 0.02


class _Partner(MixOperator):
    """The hub's way to the partner, which remembers the slots whose results it was given."""

    given: set[tuple[int, int]]

    async def give(self, results: SlotResults) -> bool:
        in_time = await super().give(results)
        self.given.add((results.epoch, results.slot))
        return in_time


class AnonymousAlliance(Alliance):
    """An alliance whose partner mixes, with a relay."""

    def __init__(self, folder: Path, **settings: object) -> None:
        super().__init__(folder)
        numbers = {
            "slots": 12,
            "issue_seconds": 600,
            "rest_seconds": 600,
            "quota": 3,
            "rehearsal": True,
            "results": 4,
            **settings,
        }
        relay_key = SigningKey.from_seed(RELAY_SEED)
        self.settings = AnonymousPath(
            operator="City Alliance", relay_url=RELAY_URL, relay_key=to_base64(relay_key.public), **numbers
        )
        self.config = msgspec.structs.replace(self.config, anonymous=self.settings)
        self.relay_door, self.partner_door = Door(), Door()
        doors = {
            "hub.example": [self.door],
            "relay.example": [self.relay_door],
            "partner.example": [self.partner_door],
        }
        self.wire = Wire(doors)
        self.hub_wire, self.relay_wire, self.path_wire = Wire(doors), Wire(doors), Wire(doors)
        """The hub's and the relay's own ways, and the one on which envelopes go to the relay."""
        self._relay_key = relay_key
        self._stacks: dict[str, AsyncExitStack] = {}
        self.given: set[tuple[int, int]] = set()
        """Slots whose results the partner was given."""

    async def __aenter__(self) -> "AnonymousAlliance":
        hub_path._LONGEST_TICK_SECONDS = carrying._LONGEST_TICK_SECONDS = TICK_SECONDS
        await self.start_partner()
        await super().__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        for agent in self.agents.values():
            await agent.close()
        await self.stop_hub()
        for name in list(self._stacks):
            await self.stop(name)
        self.witness.store.close()

    # relay and partner

    async def start_partner(self) -> None:
        hub, clock, witness = self.exchange.identity, self.clock, self.witness
        store = open_sqlite(self.folder / "partner.db", "partner")
        operator = Signer("partner", "Vault Trust", hub.id, hub.realm, SigningKey.from_seed(b"p" * 32))
        secrets = NumberedSecrets(self.folder / "partner.epochs")
        mixes = mixing(store, operator, witness.witnessing, secrets, clock, self.randomness("partner"))
        parts = (witness.witnessing, witness.key.name, clock, store.close, mixes.routes, mixes.forgetting)
        application = partner_routes(*parts)
        await self._start("partner", application, self.partner_door)

    async def start_relay(self) -> None:
        hub, clock = self.exchange.identity, self.clock
        store = open_sqlite(self.folder / "relay.db", "relay")
        http = httpx.AsyncClient(transport=self.relay_wire)
        entropy = self.randomness("relay")

        def way(url: str, place: str) -> SignedClient:
            return SignedClient(http, url, "relay", self._relay_key, clock, entropy, authority(place, hub.id))

        async def close() -> None:
            await http.aclose()
            store.close()

        parts = Relay(
            operator=Signer("relay", "Post Office", hub.id, hub.realm, self._relay_key),
            url=RELAY_URL,
            hub_key=self.hub_key,
            store=store,
            ways={"slot": way(PARTNER_URL, "partner"), "now": way("http://hub.example", "hub")},
            clock=clock,
            entropy=entropy,
        )
        await self._start("relay", assemble_relay(parts, close), self.relay_door)

    async def _start(self, name: str, application, door: Door) -> None:
        stack = AsyncExitStack()
        await stack.enter_async_context(application.router.lifespan_context(application))
        self._stacks[name] = stack
        door.open(application)

    async def stop(self, name: str) -> None:
        """``relay`` or ``partner`` ends."""
        (self.relay_door if name == "relay" else self.partner_door).shut()
        await self._stacks.pop(name).aclose()

    def randomness(self, who: str):
        return random.Random(f"{self.seed}/{who}").randbytes

    # the hub

    def means(self) -> Means:
        http = httpx.AsyncClient(transport=self.hub_wire)
        operators = Operators(
            Operator(self.exchange, http, RELAY_URL, "relay"),
            _Partner(self.exchange, http, PARTNER_URL, "partner"),
            http,
        )
        operators.partner.given = self.given
        return Means(self.settings, self.witness.key, operators, NumberedSecrets(self.folder / "hub.epochs"))

    def rotate(self, seed: bytes) -> None:
        """The hub, when it starts again, signs with the key of that seed, which the directory has."""
        first = self.exchange.identity.first_key
        self.exchange = exchange(self.config, seed + HUB_SEEDS[32:] + first, self.clock, self.entropy)

    async def start_hub(self) -> None:
        following._ROUND_SECONDS = 0.1
        if not self._founded:
            self._announce("hub", str(self.hub_key))
            self._founded = True
        stores = (self.open_store(), self.open_store())
        self.hub = assemble(self.exchange, self.config, *stores, self.witness, anonymous=self.means())
        await self._serve(self.hub.application)

    async def restore_hub(self, file: Path) -> None:
        put_in_place(file, self.database)
        store = self.open_store()
        store.run("begin restore", lambda tx: begin(tx, self.hub_key))
        store.close()
        restart = assemble_restoring(
            self.exchange, self.config, self.open_store, lambda: self.witness, open_path=self.means
        )
        await self._serve(restart.application())

    async def _serve(self, application) -> None:
        self._stack = AsyncExitStack()
        await self._stack.enter_async_context(application.router.lifespan_context(application))
        self.door.open(application)
        self.wire.mend()

    # epochs and slots

    def events(self) -> list[EpochEvent]:
        """What the directory says of epochs."""
        bodies = [body for _, kind, _, body in self.entries("directory") if kind == "epoch"]
        return [decode(body, EpochEvent) for body in bodies if body]

    def event(self, number: int = 1) -> EpochEvent:
        found = {self.read(event).number: event for event in self.events()}
        return found[number]

    def read(self, event: EpochEvent) -> EpochDocument:
        return check_signed(event.document, event.by_relay, event.by_partner)

    async def first_epoch(self, number: int = 1) -> EpochDocument:
        """The epoch's document stands, and its issue window has begun. Whoever joined before is on its roster."""
        if "relay" not in self._stacks:
            await self.start_relay()
        await until(lambda: len(self.events()) >= number)
        document = self.read(self.event(number))
        await self.move_to(document.issue_from)
        return document

    async def into_epoch(self, number: int = 1, slot: int = 0, part: float = 0.6) -> None:
        """That part of a slot of an epoch."""
        document = self.read(self.event(number))
        length = document.slot_seconds * SECOND
        await self.move_to(Instant(document.slot_begins(slot) + int(part * length)))

    async def next_slot(self, *, collected: bool = True) -> None:
        """So much later that the present slot is taken in, unless the hub is down, and its record is in replies."""
        document = self.read(self.events()[-1])
        slot = document.slot_at(self.clock.now())
        end, length = document.slot_begins(slot + 1), document.slot_seconds
        await self.move_to(Instant(end + length * SECOND // 20 + SECOND))
        await asyncio.sleep(3 * TICK_SECONDS)  # the relay counts
        await self.move_to(Instant(end + length * SECOND // 10 + SECOND))
        await until(lambda: not collected or (document.number, slot) in self.given)
        await self.move_to(Instant(end + signing_after(length) + SECOND))

    def collected(self) -> tuple[int, int]:
        """The newest slot that the hub has taken in."""
        rows = self.look("SELECT value FROM meta WHERE key = 'collected'")
        if not rows or not rows[0][0]:
            return 0, -1
        found = msgspec.msgpack.decode(bytes(rows[0][0]))
        return found["epoch"], found["slot"]

    async def move_to(self, moment: int) -> None:
        """The clock shows that moment, and whoever waits for it has looked."""
        self.clock.advance(max(0, moment - self.clock.now()))
        await asyncio.sleep(2 * TICK_SECONDS)


class Sent(msgspec.Struct, frozen=True):
    """An envelope that was built, and what its sender keeps of it."""

    blob: bytes
    reply_key: bytes
    body: bytes = b""


class Sender:
    """A member's own side of the path, as far as a test needs it: no schedule, no store, no policy."""

    def __init__(self, alliance: AnonymousAlliance, agent: Agent, number: int = 1) -> None:
        self.alliance, self.agent, self.number = alliance, agent, number
        self.entropy = random.Random(f"{alliance.seed}/{agent.short}/anonymous").randbytes
        self.http = httpx.AsyncClient(transport=alliance.path_wire)
        self.tokens: list[tuple[Token, bytes, SigningKey]] = []
        self.escrows: dict[bytes, bytes] = {}
        """Of class ``accountable``, by one-time key (`tests.accountable`)."""
        event = alliance.event(number)
        self.data = event.document
        self.document = alliance.read(event)
        self.records: list[SlotRecord] = []

    # tokens

    def questions(self, count: int | None = None) -> list[tuple[Pending, bytes, SigningKey]]:
        key, challenge = TokenKey.parse(self.document.issuer_key), self.document.challenge(self.data)
        asked = []
        for _ in range(self.document.quota if count is None else count):
            one_time, drawn = SigningKey.from_seed(self.entropy(32)), self.entropy(32)
            nonce = token_nonce(drawn, one_time.public)
            pending = ask(key, challenge, nonce, salt=self.entropy(48), random=self.entropy(272))
            asked.append((pending, drawn, one_time))
        return asked

    async def ask(self, asked: list[tuple[Pending, bytes, SigningKey]] | None = None) -> None:
        """All tokens of the epoch; the error of the hub else."""
        asked = asked or self.questions()
        message = AskTokens(
            number=self.number, requests=tuple(pending.request.to_bytes() for pending, _, _ in asked)
        )
        answers = decode(await self.agent.hub().post("/v1/tokens", encode(message)), IssuedTokens).answers
        self.tokens = [
            (finish(pending, answer), drawn, one_time)
            for (pending, drawn, one_time), answer in zip(asked, answers, strict=True)
        ]

    # envelopes

    def cover(self) -> Sent:
        return Sent(self.seal(cover(self.document.envelope_bytes)), b"")

    def message(
        self, *values: Observable, report_class: str = "mixed", audiences: tuple[str, ...] = ()
    ) -> Report:
        made = self.agent.report_message(*values, audiences=audiences)
        return msgspec.structs.replace(made, report_class=report_class, sent=0)

    def report(
        self, *values: Observable, report_class: str = "mixed", audiences: tuple[str, ...] = ()
    ) -> Sent:
        """A report under the next token."""
        return self.enclosed(encode(self.message(*values, report_class=report_class, audiences=audiences)))

    def enclosed(self, body: bytes, which: int | None = None) -> Sent:
        """These bytes under the next token, or one that was used before."""
        token, drawn, one_time = self.tokens.pop(0) if which is None else self.tokens[which]
        return self.sealed(body, token, drawn, one_time)

    def sealed(self, body: bytes, token: Token, drawn: bytes, one_time: SigningKey) -> Sent:
        identity, reply_key = self.alliance.exchange.identity, self.entropy(32)
        context = Context("anonymous-report", identity.realm, identity.id)
        escrow = self.escrows.get(one_time.public, b"")
        found = enclose(
            body, token, drawn, one_time, reply_key, signs=context, document=self.data, escrow=escrow
        )
        return Sent(self.seal(pack(found, self.document.envelope_bytes)), reply_key, body)

    def seal(self, plaintext: bytes) -> bytes:
        identity = self.alliance.exchange.identity
        context = blob_context(identity.realm, identity.id, self.data)
        return Recipient(self.document.intake_key).seal(plaintext, context)

    # sending

    def slot(self) -> int:
        return self.document.slot_at(self.alliance.clock.now())

    def envelope(self, blob: bytes, *, way: str = "slot", slot: int | None = None) -> tuple[bytes, Awaiting]:
        """What goes to the relay, and what opens its answer."""
        slot = self.slot() if slot is None else slot
        config = self.document.mix_gateway if way == "slot" else self.document.now_gateway
        request = inner_request(MIX if way == "slot" else NOW, self.number, slot, blob)
        encapsulated, awaiting = encapsulate_request(KeyConfig.parse(config), request, self.entropy)
        identity = self.alliance.exchange.identity
        found = admission(
            self.agent.key,
            encapsulated,
            epoch=self.number,
            slot=slot,
            party=bytes.fromhex(self.agent.party.partition("_")[2]),
            signs=Context(f"{way}-envelope", identity.realm, identity.id),
        )
        return found.to_bytes(), awaiting

    async def post(self, envelope: bytes, way: str = "slot") -> httpx.Response:
        path = "/v1/slots" if way == "slot" else "/v1/now"
        return await self.http.post(RELAY_URL + path, content=envelope)

    async def send(self, sent: Sent) -> SlotRecord | None:
        """Send it into the present slot; the record that came back, its signature checked, if there was one."""
        envelope, awaiting = self.envelope(sent.blob)
        answer = await self.post(envelope)
        assert answer.status_code == 200, answer.text
        signed = read_reply(awaiting.open_response(answer.content))
        if not signed.record:
            return None
        identity = self.alliance.exchange.identity
        context = Context("slot-record", identity.realm, identity.id)
        verify(self.document.partner_key, context, signed.record, signed.signature)
        record = SlotRecord.parse(signed.record, self.document.members, self.document.results)
        if (word := record.delivered) is not None:
            said = delivered_bytes(record.epoch, record.slot, word.issued, record.listing)
            verify(
                self.document.hub_key,
                Context("slot-delivered", identity.realm, identity.id),
                said,
                word.signature,
            )
        self.records.append(record)
        return record

    def fate(self, sent: Sent) -> Fate | None:
        """What the records that came so far say of it."""
        for record in self.records:
            if (found := find_result(sent.reply_key, record.results)) is not None:
                return read_fate(found)
        return None

    async def send_now(self, sent: Sent) -> Fate | None:
        """Send it by class ``now``; what became of it, None where nobody could be told."""
        envelope, awaiting = self.envelope(sent.blob, way="now")
        answer = await self.post(envelope, "now")
        assert answer.status_code == 200, answer.text
        from tocsin.privacy.bhttp import BinaryResponse

        sealed = BinaryResponse.parse(awaiting.open_response(answer.content)).content
        found = find_result(sent.reply_key, (sealed,)) if sent.reply_key else None
        return read_fate(found) if found is not None else None
