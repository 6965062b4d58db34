# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent hunt` and `hunts`: what the alliance knows, looked for in one's own logs, and what was found there."""

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from tocsin.agent import app
from tocsin.agent.house import House
from tocsin.agent.hunting import ledger
from tocsin.agent.hunting.covers import HUNTED, UNHUNTED
from tocsin.agent.hunting.ledger import Hunt
from tocsin.agent.hunting.past import Past, Task
from tocsin.agent.hunting.process import HuntingChild, SparkChild
from tocsin.agent.hunting.telling import AUDIENCE, Hit, hits, look_at, tell
from tocsin.agent.shields.levels import KnownValue
from tocsin.agent.verbs.sight import recognise
from tocsin.agent.work import classifier, levels
from tocsin.cli.campaign import hunt_campaign
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.draft import leaves
from tocsin.cli.progress import Progress
from tocsin.cli.readers import in_words
from tocsin.cli.screen import counted, readable, row, short
from tocsin.cli.sending import Sender, approved, approver, nothing_sent, person
from tocsin.clock import minute
from tocsin.domain.observable import Observable
from tocsin.errors import InputError, UsageError

SHOWN = 50
"""Values that are shown without --all."""
_MACHINES = 5
_LOGS = 3

Known = Mapping[Observable, KnownValue]


class Findings(msgspec.Struct, frozen=True):
    """What a hunt came to, and everything that was found here."""

    hunt: Hunt
    found: tuple[Hit, ...]


class Hunts(msgspec.Struct, frozen=True):
    """The newest hunts, and everything that was found here."""

    hunts: tuple[Hunt, ...]
    found: tuple[Hit, ...]


class Sightings(msgspec.Struct, frozen=True):
    """Which messages tell others."""

    messages: tuple[str, ...]


def _hunt_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument(
        "logs", nargs="*", metavar="FILE", help="logs, or folders of them (default: [hunt] logs)"
    )
    parser.add_argument(
        "--spark",
        action="store_true",
        help="FILEs are tables of your own Spark, or with a slash Parquet that it reads: which Spark, SPARK_REMOTE and "
        "SPARK_CONF_DIR say (an extra: pip install 'tocsin[spark]')",
    )
    parser.add_argument(
        "--case",
        default="",
        metavar="CASE",
        help="hunt mails and no logs: those of one campaign with this case's mails, in FILEs, or in the folders and "
        "maildirs of [collect], in what was collected and waits, and in all other cases",
    )
    parser.add_argument(
        "--value",
        action="append",
        default=[],
        help="hunt only this value, defanged or not, known to the alliance or not; may be repeated",
    )
    parser.add_argument(
        "--threads",
        metavar="NUMBER",
        type=int,
        default=os.cpu_count() or 1,
        help="for Parquet (default: every processor)",
    )
    parser.add_argument("--all", action="store_true", help=f"every value, not only {SHOWN}")
    parser.add_argument("--by", metavar="NAME", default=None, help="who hunts (default: you)")


def _hunt(parsed: argparse.Namespace) -> Iterator[Output]:
    if parsed.case and parsed.value:
        raise UsageError("--case hunts mails, and --value logs: give one of them.")
    with app.opened(Path(parsed.dir)) as house:
        if parsed.case:
            yield from hunt_campaign(house, parsed, SHOWN)
            return
        known = {one.observable: one for one in levels(house).known(house.clock.now())}
        through, tables = _named(house, parsed)
        asked = [recognise(text) for text in parsed.value]
        if unhunted := [one for one in asked if one.kind in UNHUNTED]:
            raise UsageError(f"A {unhunted[0].kind} is not hunted: {', '.join(sorted(HUNTED))} are.")
        apart = bool(asked or tables)
        past = Past(house, asked or known, through, person(parsed), apart=apart, tables=tables)
        progress = Progress(past.hunt.logs, quiet=bool(parsed.json))
        for line in _through(past, progress, max(1, parsed.threads)):
            progress.clear()
            yield Output((line,))
        progress.clear()
        hunt = past.end()
        found = [hit for hit in hits(house, known) if not asked or hit.found.observable in asked]
        yield Output((*_told(hunt), *_findings(found, parsed)), Findings(hunt, tuple(found)))


