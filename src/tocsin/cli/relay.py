# SPDX-License-Identifier: Apache-2.0
"""`tocsin relay …`: what the relay's operator runs."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tocsin.cli.command import Command, Output, folder
from tocsin.cli.screen import say
from tocsin.cli.staying import alone_in, log_to_stderr
from tocsin.config.relay import RelayConfig, RelayListen
from tocsin.relay import app


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "relay")
    parser.add_argument("--operator", required=True, metavar="NAME", help="legal name of who runs it")
    parser.add_argument("--hub-key", required=True, metavar="KEY", help="what `tocsin hub init` printed")
    parser.add_argument("--url", required=True, help="address under which agents reach it")
    parser.add_argument("--hub", required=True, metavar="URL", help="where it reaches the hub")
    parser.add_argument("--partner", required=True, metavar="URL", help="where it reaches the partner")
    parser.add_argument(
        "--port", type=int, default=8713, help="port to listen on (default 8713, on loopback)"
    )


def _init(parsed: argparse.Namespace) -> Iterator[Output]:
    config = RelayConfig(
        operator=parsed.operator,
        hub_key=parsed.hub_key,
        public_url=parsed.url,
        hub_url=parsed.hub,
        partner_url=parsed.partner,
        listen=RelayListen(port=parsed.port),
    )
    made = app.init(Path(parsed.dir), config)
    yield Output(
        (
            f"Made the relay. Its key:  {made.key}",
            "Give it to the hub's operator, who runs tocsin hub relay; then tocsin relay serve.",
        ),
        made,
    )


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "relay")
    parser.add_argument(
        "--port", type=int, default=None, help="instead of the configured port; 0 takes a free one"
    )


def _serve(parsed: argparse.Namespace) -> Iterator[Output]:
    log_to_stderr(app.log_format(Path(parsed.dir)))
    with alone_in(Path(parsed.dir)):
        app.serve(Path(parsed.dir), parsed.port, lambda url: say(f"Relay ready at {url}"))
    yield Output(("Relay stopped.",))


COMMANDS = (
    Command(
        "relay",
        "init",
        "make a relay for one hub in an empty folder",
        _init,
        _init_arguments,
        "It learns who sends an envelope and when, and never what is in it. Its operator is neither the hub's nor\n"
        "the partner's: three legal persons.",
    ),
    Command("relay", "serve", "carry envelopes until stopped", _serve, _serve_arguments),
)
