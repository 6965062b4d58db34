# SPDX-License-Identifier: Apache-2.0
"""Everything of ours that reads bytes from outside, with good bytes to begin from.

The readers of files that a bank is given stand in `tests.fuzz.readers`, what follows on its desk in `tests.fuzz.desk`.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from tests.alliance import START, URL, Alliance
from tests.fuzz.anonymous import anonymous
from tests.fuzz.desk import desk
from tests.fuzz.readers import readers
from tests.fuzz.target import Read, Target
from tests.unit.wire.examples import EXAMPLES, WARNED
from tests.unit.wire.test_bundle import FILE

from tocsin.domain.audience import Audience
from tocsin.domain.linter import lint
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.domain.warning import check_warning
from tocsin.errors import Malformed, TocsinError
from tocsin.follow.verify import StreamState, Trust, prove, verify_entry
from tocsin.halves.held import ask_held, check_ask, check_held
from tocsin.halves.witness import Proposal, new_witness, witness
from tocsin.ids import check_id
from tocsin.proof.encoding import from_base64
from tocsin.proof.httpsig import check_body, check_signature, read_signature, sign_request
from tocsin.proof.leaf import LeafParts, leaf_of
from tocsin.proof.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from tocsin.proof.note import VerifierKey, open_note, verify_cosignature
from tocsin.proof.signing import SigningKey
from tocsin.wire.bundle import unpack
from tocsin.wire.ceremony import AskHeld, Held
from tocsin.wire.cursor import Cursor, decode_cursor, encode_cursor
from tocsin.wire.messages import Entry, Head, Message, Report, decode, decode_warning, encode, peek
from tocsin.wire.problem import to_error
from tocsin.wire.registrable import registrable
from tocsin.wire.sse import EventParser
from tocsin.wire.stix21 import StixGrouping, StixIndicator, disclosure_of, indicator_of, marking_of, read

_KEY = SigningKey.from_seed(b"f" * 32)
_LEAVES = [bytes([number]) * 32 for number in range(13)]


class Proof(msgspec.Struct, frozen=True):
    """A Merkle proof as JSON, so that it can be bent in every way."""

    leaf: bytes
    index: int
    size: int
    path: tuple[bytes, ...]
    old_size: int
    consistency: tuple[bytes, ...]


async def targets(folder: Path) -> list[Target]:
    """All of them, with samples from an alliance that has really reported, proved and witnessed."""
    async with Alliance(folder) as alliance:
        ayr = await alliance.join("ayr")
        evil = [Observable(Kind.DOMAIN, "evil.example"), Observable(Kind.URL, "https://bad.example/a?b=c")]
        report = ayr.report_message(*evil)
        await ayr.tell("/v1/reports", report)
        await alliance.settled()
        trust = ayr.replica().trust()
        async with ayr.hub().stream("") as chunks:
            stream = b""
            async for chunk in chunks:
                stream += chunk
                if b"\nid:" in stream or stream.startswith(b"id:"):
                    break
        held = alliance.witness.witnessing.held(
            ask_held(alliance.hub_key, alliance.exchange.identity.signing_key, alliance.clock.now())
        )
        proposals = [one for one in alliance.witness.asked if one.held == 0]
        identity = alliance.exchange.identity
        return [
            *_messages(),
            *_streams(trust, stream),
            *_witnessing(alliance, trust, held, proposals),
            _stix(report, identity.alliance_identity),
            _cursor(identity.id),
            _http(ayr.party),
            _merkle(),
            *_small(),
            *readers(),
            *desk(),
            *anonymous(),
        ]


def _messages() -> list[Target]:
    def reader(kind: type[Message]) -> Read:
        def take(data: bytes) -> bool:
            peek(data)
            decode(data, kind)
            return True

        return take

    found = [Target(f"message {type(one).__name__}", reader(type(one)), (encode(one),)) for one in EXAMPLES]

    def warned(data: bytes) -> bool:
        warning = check_warning(decode_warning(data))
        warning.active(START)
        return True

    def handed(data: bytes) -> bool:
        unpack(data)
        return True

    return [*found, Target("warning", warned, (WARNED,)), Target("bundle", handed, (FILE,))]


def _streams(trust: Trust, stream: bytes) -> list[Target]:
    """The follower's side: events, entries, heads."""
    events = [data for _, data in EventParser().feed(stream)]
    entries = [one for one in events if peek(one).kind == "entry"]
    heads = [one for one in events if peek(one).kind == "head"]
    pending = {(one.stream, one.seq): one for one in (decode(data, Entry) for data in entries)}

    def parse(data: bytes) -> bool:
        parser = EventParser()
        for at in range(0, len(data), 97):
            for _ in parser.feed(data[at : at + 97]):
                pass
        return True

    def entry(data: bytes) -> bool:
        verify_entry(trust, decode(data, Entry))
        return True

    def head(data: bytes) -> bool:
        found = decode(data, Head)
        of_stream = {seq: one for (stream, seq), one in pending.items() if stream == found.stream}
        proved = prove(trust, StreamState(), of_stream, found)
        honest = [decode(one, Head) for one in heads]
        return not any(
            (one.stream, one.size, one.root)
            == (found.stream, proved.state.frontier.size, proved.state.frontier.root())
            for one in honest
        )

    return [
        Target("event stream", parse, (stream,)),
        Target("entry", entry, tuple(entries)),
        Target("head", head, tuple(heads), forged=True),
    ]


