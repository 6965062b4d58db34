# SPDX-License-Identifier: Apache-2.0
"""The command `tocsin`: arguments in, one call down, text or JSON out. No rule of the alliance is decided here.

Exit codes: 0 done · 1 refused or failed, with the reason · 2 the command or configuration is wrong · 3 the other side
could not be reached and what was approved waits in the outbox, or nobody has approved it yet · 130 interrupted.
"""

import argparse
import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tocsin import __version__
from tocsin.cli import agent, bench, doctor, hub, keys, openings, partner, relay, safekeeping, story, trust
from tocsin.cli.command import Command, NotYet, Output
from tocsin.cli.defence import VERIFY
from tocsin.cli.parsing import Misused, Parser
from tocsin.cli.screen import say, width
from tocsin.errors import RemoteError, TocsinError, UsageError
from tocsin.wire.problem import to_problem

COMMANDS: tuple[Command, ...] = (
    *hub.COMMANDS,
    *openings.COMMANDS,
    *agent.COMMANDS,
    *trust.COMMANDS,
    *keys.COMMANDS,
    *partner.COMMANDS,
    *relay.COMMANDS,
    *safekeeping.COMMANDS,
    *doctor.COMMANDS,
    *story.COMMANDS,
    *bench.COMMANDS,
    VERIFY,
)

_GROUPS = {
    "hub": "run the exchange of an alliance",
    "agent": "take part: inside a bank, an agency, a regulator or the desk",
    "partner": "witness a hub's history, as a separate legal person",
    "relay": "carry anonymous reports, as a third legal person",
    "drill": "rehearse an attack inside the real system",
}


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    try:
        parsed, unknown = build_parser().parse_known_args(arguments)
        if unknown:
            parsed.parser.refuse(unknown)
        if "command" not in parsed:
            print(parsed.parser.format_help(), end="", flush=True)
            return 0
        return _carry_out(parsed.command, parsed)
    except Misused as wrong:
        return _say_misused(wrong, arguments)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        # A closed pipe, a full disk, a file that may not be read. What cannot be written must not be tried at exit.
        _abandon_output()
        if not isinstance(error, BrokenPipeError):
            say(f"tocsin: {error.strerror or error}.", failed=True)
        return 1


def _say_misused(wrong: Misused, arguments: Sequence[str]) -> int:
    """The usage and what is wrong with the arguments, or a problem document where JSON was asked for."""
    command = wrong.parser.get_default("command")
    if "--json" in arguments and not (command and command.json_file):
        print(msgspec.json.encode(to_problem(UsageError(wrong.message))).decode(), flush=True)
    else:
        wrong.parser.print_usage(sys.stderr)
        say(f"{wrong.parser.prog}: error: {wrong.message}", failed=True)
    return 2


def _carry_out(command: Command, parsed: argparse.Namespace) -> int:
    code = 0
    try:
        for part in _parts(command, parsed):
            _show(part, parsed.json)
            code = max(code, part.code)
    except TocsinError as error:
        if parsed.json is True:
            print(msgspec.json.encode(to_problem(error)).decode(), flush=True)
        else:
            say(f"tocsin: {error.diagnostics()}", failed=True)
        return _exit_code(error)
    return code


def _parts(command: Command, parsed: argparse.Namespace) -> Iterator[Output]:
    """What a command says; UsageError in place of what the system says of a file."""
    try:
        yield from command.run(parsed)
    except OSError as error:
        if error.filename is None:  # a closed pipe, a full disk
            raise
        raise UsageError(
            f"{error.filename}: {error.strerror}.",
            next_step="Check that it is there, and that you may read and write it.",
        ) from None


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, with its help."""
    parser = Parser(
        prog="tocsin",
        description="The bell a bank rings when it is attacked, so that every other bank and the police can act.",
        epilog="Start with: tocsin demo. Every command has --help, and --json for programs.",
    )
    parser.add_argument("--version", action="version", version=f"tocsin {__version__}")
    parser.set_defaults(parser=parser)
    top = parser.add_subparsers(metavar="COMMAND")
    groups: dict[str, argparse._SubParsersAction[Parser]] = {}
    for command in COMMANDS:
        where = top
        if command.group:
            if command.group not in groups:
                described = _GROUPS[command.group]
                group = top.add_parser(
                    command.group, help=described, description=described.capitalize() + "."
                )
                group.set_defaults(parser=group)
                groups[command.group] = group.add_subparsers(metavar="COMMAND")
            where = groups[command.group]
        _add(where, command)
    return parser


def _add(where: "argparse._SubParsersAction[Parser]", command: Command) -> None:
    summary = command.help if not isinstance(command.run, NotYet) else f"{command.help} (not built yet)"
    parser = where.add_parser(
        command.name,
        help=summary,
        description=command.help[0].upper() + command.help[1:] + ".",
        epilog="\n\n".join(map(_paragraph, command.teaches.split("\n\n"))),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.arguments(parser)
    if command.json_file:
        parser.add_argument(
            "--json", type=Path, metavar="FILE", help="write the result as JSON into FILE too"
        )
    else:
        parser.add_argument(
            "--json", action="store_true", help="print JSON for programs, one document a line"
        )
    parser.set_defaults(command=command, parser=parser)


def _paragraph(text: str) -> str:
    """As wide as the terminal; what follows an example's first line stands a little deeper."""
    deeper = "  " if text.startswith("Example") else ""
    return textwrap.fill(
        text, width(80) - 2, subsequent_indent=deeper, break_long_words=False, break_on_hyphens=False
    )


def _show(part: Output, json: object) -> None:
    """Lines for a person, a document for a program, or both when the document goes into a file."""
    if json is True:
        if part.data is not None:
            print(msgspec.json.encode(part.data).decode(), flush=True)
        return
    for line in part.lines:
        say(line, failed=part.code != 0)
    if isinstance(json, Path) and part.data is not None:
        json.parent.mkdir(parents=True, exist_ok=True)
        json.write_bytes(msgspec.json.format(msgspec.json.encode(part.data), indent=2) + b"\n")


def _abandon_output() -> None:
    """Let whatever could not be written go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _exit_code(error: TocsinError) -> int:
    if isinstance(error, UsageError):
        return 2
    return 3 if isinstance(error, RemoteError) else 1
