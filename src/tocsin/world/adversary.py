# SPDX-License-Identifier: Apache-2.0
"""What adversaries do: a member with good keys and bad intent, a network that repeats itself, a hub that lies.

A member's tries must all be refused, and a repetition must change nothing; what is taken nevertheless is written down
(`World.taken`). A hub lies to one reader, over that reader's wire and under its own keys where it needs them, once; it
is honest again afterwards, and to everybody else all the time. The lie must be named by the reader.
"""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import msgspec

from tocsin.agent.house import House
from tocsin.agent.signed import SignedHub
from tocsin.clock import DAY, Instant
from tocsin.domain.audience import DIRECTORY
from tocsin.domain.warning import Urgency, Warning
from tocsin.errors import TocsinError, Unknown
from tocsin.follow.names import key_of
from tocsin.ids import new_id
from tocsin.proof.headmap import HeadMap, StreamHead
from tocsin.proof.leaf import SALT_SIZE, LeafParts, commit_body, commit_header, leaf_of
from tocsin.proof.merkle import EMPTY, Frontier
from tocsin.proof.note import Checkpoint, sign_note
from tocsin.proof.signing import Context, SigningKey
from tocsin.wire.messages import (
    MAX_BODY,
    Entry,
    Erase,
    Head,
    Header,
    Report,
    Warn,
    decode,
    encode,
    encode_warning,
    peek,
)
from tocsin.wire.sse import HEARTBEAT, EventParser, event, position
from tocsin.world import moves
from tocsin.world.inside import World
from tocsin.world.moves import Deceit, Mischief
from tocsin.world.network import Wire

_REPORTS, _WARNINGS, _ERASURES = "/v1/reports", "/v1/warnings", "/v1/erasures"


def replay(world: World, move: moves.Replay) -> None:
    """Send again, over another wire, what went over a party's."""
    heard = world.agents[move.whose].wire.requests
    if not heard:
        raise Unknown("Nothing went over this wire.")
    request = heard[-1 - move.nth % len(heard)]
    again = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)

    async def send() -> None:
        """The same bytes once more; an answer of 200 is remembered as taken."""
        answer = await Wire(world.doors).handle_async_request(again)
        if "signature" in request.headers and answer.status_code == 200:
            world.taken.append(f"{request.method} {request.url.path} was answered a second time.")
        await answer.aclose()

    _unharmed(world, send)


def misbehave(world: World, move: moves.Misbehave) -> None:
    """Try something that must be refused."""
    agent = world.agents[move.by]
    trick = _TRICKS[move.how]

    async def attempt() -> None:
        """A refusal is remembered as what should be; anything else as taken."""
        async with agent.http() as http:
            try:
                await trick(world, move.by, http)
            except Unknown:
                raise
            except TocsinError as refusal:
                world.refused.append(f"{move!r}: {refusal}")
            else:
                world.taken.append(f"{move.by} tried {move.how}, and it was taken.")

    _unharmed(world, attempt)


