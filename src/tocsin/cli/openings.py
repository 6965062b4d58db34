# SPDX-License-Identifier: Apache-2.0
"""`tocsin hub trustees|opening|opened|audit`: what a hub's operator does about accountable reports."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.agent.trustee import read_card, read_file, read_share
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.screen import counted
from tocsin.cli.trustee import require_free, written
from tocsin.errors import UsageError
from tocsin.hub import app
from tocsin.hub.anonymous import openings


class Asked(msgspec.Struct, frozen=True):
    """A request that was written."""

    file: str
    report: str
    """Empty for a rehearsal."""


class Approved(msgspec.Struct, frozen=True):
    """Which trustees the directory says have opened."""

    trustees: tuple[str, ...]


class Evidence(msgspec.Struct, frozen=True):
    """Files of evidence."""

    files: tuple[str, ...]
    asked: int
    """Members that asked for accountable tokens and never opened what was chosen, in all epochs that are kept."""
    given: int
    caught: int


def _trustees_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument(
        "--needed", type=int, required=True, help="how many of them together can name a sender"
    )
    parser.add_argument(
        "cards",
        nargs="+",
        metavar="CARD",
        type=Path,
        help="what `tocsin agent trustee DIR init` wrote for each",
    )


def _trustees(parsed: argparse.Namespace) -> Iterator[Output]:
    cards = [read_card(path) for path in parsed.cards]
    declared = app.declare_trustees(Path(parsed.dir), parsed.needed, cards)
    lines = [f"  {one.trustee.name}  {one.trustee.fingerprint}" for one in cards]
    yield Output(
        (
            f"Declared: {declared.needed} of these {len(cards)} can name the sender of an anonymous report together.",
            *lines,
            "Compare each fingerprint with its owner. It holds from the next epoch's document on, after the hub's next",
            "start; then rehearse it: tocsin hub opening DIR --rehearse. For class open again, see hub.toml.",
        ),
        declared,
    )


def _opening_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--report", metavar="REPORT", help="identifier of the report")
    which.add_argument("--rehearse", action="store_true", help="instead of a report: an escrow of nobody's")
    parser.add_argument("--requester", required=True, metavar="CARD", type=Path, help="card of whoever asks")
    parser.add_argument("--purpose", default="", metavar="TEXT", help="why: trustees read it")
    parser.add_argument("--out", required=True, metavar="FILE", type=Path, help="where the request goes")


def _opening(parsed: argparse.Namespace) -> Iterator[Output]:
    if parsed.rehearse == bool(parsed.purpose):
        raise UsageError("A report is opened for a --purpose; a rehearsal has none.")
    requester = read_card(parsed.requester)
    require_free(parsed.out)  # before the directory says that there is a request
    with app.for_command(Path(parsed.dir)) as (hub, store):
        if parsed.rehearse:
            with store.reading("rehearsal") as tx:
                data = openings.rehearse(tx, hub, requester)
        else:
            asked = parsed.report, requester, parsed.purpose
            data = store.run("ask trustees", lambda tx: openings.ask(tx, hub, *asked))
    file = written(parsed.out, data)
    lines = [f"For the trustees: {file}", f"Each of them: tocsin agent trustee DIR open {file} --requester …"]
    if parsed.report:
        lines.append("The directory says that trustees are asked, and of which report only this file does.")
    yield Output(tuple(lines), Asked(file, parsed.report or ""))


def _opened_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument("request", metavar="REQUEST", type=Path, help="what `tocsin hub opening` wrote")
    parser.add_argument(
        "shares", nargs="+", metavar="SHARE", type=Path, help="the trustees' answers, still sealed"
    )


def _opened(parsed: argparse.Namespace) -> Iterator[Output]:
    answers = [read_share(path) for path in parsed.shares]
    request = read_file(parsed.request)
    with app.for_command(Path(parsed.dir)) as (hub, store):
        names = store.run("trustees opened", lambda tx: openings.approve(tx, hub, request, answers))
    yield Output((f"The directory says that {' and '.join(names)} opened their shares.",), Approved(names))


def _audit_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="write the evidence there, a file for each member"
    )


def _audit(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.for_command(Path(parsed.dir)) as (_, store), store.reading("audits") as tx:
        found, evidence = openings.audits(tx), openings.evidence(tx)
    files = []
    for n, data in enumerate(evidence if parsed.out else (), 1):
        files.append(written(parsed.out / f"false-tokens-{n}.json", data))
    asked, given, caught = (sum(one.members for one in found if one.state == state) for state in range(3))
    lines = (
        f"{counted(given, 'member')} opened what was chosen and got accountable tokens, in all epochs that are kept.",
        f"{asked} asked and never opened what was chosen; {caught} signed for false ones.",
        *(f"  {file}: tocsin verify shows it to anybody" for file in files),
    )
    yield Output(lines, Evidence(tuple(files), asked, given, caught), int(caught > 0))


COMMANDS = (
    Command(
        "hub",
        "trustees",
        "name the trustees of accountable reports",
        _trustees,
        _trustees_arguments,
        "So many of them together can learn who sent an anonymous report, for ever after. Members read who they are "
        "before they send, and banks that do not trust them will not report. Hub, relay and partner are no trustees.",
    ),
    Command(
        "hub",
        "opening",
        "ask trustees to open one accountable report, or rehearse it",
        _opening,
        _opening_arguments,
        "The hub cannot open it. Whoever asks has a card of their own (tocsin agent trustee DIR init), to which the "
        "trustees seal what they open.",
    ),
    Command(
        "hub",
        "opened",
        "state in the directory which trustees opened a report",
        _opened,
        _opened_arguments,
        "Everybody reads that they did, and of which request; neither which report it was nor whom they named.",
    ),
    Command("hub", "audit", "show who was caught with false tokens", _audit, _audit_arguments),
)
