# SPDX-License-Identifier: Apache-2.0
"""`tocsin demo` and `tocsin drill`: the alliance on one machine."""

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.cli.command import Command, NotYet, Output
from tocsin.cli.screen import say, width
from tocsin.cli.staying import alone_in, endable, in_front
from tocsin.clock import SystemClock
from tocsin.errors import Taken, TocsinError
from tocsin.files import RUNNING
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
    folder: Path = parsed.folder
    with _fresh(folder), in_front(), endable(), Processes() as processes:
        try:
            told = Story(folder, SystemClock(), processes, say, width()).run()
        except TocsinError:
            if not (which := processes.gone()):
                raise
            yield Output((which,), code=1)
            return
        yield Output(("", f"Told in {told.seconds:.0f} s. Everything is in {folder}."), told)
        if parsed.once:
            return
        try:
            yield Output(("", *own_file(folder), "", "Ctrl-C ends it."))
            for which in processes.ends():
                yield Output((f"{which}. The others go on.",))
            yield Output(("Every process has ended.",), code=1)
        except KeyboardInterrupt:
            processes.stop()
            yield Output(("", f"The alliance has stopped; everything is in {folder}."))


@contextmanager
def _fresh(folder: Path) -> Iterator[None]:
    """An empty folder, held until the end; one of an earlier demo is emptied, anything else is left alone.

    Taken when something of the earlier one was started by hand and still runs.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise Taken(f"{folder} is not empty and not a demo's: name another with --folder.")
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder, _MARK):
        for lock in folder.glob(f"*/{RUNNING}"):
            with alone_in(lock.parent):
                pass
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _MARK:
                path.unlink()
        yield


COMMANDS = (
    Command(
        "",
        "demo",
        "tell the story on this machine: a bank is hit, the next banks are protected",
        _demo,
        _arguments,
        "Starts a hub, its partner, a relay, three banks' agents and a police agency's, each a process of its own on\n"
        "loopback, and 25 simulated banks in one more: a report of class mixed is hidden among them all.",
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
