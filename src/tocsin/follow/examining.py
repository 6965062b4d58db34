# SPDX-License-Identifier: Apache-2.0
"""Checking a proof of defence without a store, a network or a key of one's own, in numbered steps.

(1) The file is one signed proof, bounded and of this version.
(2) The directory's head opens under the hub's key, and under the partner's where one is declared; the keys that it
    states, under proof, open the other heads.
(3) Each head stands in the head log under its note, and each entry under its head: the body under its commitment, the
    leaf by its path.
(4) The party signed the proof with a key that the directory states for it.
(5) Each version of the warning is its author's, by its own signature, as an agency or the desk.
(6) Each line that says what came is what the streams hold, and the lines are in the order of their time.

What comes out says for every time whose word it is. What no file can show: that the party's own clock was right, that
it wrote a line when it says so (only what it answered has the hub's time), and that the directory has said nothing
newer of a party than what is in the file.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec

from tocsin.clock import Instant
from tocsin.domain.audience import DIRECTORY, Audience
from tocsin.domain.party import MAY_WARN
from tocsin.errors import BadProof, BadSignature, Malformed, ProofError
from tocsin.follow.verify import Trust, VerifiedEntry, verify_entry
from tocsin.proof.headmap import HeadProof, check_head_proof
from tocsin.proof.merkle import verify_inclusion
from tocsin.proof.note import Note, VerifierKey, log_origin, open_under, verify_cosignature
from tocsin.proof.signing import Context, verify
from tocsin.wire.answering import AcknowledgementEvent
from tocsin.wire.defence import DefenceLine, DefenceProof, Shown, SignedDefence
from tocsin.wire.events import WarningEvent
from tocsin.wire.messages import decode, decode_warning
from tocsin.wire.parties import KeyEvent, PartyEvent

CONTEXT = "defence"
"""What the party's signature is for."""
MAX_FILE = 16 * 1024 * 1024


class Witnessed(msgspec.Struct, frozen=True):
    """One head that was shown."""

    stream: str
    size: int
    cosigned: Instant | None
    """When the partner co-signed it, by its own clock; None without a declared partner."""


class Version(msgspec.Struct, frozen=True):
    """One version of the warning, as it stands in a stream."""

    stream: str
    seq: int
    added: Instant
    version: int
    """0 when its body was erased: only its place is proved."""
    title: str
    author: str
    role: str


class Answered(msgspec.Struct, frozen=True):
    """What the party answered, with the hub's time."""

    added: Instant
    version: int
    answer: str


class Examined(msgspec.Struct, frozen=True):
    """Everything that the file proves, or says."""

    party: str
    name: str
    warning: str
    hub_key: str
    partner_key: str | None
    made: Instant
    by: str
    heads: tuple[Witnessed, ...]
    versions: tuple[Version, ...]
    """T1: proved."""
    answers: tuple[Answered, ...]
    """That the party answered by then: proved."""
    lines: tuple[DefenceLine, ...]
    """T2 and T3: the party's own word."""
    record: str
    """SHA-256 of the record's chain, to be compared in the house."""


def examine(
    data: bytes, hub_key: VerifierKey | None = None, partner_key: VerifierKey | None = None
) -> Examined:
    """What a file proves; Malformed or a ProofError says what in it does not add up.

    Without the keys it is checked under those that it names itself, which the examiner must compare.
    """
    signed = decode(data, SignedDefence, MAX_FILE)  # (1)
    proof = decode(signed.proof, DefenceProof, MAX_FILE)
    hub, partner = _keys(proof, hub_key, partner_key)
    shown = {one.head.stream: one for one in proof.shown}
    if DIRECTORY not in shown or len(shown) != len(proof.shown):
        raise Malformed("A proof of defence shows the directory, and each stream once.")
    witnessed, stated = _open(proof, shown.pop(DIRECTORY), [hub], [partner] if partner else [])  # (2) (3)
    heads, entries = [witnessed], list[VerifiedEntry]()
    hubs, partners = _stated_keys(stated, "hub", hub), _stated_keys(stated, "partner", partner)
    for one in shown.values():
        head, found = _open(proof, one, hubs, partners if partner else [])
        heads.append(head)
        entries += found
    parties = _stated_parties(stated)
    name = _signed_by(proof, signed, parties)  # (4)
    versions = tuple(_versions(proof, entries, parties))  # (5)
    _check_lines(proof, entries)  # (6)
    chains = {one.header.chain for one in entries if one.header.entry == "warning"}
    return Examined(
        party=proof.party,
        name=name,
        warning=proof.warning,
        hub_key=str(hub),
        partner_key=str(partner) if partner else None,
        made=Instant(proof.made),
        by=proof.by,
        heads=tuple(heads),
        versions=versions,
        answers=tuple(_answers(str(Audience(party=proof.party)), entries, chains)),
        lines=proof.lines,
        record=proof.record.hex(),
    )


def _keys(
    proof: DefenceProof, hub_key: VerifierKey | None, partner_key: VerifierKey | None
) -> tuple[VerifierKey, VerifierKey | None]:
    """The keys to demand: the examiner's own where given, else the file's; BadSignature when they are not the same."""
    hub = VerifierKey.parse(proof.hub_key)
    partner = VerifierKey.parse(proof.partner_key) if proof.partner_key else None
    if hub_key not in (None, hub):
        raise BadSignature(f"The file rests on another key of the hub: {hub}.")
    if partner_key not in (None, partner):
        raise BadSignature(f"The file rests on another key of the partner: {partner or 'it names none'}.")
    if hub.name != log_origin(proof.hub, proof.realm):
        raise BadSignature(f"The key of {hub.name} is not that of {proof.hub}.")
    return hub, partner