def _witnessing(alliance: Alliance, trust: Trust, held: Held, proposals: list[Proposal]) -> list[Target]:
    """The partner's side and the note."""
    hub, partner = trust.hub_key, trust.partner_key
    assert partner is not None
    good = open_note(held.note, hub).checkpoint

    def note(data: bytes) -> bool:
        opened = open_note(data.decode("utf-8", "surrogateescape"), hub)
        with suppress(TocsinError):
            verify_cosignature(opened, partner)
        return opened.checkpoint != good

    def holds(data: bytes) -> bool:
        state = check_held(decode(data, Held), (hub,), partner)
        return (state.log.size, state.log.root()) != (good.size, good.root)

    def proposed(data: bytes) -> bool:
        try:
            proposal = msgspec.json.decode(data, type=Proposal)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Malformed("It is no proposal.") from None
        state = witness(new_witness(), proposal, hub_key=hub, name="p.example", key=_KEY, now=START).state
        return open_note(state.note, hub).checkpoint.root != state.log.root()

    def key(data: bytes) -> bool:
        VerifierKey.parse(data.decode("utf-8", "surrogateescape"))
        return True

    def ask(data: bytes) -> bool:
        found = decode(data, AskHeld)
        check_ask(found, hub, START)
        return found != asked

    asked = ask_held(hub, alliance.exchange.identity.signing_key, alliance.clock.now())
    return [
        Target("note", note, (held.note.encode(),), forged=True),
        Target("partner's state", holds, (encode(held),), forged=True),
        Target("proposal", proposed, tuple(msgspec.json.encode(one) for one in proposals), forged=True),
        Target("verifier key", key, (str(hub).encode(), str(partner).encode())),
        Target("question to the partner", ask, (encode(asked),), forged=True),
    ]


def _stix(report: Report, identity: str) -> Target:
    def take(data: bytes) -> bool:
        found = read(data, identity)
        marking_of(found)
        if isinstance(found, StixIndicator):
            indicator_of(found)
        if isinstance(found, StixGrouping):
            list(lint(disclosure_of(found, ()), registrable))
        return True

    return Target("STIX object", take, tuple(bytes(one) for one in report.objects))


def _cursor(hub: str) -> Target:
    good = {
        encode_cursor(Cursor(0, ((0, 1), (1, 9))), hub, b"k" * 32),
        encode_cursor(Cursor(7, ()), hub, b"k" * 32),
    }

    def take(data: bytes) -> bool:
        text = data.decode("utf-8", "surrogateescape")
        decode_cursor(text, hub, b"k" * 32)
        return text not in good

    return Target("cursor", take, tuple(one.encode() for one in sorted(good)), forged=True)