def _unharmed(world: World, work: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        """At most half a minute; a hub that is away is Unknown, and no harm."""
        async with asyncio.timeout(30):
            try:
                await work()
            except httpx.HTTPError as error:
                raise Unknown(f"The hub cannot be reached: {error}.") from None

    world.run(within())


# what a member tries

Trick = Callable[[World, str, httpx.AsyncClient], Awaitable[object]]


def _hub(world: World, short: str, http: httpx.AsyncClient, **instead: object) -> SignedHub:
    """The hub as this member reaches it, with another membership than its own where it lies about that."""
    house = world.agents[short].house()
    membership = msgspec.structs.replace(house.vault.membership(), **instead)
    return SignedHub(http, house.config.hub_url, membership, house.clock, house.entropy)


def _last_report(world: World, house: House, *, of: str = "", not_of: str = "") -> str:
    for said in reversed(world.said):
        if said.kind == "object" and said.receipted and said.by != not_of and of in ("", said.by):
            return said.id
    raise Unknown("Nobody has reported anything yet.")


def _some_report(world: World, short: str) -> Report:
    house = world.agents[short].house()
    report = _last_report(world, house, of=short)
    return decode(house.outbox.body(report), Report)


async def _bad_signature(world: World, short: str, http: httpx.AsyncClient) -> None:
    fresh = msgspec.structs.replace(_some_report(world, short), id=_fresh(world, short, "rpt"))
    await _hub(world, short, http, signing_seed=bytes(32)).post(_REPORTS, encode(fresh))


async def _other_content(world: World, short: str, http: httpx.AsyncClient) -> None:
    other = msgspec.structs.replace(_some_report(world, short), audiences=("role:regulator",))
    await _hub(world, short, http).post(_REPORTS, encode(other))


async def _forged_warning(world: World, short: str, http: httpx.AsyncClient) -> None:
    author = next(name for name, party in world.parties.items() if party.role == "agency")
    house, membership = world.agents[short].house(), world.agents[short].membership
    now = house.clock.now()
    warning = Warning(
        id=_fresh(world, short, "wrn"),
        author=world.names[author],
        title="Nothing is true",
        look_for=(world.value(0),),
        measures="",
        urgency=Urgency.URGENT,
        issued=now,
        expires=Instant(now + DAY),
        officers=2,
    )
    data = encode_warning(warning)
    signature = SigningKey.from_seed(membership.signing_seed).sign(
        Context("warning", membership.realm, membership.hub), data
    )
    message = Warn(id=warning.id, sent=now, warning=data, signature=signature)
    await _hub(world, short, http).post(_WARNINGS, encode(message))


async def _junk(world: World, short: str, http: httpx.AsyncClient) -> None:
    await _hub(world, short, http).post(_REPORTS, b'{"kind":"report","v":1,\xff')


async def _overlong(world: World, short: str, http: httpx.AsyncClient) -> None:
    await _hub(world, short, http).post(_REPORTS, bytes(MAX_BODY + 1))


async def _erase_anothers(world: World, short: str, http: httpx.AsyncClient) -> None:
    house = world.agents[short].house()
    fact = _last_report(world, house, not_of=short)
    message = Erase(id=_fresh(world, short, "msg"), sent=house.clock.now(), fact=fact, reason="mistake")
    await _hub(world, short, http).post(_ERASURES, encode(message))


async def _anothers_name(world: World, short: str, http: httpx.AsyncClient) -> None:
    other = next(name for name in world.names.values() if name != world.names[short])
    fresh = msgspec.structs.replace(_some_report(world, short), id=_fresh(world, short, "rpt"))
    await _hub(world, short, http, party=other).post(_REPORTS, encode(fresh))


def _fresh(world: World, short: str, prefix: str) -> str:
    return new_id(prefix, world.agents[short].entropy)


_TRICKS: dict[Mischief, Trick] = {
    Mischief.BAD_SIGNATURE: _bad_signature,
    Mischief.OTHER_CONTENT: _other_content,
    Mischief.FORGED_WARNING: _forged_warning,
    Mischief.JUNK: _junk,
    Mischief.OVERLONG: _overlong,
    Mischief.ERASE_ANOTHERS: _erase_anothers,
    Mischief.ANOTHERS_NAME: _anothers_name,
}


# what a hub tries


def deceive(world: World, move: moves.Deceive) -> None:
    """The next entry that the hub sends to this reader, of any stream but the directory, is lied about."""
    world.agents[move.whom].wire.between = _Liar(world, move.whom, move.how)


class _Liar:
    """Stands in one reader's wire and speaks for the hub."""

    def __init__(self, world: World, whom: str, how: Deceit) -> None:
        self._world, self._whom, self._how = world, whom, how
        self._request: httpx.Request | None = None
        self._parser = EventParser()
        self._about: Entry | None = None
        self._over = False

    def __call__(self, request: httpx.Request, part: bytes) -> bytes:
        if request.url.path != "/v1/stream" or self._over:
            return part
        if request is not self._request:
            self._request, self._parser = request, EventParser()
        said = b""
        for cursor, data in self._parser.feed(part):
            said += position(cursor) if cursor is not None else self._bent(data)
        return said or HEARTBEAT

    def _bent(self, data: bytes) -> bytes:
        kind = peek(data).kind
        if kind == "entry":
            entry = decode(data, Entry)
            about = self._about
            if self._how is Deceit.TRUNCATE and about is not None and entry.stream == about.stream:
                return b""
            if about is None and entry.stream != DIRECTORY and entry.body is not None:
                self._about = entry
                return self._lie(entry)
        elif kind == "head" and self._about is not None:
            head = decode(data, Head)
            if head.stream == self._about.stream:
                return self._lie_of_head(head, data)
        return event(data)

    def _lie(self, entry: Entry) -> bytes:
        self._world.deceived[self._whom] = self._how
        match self._how:
            case Deceit.WITHHOLD | Deceit.TRUNCATE:
                return b""
            case Deceit.REWRITE:
                return event(encode(msgspec.structs.replace(entry, body=b"{}")))
            case Deceit.FORGE_HEADER:
                header = msgspec.structs.replace(decode(entry.header, Header), fact="fct_" + 32 * "0")
                return event(encode(msgspec.structs.replace(entry, header=encode(header))))
            case Deceit.WRONG_AUDIENCE:
                return event(encode(msgspec.structs.replace(entry, stream="role:regulator")))
            case Deceit.SPLIT:
                self._about = self._other(entry)
                return event(encode(self._about))

    def _lie_of_head(self, head: Head, data: bytes) -> bytes:
        """A hub that leaves out a stream goes on so; every other lie is told, and over."""
        if self._how is Deceit.TRUNCATE:
            return b""
        self._over = True
        return event(self._second_history(head) if self._how is Deceit.SPLIT else data)

    def _other(self, entry: Entry) -> Entry:
        """Another body under a commitment of its own."""
        salt, body = bytes(SALT_SIZE), b'{"kind":"nothing","v":1}'
        return msgspec.structs.replace(entry, body=body, salt_b=salt, body_c=commit_body(salt, body))

    def _second_history(self, head: Head) -> bytes:
        """A head that covers the other entry, signed by the hub's own key as if there were no other log."""
        world, about = self._world, self._about
        assert about is not None, "the entry came first"
        disk, hub = world.hub.disk, world.hub.exchange().identity
        rows = disk.look(
            "SELECT entry.leaf FROM entry JOIN stream ON stream.number = entry.stream "
            "WHERE stream.name = :name AND entry.seq < :size ORDER BY entry.seq",
            {"name": head.stream, "size": head.size},
        )
        leaves = [leaf for (leaf,) in rows]
        leaves[about.seq] = leaf_of(
            LeafParts(
                hub=hub.id,
                realm=hub.realm,
                stream=about.stream,
                origin=about.origin_c,
                header=commit_header(about.salt_h, about.header),
                body=about.body_c,
            )
        )
        ((names,),) = disk.look("SELECT salt_h FROM entry WHERE stream = 0 AND seq = 0")
        ((before,),) = disk.look("SELECT frontier FROM log ORDER BY size DESC LIMIT 1")
        shown = StreamHead(key_of(head.stream, names), head.size, EMPTY.extend(leaves).root())
        heads, log_before = HeadMap([shown]), Frontier.from_bytes(before)
        log = log_before.append(heads.log_leaf())
        proof = heads.prove(shown.key, log_before)
        note = sign_note(Checkpoint(hub.key.name, log.size, log.root()), hub.signing_key)
        return encode(
            msgspec.structs.replace(
                head,
                root=shown.root,
                note=note,
                map_index=proof.map_index,
                map_size=proof.map_size,
                map_path=proof.map_path,
                log_path=proof.log_path,
            )
        )