def _open(
    proof: DefenceProof, shown: Shown, hubs: Sequence[VerifierKey], partners: Sequence[VerifierKey]
) -> tuple[Witnessed, list[VerifiedEntry]]:
    """A head and its entries, all of them under signatures that count."""
    head = shown.head
    note = open_under(head.note, hubs)
    cosigned = _cosigned(note, partners) if partners else None
    way = HeadProof(head.map_index, head.map_size, head.map_path, note.checkpoint.size - 1, head.log_path)
    check_head_proof(
        way, stream=head.stream, key=shown.key, size=head.size, root=head.root, checkpoint=note.checkpoint
    )
    trust = Trust(proof.hub, proof.realm, hubs[0], partners[0] if partners else None)
    entries = []
    for placed in shown.entries:
        entry = verify_entry(trust, placed.entry)
        if entry.stream != head.stream:
            raise BadProof(f"An entry of {entry.stream} is shown as one of {head.stream}.")
        verify_inclusion(entry.leaf, entry.seq, head.size, placed.path, head.root)
        entries.append(entry)
    return Witnessed(head.stream, head.size, cosigned), entries


def _cosigned(note: Note, partners: Sequence[VerifierKey]) -> Instant:
    for key in partners[1:]:
        with suppress(BadSignature):
            return verify_cosignature(note, key)
    return verify_cosignature(note, partners[0])


def _stated_keys(
    stated: Sequence[VerifiedEntry], holder: str, present: VerifierKey | None
) -> list[VerifierKey]:
    """The present key, and every other that the directory states for the holder, the newest first.

    The first of all stands as the one that the second replaced: its own entry is not shown.
    """
    events = [
        decode(one.body, KeyEvent) for one in stated if one.header.entry == "key" and one.body is not None
    ]
    texts = [
        text for one in reversed(events) if one.holder == holder for text in (one.key, one.before) if text
    ]
    others = [VerifierKey.parse(text) for text in texts]
    return list(dict.fromkeys([*([present] if present else []), *others]))


def _stated_parties(stated: Sequence[VerifiedEntry]) -> list[tuple[int, PartyEvent]]:
    """Each statement of a party with its place in the directory, in that order."""
    return [
        (one.seq, decode(one.body, PartyEvent))
        for one in sorted(stated, key=lambda one: one.seq)
        if one.header.entry == "party" and one.body is not None
    ]


def _at(parties: Sequence[tuple[int, PartyEvent]], party: str, directory: int) -> PartyEvent | None:
    """A party as the first so many entries of the directory state it."""
    return next((one for seq, one in reversed(parties) if one.party == party and seq < directory), None)


def _signed_by(proof: DefenceProof, signed: SignedDefence, parties: Sequence[tuple[int, PartyEvent]]) -> str:
    """The party's name; BadSignature when the proof is not under the newest key that the directory states for it."""
    own = next((one for _, one in reversed(parties) if one.party == proof.party), None)
    if own is None:
        raise BadSignature(f"The file does not show that the directory knows {proof.party}.")
    verify(own.signing_key, Context(CONTEXT, proof.realm, proof.hub), signed.proof, signed.signature)
    return own.name


def _versions(
    proof: DefenceProof, entries: Sequence[VerifiedEntry], parties: Sequence[tuple[int, PartyEvent]]
) -> Iterator[Version]:
    for one in entries:
        if one.header.entry != "warning":
            continue
        if one.header.fact != proof.warning:
            raise BadProof(f"Entry {one.seq} of {one.stream} is about another warning.")
        added = Instant(one.header.added)
        if one.body is None:
            yield Version(one.stream, one.seq, added, 0, "", "", "")
            continue
        event = decode(one.body, WarningEvent)
        author = _at(parties, event.author, one.header.directory)
        if author is None or author.role not in MAY_WARN:
            raise BadSignature("The file does not show that the warning's author was an agency or the desk.")
        verify(author.signing_key, Context("warning", proof.realm, proof.hub), event.warning, event.signature)
        warning = decode_warning(event.warning)
        if (warning.id, warning.author) != (proof.warning, event.author):
            raise BadProof("The bytes that the author signed are another warning.")
        yield Version(one.stream, one.seq, added, warning.version, warning.title, author.name, author.role)


def _answers(own: str, entries: Sequence[VerifiedEntry], chains: set[str]) -> Iterator[Answered]:
    """What stands in the stream that only the party reads."""
    for one in entries:
        if one.stream == own and one.header.entry == "acknowledgement" and one.body is not None:
            event = decode(one.body, AcknowledgementEvent)
            if event.chain in chains:
                yield Answered(Instant(one.header.added), event.version, event.answer)


def _check_lines(proof: DefenceProof, entries: Sequence[VerifiedEntry]) -> None:
    """What the lines say of the streams is so, and none was written before the one above it."""
    held = {(one.stream, one.seq, one.header.added) for one in entries if one.header.entry == "warning"}
    before, last = 0, -1
    for line in proof.lines:
        if line.what == "warned" and (line.stream, line.seq, line.added) not in held:
            raise BadProof(f"Line {line.number} names an entry of {line.stream} that is not proved here.")
        if line.number <= last or line.at < before or line.at > proof.made:
            raise ProofError(f"Line {line.number} was written before the line above it, or after the file.")
        before, last = line.at, line.number
