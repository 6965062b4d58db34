# SPDX-License-Identifier: Apache-2.0
"""This party's view of the directory: who belongs to the alliance, and which keys counted at each of its entries.

A signature is judged by its author's key and standing at the directory size that its entry's header names, not by the
clock and not by the newest state. What an entry of the directory must prove is in `tocsin.follow.directory`.
"""

from collections.abc import Sequence

import msgspec

from tocsin.agent.alarms import INFORMATION
from tocsin.agent.anonymous.epochs import believe, close
from tocsin.agent.vault import Membership
from tocsin.domain.audience import DIRECTORY
from tocsin.domain.folding import squeeze
from tocsin.domain.party import MAY_WARN
from tocsin.errors import Conflict, KeySwapped, Malformed
from tocsin.follow.directory import Stated, check_party, next_hub_key, next_partner_key
from tocsin.follow.verify import Trust, VerifiedEntry
from tocsin.proof.note import VerifierKey
from tocsin.storage.store import Params, Transaction
from tocsin.wire.ceremony import AbandonedEvent
from tocsin.wire.epoch import EpochClosed, EpochEvent
from tocsin.wire.messages import Header, decode
from tocsin.wire.opening import OpeningAsked
from tocsin.wire.parties import AgreementEvent, KeyChange, KeyEvent, PartyEvent

MAX_NAME = 120
"""Characters of a party's name that an alarm repeats."""


class PartyRow(msgspec.Struct, frozen=True):
    """One party as the directory states it."""

    id: str
    name: str
    role: str
    jurisdiction: str
    standing: str
    signing_key: bytes
    sealing_key: bytes
    recovery_key: bytes
    agreement: str

    def stated(self) -> Stated:
        """What a change of it is held against."""
        return Stated(
            self.name,
            self.role,
            self.jurisdiction,
            self.standing,
            self.signing_key,
            self.sealing_key,
            self.recovery_key,
        )


class Signer(msgspec.Struct, frozen=True):
    """A party as it stood when it signed."""

    name: str
    role: str
    standing: str
    signing_key: bytes


class _SizeRow(msgspec.Struct, frozen=True):
    size: int


class _Names(msgspec.Struct, frozen=True):
    salt_h: bytes
    firm: int


class _WaitingRow(msgspec.Struct, frozen=True):
    stream: str
    seq: int
    header: bytes
    salt_h: bytes
    origin_c: bytes
    body_c: bytes
    leaf: bytes
    body: bytes | None
    salt_b: bytes | None


class _DeclaredRow(msgspec.Struct, frozen=True):
    seq: int
    value: str


def party_at(tx: Transaction, party: str, directory: int) -> Signer | None:
    """The party as the first so many entries of the directory state it; None when they do not know it."""
    return tx.one("party_at", {"party": party, "directory": directory}, into=Signer)


def trust(tx: Transaction, membership: Membership) -> Trust:
    """Whose signatures count now: the keys from enrolment, and what the directory has proved since."""
    hubs, partners = hub_keys(tx, membership, 0), _keys(tx, "partner", membership.partner_key)
    names = tx.one("names", {}, into=_Names)
    return Trust(
        hub=membership.hub,
        realm=membership.realm,
        hub_key=hubs[-1],
        partner_key=partners[-1] if partners else None,
        former_keys=tuple(hubs[:-1]),
        former_partners=tuple(partners[:-1]),
        names=names.salt_h if names else b"",
        names_late=names is None or names.firm == 0,
        abandoned=_abandoned(tx),
    )


def hub_keys(tx: Transaction, membership: Membership, directory: int) -> list[VerifierKey]:
    """The hub's key at a directory size and every one since, oldest first."""
    first = VerifierKey.parse(membership.hub_key)
    rows = tx.all("declared", {"holder": "hub"}, into=_DeclaredRow)
    changes = [(row.seq, VerifierKey.parse(row.value)) for row in rows]
    before = [key for seq, key in changes if seq < directory]
    since = [key for seq, key in changes if seq >= directory]
    return list(
        dict.fromkeys([before[-1] if before else first, *since])
    )  # the directory states the first one too


