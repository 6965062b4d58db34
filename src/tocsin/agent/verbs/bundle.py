# SPDX-License-Identifier: Apache-2.0
"""Hand another party a file of the streams that it may read, and take one in, when the hub is down or out of reach.

What is handed over is what this agent's replica has proved, with the newest head of each stream that needs no further
witness; never more than the receiver may read as the directory states it here (`tocsin.domain.release`). Groups are
left out: only the desk knows who is in one. What is taken in goes the way of what comes from the hub:

(1) the file is whole, for this party of this alliance, and not too old (`tocsin.wire.bundle`);
(2) the hub had been restored as often for its maker as for this agent: a restart is heard from the hub alone;
(3) the directory in it proves itself, and is kept;
(4) an active party of that directory has signed the bundle;
(5) every other stream proves itself (`tocsin.follow.proving`), and is kept as if the hub had sent it.

What does not prove itself is an alarm and accuses nobody: a head in a file may be one that a restart has replaced. The
heads themselves are compared by `tocsin agent compare`.
"""

from collections.abc import Iterator

import msgspec

from tocsin.agent.history import proved
from tocsin.agent.history.directory import PartyRow
from tocsin.agent.history.replica import Replica
from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.clock import DAY, MINUTE, Instant, to_text
from tocsin.domain.audience import DIRECTORY
from tocsin.domain.party import Party, Role, Standing
from tocsin.domain.release import PURPOSES, Item, Purpose, Viewer, decide, follows
from tocsin.errors import BadSignature, Conflict, Malformed, NotActive, ProofError, StateError, Withheld
from tocsin.follow.proving import prove_next
from tocsin.proof.signing import SigningKey, verify
from tocsin.storage.store import Transaction
from tocsin.wire.bundle import Bundle, Opened, Span, context_of, pack, unpack
from tocsin.wire.messages import Entry, Head, Header, decode

LIFE_DAYS = 3
"""A bundle is taken in for so long: whoever takes an old one believes to know what it does not."""
_AHEAD = 5 * MINUTE
"""Clocks differ by so much."""
_PAGE = 1_000
MAX_DAYS = 3_660
_ANOTHER = "Ask for a new one: tocsin agent bundle DIR export FILE --to YOUR-NAME"


class HandedOver(msgspec.Struct, frozen=True):
    """What was put into a bundle."""

    to: str
    """Name of the party that it is for."""
    until: Instant
    streams: tuple[Span, ...]
    bytes: int


class Gained(msgspec.Struct, frozen=True):
    """What one stream gained."""

    stream: str
    new: int
    size: int
    """Entries that are proved here now."""
    lacks: str = ""
    """Why it could not go on from what is here; empty: it could."""


class TakenIn(msgspec.Struct, frozen=True):
    """What a bundle brought."""

    by: str
    """Name of the party that made it."""
    made: Instant
    streams: tuple[Gained, ...]


class _Count(msgspec.Struct, frozen=True):
    entries: int


def hand_over(house: House, receiver: PartyRow, days: int, by: str) -> tuple[bytes, HandedOver]:
    """The bundle for a party, with every entry of the last so many days; it becomes a line in the journal.

    Malformed for no such number of days; NotActive when the directory here does not call the receiver active;
    StateError before anything was proved.
    """
    member, now = house.vault.membership(), house.clock.now()
    if not 1 <= days <= MAX_DAYS:
        raise Malformed(f"A bundle holds 1 to {MAX_DAYS} days.")
    viewer = Viewer(_party(receiver))
    if viewer.party.standing is not Standing.ACTIVE:
        raise NotActive(f"The directory says that {receiver.name} is {receiver.standing}.")
    replica = Replica(house.store, member, house.config.decay, house.clock)
    epoch = replica.epoch()
    with house.store.reading("bundle") as tx:
        heads = [head for head in proved.firm_heads(tx) if follows(head.stream, viewer, now).allowed]
        if not heads or heads[0].stream != DIRECTORY:
            raise StateError("Nothing was proved here yet that could be handed over.")
        since = Instant(now - days * DAY)
        spans = [_span(tx, head, since) for head in heads]
        bundle = Bundle(
            hub=member.hub,
            realm=member.realm,
            by=member.party,
            to=receiver.id,
            made=now,
            expires=now + LIFE_DAYS * DAY,
            epoch=epoch,
            streams=tuple(spans),
            digest=b"",
        )
        both = zip(heads, spans, strict=True)
        lines = (line for head, span in both for line in _lines(tx, head, span, viewer, now))
        data = pack(bundle, lines, SigningKey.from_seed(member.signing_seed))
    about = f"{receiver.name} ({receiver.id})"
    house.store.run(
        "hand over bundle",
        lambda tx: write(tx, house.vault.box, Decision(now, by, "handed over a bundle of streams", about)),
    )
    return data, HandedOver(receiver.name, Instant(bundle.expires), bundle.streams, len(data))


