# SPDX-License-Identifier: Apache-2.0
"""While a person looks: asking for a yes, and sending what was approved, with a word when the hub is slow."""

import argparse
import asyncio
import getpass
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import msgspec

from tocsin.agent.app import Egress
from tocsin.agent.house import House
from tocsin.agent.outbox import Settled
from tocsin.agent.signed import COMMAND_SECONDS, http_client
from tocsin.agent.verbs.deliver import deliver_by
from tocsin.cli.command import Output, secret
from tocsin.cli.screen import printable, say
from tocsin.errors import TocsinError, UsageError
from tocsin.wire.problem import to_error

_PATIENCE_SECONDS = 2.0
_NOTHING = "Nothing was sent."


class Delivered(msgspec.Struct, frozen=True):
    """One message and how it ended."""

    id: str
    settled: Settled


def approver(parser: argparse.ArgumentParser) -> None:
    """The options of every command that tells others something."""
    parser.add_argument(
        "--yes", action="store_true", help="approve what is shown, as the person named by --by"
    )
    parser.add_argument("--by", metavar="NAME", default=None, help="who approves (default: you)")


def person(parsed: argparse.Namespace) -> str:
    """Whose decision it is."""
    return str(parsed.by or getpass.getuser())


def attended(parsed: argparse.Namespace) -> bool:
    """Whether somebody sits at a terminal who can be asked."""
    return sys.stdin.isatty() and not parsed.json


def agreed(question: str) -> bool:
    """A person's yes at the terminal. The end of input is a no; so is Ctrl-C, which ends the command too."""
    try:
        return input(printable(f"{question} [y/N] ")).strip().lower() in ("y", "yes")
    except EOFError:
        say("")
        return False
    except KeyboardInterrupt:
        say(f"\n{_NOTHING}")
        raise


def approved(parsed: argparse.Namespace, question: str) -> bool:
    """Whether the person agrees, by --yes or when asked; UsageError when there is nobody to ask."""
    if parsed.yes:
        return True
    if not attended(parsed):
        raise UsageError("Nobody approved it: look at what is shown, then add --yes.")
    return agreed(question)


def nothing_sent() -> Output:
    """What is said after a no."""
    return Output((_NOTHING,))


def send_now(house: House, message: str) -> Settled:
    """Send one queued message: the hub's receipt or its refusal. What raises leaves it in the outbox."""
    with Sender(house) as sender:
        return sender.send(message)


class Sender:
    """Sends one queued message after the other over one connection; use it as a context."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._runner = asyncio.Runner()
        self._http = http_client(house.config, COMMAND_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._runner.run(self._http.aclose())
        finally:
            self._runner.close()

    def send(self, message: str) -> Settled:
        """The hub's receipt or its refusal. What raises leaves the message in the outbox."""
        try:
            return self._runner.run(_send(self._http, self._house, message))
        except (KeyboardInterrupt, TocsinError):
            state = self._house.outbox.state(message)
            if state and state.state == "waiting":
                line = f"{message} waits in the outbox: tocsin agent serve sends it, tocsin agent outbox shows it."
                say(line, failed=True)
            raise


def settle(house: House, message: str) -> Delivered:
    """Send one queued message; the hub's refusal is raised as the error that it is."""
    settled = send_now(house, message)
    if settled.receipt is None:
        state = house.outbox.state(message)
        raise to_error((state.answer if state else None) or b"", 0)
    return Delivered(message, settled)


def delivered(house: House, message: str, *lines: str) -> Output:
    """The same as what a command prints: `lines` when the hub did it, its reason when there was nothing to do."""
    found = settle(house, message)
    outcomes = found.settled.receipt.outcomes if found.settled.receipt else ()
    others = tuple(dict.fromkeys(one.reason for one in outcomes if one.status != "accepted"))
    if outcomes and all(one.status == "known" for one in outcomes):
        return Output((f"Nothing changed: {' '.join(others)}",), found)
    return Output((*lines, *others), found)


async def _send(http: httpx.AsyncClient, house: House, message: str) -> Settled:
    sending = asyncio.ensure_future(deliver_by(http, house, [message]))
    done, _ = await asyncio.wait([sending], timeout=_PATIENCE_SECONDS)
    if not done:
        say(f"Waiting for {house.config.hub_url} …", failed=True)
    (settled,) = await sending
    return settled


def way_out_arguments(parser: argparse.ArgumentParser) -> None:
    """How a new agent gets out of its house, where that is not simply open."""
    parser.add_argument(
        "--proxy",
        metavar="URL",
        default="",
        help="HTTP proxy for the way out, e.g. http://name:password@proxy:3128; - reads it from standard input",
    )
    parser.add_argument("--authority", type=Path, metavar="FILE", help="PEM file of your own authority")


def way_out(parsed: argparse.Namespace) -> Egress:
    """The same as settings."""
    authority = str(parsed.authority.resolve()) if parsed.authority else ""
    return Egress(secret(parsed.proxy), authority)
