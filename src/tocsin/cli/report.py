# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent report`: from a file on the desk to a receipt, with a look at exactly what would leave."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.agent import anonymous, app
from tocsin.agent.approve import STANDING_RULES, Approved, StandingRule, approve, standing_rule
from tocsin.agent.classify import Classifier
from tocsin.agent.house import House
from tocsin.agent.outbox import Settled
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.redact import Draft, lines
from tocsin.agent.verbs.deliver import deliver
from tocsin.agent.verbs.report import Prepared, prepare, send
from tocsin.cli.command import Command, Output, folder
from tocsin.domain.disclosure import Attack, Disclosure
from tocsin.domain.marking import Marking, parse_tlp
from tocsin.errors import InputError, TocsinError, UsageError
from tocsin.wire.problem import Problem, to_problem


class FileReport(msgspec.Struct, frozen=True):
    """What became of one file."""

    file: str
    disclosure: Disclosure | None = None
    approved_by: str = ""
    report: str = ""
    case: str = ""
    settled: Settled | None = None
    problem: Problem | None = None


class Summary(msgspec.Struct, frozen=True):
    """All files together."""

    files: int
    disclosures: int
    sent: int
    refused: int


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("files", metavar="FILE", nargs="+", help="a mail (.eml) or a STIX 2.0/2.1 JSON file")
    parser.add_argument(
        "--class",
        dest="report_class",
        default="named",
        choices=("named", "now", "mixed"),
        help="who learns the sender: named, the hub alone (default); now and mixed are not built yet",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would leave, send nothing, keep nothing"
    )
    parser.add_argument(
        "--yes", action="store_true", help="approve what is shown, as the person named by --by"
    )
    parser.add_argument("--by", default=None, help="who approves (default: you)")
    parser.add_argument(
        "--attack",
        choices=list(Attack),
        metavar="KIND",
        help=f"kind of attack: {', '.join(Attack)} (default: phishing for a mail, other for a bundle)",
    )
    parser.add_argument("--tlp", default="TLP:AMBER", help="marking (default TLP:AMBER); it may only narrow")
    parser.add_argument("--audience", action="append", default=[], help="who may read it (default: members)")


def _report(parsed: argparse.Namespace) -> Iterator[Output]:
    if parsed.report_class in anonymous.CLASSES:
        anonymous.refuse(parsed.report_class)
    marking = Marking(tlp=parse_tlp(parsed.tlp))
    counts = {"disclosures": 0, "sent": 0, "refused": 0}
    with app.opened(Path(parsed.dir)) as house, ReaderChild() as reader:
        classifier = app.classifier(house)
        rules = [standing_rule(name) for name in house.config.standing_rules]
        for name in parsed.files:
            try:
                prepared = _prepare(parsed, house, reader, classifier, Path(name), marking)
            except InputError as error:
                counts["refused"] += 1
                yield Output((f"{name}: {error.diagnostics()}",), FileReport(name, problem=to_problem(error)))
                continue
            counts["disclosures"] += 1
            yield Output((f"{name}:", *lines(prepared.draft)))
            outcome = _settle(parsed, house, prepared, rules)
            counts["sent"] += outcome.settled is not None
            yield Output(tuple(_outcome_lines(outcome)), outcome)
    if len(parsed.files) > 1:
        total = Summary(len(parsed.files), **counts)
        yield Output(
            (f"{total.files} files: {total.disclosures} disclosures, {total.refused} refused.",), total
        )


def _prepare(
    parsed: argparse.Namespace,
    house: House,
    reader: ReaderChild,
    classifier: Classifier,
    path: Path,
    marking: Marking,
) -> Prepared:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from None
    attack = Attack(parsed.attack) if parsed.attack else None
    return prepare(house, reader, classifier, path.name, data, attack=attack, marking=marking)


def _settle(
    parsed: argparse.Namespace, house: House, prepared: Prepared, rules: list[StandingRule]
) -> FileReport:
    """Approve, queue and deliver; or only say what would have been sent."""
    shown = FileReport(str(prepared.name), prepared.draft.disclosure)
    approved = None if parsed.dry_run else _approval(parsed, house, prepared.draft, rules)
    if approved is None:
        return shown
    queued = send(house, prepared, approved, parsed.report_class, tuple(parsed.audience))
    (settled,) = asyncio.run(deliver(house, [queued.report]))
    return msgspec.structs.replace(
        shown,
        disclosure=approved.disclosure,
        approved_by=approved.by,
        report=queued.report,
        case=queued.case,
        settled=settled,
    )


def _approval(
    parsed: argparse.Namespace, house: House, draft: Draft, rules: list[StandingRule]
) -> Approved | None:
    """A person's yes, or the first standing rule that covers the draft; None when nobody agreed."""
    now = house.clock.now()
    if parsed.yes:
        return approve(draft, parsed.by or getpass.getuser(), now)
    for rule in rules:
        try:
            return approve(rule.narrow(draft), rule, now)
        except TocsinError:
            continue  # this rule does not cover it; a later one or a person may
    if sys.stdin.isatty() and not parsed.json:
        if input("Send exactly this? [y/N] ").strip().lower() in ("y", "yes"):
            return approve(draft, parsed.by or getpass.getuser(), now)
        return None
    raise UsageError("Nobody approved: add --yes, or switch a standing rule on in agent.toml.")


def _outcome_lines(outcome: FileReport) -> Iterator[str]:
    if outcome.settled is None:
        yield "Nothing was sent."
    elif outcome.settled.receipt is None:
        yield f"The hub refused it: {outcome.settled.problem}"
    else:
        accepted = sum(one.status == "accepted" for one in outcome.settled.receipt.outcomes)
        yield f"Sent as {outcome.report}, approved by {outcome.approved_by}; {accepted} entries receipted."
        for one in outcome.settled.receipt.outcomes:
            if one.status != "accepted":
                yield f"  {one.status}: {one.object}: {one.reason}"


REPORT = Command(
    "agent",
    "report",
    "report an attack from a file: shows exactly what leaves, then sends it",
    _report,
    _arguments,
    "Example: tocsin agent report my-agent suspicious.eml --dry-run\n\n"
    "The file is read in a child process without keys or network. Only values that the attacker holds leave; your\n"
    "names, people and text stay. Standing rules, switched on in agent.toml, approve without a person:\n"
    + "\n".join(f"  {rule.name}: {rule.sentence}" for rule in STANDING_RULES.values()),
)
