# SPDX-License-Identifier: Apache-2.0
"""A case as people read it: how it stands, then everything in the order in which it happened."""

from collections.abc import Iterator

import msgspec

from tocsin.agent.cases.facts import happened
from tocsin.agent.cases.impact import band, words
from tocsin.agent.cases.record import Case
from tocsin.agent.cases.timeline import told_of
from tocsin.agent.verbs.case import Told
from tocsin.cli.screen import short
from tocsin.clock import Instant, minute


class Summary(msgspec.Struct, frozen=True):
    """One case in the list."""

    id: str
    title: str
    opened: Instant
    latest: Instant
    state: str
    """``open``, ``closed`` or, in either, ``held``."""
    holds: tuple[str, ...]


class Listed(msgspec.Struct, frozen=True):
    """Every case, the newest first."""

    cases: tuple[Summary, ...]


class Shown(msgspec.Struct, frozen=True):
    """One case, with what it follows from it now."""

    case: Case
    bands: dict[str, str]
    """Of each quantity the power of ten: as coarse as it may be told."""
    told: tuple[Told, ...]
    erased_at: Instant | None
    """When it reaches its age; None while it is held."""


def shown(found: Case, told: tuple[Told, ...], end: Instant | None) -> Shown:
    """A case for the screen and for programs."""
    return Shown(found, {str(one.quantity): band(one) for one in found.impact}, told, end)


def summary(found: Case) -> Summary:
    """A case for the list."""
    return Summary(found.id, found.title, found.opened, found.latest, _state(found), found.holds)


def row_of(one: Summary) -> str:
    """A case on one line."""
    return f"{one.state:<6}  {minute(one.opened)}  {short(one.id)}  {one.title}"


def lines(one: Shown) -> Iterator[str]:
    """A whole case."""
    found = one.case
    yield f"{found.id}  {_state(found)}: {found.title}"
    if one.erased_at is None:
        yield f"  not erased while it is held for {', '.join(found.holds)}"
    else:
        yield f"  erased on {minute(one.erased_at)[:10]}, if nothing is added and nothing holds it"
    yield from (f"  {measured.quantity}: {words(measured)}" for measured in found.impact)
    if found.impersonated:
        yield f"  impersonated: {', '.join(found.impersonated)}"
    if found.platforms:
        yield f"  platforms: {', '.join(found.platforms)}"
    for exhibit in found.evidence:
        file = exhibit.file
        yield f"  evidence: {file.name}, {file.size:,} bytes, from {exhibit.by}, {minute(exhibit.at)}"
        yield f"    SHA-256 {file.digest}"
    for told in one.told:
        yield f"  sent: {told.sent.what} {told.sent.fact}, {told.state}"
    yield "timeline, in UTC:"
    numbers = sorted(range(len(found.lines)), key=lambda number: (happened(found.lines[number]), number))
    for number in numbers:
        yield from line(found, number)


def line(found: Case, number: int) -> list[str]:
    """One line of the log; the text's own further lines below it."""
    one = found.lines[number]
    moment = minute(happened(one))
    written = minute(one.at)
    by = one.by if moment == written else f"{one.by}, written {written}"
    mark = "struck: " if number in found.struck else ""
    first, *more = f"{mark}{told_of(one.fact)}".splitlines() or [""]
    return [f"  {moment}  {number:>3}  {first}   ({by})", *(f"      {text}" for text in more)]


def _state(found: Case) -> str:
    return "held" if found.holds else "closed" if found.closed else "open"
