# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent anonymous`, and what is said before a report goes anonymously: who could learn what, among how many."""

import argparse
import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tocsin.agent import app
from tocsin.agent.anonymous import reports
from tocsin.agent.anonymous.client import RelayClient
from tocsin.agent.anonymous.means import Means
from tocsin.agent.anonymous.now import Now
from tocsin.agent.anonymous.reports import SETTLED, Anonymous, Namers, State, Way
from tocsin.agent.anonymous.settling import told
from tocsin.agent.anonymous.standing import Standing, obstacle, standing
from tocsin.agent.house import House
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.outcomes import WAITS, FileReport
from tocsin.cli.screen import counted
from tocsin.clock import minute
from tocsin.errors import TocsinError
from tocsin.wire.problem import to_problem

_NAMED = "named: the hub knows that it is you; readers do not"
_NOW = (
    "now: hub and readers do not learn that it is you. The relay does, and whoever watches your line: it sees when you "
    "sent, and every reader sees when it appeared"
)
_MIXED = (
    "mixed: no one and no two of hub, relay and partner can say from all that they log which of the senders of its "
    "slot it came from. All three together can"
)
_REHEARSAL = "This epoch is a rehearsal: its tokens rest for less than a day. Report nothing in earnest."
_CONTENT = (
    "Under every class what it says may tell whose it is: read it as your attacker and your regulator would."
)


class Hidden(msgspec.Struct, frozen=True):
    """One anonymous report, for a program."""

    report: str
    report_class: str
    state: State
    case: str
    why_not_yet: str = ""
    """Why it has not gone."""
    among: int = 0


class AnonymousPath(msgspec.Struct, frozen=True):
    """The path and what this party has on it."""

    path: Standing
    reports: tuple[Hidden, ...]


def stands(house: House) -> Standing:
    """How the path stands for this party now."""
    with house.store.reading("anonymous path") as tx:
        return standing(tx, house.vault, house.config.anonymous, house.clock.now())


def who_learns(found: Standing, way: Way) -> Iterator[str]:
    """Who could learn what under each class, the chosen one marked; then the set, and what keeps it from going."""
    for one in (_NAMED, _NOW, _MIXED):
        yield f"{'>' if one.startswith(f'{way.report_class}:') else ' '} class {one}"
    yield _CONTENT
    if found.namers.needed and way.report_class != "named":
        yield f"Trustees: {_namers(found.namers)}. That holds for as long as the hub keeps the report."
    if found.rehearsal and way.report_class != "named":
        yield _REHEARSAL
    if way.report_class == "mixed":
        yield f"The set: {_set(found)}"
        if way.pseudonymous and found.among < found.floor:
            yield f"That is below the floor of {found.floor}: by your word it goes, and is pseudonymous, not anonymous."
        if not way.hold and found.hold:
            yield "It goes in the first slots after an outage: who watched who was away may guess whose it is."
    if reason := obstacle(found, way):
        yield f"It does not go now: {reason}."


def _set(found: Standing) -> str:
    """Among how many, and by whose word."""
    if not found.among:
        return "not known: no record of the last slots has come"
    return (
        f"1 of {found.among}. The relay counted {found.senders} senders, the partner {found.blobs} envelopes, and "
        f"{found.issued} members have tokens; the floor is {found.floor}"
    )


def _namers(namers: Namers) -> str:
    """Who can name a sender, by their names."""
    count, names = len(namers.trustees), ", ".join(namers.trustees)
    return f"{namers.needed} of the {count} trustees together can name you: {names}"


def path_lines(found: Standing) -> Iterator[str]:
    """The path at a glance."""
    if not found.epoch or found.operators is None:
        later = f": one begins {minute(found.begins)} UTC" if found.begins else ""
        yield f"anonymous path: none now{later}"
        return
    closed = ", closed since the hub was restored" if found.closed else ""
    until, slot = minute(found.ends), f"a slot is {found.slot_seconds} s"
    kind = " (a rehearsal)" if found.rehearsal else ""
    yield f"anonymous path: epoch {found.epoch}{kind} until {until} UTC{closed}, {slot}"
    yield f"  relay {found.operators.relay}, partner {found.operators.partner}, hub {found.operators.hub}"
    yield f"  {found.tokens} of {counted(found.quota, 'token')} left; the set: {_set(found)}"
    if found.namers.needed:
        yield f"  {_namers(found.namers)}"
        for name, fingerprint in zip(found.namers.trustees, found.namers.fingerprints, strict=True):
            yield f"    {fingerprint}  {name}"
    if found.told:
        missed = found.missing + found.silent
        stopped = ": no report goes" if found.stopped else ""
        yield f"  {missed} of the last {counted(found.told, 'envelope')} in no record of their slot{stopped}"
    if found.hold:
        yield f"  reports are held for {counted(found.hold, 'slot')} more, after an outage"
    if not found.cover:
        yield "  this agent sends no cover: cover = false in agent.toml"


