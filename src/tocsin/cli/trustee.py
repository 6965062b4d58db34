# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent trustee`: keys of a trustee, opening its share of a report, and reading what trustees opened.

Its folder is no agent's: one key file, which needs no network and nothing else beside it.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from tocsin.agent import app
from tocsin.agent.history.directory import PartyRow
from tocsin.agent.trustee import CARD_FILE, make_keys, read_file, read_keys, read_share
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.screen import printable
from tocsin.clock import Instant, minute
from tocsin.errors import Taken
from tocsin.files import replace_file, write_new
from tocsin.halves.opening import Asked, Keys, Named, answer, check_request, named
from tocsin.wire.messages import Report, encode
from tocsin.wire.trustees import Trustee

_NOBODY = "It is no identifier of this alliance: its sender faked it, and half of those who try are caught."


class Shown(msgspec.Struct, frozen=True):
    """One holder of keys."""

    name: str
    fingerprint: str
    card: str
    """Path of the file to hand out; empty when none was written."""


class Request(msgspec.Struct, frozen=True):
    """What a request asks for, and of whom."""

    requester: str
    fingerprint: str
    purpose: str
    report: str
    """Empty in a rehearsal."""
    epoch: int
    needed: int
    trustees: tuple[str, ...]
    own_share: int
    """The number of this trustee's share, which opens; 0 when it holds none."""


class Answered(msgspec.Struct, frozen=True):
    """An answer that was written."""

    file: str
    share: int
    requester: str


class _Object(msgspec.Struct, frozen=True):
    type: str
    pattern: str = ""


class Told(msgspec.Struct, frozen=True):
    """What enough shares say."""

    party: str
    """Empty in a rehearsal."""
    name: str
    """As the directory has it; empty where nobody looked, or it has none."""
    trustees: tuple[str, ...]
    refused: tuple[str, ...]


def written(path: Path, data: bytes) -> str:
    """The path of a file that was written now, readable by its owner only; Taken where there is one."""
    require_free(path)
    write_new(path, data)
    return str(path)


def require_free(path: Path) -> None:
    """Taken where there is a file already."""
    if path.exists():
        raise Taken(f"{path} exists already.", next_step="Name a file that is not there.")


def _init(parsed: argparse.Namespace) -> Iterator[Output]:
    place = Path(parsed.dir)
    yield _shown(place, make_keys(place, parsed.name, os.urandom))


def _show(parsed: argparse.Namespace) -> Iterator[Output]:
    place = Path(parsed.dir)
    yield _shown(place, read_keys(place))


def _shown(place: Path, keys: Keys) -> Output:
    """Name and fingerprint, with the card beside the key."""
    path = place / CARD_FILE
    replace_file(path, encode(keys.card()))
    found = Shown(keys.trustee.name, keys.trustee.fingerprint, str(path))
    lines = (
        found.name,
        f"  fingerprint  {found.fingerprint}",
        f"  card         {found.card}",
        "Hand the card to the hub's operator; tell everybody the fingerprint by another way, by telephone say.",
        f"Whoever has {place} can open your shares. Keep it off the network, and a copy in a safe.",
    )
    return Output(lines, found)


def _verify(parsed: argparse.Namespace) -> Iterator[Output]:
    keys, asked = read_keys(Path(parsed.dir)), check_request(read_file(parsed.request))
    own = 0
    if keys.trustee in asked.document.trustees:
        own = keys.sealing.open(asked.request.kept.escrow, asked.terms).number
    yield Output(tuple(_asked(asked, own)), _request(asked, own))


def _open(parsed: argparse.Namespace) -> Iterator[Output]:
    keys, asked = read_keys(Path(parsed.dir)), check_request(read_file(parsed.request))
    opened = answer(asked, keys, parsed.requester)
    file = written(parsed.out, encode(opened))
    done = Answered(file, opened.number, asked.request.requester.trustee.name)
    yield Output(
        (*_asked(asked, opened.number), f"Share {done.share}, for {done.requester} alone: {file}"), done
    )


def _name(parsed: argparse.Namespace) -> Iterator[Output]:
    keys, asked = read_keys(Path(parsed.dir)), check_request(read_file(parsed.request))
    found = named(asked, [read_share(path) for path in parsed.shares], keys)
    name = _known_as(parsed.agent, found) if parsed.agent else ""
    told = Told(found.party, name, found.trustees, found.refused)
    yield Output(tuple(_told(asked, told, looked=bool(parsed.agent))), told)


