# SPDX-License-Identifier: Apache-2.0
"""`tocsin bench NAME`: the numbers of this machine, each beside its peer or limit."""

import argparse
from collections.abc import Iterator

from tocsin.bench import append, catchup, mail, views, world
from tocsin.bench.result import Benchmark, Results, machine, table
from tocsin.cli.command import Command, Output

BENCHMARKS: dict[str, Benchmark] = {
    "append": append.run,
    "catchup": catchup.run,
    "mail": mail.run,
    "views": views.run,
    "world": world.run,
}
LONG: dict[str, Benchmark] = {"catchup-million": catchup.run_million}
"""Minutes each, and gigabytes of disk: run by their names alone."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", choices=["all", *BENCHMARKS, *LONG], help="which one")
    parser.add_argument("--seed", type=int, default=1, help="of everything random in it (default 1)")


def _bench(parsed: argparse.Namespace) -> Iterator[Output]:
    chosen = BENCHMARKS if parsed.name == "all" else {parsed.name: (BENCHMARKS | LONG)[parsed.name]}
    rows = []
    for name, run in chosen.items():
        yield Output((f"{name} …",))
        rows += list(run(parsed.seed))
    results = Results(machine(), parsed.seed, tuple(rows))
    yield Output(tuple(table(results)), results)


COMMANDS = (
    Command(
        "",
        "bench",
        "measure this machine's numbers, each beside its peer or limit",
        _bench,
        _arguments,
        "A figure without the load of the machine means nothing: it is printed with it.",
        json_file=True,
    ),
)
