# SPDX-License-Identifier: Apache-2.0
"""How each move is done to real processes: by commands that people type, and by what a bad day does to machines."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from tocsin.agent.outbox import Settled
from tocsin.clock import MINUTE, SECOND, Instant, to_text
from tocsin.domain.audience import History
from tocsin.errors import NotBuilt, Unknown
from tocsin.hub.done import Backup, Erased, Roster, Rotated, Shown, Stands
from tocsin.hub.edge.app import MadeEdge
from tocsin.hub.verbs.edges import EdgeCode, Edges
from tocsin.ids import new_id
from tocsin.world import moves
from tocsin.world.moves import EDGE, GROUP, HUB, PARTNER, TWIN, Move
from tocsin.world.outside import Outside, Told

_PERSON = "Duty analyst"
_OFFICER = "Superintendent Lindqvist"


class _Sent(msgspec.Struct, frozen=True):
    id: str


class _Reported(msgspec.Struct, frozen=True):
    report: str
    audiences: tuple[str, ...]
    settled: Settled


class _Rotated(msgspec.Struct, frozen=True):
    party: str


class _Anything(msgspec.Struct, frozen=True):
    """What nobody looks at."""


def perform(world: Outside, move: Move) -> None:
    """Do one move; raises what the product refuses it with, and NotBuilt for one of `BEYOND`."""
    if type(move) in BEYOND:
        raise NotBuilt(f"{type(move).__name__} is not done to real processes: {BEYOND[type(move)]}")
    COMMANDS[type(move)](world, move)


# what parties do


def _report(world: Outside, move: moves.Report) -> None:
    file = world.folder / f"{new_id('rpt', os.urandom)}.json"
    file.write_bytes(_bundle(move.values))
    words = ["agent", "report", world.home(move.by), str(file), "--yes", "--by", _PERSON]
    for audience in move.audiences:
        words += ["--audience", world.audience(audience)]
    at, not_before = world.clocks.now(HUB), Instant(0)
    if move.embargo_minutes:
        not_before = Instant(at + move.embargo_minutes * MINUTE)
        words += ["--not-before", to_text(not_before)]
    sent = world.ask(words, _Reported)
    assert sent.settled.receipt is not None, sent.settled.problem
    entries = len({one.object for one in sent.settled.receipt.outcomes})
    world.told.append(Told(move.by, sent.report, sent.audiences, "object", entries, at, not_before))


def _bundle(values: tuple[int, ...]) -> bytes:
    """What a bank has of an attack, as a file: STIX of somebody else's making."""
    at = "2026-11-21T08:30:00.000Z"
    indicators = [
        {
            "type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid4()}", "created": at, "modified": at,
            "pattern": f"[domain-name:value = 'lure-{value}.example']", "pattern_type": "stix", "valid_from": at,
        }
        for value in values
    ]  # fmt: skip
    return msgspec.json.encode({"type": "bundle", "id": f"bundle--{uuid4()}", "objects": indicators})


def _sight(world: Outside, move: moves.Sight) -> None:
    at, audience = world.clocks.now(HUB), world.audience(move.audience)
    words = ["agent", "sight", world.home(move.by), f"lure-{move.value}.example", "--audience", audience]
    world.told.append(Told(move.by, world.ask([*words, "--yes"], _Sent).id, (audience,), at=at))


def _warn(world: Outside, move: moves.Warn) -> None:
    at, audience = world.clocks.now(HUB), world.audience(move.audience)
    command = ["agent", "warn", world.home(move.by)]
    about = ["--title", "A wave of calls", "--look-for", f"lure-{move.value}.example"]
    spoken = ["--measures", "Block the host.", "--audience", audience, "--by", "Inspector Okafor"]
    warning = world.ask([*command, "draft", *about, *spoken], _Sent).id
    for step in ("approve", "issue"):
        world.ask([*command, step, warning, "--by", _OFFICER], _Sent)
    world.told.append(Told(move.by, warning, (audience,), "warning", at=at))


def _withdraw(world: Outside, move: moves.Withdraw) -> None:
    told = _recall(world, move.nth, lambda one: one.by == move.by and one.kind == "warning")
    words = ["agent", "warn", world.home(move.by), "withdraw", told.fact, "--reason", "It was over."]
    world.ask([*words, "--by", _OFFICER], _Sent)
    told.entries += 1


def _acknowledge(world: Outside, move: moves.Acknowledge) -> None:
    warning, at = _recall(world, move.nth, lambda one: one.kind == "warning").fact, world.clocks.now(HUB)
    words = ["agent", "ack", world.home(move.by), warning, "--answer", move.answer]
    own = f"party:{world.party(move.by)}"
    world.told.append(Told(move.by, world.ask(words, _Sent).id, (own,), "acknowledgement", at=at))


def _erase(world: Outside, move: moves.Erase) -> None:
    told = _recall(world, move.nth, lambda one: one.by == move.by)
    world.ask(["agent", "erase", world.home(move.by), told.fact, "--reason", "mistake"], _Sent)
    _take_back(world, told)


def _erase_by_law(world: Outside, move: moves.EraseByLaw) -> None:
    told = _recall(world, move.nth, lambda one: True)
    world.ask(["hub", "erase", world.home(HUB), told.fact, "--reason", "law"], Erased)
    _take_back(world, told)


def _take_back(world: Outside, told: Told) -> None:
    told.gone = True
    if world.clocks.now(HUB) < told.not_before:
        told.entries = 0  # it is in no stream yet, and never will be


def _recall(world: Outside, nth: int, which: Callable[[Told], bool]) -> Told:
    """What was said, counted from the newest; Unknown when there is nothing."""
    found = [one for one in reversed(world.told) if which(one)]
    if not found:
        raise Unknown("Nobody said anything of that kind.")
    return found[nth % len(found)]


