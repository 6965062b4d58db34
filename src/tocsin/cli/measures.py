# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent measures DIR [WARNING]`: which controls answer a warning, and what was decided about each."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tocsin.agent import app
from tocsin.agent.measures.advice import Advice, Decided, advise
from tocsin.agent.measures.catalogue import Controls, install, installed
from tocsin.agent.verbs.defend import find
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.screen import counted, printable, row, short
from tocsin.clock import minute
from tocsin.domain.catalogue import Catalogue, catalogue_of

SHOWN = 12
"""Controls that are shown without --all."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument(
        "warning", nargs="?", metavar="WARNING", help="its identifier, wrn_…, or how it begins"
    )
    parser.add_argument("--install", type=Path, metavar="FILE", help="keep this catalogue of controls")
    parser.add_argument(
        "--technique",
        action="append",
        default=[],
        type=_technique,
        metavar="ID",
        help="an ATT&CK technique that it is about too, such as T1566.002; may be repeated",
    )
    parser.add_argument("--all", action="store_true", help=f"every control, not only the first {SHOWN}")


def _technique(text: str) -> str:
    if catalogue_of(text) is not Catalogue.ATTACK:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no identifier of ATT&CK")
    return text


def _measures(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        if parsed.install:
            found = install(house.folder, parsed.install)
            yield Output((f"Installed {_told(found)}.",), found)
        elif not parsed.warning:
            found = installed(house.folder)
            yield Output((_told(found),), found)
        if parsed.warning:
            advice = advise(house, find(house, parsed.warning), parsed.technique)
            shown = len(advice.controls) if parsed.all else SHOWN
            yield Output(tuple(_lines(advice, shown)), advice)


def _told(found: Controls) -> str:
    named = f"{printable(found.framework)} {printable(found.version)}"
    return f"{named}: {counted(len(found.controls), 'control')}, for ATT&CK {printable(found.attack)}"


def _lines(advice: Advice, shown: int) -> Iterator[str]:
    yield f"{advice.title}   ({advice.warning})"
    if not advice.techniques:
        yield "  Neither it nor a report of its values names a technique: name one by --technique."
        return
    yield f"  is about {', '.join(advice.techniques)}"
    decided = {one.control: one for one in advice.decided}
    for one in advice.controls[:shown]:
        answers = [*one.by_name, *(f"{technique} in general" for technique in one.in_general)]
        told = f"answers {', '.join(answers)}"
        yield from row(f"  {one.control:<12} ", printable(one.says) or one.control, told)
        if one.control in decided:
            yield f"{'':15}{_decided(decided[one.control])}"
    if len(advice.controls) > shown:
        yield f"  {counted(len(advice.controls) - shown, 'control')} more: --all"
    if advice.unanswered:
        yield f"  No control of {advice.framework} answers {', '.join(advice.unanswered)}."
    yield "  Write down what you decide: tocsin agent defence DIR take WARNING --measure TEXT --control ID"


def _decided(one: Decided) -> str:
    if one.accepted_until is None:
        return f"taken {minute(one.at)[:10]} by {one.by} for {short(one.warning)}: {one.measure}"
    return f"risk accepted until {minute(one.accepted_until)[:10]} by {one.by} for {short(one.warning)}"


MEASURES = Command(
    "agent",
    "measures",
    "show which controls answer a warning, by its ATT&CK techniques",
    _measures,
    _arguments,
    "Example: tocsin agent measures my-agent --install cri_profile-v2.1_attack-16.1-enterprise.json\n\n"
    "The catalogue is a mapping file of the Mappings Explorer (center-for-threat-informed-defense), such as that of "
    "the CRI Profile. It is not shipped: it has its own licence, and you install the one that you use.",
)
