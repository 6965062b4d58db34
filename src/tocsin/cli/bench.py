# SPDX-License-Identifier: Apache-2.0
"""`tocsin bench NAME`: the numbers of this machine, each beside its peer or limit."""

import argparse
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from tocsin.bench.chart import chart
from tocsin.bench.result import Benchmark, Results, Row, machine, table
from tocsin.cli.command import Command, Output
from tocsin.errors import UsageError
from tocsin.files import replace_file

BENCHMARKS = (
    "anonymous",
    "append",
    "catchup",
    "depth",
    "fanout",
    "folder",
    "hunt",
    "idle",
    "intake",
    "linkability",
    "mail",
    "match",
    "tokens",
    "views",
    "withdraw",
    "world",
)
"""Each a module of `tocsin.bench`, which is loaded when it is run: no other command waits for what they need."""
ON_POSTGRES = ("append", "catchup", "depth", "fanout", "idle", "intake", "views")
"""Those that can be measured on PostgreSQL too."""
ON_MAILS = ("replay",)
"""Those that are nothing without --mails."""
LONG = ("catchup-million", "depth-ten-million", "linkability-full", "linkability-product")
"""Many minutes each, the first two with gigabytes of disk: run by their names alone."""


def _benchmark(name: str) -> Benchmark:
    module, *form = name.split("-")
    found: Benchmark = getattr(import_module(f"tocsin.bench.{module}"), "_".join(["run", *form]))
    return found


def _arguments(parser: argparse.ArgumentParser) -> None:
    names = ["all", *BENCHMARKS, *ON_MAILS, *LONG]
    parser.add_argument("name", choices=names, metavar="NAME", help=f"which one: {', '.join(names)}")
    parser.add_argument(
        "--chart", type=Path, metavar="FILE", help="draw each figure against its target, as SVG"
    )
    parser.add_argument(
        "--postgres",
        metavar="URL",
        help=f"an empty database: measure {', '.join(ON_POSTGRES)} there too, and leave it empty",
    )
    parser.add_argument(
        "--mails",
        type=Path,
        metavar="FOLDER",
        help="real mails: measure mail over all that is in it too, or replay them",
    )
    parser.add_argument(
        "--peers",
        type=Path,
        metavar="PYTHON",
        help="measure mail against eml_parser and iocextract too: the interpreter of an environment that has them",
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything random in it (default 1)")


def _bench(parsed: argparse.Namespace) -> Iterator[Output]:
    if parsed.name in ON_MAILS:
        yield from _replay(parsed)
        return
    chosen = BENCHMARKS if parsed.name == "all" else (parsed.name,)
    rows: list[Row] = []
    for name in chosen:
        yield Output((f"{name} …",))
        rows += _benchmark(name)(parsed.seed)
        if parsed.postgres and name in ON_POSTGRES:
            rows += import_module(f"tocsin.bench.{name}").run_postgres(parsed.seed, parsed.postgres)
        if name == "mail":
            rows += import_module("tocsin.bench.mail").run_beside(parsed.seed, parsed.mails, parsed.peers)
    results = Results(machine(), parsed.seed, tuple(rows))
    _draw(parsed, chart(results))
    yield Output(tuple(table(results)), results)


def _replay(parsed: argparse.Namespace) -> Iterator[Output]:
    if parsed.mails is None:
        raise UsageError("A replay needs mails.", next_step="tocsin bench replay --mails FOLDER")
    yield Output(("replay …",))
    figures = import_module("tocsin.bench.replay.figures")
    found = figures.replay(parsed.mails, parsed.seed)
    results = Results(machine(), parsed.seed, tuple(figures.rows(found)))
    _draw(parsed, import_module("tocsin.bench.replay.picture").picture(found, results.machine, parsed.seed))
    yield Output(tuple(table(results)), results)


def _draw(parsed: argparse.Namespace, picture: str) -> None:
    if parsed.chart:
        parsed.chart.parent.mkdir(parents=True, exist_ok=True)
        replace_file(parsed.chart, picture.encode())


COMMANDS = (
    Command(
        "",
        "bench",
        "measure this machine's numbers, each beside its peer or limit",
        _bench,
        _arguments,
        "A figure without the load of the machine means nothing: it is printed with it. replay plays the mails of a "
        "folder: what a bank stops alone, and what it stops as one of an alliance. `all` leaves it out.",
        json_file=True,
    ),
)
