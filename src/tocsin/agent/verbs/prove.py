# SPDX-License-Identifier: Apache-2.0
"""Make the one file that shows an examiner what this bank knew of a warning and did about it.

It is written where a person says, and goes nowhere by itself. In it stand

1. what the directory states of this party, of the warning's author, and of the keys of hub and partner, so that their
   signatures can be checked;
2. every version of the warning that was proved here, also one that was erased since;
3. what this party answered, *received* or *acted*, from the stream that only it reads: the hub's time for it;
4. the lines of the record, T2 and T3, which are this party's own word;

each entry with its path to a head that hub and partner signed, and all of it under this party's own signature.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from tocsin.agent.cases import ledger
from tocsin.agent.cases.defence import defence_of
from tocsin.agent.cases.facts import Fact, Line, RiskAccepted, Struck, Took, Warned, WasRead
from tocsin.agent.cases.record import Case
from tocsin.agent.history import proved
from tocsin.agent.history.directory import trust
from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.verbs.defend import record
from tocsin.domain.audience import DIRECTORY, Audience
from tocsin.errors import Unwitnessed
from tocsin.follow.examining import CONTEXT, examine
from tocsin.follow.names import key_of
from tocsin.follow.verify import Trust
from tocsin.proof.merkle import inclusion_proof_from
from tocsin.proof.signing import Context, SigningKey
from tocsin.storage.store import Params, Transaction
from tocsin.wire.answering import AcknowledgementEvent
from tocsin.wire.defence import DefenceLine, DefenceProof, Placed, Shown, SignedDefence
from tocsin.wire.messages import Entry, Header, decode, encode

_AGAIN = "Try again when tocsin agent serve has followed the hub for a while."


class _Place(msgspec.Struct, frozen=True):
    stream: str
    seq: int


class _Seq(msgspec.Struct, frozen=True):
    seq: int


class _Declared(msgspec.Struct, frozen=True):
    seq: int
    value: str


def prove(house: House, begun: str, by: str) -> bytes:
    """The file about the warning whose identifier begins so.

    Unknown while nobody here has written anything about it; Unwitnessed while no firm head covers it all.
    """
    case_id, now, box = record(house, begun).id, house.clock.now(), house.vault.box

    def work(tx: Transaction) -> bytes:
        """The signed file, from one moment of the store."""
        membership, found = house.vault.membership_in(tx), ledger.read(tx, box, case_id)
        first = defence_of(found).warned[0]
        whom = trust(tx, membership)
        proof = DefenceProof(
            hub=whom.hub,
            realm=whom.realm,
            hub_key=str(whom.hub_key),
            partner_key=str(whom.partner_key) if whom.partner_key else None,
            party=membership.party,
            warning=first.warning,
            made=now,
            by=by,
            shown=tuple(_shown(tx, whom, *place) for place in _places(tx, membership.party, first).items()),
            lines=tuple(_lines(found)),
            record=ledger.chained(tx, box, case_id),
        )
        data = encode(proof)
        context = Context(CONTEXT, membership.realm, membership.hub)
        signature = SigningKey.from_seed(membership.signing_seed).sign(context, data)
        made = encode(SignedDefence(proof=data, signature=signature))
        examine(made)  # as whoever is handed it will
        write(tx, box, Decision(now, by, "made a proof of defence", first.warning, f"case {case_id}"))
        return made

    return house.store.run("prove a defence", work)


def _places(tx: Transaction, party: str, first: Warned) -> dict[str, list[int]]:
    """Every stream of which something is shown, with the places of what is."""
    places = {DIRECTORY: sorted(_stated(tx, party, first.author))}
    about: Params = {"fact": first.warning, "kind": "warning"}
    for one in tx.all("places_of_fact", about, into=_Place):
        places.setdefault(one.stream, []).append(one.seq)
    chain = _header(tx, first.stream, first.seq).chain
    own = str(Audience(party=party))
    if answers := list(_answers(tx, own, chain)):
        places[own] = sorted({*places.get(own, ()), *answers})
    return places


def _stated(tx: Transaction, *parties: str) -> set[int]:
    """Where the directory states each of them, and every key of hub and partner after the first.

    Never its first entry, whose salt blinds the names of streams (`tocsin.follow.names`): a file may reach the partner.
    """
    places = {row.seq for party in parties for row in tx.all("places_of_party", {"party": party}, into=_Seq)}
    for holder in ("hub", "partner"):
        places |= {row.seq for row in tx.all("declared", {"holder": holder}, into=_Declared)}
    return places - {0}


def _answers(tx: Transaction, own: str, chain: str) -> Iterator[int]:
    """Where this party's own answers to the warning stand."""
    for one in tx.all("places_of_kind", {"stream": own, "kind": "acknowledgement"}, into=_Place):
        entry = _entry(tx, own, one.seq)
        if entry.body is not None and decode(entry.body, AcknowledgementEvent).chain == chain:
            yield one.seq


def _shown(tx: Transaction, whom: Trust, stream: str, seqs: Sequence[int]) -> Shown:
    """Entries of a stream under its newest firm head."""
    head = proved.firm_head(tx, stream)
    if head is None or seqs[-1] >= head.size:
        raise Unwitnessed(
            f"No head that needs no further witness covers all of it in {stream}.", next_step=_AGAIN
        )

    leaves = partial(proved.leaves, tx, stream)
    return Shown(
        head=head,
        key=key_of(stream, whom.names, whom.abandoned.count(stream)),
        entries=tuple(
            Placed(_entry(tx, stream, seq), inclusion_proof_from(leaves, seq, head.size)) for seq in seqs
        ),
    )


def _entry(tx: Transaction, stream: str, seq: int) -> Entry:
    (entry,) = proved.entries(tx, stream, seq, seq + 1)  # its place was just read
    return entry


def _header(tx: Transaction, stream: str, seq: int) -> Header:
    return decode(_entry(tx, stream, seq).header, Header)


def _lines(found: Case) -> Iterator[DefenceLine]:
    """The lines of a record that are about the warning, as an examiner reads them."""
    numbers = set[int]()
    for number, line in enumerate(found.lines):
        if told := _told(number, line, line.fact, numbers):
            numbers.add(number)
            yield told


def _told(number: int, line: Line, fact: Fact, earlier: set[int]) -> DefenceLine | None:
    bare = DefenceLine(number, line.at, line.by, "warned")
    tell = msgspec.structs.replace
    match fact:
        case Warned():
            return tell(bare, version=fact.version, stream=fact.stream, seq=fact.seq, added=fact.added)
        case WasRead():
            return tell(bare, what="was-read", version=fact.version)
        case Took():
            return tell(bare, what="took", happened=fact.happened, control=fact.control, text=fact.measure)
        case RiskAccepted():
            return tell(bare, what="risk-accepted", until=fact.until, control=fact.control, text=fact.why)
        case Struck() if fact.line in earlier:
            return tell(bare, what="struck", line=fact.line, text=fact.why)
        case _:
            return None
