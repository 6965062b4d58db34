# SPDX-License-Identifier: Apache-2.0
"""`tocsin hub|agent|partner backup` and `restore`: copies while the process runs, and the way back."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tocsin.agent import app as agent
from tocsin.cli.command import Command, Output, folder
from tocsin.hub import app as hub
from tocsin.partner import app as partner


def _place_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", metavar="DIR", help="the folder of the process")
    parser.add_argument("file", metavar="FILE", type=Path, help="where to write it; never over another file")


def _agent_from_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("--from", dest="file", type=Path, required=True, metavar="FILE", help="the backup")


def _hub_from_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument(
        "--from",
        dest="file",
        type=Path,
        metavar="FILE",
        help="the backup (not for PostgreSQL: restore it with its own tools first)",
    )


def _partner_from_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "partner")
    parser.add_argument("--from", dest="file", type=Path, required=True, metavar="FILE", help="the backup")
    parser.add_argument(
        "--witnessed", type=Path, required=True, metavar="FILE", help="what tocsin hub witnessed wrote today"
    )


def _hub_backup(parsed: argparse.Namespace) -> Iterator[Output]:
    made = hub.backup(Path(parsed.dir), parsed.file)
    yield Output(
        (
            f"Backed up {made.bytes:,} bytes into {made.file}.",
            "  not in it: hub.keys and hub.toml; keep a copy of these two in another safe",
            "  in it: what was disclosed, and who sent it; destroy it when its time is over",
        ),
        made,
    )


def _hub_restore(parsed: argparse.Namespace) -> Iterator[Output]:
    made = hub.restore(Path(parsed.dir), parsed.file)
    goal = (
        "until it has all that the partner co-signed"
        if made.witnessed
        else "from the heads that readers show: no partner says what there was"
    )
    yield Output(
        (
            f"In place: {made.entries:,} entries in {made.streams} streams. Unspent codes are void.",
            f"Next: tocsin hub serve {parsed.dir}. It takes no reports, and is refilled by its readers {goal}.",
        ),
        made,
    )


def _hub_witnessed(parsed: argparse.Namespace) -> Iterator[Output]:
    made = hub.witnessed(Path(parsed.dir), parsed.file)
    yield Output((f"Wrote what the partner last co-signed into {made.file}.",), made)


def _partner_backup(parsed: argparse.Namespace) -> Iterator[Output]:
    made = partner.backup(Path(parsed.dir), parsed.file)
    yield Output(
        (f"Backed up {made.bytes:,} bytes into {made.file}. partner.keys and partner.toml are not in it.",),
        made,
    )


def _partner_restore(parsed: argparse.Namespace) -> Iterator[Output]:
    made = partner.restore(Path(parsed.dir), parsed.file, parsed.witnessed)
    yield Output((f"Restored: head {made.heads} was the last that this partner co-signed.",), made)


def _agent_backup(parsed: argparse.Namespace) -> Iterator[Output]:
    made = agent.backup(Path(parsed.dir), parsed.file)
    yield Output(
        (
            f"Backed up {made.bytes:,} bytes into {made.file}.",
            "  not in it: agent.toml, and the key file that it names; keep the key apart from the backup",
        ),
        made,
    )


def _agent_restore(parsed: argparse.Namespace) -> Iterator[Output]:
    made = agent.restore(Path(parsed.dir), parsed.file)
    messages = "1 message waits" if made.waiting == 1 else f"{made.waiting} messages wait"
    yield Output(
        (f"Restored the agent of {made.name}; {messages}. Next: tocsin agent serve {parsed.dir}",), made
    )


COMMANDS = (
    Command(
        "hub",
        "backup",
        "copy the hub's store into a file while it serves",
        _hub_backup,
        _place_arguments,
        "Take one every hour: whatever is newer is given back by the readers, and proves itself.",
    ),
    Command(
        "hub",
        "restore",
        "put a backup in place; the hub is refilled before it opens",
        _hub_restore,
        _hub_from_arguments,
        "DIR holds hub.toml and hub.keys and no store. A backup that is only copied into place would sign a shorter\n"
        "history: every agent would alarm, and the partner would refuse it.",
    ),
    Command(
        "hub",
        "witnessed",
        "write what the partner last co-signed, for a partner that is restored",
        _hub_witnessed,
        _place_arguments,
    ),
    Command("partner", "backup", "copy the partner's memory into a file", _partner_backup, _place_arguments),
    Command(
        "partner",
        "restore",
        "put a backup in place, with what this partner signed since",
        _partner_restore,
        _partner_from_arguments,
        "A partner that forgot its last cosignature could be made to sign a second history.\n"
        "Let members compare notes with it before it serves again: tocsin agent compare.",
    ),
    Command("agent", "backup", "copy the agent's store into a file", _agent_backup, _place_arguments),
    Command(
        "agent",
        "restore",
        "put a backup in place; what was not receipted is sent again",
        _agent_restore,
        _agent_from_arguments,
        "DIR holds agent.toml and no store, and the key file that it names is in its place.\n"
        "Never let the old agent run beside the restored one.",
    ),
)
