# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent note|compare|trust`: holding the hub to one history, by a way that it does not control."""

import argparse
import asyncio
import getpass
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.agent import app
from tocsin.agent.history.doubt import newest_note, trust_again
from tocsin.agent.history.replica import Replica
from tocsin.agent.house import House
from tocsin.agent.signed import SignedHub, http_client
from tocsin.agent.verbs.compare import ASK_AGAIN, Compared, compare, newest_of
from tocsin.cli.command import Command, Output, folder
from tocsin.errors import Malformed, Missing, StateError


class Shown(msgspec.Struct, frozen=True):
    """The newest note that this agent was shown."""

    note: str


class Decided(msgspec.Struct, frozen=True):
    """What was held against the hub until now; empty when nothing was."""

    held: str


def _folder_only(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")


def _note(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house, house.store.reading("newest note") as tx:
        note = newest_note(tx)
    if not note:
        raise StateError("This agent has not been shown any head yet.")
    yield Output(tuple(note.splitlines()), Shown(note))


def _compare_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument(
        "other", metavar="FILE|URL", help="another member's note in a file, or the partner's address"
    )


def _compare(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        found = asyncio.run(_compared(house, parsed.other))
    yield Output((f"One history: {found.here} heads here, {found.elsewhere} there.",), found)


async def _compared(house: House, other: str) -> Compared:
    membership = house.vault.membership()
    async with http_client(house.config) as http:
        hub = SignedHub(http, house.config.hub_url, membership, house.clock, house.entropy)
        replica = Replica(house.store, membership, house.config.decay, house.clock)
        if other.startswith(("http://", "https://")):
            return await compare(house, replica, hub, await newest_of(http, other))
        try:
            text = Path(other).read_text()
        except OSError as error:
            raise Missing(f"{other}: {error.strerror}.", next_step="Name the file with the note.") from None
        except UnicodeDecodeError:
            raise Malformed(f"{other} is no note: it is not text.", next_step=ASK_AGAIN) from None
        return await compare(house, replica, hub, text)


def _trust_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument(
        "--why", metavar="TEXT", required=True, help="what was found out; it goes into the journal"
    )
    parser.add_argument("--by", metavar="NAME", default=None, help="who decides (default: you)")


def _trust(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        by = parsed.by or getpass.getuser()
        held = trust_again(house.store, house.vault.box, house.clock, by, parsed.why)
    sentence = f"Held until now: {held}" if held else "Nothing was held against the hub."
    yield Output(
        (sentence, *(("New entries count again; the evidence is kept.",) if held else ())), Decided(held)
    )


COMMANDS = (
    Command(
        "agent",
        "note",
        "print the newest signed note that this agent was shown",
        _note,
        _folder_only,
        "Send it to another member by a way that the hub does not control; they run tocsin agent compare.",
    ),
    Command(
        "agent",
        "compare",
        "hold another member's note, or the partner's, against what was shown here",
        _compare,
        _compare_arguments,
        "Two notes that contradict each other prove that the hub keeps two histories. The agent then keeps them as\n"
        "evidence, leaves protection as it is, and believes nothing new until a person runs tocsin agent trust.",
    ),
    Command(
        "agent",
        "trust",
        "believe the hub again after it was proved dishonest",
        _trust,
        _trust_arguments,
        "Only a person decides this. Look at the alarms first: tocsin agent inbox.",
    ),
)