def take_in(house: House, data: bytes, by: str) -> TakenIn:
    """Keep what a bundle proves; it becomes a line in the journal.

    A stream that begins beyond what is here is passed over, and `Gained.lacks` says so. Conflict or Withheld for a
    bundle that is not for this agent now; a ProofError, with an alarm, for what proves nothing.
    """
    opened = unpack(data)  # (1)
    member, now = house.vault.membership(), house.clock.now()
    replica = Replica(house.store, member, house.config.decay, house.clock)
    _demand_ours(opened.bundle, member.hub, member.realm, member.party, now)
    _demand_epoch(opened.bundle, replica.epoch())  # (2)
    directory, *others = opened.heads
    if directory.stream != DIRECTORY or opened.bundle.streams[0].start:
        raise Withheld("The bundle does not begin with the whole directory.", next_step=_ANOTHER)
    try:
        taken = [_take(replica, opened, directory, now)]  # (3)
        with house.store.reading("maker of bundle") as tx:
            maker = _demand_maker(tx, opened)  # (4)
        taken += [_take(replica, opened, head, now) for head in others]  # (5)
    except ProofError as error:
        replica.alarm(error)
        raise
    told = f"{sum(one.new for one in taken)} new entries, made {to_text(Instant(opened.bundle.made))[:16]}"
    about = f"{maker} ({opened.bundle.by})"
    house.store.run(
        "take in bundle",
        lambda tx: write(tx, house.vault.box, Decision(now, by, "took in a bundle of streams", about, told)),
    )
    return TakenIn(maker, Instant(opened.bundle.made), tuple(taken))


def _demand_ours(bundle: Bundle, hub: str, realm: str, party: str, now: Instant) -> None:
    if (bundle.hub, bundle.realm) != (hub, realm):
        raise Conflict("The bundle is of another alliance, or of a drill.", next_step=_ANOTHER)
    if bundle.to != party:
        raise Conflict("The bundle was made for another party.", next_step=_ANOTHER)
    if bundle.expires <= now or bundle.expires - bundle.made > LIFE_DAYS * DAY:
        until = to_text(Instant(bundle.expires))[:16]
        raise Conflict(f"The bundle was good until {until} UTC.", next_step=_ANOTHER)
    if bundle.made > now + _AHEAD:
        raise Conflict(
            f"The bundle was made at {to_text(Instant(bundle.made))[:16]} UTC, which is not yet.",
            next_step="Correct the clock that is wrong, this machine's or its maker's.",
        )


def _demand_epoch(bundle: Bundle, epoch: int) -> None:
    if bundle.epoch != epoch:
        before = "before" if bundle.epoch < epoch else "after"
        raise Conflict(
            f"The bundle was made {before} a restart of the hub that only one of you has heard of.",
            next_step="A restart is believed from the hub alone: follow it, then ask for a new bundle.",
        )


def _demand_maker(tx: Transaction, opened: Opened) -> str:
    """The name of the active party that signed it."""
    bundle = opened.bundle
    maker = next((one for one in tx.all("parties", {}, into=PartyRow) if one.id == bundle.by), None)
    if maker is None or maker.standing != Standing.ACTIVE:
        raise BadSignature("No active party of the alliance has made this bundle.")
    try:
        verify(maker.signing_key, context_of(bundle), opened.signed.bundle, opened.signed.signature)
    except BadSignature:
        raise BadSignature(f"{maker.name} has not signed this bundle with the key that it has now.") from None
    return maker.name


def _take(replica: Replica, opened: Opened, head: Head, now: Instant) -> Gained:
    """Keep what is new under one head. One that counts less than was shown here brings nothing, and says nothing."""
    state, waiting = replica.state(head.stream), opened.entries.get(head.stream, {})
    held = state.frontier.size
    if head.size < max(held, state.counted):
        return Gained(head.stream, 0, held)
    start = next(span.start for span in opened.bundle.streams if span.stream == head.stream)
    if held < start:
        lacks = f"it begins with entry {start} of {head.stream}, and {held} are here: ask for more --days"
        return Gained(head.stream, 0, held, lacks)
    proved = prove_next(replica.trust(), state, waiting, head)
    if proved.entries:
        replica.keep(head.stream, proved.state, proved.entries, proved.witness, now)
    return Gained(head.stream, len(proved.entries), proved.state.frontier.size)


def _span(tx: Transaction, head: Head, since: Instant) -> Span:
    """What of a stream goes in: of the directory everything, so that whoever stayed away long can begin."""
    if head.stream == DIRECTORY:
        return Span(head.stream, 0, head.size)
    before = tx.one("count_before", {"stream": head.stream, "added": since}, into=_Count)
    return Span(head.stream, min(before.entries if before else 0, head.size), head.size)


def _lines(tx: Transaction, head: Head, span: Span, viewer: Viewer, now: Instant) -> Iterator[Entry | Head]:
    for start in range(span.start, span.size, _PAGE):
        for entry in proved.entries(tx, span.stream, start, min(start + _PAGE, span.size)):
            readable = _may_read(decode(entry.header, Header), span.stream, viewer, now)
            yield entry if readable else msgspec.structs.replace(entry, body=None, salt_b=None)
    yield head


def _may_read(header: Header, stream: str, viewer: Viewer, now: Instant) -> bool:
    """Whether the receiver may read the body, for any purpose of its role; one that is not known here is no."""
    known = frozenset(Purpose(one) for one in header.purposes if one in list(Purpose))
    if header.purposes and not known:
        return False
    item = Item(stream, Instant(header.added), known, erases=header.entry == "erasure")
    return any(decide(item, viewer, purpose, now).allowed for purpose in PURPOSES[viewer.party.role])


def _party(row: PartyRow) -> Party:
    return Party(
        row.id,
        row.name,
        Role(row.role),
        row.jurisdiction,
        Standing(row.standing),
        row.signing_key,
        row.sealing_key,
    )
