# SPDX-License-Identifier: Apache-2.0
"""What must hold of the terms on which something is told: an embargo, a roster, an age, and of answers and edges.

As in `invariants.py`: each gives a sentence for everything that is wrong, and looks at the disks itself. No failure
is that who left the group keeps what it had, nor that it never hears of an erasure there.
"""

from collections import Counter
from collections.abc import Iterator

from tocsin.clock import DAY
from tocsin.domain.party import Role
from tocsin.wire.answering import AcknowledgementEvent
from tocsin.wire.messages import decode
from tocsin.world.bystander import RETENTION_DAYS
from tocsin.world.inside import World
from tocsin.world.moves import GROUP, HUB, TWIN
from tocsin.world.seats import AgentMachine

GROUP_STREAM = f"group:{GROUP}"
FEWEST = 3
"""Parties of a role whose answers are told of: among fewer, a band would be a name."""
_SNIPPET = 120
"""Bytes of a body that are looked for: they hold its identifier, so no other body has them."""

Bands = dict[tuple[str, int, str], tuple[str, str, str]]
"""By chain, version and audience: received, acted, not affected."""


# always


def nothing_is_read_before_its_time(world: World) -> Iterator[str]:
    """No byte of what is under embargo is on a disk but the hub's, and there it is in no stream."""
    early = [said for said in world.said if said.not_before > world.latest]
    if not early:
        return
    facts = {fact for (fact,) in world.hub.disk.look("SELECT fact FROM entry")}
    others = {name: machine for name, machine in world.machines().items() if name not in (HUB, TWIN)}
    images = {name: machine.disk.image() for name, machine in others.items()}
    for said in early:
        if said.id in facts:
            yield f"{said.id} of {said.by} is in a stream before its time."
        for name, image in images.items():
            if any(snippet_of(body) in image for body in said.bodies):
                yield f"{said.id} of {said.by} lies on the disk of {name} before its time."


def a_group_is_read_by_its_members_only(world: World) -> Iterator[str]:
    """Nobody holds what the group was told before it came, but for erasures, or anything at all from after it left."""
    for short, agent in _honest(world):
        stays = [stay for stay in world.stays if stay.who == short]
        again = (
            world.rosters(short).get(GROUP) if world.restored else None
        )  # a change may be lost with the hub
        rows = agent.disk.look(
            "SELECT entry.seq, entry.added, body.body FROM entry LEFT JOIN body ON body.stream = entry.stream "
            "AND body.seq = entry.seq AND entry.kind <> 'erasure' WHERE entry.stream = :stream",
            {"stream": GROUP_STREAM},
        )
        for seq, added, body in rows:
            during = [stay for stay in stays if stay.upto is None or seq < stay.upto]
            reads = any(stay.reads_from <= added for stay in during) or (again is not None and again <= added)
            if not (during or again is not None) or (body is not None and not reads):
                yield f"{short} holds {GROUP_STREAM}/{seq}, and was not in the group for that."


def an_edge_shows_the_hubs_history(world: World) -> Iterator[str]:
    """What an edge holds is, stream for stream, the beginning of what the hub holds."""
    edge = world.edge
    if edge is None or edge.forgotten:
        return
    text = "SELECT stream, seq, leaf FROM entry"
    for row in set(edge.disk.look(text)) - set(world.hub.disk.look(text)):
        yield f"The edge holds {row[0]}/{row[1]}, and the hub another one."


# at rest


def members_hold_what_their_group_is_told(world: World) -> Iterator[str]:
    """Whoever is in the group has every body from the time on from which it may read."""
    text = (
        "SELECT entry.seq, entry.added FROM entry JOIN body ON body.stream = entry.stream "
        "AND body.seq = entry.seq {} WHERE {} = :stream"
    )
    theirs = world.hub.disk.look(
        text.format("JOIN stream ON stream.number = entry.stream", "stream.name"), {"stream": GROUP_STREAM}
    )
    for short, agent in _readers(world):
        since = world.rosters(short).get(GROUP)
        held = {seq for seq, _ in agent.disk.look(text.format("", "entry.stream"), {"stream": GROUP_STREAM})}
        for seq, added in theirs if since is not None else ():
            if added >= since and seq not in held:
                yield f"{short} is in the group, and lacks the body of {GROUP_STREAM}/{seq}."


def nothing_is_kept_too_long(world: World) -> Iterator[str]:
    """No body of a report or sighting is older than the alliance keeps them, from the hub's last start on."""
    rows = world.hub.disk.look(
        "SELECT stream.name, entry.seq FROM entry JOIN stream ON stream.number = entry.stream "
        "JOIN body ON body.stream = entry.stream AND body.seq = entry.seq "
        "WHERE entry.kind IN ('object', 'sighting') AND entry.added < :old",
        {"old": world.hub.started - RETENTION_DAYS * DAY},
    )
    for stream, seq in rows:
        yield f"The hub keeps {stream}/{seq} beyond its age."


