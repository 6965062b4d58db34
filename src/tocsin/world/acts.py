# SPDX-License-Identifier: Apache-2.0
"""How each move is done in a world in one process: by the product's own verbs, on the machine of whoever moves."""

from collections.abc import Callable
from typing import Any

import msgspec

from tocsin.agent.anonymous import reports
from tocsin.agent.anonymous.reports import Way
from tocsin.agent.house import House
from tocsin.agent.own_warnings import Content
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import approve
from tocsin.agent.redaction.door import Leaving
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.verbs import warn
from tocsin.agent.verbs.acknowledge import acknowledge
from tocsin.agent.verbs.erase import erase
from tocsin.agent.verbs.report import Prepared, send
from tocsin.agent.verbs.sight import look, sight
from tocsin.agent.work import classifier
from tocsin.clock import MINUTE, SECOND, Instant, day_of
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.party import Role
from tocsin.domain.warning import Urgency
from tocsin.errors import StateError, Unknown
from tocsin.ids import new_id
from tocsin.world import moves, operators
from tocsin.world.adversary import deceive, misbehave, replay
from tocsin.world.bystander import WARNED_DAYS, Answered, End, Hidden, Said
from tocsin.world.inside import World
from tocsin.world.machine import Step
from tocsin.world.moves import EDGE, HUB, PARTNER, RELAY, TWIN, Move
from tocsin.world.network import Wire
from tocsin.world.seats import HUB_HOST, Machine, TwinHub

_PERSON = "Duty analyst"


def perform(world: World, move: Move) -> None:
    """Do one move; raises what the product refuses it with."""
    ACTS[type(move)](world, move)


# what parties do


def _report(world: World, move: moves.Report) -> None:
    house, at = world.agents[move.by].house(), world.clock.now()
    audiences = _audiences(world, move.by, move.audiences)
    indicators = tuple(Indicator(world.value(number), "link") for number in move.values)
    report = new_id("rpt", house.entropy)
    draft = Draft(
        Disclosure(report, Attack.PHISHING, day_of(house.clock.now()), indicators, (), Marking()), (), ()
    )
    approved = approve(draft, _PERSON, house.clock.now())
    said = Said(
        move.by, report, "object", tuple(one.observable for one in indicators),
        audiences or _default(world, move.by), report, at=at,
    )  # fmt: skip
    if move.embargo_minutes:
        said.not_before = Instant(max(at, world.latest) + move.embargo_minutes * MINUTE)
    prepared = Prepared("wave.eml", report.encode(), Reading("mail"), draft)
    send(house, prepared, approved, "named", audiences, said.not_before)
    _remember(world, house, said)


def _hide(world: World, move: moves.Hide) -> None:
    agent = world.agents[move.by]
    house, now, value = agent.house(), agent.clock.now(), world.value(move.value)
    report = new_id("rpt", house.entropy)
    found = Disclosure(report, Attack.PHISHING, day_of(now), (Indicator(value, "link"),), (), Marking())
    draft = Draft(found, (), ())
    prepared = Prepared("wave.eml", report.encode(), Reading("mail"), draft)
    way = Way("mixed", hold=False, pseudonymous=True)
    queued = send(house, prepared, approve(draft, _PERSON, now), "mixed", ("members",), way=way)
    with house.store.reading("what waits") as tx:
        body = reports.demand(tx, house.vault.box, queued.report).body
    world.hidden.append(Hidden(move.by, queued.report, queued.case, (value,), len(bodies_of(body, "object"))))


def _sight(world: World, move: moves.Sight) -> None:
    house, at = world.agents[move.by].house(), world.clock.now()
    value = world.value(move.value)
    (audience,) = _audiences(world, move.by, (move.audience,))
    leaving: Leaving = look(house, classifier(house), value)
    message = sight(house, leaving, audience, _PERSON)
    _remember(world, house, Said(move.by, message, "sighting", (value,), (audience,), message, at=at))


def _warn(world: World, move: moves.Warn) -> None:
    house, at = world.agents[move.by].house(), world.clock.now()
    value, audience = world.value(move.value), world.audience(move.audience)
    content = Content("A wave of calls", (value,), "Block the host.", Urgency.URGENT, WARNED_DAYS)
    drafted = warn.draft(house, content, (audience,), "Inspector Okafor")
    warn.approve(house, drafted.id, "Superintendent Lindqvist")
    issued = warn.issue(house, drafted.id, "Superintendent Lindqvist")
    _remember(world, house, Said(move.by, issued.id, "warning", (value,), (audience,), issued.message, at=at))


def _withdraw(world: World, move: moves.Withdraw) -> None:
    said = world.recall(move.nth, lambda one: one.by == move.by and one.kind == "warning")
    gone = warn.withdraw(world.agents[move.by].house(), said.id, "It was over.", "Inspector Okafor")
    if gone.message:
        said.ended.append(End(gone.message, withdraws=True))


def _acknowledge(world: World, move: moves.Acknowledge) -> None:
    said = world.recall(move.nth, lambda one: one.kind == "warning")
    message = acknowledge(world.agents[move.by].house(), said.id, move.answer, _PERSON)
    world.answered.append(Answered(move.by, said.id, message))


