# SPDX-License-Identifier: Apache-2.0
"""`tocsin hub suspend|rotate-key|…`, `agent rotate|recover|agreement`, `partner endorse`: parties and their keys."""

import argparse
import getpass
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tocsin.agent import app as agent
from tocsin.agent.history.directory import agreement
from tocsin.agent.verbs.agree import agree
from tocsin.cli.command import Command, Output, Run, folder
from tocsin.cli.screen import printable
from tocsin.cli.sending import attended, delivered, way_out, way_out_arguments
from tocsin.config.agent import OwnAssets
from tocsin.domain.party import Standing
from tocsin.errors import UsageError
from tocsin.hub import app as hub
from tocsin.partner import app as partner
from tocsin.wire.parties import STANDING_REASONS


class Agreement(msgspec.Struct, frozen=True):
    """The agreement that the alliance has now."""

    digest: str


def _folder_of(whose: str) -> Callable[[argparse.ArgumentParser], None]:
    return lambda parser: folder(parser, whose)


def _standing_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument(
        "party", metavar="PARTY", help="identifier or legal name, as tocsin hub status shows it"
    )
    parser.add_argument(
        "--reason", required=True, choices=sorted(STANDING_REASONS), help="every party reads it"
    )


def _stand(wanted: Standing, sentence: str) -> Run:
    def run(parsed: argparse.Namespace) -> Iterator[Output]:
        """Change it, and say so in one line."""
        found = hub.stand(Path(parsed.dir), parsed.party, wanted, parsed.reason)
        yield Output((f"{found.name} ({found.party}) {sentence}",), found)

    return run


def _expel_arguments(parser: argparse.ArgumentParser) -> None:
    _standing_arguments(parser)
    parser.add_argument("--yes", action="store_true", help="expel it without asking: it cannot be undone")


def _expel(parsed: argparse.Namespace) -> Iterator[Output]:
    place = Path(parsed.dir)
    found = hub.party_named(place, parsed.party)
    if not parsed.yes:
        if not attended(parsed):
            raise UsageError(
                f"Nobody comes back from there: {found.name} would be expelled for good.",
                next_step="Add --yes if that is what you want.",
            )
        typed = input(printable(f"For good? Type the legal name, {found.name}: "))
        if typed.strip().casefold() != found.name.casefold():
            yield Output(("Nothing was changed.",))
            return
    gone = hub.stand(place, found.party, Standing.LEFT, parsed.reason)
    sentence = "has left. Nobody comes back from there: it would join as a new party."
    yield Output((f"{gone.name} ({gone.party}) {sentence}",), gone)


def _rotate_hub(parsed: argparse.Namespace) -> Iterator[Output]:
    made = hub.rotate_key(Path(parsed.dir))
    yield Output(
        (
            f"The hub's new verifier key:  {made.key}",
            "Start every serving process of this hub again now: until then it answers everything with key-replaced.",
            "Agents and the partner follow by themselves: the old key has signed for the new one.",
        ),
        made,
    )


def _agreement_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="the text; it stays here, only its SHA-256 is announced"
    )


def _announce(parsed: argparse.Namespace) -> Iterator[Output]:
    made = hub.agree(Path(parsed.dir), parsed.file)
    yield Output(
        (
            f"Announced: {made.digest}",
            "Send the text to every party; each accepts it with tocsin agent agreement. hub status shows who has.",
        ),
        made,
    )


def _endorse_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "partner")
    parser.add_argument("--key", required=True, help="the verifier key of the partner that takes over")


def _endorse(parsed: argparse.Namespace) -> Iterator[Output]:
    made = partner.endorse(Path(parsed.dir), parsed.key)
    yield Output(
        (
            f"Endorsement:  {made.endorsement}",
            "Hand it to the hub's operator: tocsin hub partner DIR --url … --key … --endorsement …",
        ),
        made,
    )


def _by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", metavar="NAME", default=None, help="who decides (default: you)")


def _rotate_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    _by(parser)