def apply_directory(tx: Transaction, membership: Membership, entry: VerifiedEntry, body: bytes) -> str:
    """Bring the view up to date with an entry of the directory; what people must hear of it, or empty.

    KeySwapped when it stands in another stream: there one reader could be told of other keys than the rest.
    """
    if entry.stream != DIRECTORY:
        raise KeySwapped("Only the directory says who belongs to the alliance and which keys count.")
    match entry.header.entry:
        case "party":
            return apply_party(tx, membership, entry.seq, decode(body, PartyEvent))
        case "key":
            return apply_key(tx, membership, entry.seq, decode(body, KeyEvent))
        case "abandoned":
            return apply_abandoned(tx, entry.seq, decode(body, AbandonedEvent))
        case "agreement":
            return apply_agreement(tx, membership, entry.seq, decode(body, AgreementEvent))
        case kind:
            return _apply_path(tx, membership, kind, body)


def _apply_path(tx: Transaction, membership: Membership, kind: str, body: bytes) -> str:
    """What the directory says of the anonymous path."""
    if kind == "epoch":
        return apply_epoch(tx, membership, decode(body, EpochEvent))
    if kind == "opening":
        return apply_opening(tx, membership, decode(body, OpeningAsked))
    return close(tx, decode(body, EpochClosed).number)


def apply_party(tx: Transaction, membership: Membership, seq: int, event: PartyEvent) -> str:
    """A party joined or changed; what people must hear of it, or empty. KeySwapped or Conflict as not believed."""
    row = tx.one("party_by_id", {"id": event.party}, into=PartyRow)
    news = _who_is_new(tx, membership, row, event)
    check_party(row.stated() if row else None, event, membership.realm, membership.hub)
    now: Params = {
        "role": event.role,
        "standing": event.standing,
        "signing_key": event.signing_key,
        "name": event.name,
    }
    tx.run("save_party_history", {**now, "party": event.party, "seq": seq})
    tx.run(
        "save_party",
        {
            **now,
            "id": event.party,
            "jurisdiction": event.jurisdiction,
            "sealing_key": event.sealing_key,
            "recovery_key": event.recovery_key,
            "agreement": event.agreement,
        },
    )
    if row is None or event.change is None or not _joined(tx, membership):
        return news
    if decode(event.change.change, KeyChange).by != row.recovery_key:
        return news
    return (
        f"{event.name} has replaced lost or stolen keys with its recovery key. Nothing that the old key signs counts "
        "from now on; look again at what came from it lately."
    )


def _who_is_new(tx: Transaction, membership: Membership, before: PartyRow | None, event: PartyEvent) -> str:
    """What people should know of a party's arrival or new name; empty for most. First keys are the hub's word alone."""
    if (before and before.name == event.name) or not _joined(tx, membership):
        return ""
    name, known = event.name[:MAX_NAME], squeeze(event.name)
    for row in tx.all("parties", {}, into=PartyRow):
        if row.id != event.party and squeeze(row.name) == known:
            return (
                f"{INFORMATION}{name}, {event.role}, {event.party}, is in the directory now under a name "
                f"that reads like that of {row.name[:MAX_NAME]}, {row.role}, {row.id}. Ask your alliance's desk "
                "which is which."
            )
    if before is None and event.role in MAY_WARN:
        return (
            f"{INFORMATION}{name}, {event.role}, joined the alliance and may warn. Its keys are the hub's "
            "word: compare them with it by another way, once."
        )
    return ""


def apply_key(tx: Transaction, membership: Membership, seq: int, event: KeyEvent) -> str:
    """A key of hub or partner counts from here on; what people must hear of it, or empty. KeySwapped: not believed."""
    present = trust(tx, membership)
    if event.holder == "hub":
        known: VerifierKey | None = present.hub_key
        key = next_hub_key(present.hub_key, event, membership.realm, membership.hub)
        sentence = "The hub signs with a new key from now on; its old key has signed for it."
    elif event.holder == "partner":
        known = present.partner_key
        key = next_partner_key(known, event, membership.realm, membership.hub)
        sentence = f"{key.name} witnesses the hub's history from now on; the partner before it has agreed."
    else:
        raise Malformed(f"{event.holder[:20]!r} is no holder of a verifier key.")
    if not _declare(tx, event.holder, seq, str(key)) or known in (None, key):
        return ""
    return sentence if _joined(tx, membership) else ""