def _named(house: House, parsed: argparse.Namespace) -> tuple[list[Path], tuple[str, ...]]:
    """Files and folders that are hunted through, or tables of Spark; UsageError when nothing is named."""
    if parsed.spark and parsed.logs:
        return [], tuple(parsed.logs)
    through = [Path(name) for name in parsed.logs] or [house.folder / path for path in house.config.hunt.logs]
    if parsed.spark or not through:
        raise UsageError("No log is named.", next_step="Name files, or `[hunt] logs` in agent.toml.")
    return through, ()


def _through(past: Past, progress: Progress, threads: int) -> Iterator[str]:
    """Through every log that is to be hunted through; lines for a person now and then."""
    for task in past.tasks:
        with _child(past, task) as child:
            for log in task.logs:
                hunt = past.hunt
                behind = hunt.done + hunt.skipped

                def tell_lines(lines: int, *, name: str = log.path, behind: int = behind) -> None:
                    """How far it is within this log."""
                    progress.show(behind, past.hunt.skipped, f"{name}, {lines:,} lines")

                try:
                    past.keep(log, child.file(log.path, follow=log.follow, threads=threads, tell=tell_lines))
                except InputError as error:
                    past.refuse(log, error.detail)
                done = past.hunt.done + past.hunt.skipped
                if line := progress.show(done, past.hunt.skipped, f"{past.hunt.found:,} found"):
                    yield line


def _child(past: Past, task: Task) -> HuntingChild:
    return SparkChild(task.values, os.environ) if past.tables else HuntingChild(task.values, past.places)


def _told(hunt: Hunt) -> Iterator[str]:
    through = f"{counted(hunt.done, 'log')}, {counted(hunt.lines, 'line')}"
    again = f"; {counted(hunt.skipped, 'log')} had been hunted through before" if hunt.skipped else ""
    yield f"Hunted {counted(hunt.values, 'value')} through {through}{again}."
    if hunt.odd:
        yield f"  {counted(hunt.odd, 'line')} no record of the log's kind: searched as text"
    for problem in hunt.problems:
        yield from row("  ! ", problem)
    if hunt.unread > len(hunt.problems):
        yield f"  ! and {counted(hunt.unread - len(hunt.problems), 'log')} more"


def _findings(found: Sequence[Hit], parsed: argparse.Namespace) -> Iterator[str]:
    if not found:
        yield "Nothing that the alliance names was found here."
        return
    shown = found if parsed.all else found[:SHOWN]
    yield f"{counted(len(found), 'value')} found here:"
    for hit in shown:
        yield from _lines(hit)
    if len(found) > len(shown):
        yield f"{counted(len(found) - len(shown), 'value')} more: --all"
    if any(hit.told is None and hit.level for hit in found):
        yield "To say that you saw one too, after a look at what would be told:"
        yield f"  tocsin agent hunts {parsed.dir} --tell VALUE"


def _lines(hit: Hit) -> Iterator[str]:
    found = hit.found
    yield from row(f"{hit.level or '-':<6}", readable(found.observable), _when(hit))
    if hit.why:
        yield from row("      why ", "; ".join(hit.why), f"({short(hit.reference)})")
    else:
        yield "      why nobody in the alliance names it now"
    if not found.exact:
        yield from row("      met as ", ", ".join(map(_safe, found.forms)))
    if found.machines:
        named = ", ".join(found.machines[:_MACHINES])
        more = f" and {len(found.machines) - _MACHINES:,} more" if len(found.machines) > _MACHINES else ""
        yield from row(f"      by {counted(len(found.machines), 'machine')}: ", named + more)
    more = f" and {len(hit.logs) - _LOGS:,} more" if len(hit.logs) > _LOGS else ""
    yield from row("      in ", ", ".join(hit.logs[:_LOGS]) + more)
    if hit.told is not None:
        told = hit.told
        yield (
            f"      told by {told.by} ({short(told.message)})"
            if told.message
            else f"      not told: {told.why}"
        )


