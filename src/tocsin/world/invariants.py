# SPDX-License-Identifier: Apache-2.0
"""What must hold in every world, stated before anything is moved.

A failure is: a report with a receipt that somebody who should have it lacks, or has twice; an entry that somebody has
and may not; two readers that differ in anything both have; a view that is not what the log says; a level that the
bare rule would not give; what was erased and is still somewhere; an accusation where nobody lied, and none where
somebody did; a receipt that does not verify; a message that never comes through.

No failure is: that something is late while machines or wires are down; that what was approved and never receipted is
lost with the only machine that held it; that a suspended party keeps what it had; that a receipted message was in
truth taken twice when its sender was restored from a backup that did not know it (the hub knows it then).

`ALWAYS` holds after every move, `AT_REST` when what went wrong is over and everybody has caught up. Each is a
function that gives a sentence for everything that is wrong. They look at the disks themselves and share no code with
what they judge, but for `release.decide` and the two rebuilds, which are held against the bare rules elsewhere.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from tocsin.agent.alarms import Alarm
from tocsin.agent.history.changes import Changes
from tocsin.agent.history.rewind import see_again
from tocsin.agent.history.views import Views
from tocsin.agent.outbox import settled_state
from tocsin.agent.work import levels
from tocsin.clock import Instant
from tocsin.domain.party import Party, Standing
from tocsin.domain.release import PURPOSES, Item, Purpose, Viewer, decide
from tocsin.errors import ProofError, TocsinError
from tocsin.hub.restoring.again import rebuild
from tocsin.proof.merkle import EMPTY, Frontier
from tocsin.wire.messages import Header, decode
from tocsin.world.bystander import Said
from tocsin.world.heard import entries_of, expected_levels, half_known, heard_by, may_be_refused
from tocsin.world.inside import World
from tocsin.world.machine import Disk, Process
from tocsin.world.seats import AgentMachine
from tocsin.world.terms import (
    GROUP_STREAM,
    a_group_is_read_by_its_members_only,
    an_edge_holds_what_the_hub_holds,
    an_edge_shows_the_hubs_history,
    answers_are_counted,
    answers_are_kept,
    members_hold_what_their_group_is_told,
    nothing_is_kept_too_long,
    nothing_is_read_before_its_time,
    snippet_of,
)
from tocsin.world.unseen import (
    nobody_is_named_for_what_was_hidden,
    what_was_hidden_is_not_lost,
    what_was_hidden_is_told_once,
)

_HUB_VIEWS = (
    "party", "declared", "membership", "object", "warning", "source", "band", "answer", "answer_band",
)  # fmt: skip
_AGENT_VIEWS = (
    "party",
    "party_history",
    "declared",
    "posting",
    "band",
    "warning",
    "erased_warning",
    "answers",
)

Invariant = Callable[[World], Iterator[str]]


# always


def copies_are_prefixes(world: World) -> Iterator[str]:
    """Every replica holds, in order and without a gap, the beginning of what the hub holds, and its tree says so.

    A hub that comes back, and a stream that it has closed until its reader hands the rest back, may lack the end.
    """
    theirs = _leaves(world.hub.disk, "SELECT stream.name, entry.leaf FROM entry JOIN stream "
                     "ON stream.number = entry.stream ORDER BY entry.stream, entry.seq")  # fmt: skip
    closed = {name for (name,) in world.hub.disk.look(
        "SELECT stream.name FROM closed JOIN stream ON stream.key = closed.key")}  # fmt: skip
    for short, agent in _honest(world):
        held = _leaves(agent.disk, "SELECT stream, leaf FROM entry ORDER BY stream, seq")
        for name, size, frontier, firm in agent.disk.look("SELECT name, size, frontier, firm FROM stream"):
            ours, hubs = held.get(name, []), theirs.get(name, [])
            if len(ours) != size or EMPTY.extend(ours).root() != Frontier.from_bytes(frontier).root():
                yield f"{short} holds {len(ours)} entries of {name} under a tree of {size}."
            lacks = world.hub.restoring or name in closed
            certain = min(firm, len(hubs)) if lacks else len(ours)
            if ours[:certain] != hubs[:certain]:
                yield f"{short} holds another {name} than the hub."


def nobody_holds_what_is_denied(world: World) -> Iterator[str]:
    """No reader holds a body that `decide` would not have given it."""
    for short, agent in _honest(world):
        who, party = world.parties[short], world.names[short]
        viewer = Viewer(Party(party, short, who.role, who.jurisdiction, Standing.ACTIVE, b"", b""))
        rows = agent.disk.look(
            "SELECT entry.stream, entry.seq, entry.header, entry.added FROM entry "
            "JOIN body ON body.stream = entry.stream AND body.seq = entry.seq"
        )
        for stream, seq, header, added in rows:
            if stream == GROUP_STREAM:
                continue  # by its roster: `a_group_is_read_by_its_members_only`
            item = Item(stream, Instant(added), frozenset(map(Purpose, decode(header, Header).purposes)))
            answers = [decide(item, viewer, one, world.clock.now()) for one in PURPOSES[who.role]]
            if not any(answer.allowed for answer in answers):
                yield f"{short} holds {stream}/{seq}: {answers[0].reason}."


def suspended_parties_learn_nothing(world: World) -> Iterator[str]:
    """Nobody who is suspended holds an entry that was added after that."""
    for short, suspension in world.suspended.items():
        for name, size in world.agents[short].disk.look("SELECT name, size FROM stream"):
            if size > suspension.sizes.get(name, 0):
                yield f"{short} is suspended, and holds {size} entries of {name}."


def nobody_is_accused_for_nothing(world: World) -> Iterator[str]:
    """Where nobody lied no reader says that somebody did."""
    for short, agent in _honest(world):
        for alarm in accusations(agent):
            yield f"{short} accuses: {alarm}"


def nothing_bad_is_taken(world: World) -> Iterator[str]:
    """What an adversary tries is refused."""
    yield from world.taken


def nothing_unforeseen(world: World) -> Iterator[str]:
    """Nothing happened that nobody handles."""
    yield from world.accidents()


# at rest


def everything_receipted_is_there_once(world: World) -> Iterator[str]:
    """What has a receipt is exactly once in every stream that it was meant for, at everybody who reads it."""
    heard = heard_by(world)
    for said, held in _told(world):
        for short, counts in held.items():
            meant = {one for one in said.streams if short == "hub" or one in world.readable(short)}
            for stream in sorted(meant):
                if counts.get(stream, 0) != (told := entries_of(said, world, heard)):
                    yield (
                        f"{said.kind} {said.id} of {said.by} is {counts.get(stream, 0)} times in {stream} "
                        f"at {short}, and {told} were told."
                    )


def nothing_is_with_others(world: World) -> Iterator[str]:
    """What was said is in no stream that it was not meant for, and at nobody who does not read those."""
    for said, held in _told(world):
        for short, counts in held.items():
            meant = {one for one in said.streams if short == "hub" or one in world.readable(short)}
            for stream in sorted(counts.keys() - meant - {GROUP_STREAM}):
                yield f"{said.kind} {said.id} of {said.by} is in {stream} at {short}, for whom it is not."


def views_are_what_the_log_says(world: World) -> Iterator[str]:
    """Every view, kept up to date move by move, is what is made anew from the log."""
    hub = world.hub.exchange()
    again = Disk("hub", world.hub.disk.image())
    again.open(Process("a copy")).run("rebuild", lambda tx: rebuild(tx, hub))
    yield from _differences("hub", world.hub.disk, again, _HUB_VIEWS)
    for short, agent in _readers(world):
        again = Disk("agent", agent.disk.image())
        views = Views(agent.membership, agent.config.decay, lambda tx, sentence: None, Changes())
        sizes = dict(agent.disk.look("SELECT name, size FROM stream"))
        act = partial(views.apply, obey=True)
        again.open(Process("a copy")).run("see again", lambda tx, n=sizes, a=act: see_again(tx, n, a))  # type: ignore[misc]
        yield from _differences(short, agent.disk, again, _AGENT_VIEWS)


def levels_are_what_the_rule_says(world: World) -> Iterator[str]:
    """Every reader is at the level that follows from who said what, counted by hand."""
    for short, agent in _readers(world):
        house = agent.house(Process("a look"))
        found = {
            str(one.observable): str(one.judgement.level) for one in levels(house).known(house.clock.now())
        }
        wanted = expected_levels(world, short)
        for value in sorted((found.keys() | wanted.keys()) - half_known(world, short)):
            if found.get(value) != wanted.get(value):
                yield f"{value} is at {found.get(value)} at {short}, and the rule says {wanted.get(value)}."


def files_hold_what_is_blocked(world: World) -> Iterator[str]:
    """The protection file of every agent that runs holds what is at block, judged anew, and nothing else."""
    for short, agent in _readers(world):
        house = agent.house(Process("a look"))
        path = house.folder / house.config.shields.csv
        if not agent.up or not path.exists():
            continue
        with path.open(newline="", encoding="utf-8") as file:
            held = {f"{row['kind']}:{row['value']}" for row in csv.DictReader(file)}
        wanted = {str(one.observable) for one in levels(house).blocked(house.clock.now())}
        for value in sorted(held ^ wanted):
            yield f"{value} is {'in' if value in held else 'not in'} the file of {short}, and the levels differ."


def erased_is_gone(world: World) -> Iterator[str]:
    """No byte of what was erased is on any disk of somebody who could hear of it."""
    heard = heard_by(world)
    gone = [said for said in world.said if heard.erased(said)]
    if not gone:
        return
    outside = {short for short in world.agents if GROUP_STREAM not in world.readable(short)}
    for name, machine in world.machines().items():
        if name in world.suspended or name in world.deceived or machine.forgotten:
            continue
        image = machine.disk.image()
        for said in gone:
            if GROUP_STREAM in said.streams and name in outside:
                continue  # it left, and hears of nothing there any more
            if any(snippet_of(body) in image for body in said.bodies):
                yield f"{said.kind} {said.id} was erased and lies on the disk of {name}."


def receipts_verify(world: World) -> Iterator[str]:
    """Every receipt that an agent keeps is signed by the hub, for this party and this message."""
    for short, agent in _readers(world):
        house, membership = agent.house(Process("a look")), agent.membership
        rows = agent.disk.look("SELECT id FROM outbox WHERE state = 'receipted'")
        states = [house.outbox.state(message) for (message,) in rows]
        with house.store.reading("receipts") as tx:
            for state in states:
                try:
                    settled_state(tx, state, membership)
                except TocsinError as error:
                    yield f"A receipt at {short}: {error}"


def nothing_waits(world: World) -> Iterator[str]:
    """Every message of an active party has its answer, and what was well meant was not refused."""
    wanted = {said.message for said in world.said if not may_be_refused(said, world)}
    for short, agent in _readers(world):
        for message, state in agent.disk.look("SELECT id, state FROM outbox WHERE state <> 'receipted'"):
            if state == "waiting" or message in wanted:
                yield f"{message} of {short} is {state}."
        for stream, seq in agent.disk.look("SELECT stream, seq FROM waiting"):
            yield f"{stream}/{seq} waits at {short} for more of the directory."


def everybody_has_everything(world: World) -> Iterator[str]:
    """Every active party holds all that it may read, under a head that the partner co-signed."""
    sizes = dict(world.hub.disk.look("SELECT name, size FROM stream"))
    for short, agent in _readers(world):
        held = {
            name: (size, how) for name, size, how in agent.disk.look("SELECT name, size, witness FROM stream")
        }
        for name in sorted(world.readable(short) & {str(one) for one, size in sizes.items() if size}):
            if held.get(name) != (sizes[name], "witnessed"):
                yield f"{short} holds {held.get(name)} of {name}, and the hub {sizes[name]}."


def liars_are_found_out(world: World) -> Iterator[str]:
    """Every reader that the hub lies to, and who could see it, says so."""
    for short, how in world.deceived.items():
        if not accusations(world.agents[short]):
            yield f"{short} was deceived ({how}) and says nothing."


ALWAYS: tuple[Invariant, ...] = (
    copies_are_prefixes,
    nobody_holds_what_is_denied,
    suspended_parties_learn_nothing,
    nobody_is_accused_for_nothing,
    nothing_is_read_before_its_time,
    a_group_is_read_by_its_members_only,
    an_edge_shows_the_hubs_history,
    nothing_bad_is_taken,
    what_was_hidden_is_told_once,
    nobody_is_named_for_what_was_hidden,
    nothing_unforeseen,
)
AT_REST: tuple[Invariant, ...] = (
    nothing_waits,
    everybody_has_everything,
    everything_receipted_is_there_once,
    nothing_is_with_others,
    levels_are_what_the_rule_says,
    files_hold_what_is_blocked,
    views_are_what_the_log_says,
    erased_is_gone,
    members_hold_what_their_group_is_told,
    nothing_is_kept_too_long,
    answers_are_kept,
    answers_are_counted,
    an_edge_holds_what_the_hub_holds,
    receipts_verify,
    liars_are_found_out,
    what_was_hidden_is_not_lost,
)


def broken(world: World, invariants: tuple[Invariant, ...]) -> list[str]:
    """Everything that is wrong, each with the invariant that says so."""
    return [f"{one.__name__}: {sentence}" for one in invariants for sentence in one(world)]


# looking


def accusations(agent: AgentMachine) -> list[str]:
    """Sentences by which a reader says that somebody lied to it."""
    titles = tuple(_titles(ProofError))
    told = [Alarm(0, sentence) for (sentence,) in agent.disk.look("SELECT sentence FROM alarm")]
    return [
        one.sentence for one in told if one.sentence.startswith(titles) or "is not acted on" in one.sentence
    ]


def _honest(world: World) -> Iterator[tuple[str, AgentMachine]]:
    """Readers to whom nobody lies."""
    return ((short, agent) for short, agent in world.agents.items() if short not in world.deceived)


def _readers(world: World) -> Iterator[tuple[str, AgentMachine]]:
    """Those of them who may read."""
    return ((short, agent) for short, agent in _honest(world) if short not in world.suspended)


def _told(world: World) -> Iterator[tuple[Said, Mapping[str, Mapping[str, int]]]]:
    """Everything that was said for certain, with how often it is in which stream at the hub and at each reader."""
    disks = {"hub": world.hub.disk} | {short: agent.disk for short, agent in _readers(world)}
    query = {
        "hub": "SELECT entry.fact, entry.kind, stream.name, count(*) FROM entry JOIN stream "
        "ON stream.number = entry.stream GROUP BY entry.fact, entry.kind, stream.name"
    }
    counts: dict[str, dict[tuple[str, str], dict[str, int]]] = {}
    for short, disk in disks.items():
        rows = disk.look(
            query.get(short, "SELECT fact, kind, stream, count(*) FROM entry GROUP BY fact, kind, stream")
        )
        for fact, kind, stream, count in rows:
            about = counts.setdefault(short, {}).setdefault((fact, kind), {})
            about[stream] = count
    heard = heard_by(world)
    for said in world.said:
        if heard.took(said):
            yield said, {short: counts.get(short, {}).get((said.id, said.kind), {}) for short in disks}


def _differences(who: str, disk: Disk, again: Disk, views: tuple[str, ...]) -> Iterator[str]:
    for view in views:
        ours, made = (sorted(map(repr, one.look(f"SELECT * FROM {view}"))) for one in (disk, again))  # noqa: S608 our own names
        if ours != made:
            only, missing = [row for row in ours if row not in made], [row for row in made if row not in ours]
            yield f"{view} at {who} has {only[:2]}, and the log says {missing[:2]}."


def _leaves(disk: Disk, text: str) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for stream, leaf in disk.look(text):
        found.setdefault(stream, []).append(leaf)
    return found


def _titles(kind: type[TocsinError]) -> Iterator[str]:
    yield kind.title()
    for below in kind.__subclasses__():
        yield from _titles(below)
