# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent case DIR …`: the case from its opening to its end, as people write it and read it. Sends nothing."""

import argparse
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from tocsin.agent import app
from tocsin.agent.cases.facts import (
    Closed,
    Concerned,
    Decided,
    Fact,
    Held,
    Kind,
    Noted,
    Released,
    Reopened,
    Struck,
)
from tocsin.agent.cases.impact import FORMS, Quantity, parse
from tocsin.agent.cases.retention import ends
from tocsin.agent.house import House
from tocsin.agent.verbs import case as verbs
from tocsin.cli import timeline
from tocsin.cli.command import Command, Output, secret
from tocsin.cli.readers import time
from tocsin.cli.screen import counted, short
from tocsin.cli.sending import person
from tocsin.cli.steps import Step, Steps, add_steps
from tocsin.clock import minute
from tocsin.errors import UsageError


def _open(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = verbs.open_case(house, secret(parsed.title), parsed.by, *_impact(parsed))
    place = shlex.quote(str(house.folder))
    yield Output((f"Opened {found.id}.", f"Next: tocsin agent case {place} show {found.id}"), found)


def _list(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    cases, wrong = verbs.listed(house)
    yield from (Output((error.diagnostics(),), code=1) for error in wrong)
    rows = tuple(map(timeline.summary, cases))
    lines = tuple(map(timeline.row_of, rows))
    yield Output(lines or ("No case is kept here yet.",), timeline.Listed(rows))


def _show(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = verbs.read(house, parsed.case)
    shown = timeline.shown(found, verbs.told(house, found), ends(found, house.config.case_days))
    yield Output(tuple(timeline.lines(shown)), shown)


def _attach(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = verbs.attach(house, parsed.case, parsed.files, parsed.by)
    yield Output((f"{short(found.id)} holds {counted(len(found.evidence), 'file')}.",), found)


def _extract(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    file = verbs.extract(house, parsed.case, parsed.evidence, parsed.to, parsed.by)
    said = f"Wrote {file.size:,} bytes into {parsed.to}, as they were put in: SHA-256 {file.digest}."
    yield Output((said, "The case says who took this copy."), file)


def _writing(facts: Callable[[argparse.Namespace], list[Fact]]) -> Step:
    """The step that adds lines to a case, and says until when it is kept now."""

    def step(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
        """Write, then show the new lines and until when the case is kept."""
        new = facts(parsed)
        found = verbs.write(house, parsed.case, parsed.by, *new)
        end = ends(found, house.config.case_days)
        kept = (
            f"Kept until {minute(end)[:10]}."
            if end
            else f"Held for {', '.join(found.holds)}: it is not erased."
        )
        numbers = range(len(found.lines) - len(new), len(found.lines))
        yield Output((*(text for number in numbers for text in timeline.line(found, number)), kept), found)

    return step


def _impact(parsed: argparse.Namespace) -> list[Fact]:
    given = {quantity: getattr(parsed, quantity.value) for quantity in Quantity}
    facts: list[Fact] = [parse(quantity, text) for quantity, text in given.items() if text is not None]
    if parsed.impersonated or parsed.platform:
        facts.append(Concerned(tuple(parsed.impersonated), tuple(parsed.platform)))
    return facts


def _some_impact(parsed: argparse.Namespace) -> list[Fact]:
    if not (facts := _impact(parsed)):
        raise UsageError("Say what is known: give one of the options.")
    return facts


def _one(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", metavar="CASE", help="identifier of the case, cas_…, or how it begins")


def _title(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--title", metavar="TEXT", required=True, help="one line; - reads it from standard input"
    )


def _text(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT", help="what happened; - reads one line from standard input")


def _kind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", metavar="KIND", choices=list(Kind), help=", ".join(Kind))


def _why(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--why", metavar="TEXT", required=True, help="the reason; - reads one line from standard input"
    )


def _at(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--at", type=time, metavar="TIME", help="when it was so, such as 2026-11-21T18:00Z (default now)"
    )


def _amounts(parser: argparse.ArgumentParser) -> None:
    for quantity in Quantity:
        words = f"{FORMS[quantity]}; about:… for an estimate; or unknown"
        parser.add_argument(f"--{quantity}", metavar="AMOUNT", help=words)
    for option, words in (
        ("--impersonated", "whose name is abused"),
        ("--platform", "a shared service it stands on"),
    ):
        parser.add_argument(
            option, action="append", default=[], metavar="NAME", help=f"{words}; may be repeated"
        )


def _files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=Path, help="kept byte for byte, up to 64 MiB"
    )


def _copy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("evidence", metavar="EVIDENCE", help="its name, or how its SHA-256 begins")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="a new file outside DIR")


def _line(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("line", metavar="LINE", type=int, help="number of the line, as show gives it")


def _matter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--matter", metavar="TEXT", required=True, help="what it is held for, such as a court's reference"
    )


_STEPS: Steps = {
    "open": ("begin a case", _open, (_title, _amounts)),
    "list": ("show every case", _list, ()),
    "show": ("show a case: its timeline, impact, evidence, and what was sent", _show, (_one,)),
    "note": (
        "write down what happened",
        _writing(lambda parsed: [Noted(secret(parsed.text), parsed.at)]),
        (_one, _text, _at),
    ),
    "decide": (
        "write down a decision: what, since when, why",
        _writing(lambda parsed: [Decided(Kind(parsed.kind), parsed.at, secret(parsed.why))]),
        (_one, _kind, _why, _at),
    ),
    "impact": ("write down how bad it is, as far as it is known", _writing(_some_impact), (_one, _amounts)),
    "attach": ("put files into custody", _attach, (_one, _files)),
    "extract": ("take a copy of a file out, checked against its SHA-256", _extract, (_one, _copy)),
    "strike": (
        "say that a line was a mistake; it stays and counts no more",
        _writing(lambda parsed: [Struck(parsed.line, secret(parsed.why))]),
        (_one, _line, _why),
    ),
    "close": (
        "say that nothing more is expected",
        _writing(lambda parsed: [Closed(secret(parsed.why))]),
        (_one, _why),
    ),
    "reopen": (
        "go on with a closed case",
        _writing(lambda parsed: [Reopened(secret(parsed.why))]),
        (_one, _why),
    ),
    "hold": (
        "put a case under legal hold: it is not erased by age",
        _writing(lambda parsed: [Held(parsed.matter.strip(), secret(parsed.why))]),
        (_one, _matter, _why),
    ),
    "release": (
        "end a legal hold",
        _writing(lambda parsed: [Released(parsed.matter.strip(), secret(parsed.why))]),
        (_one, _matter, _why),
    ),
}


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_steps(parser, "case", _STEPS)


def _case(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        if "case" in parsed:
            parsed.case = verbs.find(house, parsed.case)
        if "by" in parsed:
            parsed.by = person(parsed)
        if "at" in parsed:
            parsed.at = parsed.at or house.clock.now()
        yield from parsed.step(house, parsed)


def tied(parser: argparse.ArgumentParser) -> None:
    """The option of every command that tells others something: which case it is about."""
    parser.add_argument(
        "--case", default="", metavar="CASE", help="keep what is sent in this case; no word of it is told"
    )


def tied_to(house: House, parsed: argparse.Namespace) -> str:
    """The whole identifier of that case, empty when none was named; Conflict when it is closed."""
    return verbs.find_open(house, parsed.case) if parsed.case else ""


CASE = Command(
    "agent",
    "case",
    "keep a case: what happened, who decided what, how bad it is, the evidence",
    _case,
    _arguments,
    "A case is a log in the vault, encrypted, and no line of it is ever changed. It never leaves; report, sight and "
    "warn tie what they send to it by --case, and report opens one by itself. It is erased `case_days` after its last "
    "line (agent.toml), with its files, and never under legal hold.\n\n"
    'Example: tocsin agent case my-agent open --title "Payroll phish" --customers about:1200',
)
