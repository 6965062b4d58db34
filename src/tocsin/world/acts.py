# SPDX-License-Identifier: Apache-2.0
"""How each move is done in a world in one process: by the product's own verbs, on the machine of whoever moves."""

from collections.abc import Callable
from typing import Any

import msgspec

from tocsin.agent.house import House
from tocsin.agent.own_warnings import Content
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import approve
from tocsin.agent.redaction.door import Leaving
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.verbs import warn
from tocsin.agent.verbs.erase import erase
from tocsin.agent.verbs.report import Prepared, send
from tocsin.agent.verbs.rotate import rotate
from tocsin.agent.verbs.sight import look, sight
from tocsin.agent.work import classifier
from tocsin.clock import SECOND, day_of
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.party import Role, Standing
from tocsin.domain.warning import Urgency
from tocsin.errors import StateError, Unknown
from tocsin.hub.verbs.erase import erase_fact
from tocsin.hub.verbs.standing import change_standing
from tocsin.ids import new_id
from tocsin.world import moves
from tocsin.world.adversary import deceive, misbehave, replay
from tocsin.world.inside import End, Said, Suspension, World
from tocsin.world.machine import Step
from tocsin.world.moves import HUB, PARTNER, Move

_PERSON = "Duty analyst"


def perform(world: World, move: Move) -> None:
    """Do one move; raises what the product refuses it with."""
    ACTS[type(move)](world, move)


# what parties do


def _report(world: World, move: moves.Report) -> None:
    house = world.agents[move.by].house()
    values = tuple(world.value(number) for number in move.values)
    audiences = tuple(world.audience(one) for one in move.audiences)
    indicators = tuple(Indicator(value, "link") for value in values)
    report = new_id("rpt", house.entropy)
    day = day_of(house.clock.now())
    draft = Draft(Disclosure(report, Attack.PHISHING, day, indicators, (), Marking()), (), ())
    prepared = Prepared("wave.eml", report.encode(), Reading("mail"), draft)
    approved = approve(draft, _PERSON, house.clock.now())
    send(house, prepared, approved, "named", audiences)
    _remember(
        world, house, Said(move.by, report, "object", values, audiences or _default(world, move.by), report)
    )


def _sight(world: World, move: moves.Sight) -> None:
    house = world.agents[move.by].house()
    value, audience = world.value(move.value), world.audience(move.audience)
    leaving: Leaving = look(house, classifier(house), value)
    message = sight(house, leaving, audience, _PERSON)
    _remember(world, house, Said(move.by, message, "sighting", (value,), (audience,), message))


def _warn(world: World, move: moves.Warn) -> None:
    house = world.agents[move.by].house()
    value, audience = world.value(move.value), world.audience(move.audience)
    content = Content("A wave of calls", (value,), "Block the host.", Urgency.URGENT, 14)
    drafted = warn.draft(house, content, (audience,), "Inspector Okafor")
    warn.approve(house, drafted.id, "Superintendent Lindqvist")
    issued = warn.issue(house, drafted.id, "Superintendent Lindqvist")
    _remember(world, house, Said(move.by, issued.id, "warning", (value,), (audience,), issued.message))


def _withdraw(world: World, move: moves.Withdraw) -> None:
    said = _nth(world, move.nth, lambda one: one.by == move.by and one.kind == "warning")
    gone = warn.withdraw(world.agents[move.by].house(), said.id, "It was over.", "Inspector Okafor")
    if gone.message:
        said.ended.append(End(gone.message, withdraws=True))


def _erase(world: World, move: moves.Erase) -> None:
    said = _nth(world, move.nth, lambda one: one.by == move.by)
    said.ended.append(End(erase(world.agents[move.by].house(), said.id, "mistake", _PERSON)))


def _erase_by_law(world: World, move: moves.EraseByLaw) -> None:
    said = _nth(world, move.nth, lambda one: one.receipted)
    hub = world.hub.exchange()
    world.hub.command("erase fact", lambda tx: erase_fact(tx, hub, said.id, "law"))
    said.ended.append(End("", receipted=True))


