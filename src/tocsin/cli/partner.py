# SPDX-License-Identifier: Apache-2.0
"""`tocsin partner …`: what the partner's operator runs."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tocsin.cli.command import Command, Output, folder
from tocsin.cli.screen import say
from tocsin.cli.staying import alone_in, log_to_stderr
from tocsin.partner import app


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "partner")
    parser.add_argument("--hub-key", required=True, metavar="KEY", help="what `tocsin hub init` printed")
    parser.add_argument(
        "--port", type=int, default=8711, help="port to listen on (default 8711, on loopback)"
    )
    parser.add_argument(
        "--operator",
        default="",
        metavar="NAME",
        help="legal name of who runs it: it is then gateway and mix of class mixed, too",
    )


def _init(parsed: argparse.Namespace) -> Iterator[Output]:
    made = app.init(Path(parsed.dir), parsed.hub_key, parsed.port, parsed.operator)
    yield Output(
        (
            f"Made the partner. Its verifier key:  {made.key}",
            "Give it to the hub's operator, who runs tocsin hub partner; then tocsin partner serve.",
        ),
        made,
    )


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "partner")
    parser.add_argument(
        "--port", type=int, default=None, help="instead of the configured port; 0 takes a free one"
    )


def _serve(parsed: argparse.Namespace) -> Iterator[Output]:
    log_to_stderr(app.log_format(Path(parsed.dir)))
    with alone_in(Path(parsed.dir)):
        app.serve(Path(parsed.dir), parsed.port, lambda url: say(f"Partner ready at {url}"))
    yield Output(("Partner stopped.",))


COMMANDS = (
    Command("partner", "init", "make a partner for one hub in an empty folder", _init, _init_arguments),
    Command("partner", "serve", "witness the hub's history until stopped", _serve, _serve_arguments),
)