def _erase(world: World, move: moves.Erase) -> None:
    said = world.recall(move.nth, lambda one: one.by == move.by)
    said.ended.append(End(erase(world.agents[move.by].house(), said.id, "mistake", _PERSON)))


# what happens to machines and wires


def _wait(world: World, move: moves.Wait) -> None:
    world.flow(move.seconds)


def _leap(world: World, move: moves.Leap) -> None:
    world.leap(move.minutes)


def _cut(world: World, move: moves.Cut) -> None:
    for wire in _wires(world, move.who):
        wire.cut()


def _mend(world: World, move: moves.Mend) -> None:
    for wire in _wires(world, move.who):
        wire.mend()


def _wires(world: World, who: str) -> list[Wire]:
    return [wire for name, wires in world.wires().items() if who in (name, "all") for wire in wires]


def _crash(world: World, move: moves.Crash) -> None:
    _machine(world, move.who).disk.deadly = Step(move.transaction, move.moment)


def _kill(world: World, move: moves.Kill) -> None:
    world.run(_machine(world, move.who).kill())


def _start(world: World, move: moves.Start) -> None:
    if move.who == TWIN and world.twin is None:
        door = world.doors[HUB_HOST][1]
        world.twin = TwinHub(world.hub, world.wire(), door, world.loop, world.clock, world.seed)
    machine = _machine(world, move.who)
    if not machine.may_start:
        raise StateError(f"{move.who} is not started while the hub comes back from a backup.")
    machine.start()


def _back_up(world: World, move: moves.BackUp) -> None:
    world.backups[move.who] = _machine(world, move.who).disk.image()


def _lose(world: World, move: moves.Lose) -> None:
    image = world.backups.get(move.who)
    if image is None or move.who in (TWIN, EDGE, RELAY):
        raise Unknown(f"There is no backup of {move.who}.")
    machine = _machine(world, move.who)
    if move.who == PARTNER:
        shown = world.hub.witnessed()
        world.run(machine.kill())
        world.partner.restore(image, shown)
    else:
        world.run(machine.kill())
        if move.who == HUB:
            operators.note_restore(world)
        for one in world.hidden:
            one.forgotten |= one.by == move.who
        (world.hub if move.who == HUB else world.agents[move.who]).restore(image)
    machine.start()


def _skew(world: World, move: moves.Skew) -> None:
    _machine(world, move.who).clock.ahead = move.seconds * SECOND


def _machine(world: World, who: str) -> Machine:
    """A machine by its name; Unknown for one that this world does not have, or not yet."""
    found = world.machines().get(who)
    if found is None:
        raise Unknown(f"There is no {who}.")
    return found


# what the world remembers


def _audiences(world: World, short: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    """As the wire has them; Unknown for a group that this party is not in: it would be refused."""
    found = tuple(world.audience(one) for one in texts)
    if not {one for one in found if one.startswith("group:")} <= world.readable(short):
        raise Unknown(f"{short} is not in the group.")
    return found


def _default(world: World, short: str) -> tuple[str, ...]:
    return ("members",) if world.parties[short].role in (Role.BANK, Role.DESK) else ("all",)


def _remember(world: World, house: House, said: Said) -> None:
    """Who said what, with the bytes that say it."""
    said.bodies = bodies_of(house.outbox.body(said.message), said.kind)
    world.said.append(said)


class _Objects(msgspec.Struct):
    objects: tuple[msgspec.Raw, ...]


def bodies_of(message: bytes, kind: str) -> tuple[bytes, ...]:
    """The parts of a message that stand in bodies of entries and nowhere else."""
    if kind != "object":
        return ()
    return tuple(bytes(one) for one in msgspec.json.decode(message, type=_Objects).objects)


ACTS: dict[type[Move], Callable[[World, Any], None]] = {
    moves.Report: _report,
    moves.Hide: _hide,
    moves.Sight: _sight,
    moves.Warn: _warn,
    moves.Withdraw: _withdraw,
    moves.Acknowledge: _acknowledge,
    moves.Erase: _erase,
    moves.EraseByLaw: operators.erase_by_law,
    moves.Suspend: operators.suspend,
    moves.Reinstate: operators.reinstate,
    moves.JoinGroup: operators.join,
    moves.LeaveGroup: operators.leave,
    moves.Rotate: operators.rotate_keys,
    moves.Wait: _wait,
    moves.Leap: _leap,
    moves.Age: operators.age,
    moves.OpenPath: lambda world, move: operators.open_path(world),
    moves.RaiseEdge: operators.raise_edge,
    moves.ReadFrom: operators.read_from,
    moves.Cut: _cut,
    moves.Mend: _mend,
    moves.Crash: _crash,
    moves.Kill: _kill,
    moves.Start: _start,
    moves.BackUp: _back_up,
    moves.Lose: _lose,
    moves.Skew: _skew,
    moves.Replay: replay,
    moves.Misbehave: misbehave,
    moves.Deceive: deceive,
}
"""Every move."""
