# SPDX-License-Identifier: Apache-2.0
"""`tocsin demo` and `tocsin drill`: the alliance on one machine."""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

from tocsin.cli.command import Command, NotYet, Output
from tocsin.clock import SystemClock
from tocsin.errors import ConfigError
from tocsin.world.processes import Processes
from tocsin.world.story import Story, own_file

_MARK = ".tocsin-demo"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--once", action="store_true", help="end after the story instead of leaving it running"
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("demo"), help="where it lives (default ./demo, made anew)"
    )


def _demo(parsed: argparse.Namespace) -> Iterator[Output]:
    folder = _fresh(parsed.folder)
    with Processes() as processes:
        story = Story(folder, SystemClock(), processes, lambda line: print(line, flush=True))
        told = story.run()
        yield Output(("", f"Told in {told.seconds:.0f} s. Everything is in {folder}."), told)
        if parsed.once:
            return
        yield Output(("", *own_file(folder), "", "Ctrl-C ends it."))
        processes.wait()


def _fresh(folder: Path) -> Path:
    """An empty folder; one of an earlier demo is replaced, anything else is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise ConfigError(f"{folder} is not empty and not a demo's: name another with --folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()
    return folder


COMMANDS = (
    Command(
        "",
        "demo",
        "tell the story on this machine: a bank is hit, the next banks are protected",
        _demo,
        _arguments,
        "Starts a hub, its partner, three banks' agents and a police agency's, each a process of its own on loopback.",
        json_file=True,
    ),
    Command(
        "drill",
        "run",
        "run an exercise inside the real system",
        NotYet("tocsin demo tells one story meanwhile."),
    ),
    Command("drill", "list", "list exercises", NotYet("tocsin demo tells one story meanwhile.")),
)