def _suspend(world: World, move: moves.Suspend) -> None:
    _stand(world, move.who, Standing.SUSPENDED)
    sizes = dict(world.hub.disk.look("SELECT name, size FROM stream"))
    world.suspended[move.who] = Suspension(move.who, sizes)


def _reinstate(world: World, move: moves.Reinstate) -> None:
    _stand(world, move.who, Standing.ACTIVE)
    world.suspended.pop(move.who, None)


def _stand(world: World, who: str, wanted: Standing) -> None:
    hub, party = world.hub.exchange(), world.names[who]
    world.hub.command("change standing", lambda tx: change_standing(tx, hub, party, wanted, "incident"))


def _rotate(world: World, move: moves.Rotate) -> None:
    if move.who == HUB:
        if not (world.hub.up and world.partner.up and world.hub.wire.whole and world.all_witnessed()):
            raise StateError("As its manual says: the hub's key is rotated while the partner answers.")
        world.hub.rotate()
        world.run(world.hub.stop())
        world.hub.start()
        world.flow(2)
        return
    agent = world.agents[move.who]
    world.backups.pop(move.who, None)  # as its manual says: an older one has keys that are nobody's

    async def replace(house: House) -> None:
        async with agent.http() as http:
            await rotate(house, http, _PERSON)

    world.asking(move.who, replace)


# what happens to machines and wires


def _wait(world: World, move: moves.Wait) -> None:
    world.flow(move.seconds)


def _leap(world: World, move: moves.Leap) -> None:
    world.leap(move.minutes)


def _cut(world: World, move: moves.Cut) -> None:
    for short, wire in _wires(world).items():
        if move.who in (short, "all"):
            wire.cut()


def _mend(world: World, move: moves.Mend) -> None:
    for short, wire in _wires(world).items():
        if move.who in (short, "all"):
            wire.mend()


def _wires(world: World) -> dict[str, Any]:
    return {HUB: world.hub.wire} | {short: agent.wire for short, agent in world.agents.items()}


def _crash(world: World, move: moves.Crash) -> None:
    world.machines()[move.who].disk.deadly = Step(move.transaction, move.moment)


def _kill(world: World, move: moves.Kill) -> None:
    world.run(world.machines()[move.who].kill())


def _start(world: World, move: moves.Start) -> None:
    world.machines()[move.who].start()


def _back_up(world: World, move: moves.BackUp) -> None:
    world.backups[move.who] = world.machines()[move.who].disk.image()


def _lose(world: World, move: moves.Lose) -> None:
    image = world.backups.get(move.who)
    if image is None:
        raise Unknown(f"There is no backup of {move.who}.")
    machine = world.machines()[move.who]
    if move.who == PARTNER:
        shown = world.hub.witnessed()
        world.run(machine.kill())
        world.partner.restore(image, shown)
    else:
        world.run(machine.kill())
        (world.hub if move.who == HUB else world.agents[move.who]).restore(image)
    machine.start()


def _skew(world: World, move: moves.Skew) -> None:
    world.machines()[move.who].clock.ahead = move.seconds * SECOND


# what the world remembers


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


def _nth(world: World, nth: int, which: Callable[[Said], bool]) -> Said:
    """What was said, counted from the newest; Unknown when there is nothing."""
    found = [one for one in reversed(world.said) if which(one)]
    if not found:
        raise Unknown("Nobody said anything of that kind.")
    return found[nth % len(found)]


ACTS: dict[type[Move], Callable[[World, Any], None]] = {
    moves.Report: _report,
    moves.Sight: _sight,
    moves.Warn: _warn,
    moves.Withdraw: _withdraw,
    moves.Erase: _erase,
    moves.EraseByLaw: _erase_by_law,
    moves.Suspend: _suspend,
    moves.Reinstate: _reinstate,
    moves.Rotate: _rotate,
    moves.Wait: _wait,
    moves.Leap: _leap,
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