def _http(party: str) -> Target:
    headers = dict(
        sign_request(
            _KEY,
            party,
            method="POST",
            authority="hub.example",
            path="/v1/reports",
            query="",
            body=b"body",
            now=START,
            nonce=b"n" * 16,
        )
    )
    names = ("Signature-Input", "Signature", "Content-Digest")
    good = "\n".join(headers[name] for name in names)

    def take(data: bytes) -> bool:
        lines = data.decode("latin-1").split("\n")
        found = [lines[at] if at < len(lines) else None for at in range(3)]
        claim = read_signature(*found)
        check_signature(
            claim,
            _KEY.public,
            method="POST",
            authority="hub.example",
            path="/v1/reports",
            query="",
            now=START,
        )
        check_body(claim, b"body")
        return found != good.split("\n")

    return Target("request signature", take, (good.encode(),), forged=True)


def _merkle() -> Target:
    tree = Frontier.from_bytes(_frontier(_LEAVES))
    root = tree.root()
    old = Frontier.from_bytes(_frontier(_LEAVES[:6])).root()
    good = Proof(_LEAVES[4], 4, 13, inclusion_proof(_LEAVES, 4), 6, consistency_proof(_LEAVES, 6))

    def take(data: bytes) -> bool:
        try:
            proof = msgspec.json.decode(data, type=Proof)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Malformed("It is no proof.") from None
        with suppress(TocsinError):  # of a size that nobody signed: it may only not break
            verify_inclusion(proof.leaf, proof.index, proof.size, proof.path, root)
            verify_consistency(proof.old_size, old, proof.size, root, proof.consistency)
        verify_inclusion(proof.leaf, proof.index, good.size, proof.path, root)
        verify_consistency(good.old_size, old, good.size, root, proof.consistency)
        told = (proof.leaf, proof.index, proof.path, proof.consistency)
        return told != (good.leaf, good.index, good.path, good.consistency)

    return Target("Merkle proof", take, (msgspec.json.encode(good),), forged=True)


def _frontier(leaves: list[bytes]) -> bytes:
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.append(leaf)
    return frontier.to_bytes()


def _small() -> list[Target]:
    """Names, values, identifiers, and what an error of the other side says."""
    parts = LeafParts("hub_1", "live", "members", *(bytes([one]) * 32 for one in (1, 2, 3)))

    def text(take: Callable[[str], object]) -> Read:
        def run(data: bytes) -> bool:
            take(data.decode("utf-8", "surrogateescape"))
            return True

        return run

    def leaf(data: bytes) -> bool:
        try:
            given = msgspec.json.decode(data, type=LeafParts)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Malformed("These are no parts of a leaf.") from None
        return leaf_of(given) == leaf_of(parts) and given != parts

    def frontier(data: bytes) -> bool:
        return Frontier.from_bytes(data).append(bytes(32)).root() == b""

    def observables(data: bytes) -> bool:
        for kind in Kind:
            with suppress(TocsinError):
                normalise(kind, data.decode("utf-8", "surrogateescape"))
        return True

    return [
        Target("leaf", leaf, (msgspec.json.encode(parts),), forged=True),
        Target("frontier", frontier, (_frontier(_LEAVES),), forged=True),
        Target("audience", text(Audience.parse), (b"role:bank+jurisdiction:GB", b"group:sepa", b"all")),
        Target("identifier", text(lambda one: check_id(one, "rpt")), (b"rpt_" + b"1" * 32,)),
        Target("base64", text(from_base64), (b"AAECAwQ=",)),
        Target(
            "values", observables, (f"{URL}/a?b=c".encode(), b"2001:db8::1/32", b"a@b.example", b"1.2.3.4")
        ),
        Target(
            "problem document",
            lambda data: bool(to_error(data, 400)),
            (b'{"type":"x/refused","detail":"no"}',),
        ),
    ]