def answers_are_counted(world: World) -> Iterator[str]:
    """Everybody learns the bands that follow from who answered what, for the one role that is not too few to tell."""
    if any(world.parties[short].role is Role.BANK for short in world.suspended):
        return  # too few to tell of anybody, until it is back
    authors, wanted = _bands(world)
    for short, agent in _readers(world):
        rows = agent.disk.look(
            "SELECT chain, version, audience, received, acted, not_affected FROM answers WHERE role = 'bank'"
        )
        found: Bands = {(row[0], row[1], row[2]): (row[3], row[4], row[5]) for row in rows}
        for place in sorted(found.keys() | wanted.keys()):
            hears = place[2] in world.readable(short) or authors.get(place[0]) == world.names[short]
            if hears and found.get(place) != wanted.get(place):
                yield f"{short} is told {found.get(place)} of {place}, and the answers say {wanted.get(place)}."


def answers_are_kept(world: World) -> Iterator[str]:
    """Of whatever a party has answered for certain the hub has an entry."""
    rows = world.hub.disk.look("SELECT fact FROM entry WHERE kind = 'acknowledgement'")
    facts = {fact for (fact,) in rows}
    for short, agent in _readers(world):
        rows = agent.disk.look("SELECT id FROM outbox WHERE state = 'receipted'")
        certain = {message for (message,) in rows}
        for warning in sorted(
            {one.warning for one in world.answered if one.by == short and one.message in certain}
        ):
            told = {one.message for one in world.answered if (one.by, one.warning) == (short, warning)}
            if not told & facts:
                yield f"{short} has a receipt for its answer to {warning}, and the hub has none."


def an_edge_holds_what_the_hub_holds(world: World) -> Iterator[str]:
    """Every entry, every body that is left, and who may read."""
    edge = world.edge
    if edge is None or edge.forgotten:
        return
    for text in (
        "SELECT stream, seq, header, leaf FROM entry",
        "SELECT stream, seq, salt_b, body FROM body",
        "SELECT name, party, since, until, reads_from FROM membership",
        "SELECT id, standing FROM party",
    ):
        ours, hubs = set(edge.disk.look(text)), set(world.hub.disk.look(text))
        if ours != hubs:
            yield f"The edge lacks {len(hubs - ours)} and has {len(ours - hubs)} too many of {text}."


# looking


def snippet_of(body: bytes) -> bytes:
    """A part of a body that no other body has: from its identifier on."""
    start = max(0, body.find(b'"id":'))
    return body[start : start + _SNIPPET]


def _bands(world: World) -> tuple[dict[str, str], Bands]:
    """The author of each chain of warnings, and what the banks' last answers come to: others are too few."""
    banks = {world.names[short]: short for short, one in world.parties.items() if one.role is Role.BANK}
    last: dict[tuple[str, int, str], str] = {}
    for home, body in world.hub.disk.look(
        "SELECT stream.name, body.body FROM entry JOIN stream ON stream.number = entry.stream "
        "JOIN body ON body.stream = entry.stream AND body.seq = entry.seq "
        "WHERE entry.kind = 'acknowledgement' ORDER BY entry.stream, entry.seq"
    ):
        event, party = decode(body, AcknowledgementEvent), home.partition(":")[2]
        if party in banks:
            last[event.chain, event.version, party] = event.answer
    authors: dict[str, str] = {}
    found: Bands = {}
    for chain, version, author, audience in world.hub.disk.look(
        "SELECT warning.chain, warning.version, warning.owner, stream.name FROM warning "
        "JOIN stream ON stream.number = warning.stream "
        "JOIN body ON body.stream = warning.stream AND body.seq = warning.seq"
    ):
        authors[chain] = author
        given = Counter(answer for place, answer in last.items() if place[:2] == (chain, version))
        if given and sum(audience in world.readable(short) for short in banks.values()) >= FEWEST:
            counts = given.total(), given["acted"], given["not-affected"]
            found[chain, version, audience] = (_band(counts[0]), _band(counts[1]), _band(counts[2]))
    return authors, found


def _band(count: int) -> str:
    return str(count) if count < 2 else "2-4"


def _honest(world: World) -> Iterator[tuple[str, AgentMachine]]:
    return ((short, agent) for short, agent in world.agents.items() if short not in world.deceived)


def _readers(world: World) -> Iterator[tuple[str, AgentMachine]]:
    return ((short, agent) for short, agent in _honest(world) if short not in world.suspended)