def _known_as(agent: str, found: Named) -> str:
    """The member's name, as an agent's proved copy of the directory has it; empty when it has none."""
    with app.opened(Path(agent)) as house, house.store.reading("whose report") as tx:
        row = tx.one("party_by_id", {"id": found.party}, into=PartyRow)
    return row.name if row else ""


def _told(asked: Asked, told: Told, *, looked: bool) -> Iterator[str]:
    yield from (f"Not used: {reason}" for reason in told.refused)
    yield f"Opened by {' and '.join(told.trustees)}."
    if asked.report is None:
        yield "It was the rehearsal's escrow: so many of these trustees can open a report of this epoch."
        return
    yield f"Report {asked.report.id} was sent by {told.party}{f', {told.name}' if told.name else ''}."
    if looked and not told.name:
        yield _NOBODY
    yield "It is a lead and no proof: a false name in it would have been found with one half, and not with certainty."


def _asked(asked: Asked, own: int) -> Iterator[str]:
    request, document = asked.request, asked.document
    asks = f"{printable(request.requester.trustee.name)} asks, {minute(Instant(request.made))} UTC"
    yield f"{asks}: {printable(request.purpose)}"
    yield f"  fingerprint  {request.requester.trustee.fingerprint}"
    if asked.report is None:
        yield f"  a rehearsal over an escrow of epoch {document.number} of {document.hub}; it is no member's"
    else:
        yield f"  report {asked.report.id} of epoch {document.number} of {document.hub}, as its sender signed it:"
        yield from (f"    {line}" for line in _objects(asked.report))
    yield f"  {document.needed} of {len(document.trustees)} trustees are needed:"
    yield from (f"    {n}  {_of(one)}" for n, one in enumerate(document.trustees, 1))
    yield f"Your key opens share {own}." if own else "None of the shares is yours."


def _objects(report: Report) -> Iterator[str]:
    """What the sender wrote, for people to read before they open anything, each on one line.

    The hub has checked those that it placed; what it refused stands in the report too, and may be anything.
    """
    for one in report.objects:
        try:
            found = msgspec.json.decode(one, type=_Object)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield "what is no object of a report"
        else:
            yield printable(found.pattern or found.type)


def _of(trustee: Trustee) -> str:
    return f"{trustee.name}  {trustee.fingerprint}"


def _request(asked: Asked, own: int) -> Request:
    request, document = asked.request, asked.document
    return Request(
        requester=request.requester.trustee.name,
        fingerprint=request.requester.trustee.fingerprint,
        purpose=request.purpose,
        report=asked.report.id if asked.report else "",
        epoch=document.number,
        needed=document.needed,
        trustees=tuple(one.name for one in document.trustees),
        own_share=own,
    )


Argument = Callable[[argparse.ArgumentParser], object]


def _own_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="your name, as members will read it")


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("request", metavar="REQUEST", type=Path, help="what the hub's operator handed out")


def _for_whom(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--requester", required=True, metavar="FINGERPRINT", help="of whoever asks, as they told it to you"
    )
    parser.add_argument("--out", required=True, metavar="FILE", type=Path, help="where your answer goes")


def _shares(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shares", nargs="+", metavar="SHARE", type=Path, help="what trustees sent you")
    parser.add_argument("--agent", metavar="DIR", help="an agent's folder, to look the member's name up")


_STEPS: Mapping[str, tuple[str, Callable[[argparse.Namespace], Iterator[Output]], tuple[Argument, ...]]] = {
    "init": ("make your keys, and the card to hand out", _init, (_own_name,)),
    "show": ("show your fingerprint, and write the card again", _show, ()),
    "verify": ("look at a request, and whether your share of it opens", _verify, (_file,)),
    "open": ("open your share for whoever asks", _open, (_file, _for_whom)),
    "name": ("read what enough trustees opened for you", _name, (_file, _shares)),
}


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "trustee")
    choice = parser.add_subparsers(required=True, metavar="STEP")
    for name, (sentence, step, arguments) in _STEPS.items():
        below = choice.add_parser(name, help=sentence, description=f"{sentence[0].upper()}{sentence[1:]}.")
        for argument in arguments:
            argument(below)
        below.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for programs"
        )
        below.set_defaults(step=step)


def _trustee(parsed: argparse.Namespace) -> Iterator[Output]:
    yield from parsed.step(parsed)


TRUSTEE = Command(
    "agent",
    "trustee",
    "hold one share of the names of accountable reports, and open it when asked",
    _trustee,
    _arguments,
    "The folder holds your keys and nothing else: it belongs on no server. Whoever asks trustees makes one, too.\n\n"
    "Nobody is on line with anybody: requests, shares and cards are files that people carry.",
)
