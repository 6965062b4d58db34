# SPDX-License-Identifier: Apache-2.0
"""`tocsin hub …`: what the operator of an alliance runs."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tocsin.cli.command import Command, Output, folder, secret
from tocsin.cli.screen import counted, say, short
from tocsin.cli.staying import log_to_stderr
from tocsin.clock import day_of
from tocsin.domain.audience import History
from tocsin.domain.party import Role
from tocsin.errors import UsageError
from tocsin.hub import app
from tocsin.hub.edge import app as edge_app
from tocsin.proof.encoding import from_base64
from tocsin.wire.ceremony import ABANDON_REASONS
from tocsin.wire.messages import ERASURE_REASONS


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument("--alliance", required=True, metavar="NAME", help="public name of the alliance")
    parser.add_argument(
        "--url", required=True, help="address under which agents reach it, e.g. https://hub.example"
    )
    parser.add_argument(
        "--port", type=int, default=8710, help="port to listen on (default 8710, on loopback)"
    )
    parser.add_argument(
        "--agreement",
        type=Path,
        metavar="FILE",
        help="what every member must accept, if there is such a text",
    )
    parser.add_argument(
        "--store",
        default="hub.db",
        help="SQLite file in DIR, or a postgresql:// address; - reads it from standard input, out of sight of ps",
    )


def _init(parsed: argparse.Namespace) -> Iterator[Output]:
    made = app.init(
        Path(parsed.dir), parsed.alliance, parsed.url, parsed.port, secret(parsed.store), parsed.agreement
    )
    yield Output(
        (
            f"Made the hub {made.hub}",
            f"  its verifier key, for its partner:  {made.key}",
            "Next: tocsin hub partner (or go without: heads are then unwitnessed), tocsin hub enrol, tocsin hub serve.",
        ),
        made,
    )


def _partner_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument("--url", required=True, help="where the partner serves")
    parser.add_argument("--key", required=True, help="the verifier key that `tocsin partner init` printed")
    parser.add_argument(
        "--endorsement",
        metavar="TEXT",
        default="",
        help="what `tocsin partner endorse` of the partner before it printed",
    )


def _partner(parsed: argparse.Namespace) -> Iterator[Output]:
    endorsement = from_base64(parsed.endorsement)
    declared = app.declare_partner(Path(parsed.dir), parsed.url, parsed.key, endorsement)
    yield Output(
        ("Declared. From its next start the hub asks this partner to witness every head.",), declared
    )


def _relay_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument("--operator", required=True, metavar="NAME", help="legal name of who runs this hub")
    parser.add_argument("--url", required=True, help="where the hub reaches the relay")
    parser.add_argument("--key", required=True, help="the key that `tocsin relay init` printed")


def _relay(parsed: argparse.Namespace) -> Iterator[Output]:
    declared = app.declare_relay(Path(parsed.dir), parsed.operator, parsed.url, parsed.key)
    days = (declared.issue_seconds + declared.rest_seconds) / 86_400
    yield Output(
        (
            "Declared. From its next start the hub makes the documents of the anonymous path.",
            f"The first epoch begins {days:.2g} days after relay and partner have signed for it.",
        ),
        declared,
    )


def _enrol_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument("--name", required=True, help="legal name of the new party")
    parser.add_argument("--role", required=True, choices=list(Role), help="what it is")
    parser.add_argument("--jurisdiction", required=True, metavar="CC", help="country code, e.g. GB")
    parser.add_argument(
        "--namesake", action="store_true", help="another institution than the member whose name reads alike"
    )


def _enrol(parsed: argparse.Namespace) -> Iterator[Output]:
    made = app.enrol(
        Path(parsed.dir), parsed.name, Role(parsed.role), parsed.jurisdiction, namesake=parsed.namesake
    )
    yield Output(
        (
            f"One-time code for {parsed.name}, good for {made.days} days:",
            f"  {made.code}",
            *(
                [f"It accepts the agreement with the SHA-256 {made.agreement}: send the text."]
                if made.agreement
                else []
            ),
            "Hand it over by a way you trust: it carries the hub's identity. The party then runs tocsin agent init.",
        ),
        made,
    )


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument(
        "--port", type=int, default=None, help="instead of the configured port; 0 takes a free one"
    )
    parser.add_argument(
        "--follow", metavar="URL", help="serve readers as an edge of the hub at this address (see hub follow)"
    )


def _serve(parsed: argparse.Namespace) -> Iterator[Output]:
    if parsed.follow:
        log_to_stderr()
        edge_app.serve(
            Path(parsed.dir),
            parsed.port,
            parsed.follow,
            lambda url: say(f"Edge ready at {url}: it serves as soon as it holds what {parsed.follow} has."),
        )
        yield Output(("Edge stopped.",))
        return
    log_to_stderr(app.log_format(Path(parsed.dir)))
    app.serve(
        Path(parsed.dir),
        parsed.port,
        lambda url: say(f"Hub ready at {url}"),
        lambda url: say(f"Hub at {url} restores itself: it takes nothing new until it says that it is back."),
    )
    yield Output(("Hub stopped.",))


def _edge_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="name of a new edge: letters, digits and dashes; none: list all",
    )
    parser.add_argument("--revoke", action="store_true", help="let that edge follow no more, within a second")


def _edge(parsed: argparse.Namespace) -> Iterator[Output]:
    if parsed.name and not parsed.revoke:
        made = app.edge(Path(parsed.dir), parsed.name)
        yield Output(
            (
                f"One-time code for the edge {made.name}, good for {made.days} days:",
                f"  {made.code}",
                "An edge reads every stream: run it on a machine that you trust as this one. There: tocsin hub follow.",
            ),
            made,
        )
        return
    if parsed.revoke and not parsed.name:
        raise UsageError("Say which edge: tocsin hub edge DIR NAME --revoke.")
    found = app.edges(Path(parsed.dir), parsed.name)
    lines = [f"{one.name:<40} {'follows' if one.admitted else 'its code waits'}" for one in found.edges]
    yield Output(tuple(lines or ["This hub has no edges."]), found)


def _follow_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "edge")
    parser.add_argument("--hub", required=True, metavar="URL", help="address of the hub")
    parser.add_argument(
        "--code", required=True, help="what tocsin hub edge printed; - reads it from standard input"
    )
    parser.add_argument("--url", required=True, help="address under which agents reach this edge")
    parser.add_argument(
        "--port", type=int, default=8712, help="port to listen on (default 8712, on loopback)"
    )


def _follow(parsed: argparse.Namespace) -> Iterator[Output]:
    made = edge_app.init(Path(parsed.dir), parsed.hub, secret(parsed.code), parsed.url, parsed.port)
    yield Output(
        (
            f"Made the edge {made.name} of {made.hub}.",
            f"Next: tocsin hub serve {parsed.dir} --follow {parsed.hub}",
            f'Agents that shall read here get read_url = "{parsed.url}" in agent.toml.',
        ),
        made,
    )


def _status_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")


_WITNESSED = {
    "witnessed": "witnessed by the partner",
    "late": "late, the partner has not witnessed the newest",
    "unwitnessed": "unwitnessed, no partner is declared",
}


def _status(parsed: argparse.Namespace) -> Iterator[Output]:
    found = app.status(Path(parsed.dir))
    lines = [f"{found.alliance}  ({found.hub})"]
    if found.restoring:
        lines.append(found.restoring.sentence())
    if found.agreement:
        lines.append(f"agreement: {found.agreement}")
    lines.append(f"heads: {_WITNESSED[found.witness]}; {found.log_size:,} signed so far")
    for stream in found.streams:
        closed = f"; closed until a reader hands in {stream.lacks:,} more" if stream.lacks else ""
        lines.append(f"  {stream.name:<40} {counted(stream.size, 'entry', 'entries')}{closed}")
    lines += [
        f"  {party.standing:<10} {party.role:<10} {party.jurisdiction}  {short(party.id):<13}  {party.name}"
        + _agreed(party.agreement, found.agreement)
        for party in found.parties
    ]
    yield Output(tuple(lines), found)


def _agreed(accepted: str, present: str) -> str:
    """What a party has accepted, where there is something to accept."""
    if not present or accepted == present:
        return ""
    return "   (has accepted an earlier agreement)" if accepted else "   (has accepted no agreement)"


def _erase_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument("fact", metavar="FACT", help="identifier of the report, sighting or warning")
    parser.add_argument(
        "--reason", default="law", choices=sorted(ERASURE_REASONS), help="told to every reader (default law)"
    )


def _erase(parsed: argparse.Namespace) -> Iterator[Output]:
    erased = app.erase(Path(parsed.dir), parsed.fact, parsed.reason)
    yield Output(tuple(f"{one.stream or one.object}: {one.reason}" for one in erased.outcomes), erased)


def _abandon_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument("stream", metavar="STREAM", help="the stream, as `tocsin hub status` names it")
    parser.add_argument(
        "--reason", required=True, choices=sorted(ABANDON_REASONS), help="told to every reader of the stream"
    )


def _abandon(parsed: argparse.Namespace) -> Iterator[Output]:
    gone = app.abandon(Path(parsed.dir), parsed.stream, parsed.reason)
    yield Output(
        (
            f"{gone.stream} goes on from its first {gone.kept:,} entries.",
            f"Given up: {counted(gone.lost, 'entry', 'entries')} after them. Its readers are told.",
            "Whoever still holds one of them takes this for a forgery, and says so.",
        ),
        gone,
    )


def _group_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "hub")
    parser.add_argument("name", metavar="NAME", help="name of the group: letters, digits and dashes")
    change = parser.add_mutually_exclusive_group()
    change.add_argument(
        "--add", metavar="PARTY", help="put this party on the roster: legal name or identifier"
    )
    change.add_argument("--remove", metavar="PARTY", help="take this party off the roster")
    parser.add_argument(
        "--history",
        default=History.FROM_JOIN,
        choices=list(History),
        help="what a new member may read of the past (default from-join: nothing)",
    )


def _group(parsed: argparse.Namespace) -> Iterator[Output]:
    found = app.group(Path(parsed.dir), parsed.name, parsed.add, parsed.remove, History(parsed.history))
    lines = [f"{found.group}: {sum(one.membership.until is None for one in found.members)} on its roster"]
    for one in found.members:
        time = one.membership
        span = f"{day_of(time.since)} to {day_of(time.until) if time.until else 'now'}"
        lines.append(f"  {span:<24} {time.history:<10} {one.name}  ({one.party})")
    yield Output(tuple(lines), found)


COMMANDS = (
    Command("hub", "init", "make a new alliance's hub in an empty folder", _init, _init_arguments),
    Command("hub", "partner", "declare the partner that witnesses this hub", _partner, _partner_arguments),
    Command(
        "hub",
        "relay",
        "declare the relay, and open the anonymous path",
        _relay,
        _relay_arguments,
        "Hub, relay and partner are run by three different legal persons: who is two of them sees what no one may.",
    ),
    Command("hub", "enrol", "make a one-time code for a new party", _enrol, _enrol_arguments),
    Command(
        "hub",
        "group",
        "show or change who is in a named group",
        _group,
        _group_arguments,
        "Every change is an entry that the desk reads. Whoever is taken off reads nothing more of the group at once.",
    ),
    Command("hub", "serve", "serve the alliance until stopped", _serve, _serve_arguments),
    Command(
        "hub",
        "edge",
        "let a process follow this hub and serve readers, or revoke it",
        _edge,
        _edge_arguments,
        "An edge holds everything that was disclosed, and neither who reported it nor any key that signs.",
    ),
    Command("hub", "follow", "make an edge of a hub in an empty folder", _follow, _follow_arguments),
    Command("hub", "status", "show streams, parties and witnessing", _status, _status_arguments),
    Command(
        "hub",
        "erase",
        "erase everything about one fact, by law",
        _erase,
        _erase_arguments,
        "The hub may be running. Every agent that held a copy is told to delete it, and acknowledges by moving on.",
    ),
    Command(
        "hub",
        "abandon",
        "give up what a closed stream has lost, for good",
        _abandon,
        _abandon_arguments,
        "Only when no agent and no old disk holds it any more: it cannot be undone, and everybody reads in the "
        "directory that it was done.",
    ),
)