def _rotate(parsed: argparse.Namespace) -> Iterator[Output]:
    made = agent.renew_keys(Path(parsed.dir), parsed.by or getpass.getuser())
    yield Output((f"The keys of {made.party} are new. Signing key:  {made.signing_key}",), made)


def _recover_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument(
        "--recovery-file",
        metavar="FILE",
        type=Path,
        required=True,
        help="what tocsin agent init wrote, typed again if need be",
    )
    parser.add_argument("--legal-name", metavar="NAME", default="", help="in a new folder: as registered")
    parser.add_argument("--domain", action="append", default=[], help="an own domain; may be repeated")
    parser.add_argument(
        "--key-file", metavar="FILE", type=Path, help="where the vault's key is kept (default: DIR.key)"
    )
    way_out_arguments(parser)
    _by(parser)


def _recover(parsed: argparse.Namespace) -> Iterator[Output]:
    place = Path(parsed.dir)
    if not parsed.legal_name and not (place / agent.SETTINGS).exists():
        raise UsageError("A new folder needs --legal-name, and --domain for each own domain.")
    own = OwnAssets(legal_name=parsed.legal_name, domains=tuple(parsed.domain))
    by = parsed.by or getpass.getuser()
    made = agent.start_over(place, parsed.recovery_file, own, parsed.key_file, by, way_out(parsed))
    yield Output(
        (
            f"{made.name} ({made.party}) has new keys; the old ones are revoked everywhere.",
            f"  signing key:  {made.signing_key}",
            f"  the next recovery key is in {made.recovery}: print it, put it away, delete the file.",
            "The sheet that was used is worth nothing any more. Tell the desk what happened; next: tocsin agent serve.",
        ),
        made,
    )


def _accept_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("--accept", metavar="SHA256", help="accept the agreement with this hash")
    _by(parser)


def _accept(parsed: argparse.Namespace) -> Iterator[Output]:
    with agent.opened(Path(parsed.dir)) as house:
        if parsed.accept:
            message = agree(house, parsed.accept, parsed.by or getpass.getuser())
            yield delivered(house, message, "Accepted: every party sees it in the directory.")
            return
        with house.store.reading("agreement") as tx:
            digest = agreement(tx)
    sentence = (
        f"SHA-256 of the agreement: {digest}"
        if digest
        else "The alliance has no agreement, as far as is known."
    )
    yield Output((sentence,), Agreement(digest))


COMMANDS = (
    Command(
        "hub",
        "suspend",
        "suspend a party",
        _stand(
            Standing.SUSPENDED, "is suspended: its requests are refused, its connections cut within a second."
        ),
        _standing_arguments,
        "The hub may be running, in several processes. tocsin hub reinstate takes it back.",
    ),
    Command(
        "hub",
        "reinstate",
        "let a suspended party in again",
        _stand(Standing.ACTIVE, "is active again, and catches up by itself."),
        _standing_arguments,
    ),
    Command(
        "hub",
        "expel",
        "end a party's membership for good",
        _expel,
        _expel_arguments,
        "It cannot be undone: the legal name is asked for, or --yes.",
    ),
    Command(
        "hub",
        "rotate-key",
        "give the hub its next signing key",
        _rotate_hub,
        _folder_of("hub"),
        "The old key signs for the new one. The hub's name stays the hash of its first key.",
    ),
    Command(
        "hub", "agreement", "announce the members' agreement, new or changed", _announce, _agreement_arguments
    ),
    Command(
        "partner",
        "endorse",
        "agree to another partner that takes over",
        _endorse,
        _endorse_arguments,
        "Without it every agent takes another partner for an attack.",
    ),
    Command(
        "agent",
        "rotate",
        "replace this party's keys",
        _rotate,
        _rotate_arguments,
        "agent serve may be running. Broken off, run it again: nobody is locked out.",
    ),
    Command(
        "agent",
        "recover",
        "put new keys in place with the recovery key, after a loss or a theft",
        _recover,
        _recover_arguments,
        "DIR is a new folder, or the old one if its vault is still there. The recovery key can do nothing else.",
    ),
    Command(
        "agent",
        "agreement",
        "show the members' agreement, or accept it",
        _accept,
        _accept_arguments,
    ),
)
