# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent hunt DIR --case CASE`: one's own mails of a case's campaign. Sends nothing and keeps nothing."""

import argparse
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tocsin.agent.house import House
from tocsin.agent.hunting.mails import Alike, Campaign, places
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.verbs import case as verbs
from tocsin.cli.command import Output
from tocsin.cli.progress import Progress
from tocsin.cli.screen import counted, printable, row, short

_WORDS = {"shape": "tags", "sending_host": "host", "attachments": "attached file"}
"""Features for a person, where a screen calls them otherwise (`tocsin.cli.draft.featured`)."""


class OfCampaign(msgspec.Struct, frozen=True):
    """What a hunt for one's own mails came to."""

    case: str
    mails: int
    """That were held against the case's."""
    unread: int
    problems: tuple[str, ...]
    found: tuple[Alike, ...]


def hunt_campaign(house: House, parsed: argparse.Namespace, shown: int) -> Iterator[Output]:
    """Look wherever one's own mails are, and show those of the campaign: so many, or all when it is asked for."""
    case = verbs.read(house, verbs.find(house, parsed.case))
    cases, wrong = verbs.listed(house)
    yield from (Output((error.diagnostics(),), code=1) for error in wrong)
    collect = house.config.collect
    watched = [house.folder / path for path in (*collect.folders, *collect.maildirs)]
    through = [Path(name) for name in parsed.logs] or watched
    with ReaderChild() as reader:
        campaign = Campaign(house, reader, case)
        looked = places(house, (one for one in cases if one.id != case.id), through)
        progress = Progress(len(looked), quiet=bool(parsed.json))
        for number, place in enumerate(looked, 1):
            campaign.look(place)
            if line := progress.show(number, 0, f"{counted(len(campaign.found), 'mail')} found"):
                yield Output((line,))
        progress.clear()
    found = tuple(campaign.found)
    result = OfCampaign(case.id, campaign.mails, campaign.unread, tuple(campaign.problems), found)
    most = len(found) if parsed.all else shown
    yield Output((*_told(result, len(campaign.known)), *_lines(found, most, parsed.dir, case.id)), result)


def _told(result: OfCampaign, known: int) -> Iterator[str]:
    yield f"Held {counted(result.mails, 'mail')} against {counted(known, 'mail')} of {short(result.case)}."
    for problem in result.problems:
        yield from row("  ! ", printable(problem))
    if result.unread > len(result.problems):
        yield f"  ! and {counted(result.unread - len(result.problems), 'file')} more"


def _lines(found: Sequence[Alike], most: int, agent: str, case: str) -> Iterator[str]:
    if not found:
        yield "No other mail of its campaign is here."
        return
    yield f"{counted(len(found), 'mail')} of its campaign:"
    for one in found[:most]:
        by = ", ".join(_WORDS.get(name, name) for name in one.by)
        yield from row("  ", printable(one.title) or "without a subject", f"(the same {by})")
        yield from row("      in ", printable(one.where))
    if len(found) > most:
        yield f"{counted(len(found) - most, 'mail')} more: --all"
    yield "What leaves of one of them, and to keep it in the case:"
    yield f"  tocsin agent report {shlex.quote(agent)} FILE --case {case}"