def at_the_end(house: House, waiting: int, report_class: str, *, exposed: bool) -> Iterator[str]:
    """What it means that so many reports of one command wait, and that the rest was not tried."""
    if waiting > 1 and report_class == "mixed":
        minutes = max(1, waiting * stands(house).slot_seconds // 60)
        yield (
            f"Each of the {waiting} goes in a slot of its own, the last after about {counted(minutes, 'minute')}. "
            "Where what they say belongs together, they are hidden only among those who were there in all of them."
        )
    if exposed:
        yield "The rest was not tried: the class would not hide it either. The same command goes on where it stopped."


def send_at_once(house: House, report: str) -> Anonymous:
    """Send a report of class ``now``, and have its result; errors as `Now.send`."""
    relay = RelayClient(house.config.proxy, house.config.authority_file)
    settings = house.config.anonymous
    means = Means(house.store, house.vault, settings, relay.post, house.clock, house.entropy)
    return asyncio.run(Now(means).send(report))


def carried(
    house: House,
    report: str,
    outcome: FileReport,
    agent: str,
    at_once: Callable[[House, str], Anonymous] = send_at_once,
) -> Output:
    """What became of an approved report of an anonymous class: sent now, or waiting for its slot."""
    with house.store.reading("anonymous report") as tx:
        one = reports.demand(tx, house.vault.box, report)
    if one.way.report_class == "now":
        return _sent_now(house, one, outcome, agent, at_once)
    outcome = msgspec.structs.replace(outcome, waits=True)
    reason = obstacle(stands(house), one.way)
    said = [
        f"{report} waits for a slot, approved by {outcome.approved_by}: tocsin agent serve sends it.",
        *([f"Not yet: {reason}."] if reason else []),
        "To see what became of it, or to take it back while it waits:",
        f"  tocsin agent anonymous {agent}",
        f"  tocsin agent erase {agent} {report}",
    ]
    return Output(tuple(said), outcome, WAITS)


def _sent_now(
    house: House,
    one: Anonymous,
    outcome: FileReport,
    agent: str,
    at_once: Callable[[House, str], Anonymous],
) -> Output:
    try:
        ended = at_once(house, one.id)
    except TocsinError as error:
        late = msgspec.structs.replace(outcome, waits=True, problem=to_problem(error))
        more = f"{one.id} waits: tocsin agent serve sends it again. tocsin agent anonymous {agent} shows it."
        return Output((error.diagnostics(), more), late, WAITS)
    done = msgspec.structs.replace(outcome, carried=ended.state)
    return Output((f"{one.id} {told(ended)}.",), done, int(ended.state is not State.TAKEN))


def _anonymous(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        found = stands(house)
        with house.store.reading("anonymous reports") as tx:
            every = reports.every(tx, house.vault.box)
    shown = tuple(_hidden(found, one) for one in every)
    lines = [
        *path_lines(found),
        *(line for one, each in zip(shown, every, strict=True) for line in _report(one, each)),
    ]
    yield Output(tuple(lines), AnonymousPath(found, shown))


def _hidden(found: Standing, one: Anonymous) -> Hidden:
    waits = "" if one.state in SETTLED else obstacle(found, one.way, holds_token=one.holds_token(found.epoch))
    return Hidden(one.id, one.way.report_class, one.state, one.case, waits, one.among)


def _report(shown: Hidden, one: Anonymous) -> Iterator[str]:
    if one.state in SETTLED:
        yield f"{one.id}  {told(one)}"
        return
    sent = "sent, its result is still to come" if one.state is State.SENT else "waits for a slot"
    yield f"{one.id}  class {shown.report_class}, approved {minute(one.queued)} UTC: {sent}"
    if shown.why_not_yet:
        yield f"  not yet: {shown.why_not_yet}"


def _whose(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")


ANONYMOUS = Command(
    "agent",
    "anonymous",
    "show the anonymous path, its set, and your reports on it",
    _anonymous,
    _whose,
    "Report by it: tocsin agent report DIR FILE --class mixed (or now). Who could learn what is shown before.\n\n"
    "While tocsin agent serve runs it sends one envelope in every slot, cover or a report: the same size at a random "
    "moment, whatever is in it. docs/howto/anonymous-path.md explains that to whoever watches your network.",
)