def apply_agreement(tx: Transaction, membership: Membership, seq: int, event: AgreementEvent) -> str:
    """The members' agreement changed; the sentence that says so, unless this party has accepted it already."""
    _declare(tx, "agreement", seq, event.digest)
    own = tx.one("party_by_id", {"id": membership.party}, into=PartyRow)
    if own is None or own.agreement == event.digest:
        return ""
    return (
        f"The members' agreement changed; its SHA-256 is {event.digest}. Read it, then accept it: "
        f"tocsin agent agreement DIR --accept {event.digest}"
    )


def apply_abandoned(tx: Transaction, seq: int, event: AbandonedEvent) -> str:
    """The end of a stream is given up; its readers hear of it in the stream itself. Conflict as not believed."""
    before = _abandoned(tx).count(event.stream)
    if event.stream == DIRECTORY or event.times != before + 1:
        raise Conflict(f"The end of {event.stream[:80]!r} cannot be given up for the {event.times}th time.")
    _declare(tx, "abandoned", seq, f"{event.times} {event.stream}")
    tx.run("count_no_more", {"name": event.stream})
    return ""


def apply_epoch(tx: Transaction, membership: Membership, event: EpochEvent) -> str:
    """An epoch of the anonymous path; what people should know of it, or empty. Not believed as in `believe`."""
    partner = trust(tx, membership).partner_key
    news = believe(tx, membership.realm, membership.hub, partner.public if partner else None, event)
    return news if _joined(tx, membership) else ""


def apply_opening(tx: Transaction, membership: Membership, event: OpeningAsked) -> str:
    """Trustees are asked to open a report: what people should know of it, which is that it happens and how often."""
    told = (
        f"{INFORMATION}trustees are asked to open an anonymous report of epoch {event.epoch}, the "
        f"{event.number}. in this alliance; {event.needed} of them together learn who sent it. Which report and why "
        "they alone are told."
    )
    return told if _joined(tx, membership) else ""


def _abandoned(tx: Transaction) -> tuple[str, ...]:
    rows = tx.all("declared", {"holder": "abandoned"}, into=_DeclaredRow)
    return tuple(row.value.partition(" ")[2] for row in rows)


def wait(tx: Transaction, entry: VerifiedEntry) -> str:
    """Put an entry off that rests on more of the directory than is proved; the sentence that says so, or empty."""
    row = tx.one("size_of_stream", {"name": DIRECTORY}, into=_SizeRow)
    if entry.header.directory <= (row.size if row else 0) or entry.header.entry == "erasure":
        return ""  # an erasure rests on nobody's signature
    tx.run("wait", {"stream": entry.stream, "seq": entry.seq, "directory": entry.header.directory})
    return (
        f"Entry {entry.stream}/{entry.seq} rests on {entry.header.directory} entries of the directory, which the hub "
        "has not shown: it waits for them."
    )


def ready(tx: Transaction, directory: int) -> list[VerifiedEntry]:
    """Entries that wait no longer now that so much of the directory is proved, in their order."""
    rows = tx.all("waiting", {"directory": directory}, into=_WaitingRow)
    tx.run("wait_no_longer", {"directory": directory})
    return [
        VerifiedEntry(
            stream=row.stream,
            seq=row.seq,
            header=decode(row.header, Header),
            header_bytes=row.header,
            salt_h=row.salt_h,
            origin_c=row.origin_c,
            body_c=row.body_c,
            leaf=row.leaf,
            body=row.body,
            salt_b=row.salt_b,
        )
        for row in rows
    ]


def agreement(tx: Transaction) -> str:
    """SHA-256 of the agreement that counts now; empty when there is none."""
    rows = tx.all("declared", {"holder": "agreement"}, into=_DeclaredRow)
    return rows[-1].value if rows else ""


def _keys(tx: Transaction, holder: str, first: str | None) -> Sequence[VerifierKey]:
    rows = tx.all("declared", {"holder": holder}, into=_DeclaredRow)
    texts = dict.fromkeys([*([first] if first else []), *(row.value for row in rows)])
    return [VerifierKey.parse(text) for text in texts]


def _declare(tx: Transaction, holder: str, seq: int, value: str) -> bool:
    """Whether it is news that this value counts from here on."""
    rows = tx.all("declared", {"holder": holder}, into=_DeclaredRow)
    if rows and rows[-1].value == value:
        return False
    tx.run("declare", {"holder": holder, "seq": seq, "value": value})
    return True


def _joined(tx: Transaction, membership: Membership) -> bool:
    """Whether this party was there already: what happened before it joined is no news to it."""
    return tx.one("party_by_id", {"id": membership.party}, into=PartyRow) is not None
