# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent shield DIR …`: what each shield does and would do, switching and undoing it, who fetches its files."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tocsin.agent import app
from tocsin.agent.house import House
from tocsin.agent.shields.protection import Change
from tocsin.agent.shields.subscribers import subscribe, subscribers, unsubscribe
from tocsin.agent.shields.switching import State, Switch, switches
from tocsin.agent.verbs.shield import switch, undo
from tocsin.agent.work import protection
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.screen import counted, printable
from tocsin.cli.sending import person
from tocsin.clock import Instant, minute

Step = Callable[[House, argparse.Namespace], Iterator[Output]]


class Shields(msgspec.Struct, frozen=True):
    """What changed, or would."""

    changes: tuple[Change, ...]


class Switched(msgspec.Struct, frozen=True):
    """What a person decided of one shield."""

    shield: str
    switch: Switch


class Undone(msgspec.Struct, frozen=True):
    """A shield's files stand as they did until then."""

    shield: str
    until: Instant


class LetIn(msgspec.Struct, frozen=True):
    """A product that may fetch the files of a shield; the password is shown this once."""

    product: str
    shield: str
    path: str
    password: str


class ShutOut(msgspec.Struct, frozen=True):
    """A product that may not any more."""

    product: str


class Listed(msgspec.Struct, frozen=True):
    """Every shield with who switched it last, and every product by its shield."""

    shields: tuple[Change, ...]
    switches: dict[str, Switch]
    products: dict[str, str]


def _apply(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    changes = protection(house).apply(house.clock.now(), dry_run=parsed.dry_run)
    lines = [] if changes else ["No shield is named in [shields] of agent.toml: nothing is written."]
    for change in changes:
        lines += _lines(change, dry_run=parsed.dry_run)
        lines += [f"  - {line}" for line in change.removed] + [f"  + {line}" for line in change.added]
    yield Output(tuple(lines), Shields(tuple(changes)))


def _list(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    changes = protection(house).apply(house.clock.now(), dry_run=True)
    decided = switches(house.store, house.vault.box)
    products = {one.name: one.shield for one in subscribers(house.store)}
    lines = []
    for one in changes:
        lines.append(f"{one.shield:<10} {one.state:<8} {_counts(one)}")
        if made := decided.get(one.shield):
            lines.append(f"{'':<10} {printable(made.by)}, {minute(made.at)}: {printable(made.why)}")
        lines += [f"{'':<10} fetched by {name}" for name, shield in products.items() if shield == one.shield]
    yield Output(
        tuple(lines) or ("No shield is named in [shields] of agent.toml.",),
        Listed(tuple(changes), decided, products),
    )


def _switch(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    state = State(parsed.state)
    made = switch(house, protection(house), parsed.shield, state, person(parsed), parsed.why)
    said = {
        State.ON: "its files follow the alliance from now on.",
        State.MONITOR: "nothing is enforced; what would be is counted.",
        State.OFF: "nothing is enforced, and nothing counted.",
    }
    yield Output((f"{parsed.shield} is {state}: {said[state]}",), Switched(parsed.shield, made))


def _undo(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    until = undo(house, protection(house), parsed.shield, person(parsed), parsed.why)
    yield Output(
        (
            f"{parsed.shield} stands as it did until {minute(until)}.",
            "It stays so, whatever is taken back or expires, until you switch it: "
            f"tocsin agent shield {parsed.dir} on {parsed.shield} --why …",
        ),
        Undone(parsed.shield, until),
    )


def _subscribe(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    named = protection(house).find(parsed.shield)
    now = house.clock.now()
    by, product = person(parsed), parsed.product
    password = subscribe(house.store, house.vault.box, product, parsed.shield, by, now, house.entropy)
    files = [name or parsed.shield for name in named.paths()]
    lines = [f"/shields/{product}/{name}" for name in files]
    note = () if house.config.feeds else ("  NOTE: [feeds] is not in agent.toml: nothing is served yet.",)
    yield Output(
        (
            f"{product} may fetch, with HTTP Basic authentication:",
            *(f"  {line}" for line in lines),
            f"  user {product}",
            f"  password {password} (shown this once)",
            *note,
        ),
        LetIn(product, parsed.shield, f"/shields/{product}/", password),
    )


def _unsubscribe(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    unsubscribe(house.store, house.vault.box, parsed.product, person(parsed), house.clock.now())
    yield Output((f"{parsed.product} fetches nothing any more.",), ShutOut(parsed.product))


def _lines(change: Change, *, dry_run: bool) -> Iterator[str]:
    yield f"{change.path}: {_counts(change)}"
    if change.state == State.MONITOR:
        yield "  monitors: nothing is written until it is switched on"
    elif change.state != State.ON:
        yield f"  {change.state}: nothing is written"
    elif not change.changes:
        yield "  nothing to change"
    if change.changes:
        moved = f"{counted(len(change.added), 'line')} added, {len(change.removed)} removed"
        yield f"  would change: {moved}" if dry_run else f"  changed: {moved}"


def _counts(change: Change) -> str:
    """How many of the values at block it holds, and why not the others."""
    if change.state == State.OFF:
        return f"none of {counted(change.values, 'value')} at block"
    beyond = f"{change.beyond_cap:,} beyond its cap" if change.beyond_cap else ""
    other = change.limits if change.written + change.beyond_cap < change.values else ""
    why = "; ".join(filter(None, (beyond, other)))
    return f"{change.written} of {counted(change.values, 'value')} at block" + (f" ({why})" if why else "")


def _why(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shield", metavar="SHIELD", help="its name, as in agent.toml: csv, rpz, edl …")
    parser.add_argument("--why", metavar="TEXT", required=True, help="your reason; it goes into the journal")


def _product(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("product", metavar="PRODUCT", help="its name, such as edge-firewall")


def _subscriber(parser: argparse.ArgumentParser) -> None:
    _product(parser)
    parser.add_argument("shield", metavar="SHIELD", help="whose files it fetches: edl, misp, csv …")


def _nothing(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


_STEPS: tuple[tuple[str, str, Step, Callable[[argparse.ArgumentParser], None]], ...] = (
    ("list", "show each shield, who switched it and why, and who fetches its files", _list, _nothing),
    ("on", "let its files follow the alliance", _switch, _why),
    ("monitor", "enforce nothing, and count what would be", _switch, _why),
    ("off", "enforce nothing and count nothing", _switch, _why),
    ("undo", "put back what stood before its last change, byte for byte", _undo, _why),
    ("subscribe", "let a product fetch its files, with a password of its own", _subscribe, _subscriber),
    ("unsubscribe", "shut a product out", _unsubscribe, _product),
)


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")
    parser.set_defaults(step=_apply)
    steps = parser.add_subparsers(metavar="STEP")
    for name, sentence, step, arguments in _STEPS:
        below = steps.add_parser(name, help=sentence, description=f"{sentence[0].upper()}{sentence[1:]}.")
        arguments(below)
        if step is not _list:
            below.add_argument("--by", metavar="NAME", default=None, help="who decides (default: you)")
        # SUPPRESS: what stands before the step must not be forgotten.
        below.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for programs"
        )
        below.set_defaults(step=step, state=name)


def _shield(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        yield from parsed.step(house, parsed)


SHIELD = Command(
    "agent",
    "shield",
    "see, switch and undo what each product is told to block",
    _shield,
    _arguments,
    "Example: tocsin agent shield my-agent on rpz --why 'a week of monitoring, no false block'\n\n"
    "Shields are named in [shields] of agent.toml. Each only monitors until somebody switches it on. Only values at "
    "level block are in their files, never your own. Without a step the files are brought up to date.",
)