# what operators do


def _suspend(world: Outside, move: moves.Suspend) -> None:
    _stand(world, "suspend", move.who)
    world.suspended.add(move.who)


def _reinstate(world: Outside, move: moves.Reinstate) -> None:
    _stand(world, "reinstate", move.who)
    world.suspended.discard(move.who)


def _stand(world: Outside, step: str, who: str) -> None:
    world.ask(["hub", step, world.home(HUB), world.party(who), "--reason", "incident"], Stands)


def _join_group(world: Outside, move: moves.JoinGroup) -> None:
    words = [
        "hub",
        "group",
        world.home(HUB),
        GROUP,
        "--add",
        world.party(move.who),
        "--history",
        move.history,
    ]
    at = world.clocks.now(HUB) if move.history is History.FROM_JOIN else Instant(0)
    world.ask(words, Roster)
    world.members[move.who] = at
    world.left.discard(move.who)


def _leave_group(world: Outside, move: moves.LeaveGroup) -> None:
    world.ask(["hub", "group", world.home(HUB), GROUP, "--remove", world.party(move.who)], Roster)
    del world.members[move.who]
    world.left.add(move.who)


def _rotate(world: Outside, move: moves.Rotate) -> None:
    if move.who == HUB:
        world.ask(["hub", "rotate-key", world.home(HUB)], Rotated)
        world.restart_hubs()
        world.wait_for_directory()
        return
    world.ask(["agent", "rotate", world.home(move.who), "--by", _PERSON], _Rotated)
    world.backups.pop(move.who, None)  # as its manual says: an older one has keys that are nobody's


def _raise_edge(world: Outside, move: moves.RaiseEdge) -> None:
    if world.has_edge:
        world.processes.kill(EDGE)
        shutil.rmtree(world.home(EDGE))
        world.ask(["hub", "edge", world.home(HUB), EDGE, "--revoke"], Edges)
    code = world.ask(["hub", "edge", world.home(HUB), EDGE], EdgeCode).code
    url, port = world.edge_place()
    words = ["hub", "follow", world.home(EDGE), "--hub", world.alliance.hub_url, "--code", code]
    world.ask([*words, "--url", url, "--port", str(port)], MadeEdge)
    world.start(EDGE)
    world.has_edge = True


def _read_from(world: Outside, move: moves.ReadFrom) -> None:
    world.read_from(move.who, world.edge_place()[0] if move.place == EDGE else "")


def _back_up(world: Outside, move: moves.BackUp) -> None:
    file = world.folder / f"{move.who}.{time.monotonic_ns()}.backup"
    world.ask([_kind(move.who), "backup", world.home(move.who), str(file)], Backup)
    world.backups[move.who] = file


def _lose(world: Outside, move: moves.Lose) -> None:
    file = world.backups.get(move.who)
    if file is None:
        raise Unknown(f"There is no backup of {move.who}.")
    words = [_kind(move.who), "restore", world.home(move.who), "--from", str(file)]
    if move.who == PARTNER:
        shown = world.folder / f"{PARTNER}.{time.monotonic_ns()}.witnessed"
        world.ask(["hub", "witnessed", world.home(HUB), str(shown)], Shown)
        words += ["--witnessed", str(shown)]
    if move.who == HUB:
        world.lose_edge_and_twin()
    world.processes.kill(move.who)
    for part in Path(world.home(move.who)).glob(f"{_kind(move.who)}.db*"):
        part.unlink()
    world.ask(words, _Anything)
    world.start(move.who)


def _kind(who: str) -> str:
    if who in (TWIN, EDGE):
        raise Unknown(f"{who} has nothing of its own that is backed up.")
    return who if who in (HUB, PARTNER) else "agent"


COMMANDS: dict[type[Move], Callable[[Outside, Any], None]] = {
    moves.Report: _report,
    moves.Sight: _sight,
    moves.Warn: _warn,
    moves.Withdraw: _withdraw,
    moves.Acknowledge: _acknowledge,
    moves.Erase: _erase,
    moves.EraseByLaw: _erase_by_law,
    moves.Suspend: _suspend,
    moves.Reinstate: _reinstate,
    moves.JoinGroup: _join_group,
    moves.LeaveGroup: _leave_group,
    moves.Rotate: _rotate,
    moves.Wait: lambda world, move: time.sleep(move.seconds),
    moves.Leap: lambda world, move: world.clocks.advance(move.minutes * MINUTE),
    moves.Age: lambda world, move: world.age(move.days),
    moves.Skew: lambda world, move: world.clocks.skew(move.who, move.seconds * SECOND),
    moves.RaiseEdge: _raise_edge,
    moves.ReadFrom: _read_from,
    moves.Kill: lambda world, move: world.processes.kill(move.who),
    moves.Start: lambda world, move: world.start(move.who),
    moves.BackUp: _back_up,
    moves.Lose: _lose,
}
"""Every move that is done to real processes."""
_WIRE = "it needs a wire that somebody holds; the proxies of the acceptance tests cut real ones"
_PARTY = "no command of ours lies"
_PATH = "its slots are the demo's and tests/acceptance/test_anonymous.py's, by the real clock"
BEYOND: dict[type[Move], str] = {
    moves.OpenPath: _PATH,
    moves.Hide: _PATH,
    moves.Cut: _WIRE,
    moves.Mend: _WIRE,
    moves.Crash: "it needs a step that is held open; the crash suite kills real processes in their commits",
    moves.Replay: _WIRE,
    moves.Misbehave: _PARTY,
    moves.Deceive: _PARTY,
}
"""Those that are done in the world in one process only, and why."""