def _when(hit: Hit) -> str:
    found = hit.found
    if not found.last:
        return counted(found.lines, "line")
    first, last = minute(found.first), minute(found.last)
    span = f"at {first}" if first == last else f"from {first} to {last}"
    return f"{counted(found.lines, 'line')} {span} UTC"


def _safe(value: str) -> str:
    return value.replace(".", "[.]").replace("http", "hxxp", 1)


def _hunts_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("--all", action="store_true", help=f"every value, not only {SHOWN}")
    parser.add_argument(
        "--tell",
        action="append",
        default=[],
        metavar="VALUE",
        help="say that you saw this one too; all: each that nobody was told of",
    )
    approver(parser)


def _hunts(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        known = {one.observable: one for one in levels(house).known(house.clock.now())}
        found = hits(house, known)
        if parsed.tell:
            yield from _tell(house, found, parsed)
            return
        with house.store.reading("hunts") as tx:
            newest = ledger.hunts(tx, house.vault.box, 10)
        lines = [_hunt_line(hunt) for hunt in newest] or ["No hunt yet: tocsin agent hunt DIR FILE"]
        yield Output((*lines, *_findings(found, parsed)), Hunts(tuple(newest), tuple(found)))


def _hunt_line(hunt: Hunt) -> str:
    state = "" if hunt.ended else ", broken off or running"
    done = f"{hunt.done + hunt.skipped:,} of {counted(hunt.logs, 'log')}"
    return f"{minute(hunt.began)} UTC  {hunt.by}: {counted(hunt.values, 'value')} through {done}{state}"


def _tell(house: House, found: Sequence[Hit], parsed: argparse.Namespace) -> Iterator[Output]:
    """Show, ask, queue and send the sighting of each value."""
    every = parsed.tell == ["all"]
    asked = [hit.found.observable for hit in found if hit.told is None and hit.level]
    chosen = asked if every else [recognise(text) for text in parsed.tell]
    here = {hit.found.observable for hit in found}
    messages: list[str] = []
    with Sender(house) as sender:
        for observable in chosen:
            if observable not in here:
                raise UsageError(f"{readable(observable)} was not found here.")
            try:
                leaving = look_at(house, classifier(house), observable)
            except InputError as error:
                if not every:
                    raise
                yield Output((f"not told: {error.detail}",))
                continue
            yield Output((f"would be told to {in_words(AUDIENCE)}:", *leaves([leaving])))
            if not approved(parsed, "Tell exactly this?"):
                yield nothing_sent()
                continue
            messages.append(tell(house, leaving, observable, person(parsed)))
            sender.send(messages[-1])
    if messages:
        yield Output(
            (f"Told {counted(len(messages), 'value')}: no reader hears who.",), Sightings(tuple(messages))
        )


HUNT = Command(
    "agent",
    "hunt",
    "look for what the alliance knows in your own logs",
    _hunt,
    _hunt_arguments,
    "Zeek, Suricata EVE, CSV, syslog or any text, gzip of them, and Parquet. Nothing of a log leaves or is kept: of a "
    "hit only the value, how often, when and by which machines, sealed in the vault. Broken off, the same command goes "
    "on where it was; a log that was hunted through is hunted again for new values only. With --case your own mails "
    "are held against a case's, by what joins the mails of a campaign and never leaves: words, tags, subject, sending "
    "host, files.",
)
HUNTS = Command(
    "agent",
    "hunts",
    "show hunts and what was found, and tell others of it",
    _hunts,
    _hunts_arguments,
    "What is named in [hunt] of agent.toml is hunted by tocsin agent serve, in the past and as it is written. To tell "
    "is to confirm a value as a named source: never a line of a log, and no reader hears who.",
)
