# SPDX-License-Identifier: Apache-2.0
"""A case as people read it: how it stands, then everything in the order in which it happened."""

from collections.abc import Iterator

import msgspec

from tocsin.agent.cases.facts import (
    Attached,
    Closed,
    Concerned,
    Decided,
    Fact,
    Held,
    Noted,
    Opened,
    Released,
    Reopened,
    RiskAccepted,
    Sent,
    Struck,
    TakenOut,
    Took,
    Warned,
    WasRead,
    happened,
)
from tocsin.agent.cases.impact import Measured, band, words
from tocsin.agent.cases.record import Case
from tocsin.agent.verbs.case import Told
from tocsin.cli.screen import minute, short
from tocsin.clock import Instant


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
    first, *more = f"{mark}{_told(one.fact)}".splitlines() or [""]
    return [f"  {moment}  {number:>3}  {first}   ({by})", *(f"      {text}" for text in more)]


def _state(found: Case) -> str:
    return "held" if found.holds else "closed" if found.closed else "open"


def _told(fact: Fact) -> str:
    match fact:
        case Opened():
            told = f"opened: {fact.title}"
        case Noted():
            told = fact.text
        case Decided():
            told = f"decided {fact.kind}: {fact.why}"
        case Measured():
            told = f"{fact.quantity}: {words(fact)}"
        case Concerned():
            parts = {"impersonated": fact.impersonated, "on": fact.platforms}
            told = "; ".join(f"{what} {', '.join(names)}" for what, names in parts.items() if names)
        case Attached():
            told = f"put in: {fact.name}, SHA-256 {fact.digest[:16]}…"
        case TakenOut():
            told = f"a copy taken out: SHA-256 {fact.digest[:16]}…"
        case Sent():
            told = f"sent a {fact.what}: {fact.fact}"
        case Warned() | WasRead() | Took() | RiskAccepted():
            told = _defended(fact)
        case Struck():
            told = f"struck line {fact.line}: {fact.why}"
        case Held() | Released():
            told = f"{fact.__struct_config__.tag}, {fact.matter}: {fact.why}"
        case Closed() | Reopened():
            told = f"{fact.__struct_config__.tag}: {fact.why}"
    return told


def _defended(fact: Warned | WasRead | Took | RiskAccepted) -> str:
    match fact:
        case Warned():
            return f"warned: {fact.warning}, version {fact.version}, added {minute(fact.added)}"
        case WasRead():
            return f"read version {fact.version}"
        case Took():
            return f"measure{_of(fact.control)}: {fact.measure}"
        case RiskAccepted():
            return f"risk accepted until {minute(fact.until)}{_of(fact.control)}: {fact.why}"


def _of(control: str) -> str:
    return f" ({control})" if control else ""
