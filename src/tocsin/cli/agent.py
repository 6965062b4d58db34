# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent …`: what a bank, an agency, a regulator or the desk runs inside its own walls."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tocsin.agent import app
from tocsin.agent.grouping import own_facts
from tocsin.agent.house import House
from tocsin.agent.redaction.assets import known_as
from tocsin.agent.verbs.erase import erase, withdraw
from tocsin.cli.anonymous import ANONYMOUS
from tocsin.cli.assets import ASSETS
from tocsin.cli.bundle import BUNDLE
from tocsin.cli.calls import CALLS
from tocsin.cli.case import CASE
from tocsin.cli.collected import COLLECTED
from tocsin.cli.command import Command, Output, folder, secret
from tocsin.cli.contacts import CONTACTS
from tocsin.cli.corrections import CORRECTIONS
from tocsin.cli.defence import DEFENCE
from tocsin.cli.drafts import DRAFTS
from tocsin.cli.hunt import HUNT, HUNTS
from tocsin.cli.inbox import INBOX, OUTBOX
from tocsin.cli.measures import MEASURES
from tocsin.cli.people import PEOPLE
from tocsin.cli.redact import REDACT
from tocsin.cli.report import REPORT
from tocsin.cli.screen import say
from tocsin.cli.sending import delivered, person, way_out, way_out_arguments
from tocsin.cli.shield import SHIELD
from tocsin.cli.sight import SIGHT
from tocsin.cli.staying import alone_in, log_to_stderr
from tocsin.cli.trustee import TRUSTEE
from tocsin.cli.value import VALUE
from tocsin.cli.warning import ACK, WARN
from tocsin.cli.warninglists import WARNINGLISTS
from tocsin.config.agent import OwnAssets
from tocsin.ids import DIGITS, complete
from tocsin.wire.messages import ERASURE_REASONS


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("--hub", required=True, metavar="URL", help="where the alliance's hub serves")
    parser.add_argument(
        "--code",
        required=True,
        help="the one-time code from the hub's operator; - reads it from standard input, out of sight of ps",
    )
    parser.add_argument(
        "--legal-name", metavar="NAME", required=True, help="as registered; aliases are derived from it"
    )
    parser.add_argument("--domain", action="append", default=[], help="an own domain; may be repeated")
    parser.add_argument(
        "--network", metavar="CIDR", action="append", default=[], help="an own network, CIDR; may be repeated"
    )
    parser.add_argument(
        "--alias",
        metavar="NAME",
        action="append",
        default=[],
        help="a further name or brand; may be repeated",
    )
    parser.add_argument(
        "--key-file",
        metavar="FILE",
        type=Path,
        help="where the vault's key is kept (default: DIR.key, beside DIR)",
    )

    way_out_arguments(parser)
    parser.add_argument(
        "--accept-agreement",
        default="",
        metavar="SHA256",
        help="accept the members' agreement with this hash",
    )


def _init(parsed: argparse.Namespace) -> Iterator[Output]:
    own = OwnAssets(
        legal_name=parsed.legal_name,
        domains=tuple(parsed.domain),
        networks=tuple(parsed.network),
        aliases=tuple(parsed.alias),
    )
    joined = app.init(
        Path(parsed.dir),
        parsed.hub,
        secret(parsed.code),
        own,
        parsed.key_file,
        parsed.accept_agreement,
        way_out(parsed),
    )
    place = Path(parsed.dir)
    key = parsed.key_file or place.parent / f"{place.name}.key"
    history = (
        "witnessed by a partner"
        if joined.witnessed
        else "not witnessed: the alliance has declared no partner"
    )
    both = f"  NOTE: you wrote {own.legal_name}: what tells of either name stays"
    note = (both,) if known_as(own, joined.name) != own else ()
    yield Output(
        (
            f"{joined.name} joined {joined.alliance} as {joined.role} ({joined.party}).",
            *note,
            f"  the hub's history is {history}",
            f"  the vault's key is in {key}: keep a copy of it, apart from every backup of the folder",
            f"  the recovery key is in {joined.recovery}: print it, put it away, then delete the file.",
            f"Next: tocsin agent serve {parsed.dir}, and tocsin agent report {parsed.dir} FILE for a suspicious mail.",
        ),
        joined,
    )


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument(
        "--port",
        type=int,
        help="serve the console at this port of this machine, whatever agent.toml says; 0 takes a free one",
    )


def _serve(parsed: argparse.Namespace) -> Iterator[Output]:
    log_to_stderr(app.log_format(Path(parsed.dir)))
    with alone_in(Path(parsed.dir)):
        app.serve(Path(parsed.dir), say, parsed.port)
    yield Output(("Agent stopped.",))


def _erase_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("fact", metavar="FACT", help="identifier of your report, sighting or warning")
    parser.add_argument(
        "--reason",
        default="withdrawn",
        choices=sorted(ERASURE_REASONS),
        help="told to every reader (default withdrawn)",
    )
    parser.add_argument("--by", metavar="NAME", default=None, help="who decides (default: you)")


def _erase(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        fact = _whole(house, parsed.fact)
        if withdraw(house, fact, person(parsed)):
            yield Output(("Taken back: it had not gone yet, and nobody has heard of it.",))
            return
        message = erase(house, fact, parsed.reason, person(parsed))
        yield delivered(house, message, "Erased at the hub; every reader was told to delete its copy.")


def _whole(house: House, begun: str) -> str:
    """An identifier of one's own that was given by its first letters, as the inbox shows it; a whole one as it is."""
    if len(begun.partition("_")[2]) == DIGITS:
        return begun
    with house.store.reading("own identifiers") as tx:
        return complete(begun, own_facts(tx))


COMMANDS = (
    Command("agent", "init", "join an alliance with a one-time code", _init, _init_arguments),
    Command(
        "agent",
        "serve",
        "follow the alliance and keep the protection files up to date",
        _serve,
        _serve_arguments,
        "Outbound HTTPS only. Every entry is proved before it is acted on; what does not add up is an alarm.",
    ),
    REPORT,
    DRAFTS,
    CORRECTIONS,
    CASE,
    COLLECTED,
    ASSETS,
    REDACT,
    INBOX,
    OUTBOX,
    ANONYMOUS,
    SIGHT,
    WARNINGLISTS,
    WARN,
    ACK,
    CALLS,
    CONTACTS,
    PEOPLE,
    BUNDLE,
    DEFENCE,
    MEASURES,
    VALUE,
    Command("agent", "erase", "take back what you reported", _erase, _erase_arguments),
    SHIELD,
    HUNT,
    HUNTS,
    TRUSTEE,
)
