# SPDX-License-Identifier: Apache-2.0
"""What must hold of the anonymous path, as in `invariants.py`.

A failure is: an anonymous report that is told twice, or in part; one for which a store of hub, relay or partner names
somebody; one that is lost while its sender holds tokens that count; one that nobody was told of and of which its sender
says that it was taken.

No failure is: that one waits while relay, partner or hub are away, or until the next epoch; that it is given up after a
backup was put in place at its sender; that it is lost with a restored hub, when no reader held it; that its sender has
no answer and says so to its people.
"""

from collections.abc import Iterator

from tocsin.agent.anonymous.reports import State
from tocsin.world.inside import World
from tocsin.world.relaying import fate_of

_COUNTED = (
    "SELECT stream.name, count(*) FROM entry JOIN stream ON stream.number = entry.stream "
    "WHERE entry.fact = :fact GROUP BY stream.name"
)


# always


def what_was_hidden_is_told_once(world: World) -> Iterator[str]:
    """Each report is in its one stream whole and once, or nowhere."""
    for one in world.hidden:
        told = dict(world.hub.disk.look(_COUNTED, {"fact": one.id}))
        if told not in ({}, {"members": one.objects}):
            yield f"The hidden {one.id} of {one.by} is told as {told}, and has {one.objects} objects."


def nobody_is_named_for_what_was_hidden(world: World) -> Iterator[str]:
    """The hub knows no owner of it, and nothing that only its sender has is on a disk of hub, relay or partner."""
    if not world.hidden:
        return
    servers = {
        machine.name: machine.disk.image() for machine in (world.hub, world.partner, world.relay) if machine
    }
    for one in world.hidden:
        for (owner,) in world.hub.disk.look("SELECT owner FROM origin WHERE fact = :fact", {"fact": one.id}):
            if owner is not None:
                yield f"The hub says that {owner} reported the hidden {one.id}."
        for name, image in servers.items():
            if one.case.encode() in image:
                yield f"The case of the hidden {one.id} is on the disk of {name}."
            if name != world.hub.name and one.id.encode() in image:
                yield f"The hidden {one.id} is on the disk of {name}."


# at rest


def what_was_hidden_is_not_lost(world: World) -> Iterator[str]:
    """Each report is told, or was given up before its sender's people."""
    told = {fact for (fact,) in world.hub.disk.look("SELECT fact FROM entry WHERE kind = 'object'")}
    for one in world.waiting_unseen():
        yield f"The hidden {one.id} of {one.by} still waits, and there are tokens for it."
    for one in world.hidden:
        state, _ = fate_of(world.agents[one.by], one.id)
        if one.forgotten or world.restored or one.by in world.deceived:
            continue
        if state is State.TAKEN and one.id not in told:
            yield f"{one.by} was told that its hidden {one.id} was taken, and nobody has it."
        if state is State.REFUSED:
            yield f"The hidden {one.id} of {one.by} was refused."
