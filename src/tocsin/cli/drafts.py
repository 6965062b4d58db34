# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent drafts DIR …`: what waits until people approve or refuse it, and exactly what would leave."""

import argparse
import shlex
from collections.abc import Iterator
from functools import partial

import msgspec

from tocsin.agent.drafts import Terms, Waiting
from tocsin.agent.house import House
from tocsin.agent.meter import measure
from tocsin.agent.redaction.door import Leaving
from tocsin.agent.verbs.decide import agree, refuse, waiting
from tocsin.agent.verbs.report import Prepared
from tocsin.agent.work import classifier
from tocsin.cli.command import Command, Output
from tocsin.cli.draft import lines, priced
from tocsin.cli.outcomes import FileReport
from tocsin.cli.screen import counted, printable
from tocsin.cli.sending import send_now
from tocsin.cli.steps import Steps, add_steps, take_step
from tocsin.cli.told import embargo, told
from tocsin.clock import Instant, minute
from tocsin.domain.disclosure import Disclosure
from tocsin.ids import complete


class Shown(msgspec.Struct, frozen=True):
    """One draft that waits, without what stays home."""

    id: str
    since: Instant
    file: str
    drafter: str
    disclosure: Disclosure
    """Exactly what would leave."""
    leaves: tuple[Leaving, ...]
    terms: Terms
    reasons: tuple[str, ...]
    agreed: tuple[str, ...]


class Listed(msgspec.Struct, frozen=True):
    """Every draft that waits."""

    drafts: tuple[Shown, ...]


class Refused(msgspec.Struct, frozen=True):
    """A draft that will not leave."""

    id: str
    why: str


def _list(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = waiting(house)
    told = [line for one in found for line in _summary(one)]
    yield Output(tuple(told) or ("Nothing waits for approval.",), Listed(tuple(map(_shown, found))))


def _show(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    one = _named(house, parsed.id)
    prepared = Prepared(one.name, b"", one.reading, one.draft)
    place = shlex.quote(parsed.dir)
    said = (
        *_summary(one),
        *lines(prepared, one.terms.audiences, one.terms.report_class),
        *embargo(one.terms),
        priced(measure(house, one.draft, one.terms.audiences, one.terms.grain), one.draft.disclosure),
        f"  tocsin agent drafts {place} approve {one.id} --by NAME",
        f"  tocsin agent drafts {place} refuse {one.id} --reason WHY --by NAME",
    )
    yield Output(said, _shown(one))


def _approve(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    one = _named(house, parsed.id)
    made = agree(house, classifier(house), one.id, parsed.by)
    outcome = FileReport(
        one.name,
        one.draft.disclosure,
        one.terms.audiences,
        one.terms.not_before,
        report_class=one.terms.report_class,
        leaves=one.draft.leaves,
    )
    yield told(house, made, outcome, parsed.dir, partial(send_now, house))


def _refuse(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    one = _named(house, parsed.id)
    refuse(house, one.id, parsed.by, parsed.reason)
    yield Output((f"Refused: nothing of {printable(one.name)} leaves.",), Refused(one.id, parsed.reason))


def _named(house: House, begun: str) -> Waiting:
    """The draft whose identifier begins so."""
    found = {one.id: one for one in waiting(house)}
    return found[complete(begun, found)]


def _summary(one: Waiting) -> Iterator[str]:
    """One draft in two lines."""
    values = counted(len(one.draft.disclosure.indicators), "value")
    agreed = f", {' and '.join(one.agreed)} agreed" if one.agreed else ""
    yield f"{one.id}  {minute(one.since)}  {printable(one.name)}: {values}, drafted by {one.drafter}{agreed}"
    if one.reasons:
        yield f"    waits because {'; '.join(one.reasons)}"


def _shown(one: Waiting) -> Shown:
    return Shown(
        one.id,
        one.since,
        one.name,
        one.drafter,
        one.draft.disclosure,
        one.draft.leaves,
        one.terms,
        one.reasons,
        one.agreed,
    )


def _one(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="identifier of the draft, drf_…")


def _reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why, for your own journal")


_STEPS: Steps = {
    "list": ("show every draft that waits, the oldest first", _list, ()),
    "show": ("show exactly what would leave of one, to whom, and what stays", _show, (_one,)),
    "approve": ("agree to exactly that; it leaves once enough people have", _approve, (_one,)),
    "refuse": ("say no for good, with the reason; nothing of it leaves", _refuse, (_one, _reason)),
}

DRAFTS = Command(
    "agent",
    "drafts",
    "approve or refuse what waits for a person",
    take_step,
    partial(add_steps, command="drafts", steps=_STEPS),
    "Whatever no standing rule of agent.toml covers waits here when nobody approved it at once. approvals = 2 lets "
    "nothing leave that only one person has agreed to. Every decision stands in the agent's journal.",
)
