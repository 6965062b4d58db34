# SPDX-License-Identifier: Apache-2.0
"""How many parties of each role have answered a warning, published as bands and never as a list.

Who answered what stands in `answer`, and so who is behind: the hub's operator can look, and nobody is told. Bands are
counted and written for each stream in which the warning stands, because only its readers may learn them; the author
gets the same entry in its own stream when it does not read that one. An audience with fewer than three parties of a
role gets no bands for it: among so few, a band would be a name.

`answer` follows from the acknowledgements in the parties' own streams and from who is active now; `answer_band` from
the entries that published it. A party that leaves, and an answer that is erased, lower the bands.
"""

from collections.abc import Iterable

import msgspec

from tocsin.clock import LAST, Instant
from tocsin.domain.acknowledgement import COUNTED_TO, FEWEST, Answer, Answers, answers_of
from tocsin.domain.audience import Audience
from tocsin.domain.level import Band
from tocsin.domain.party import Party, Role
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import HUB_ITSELF, Draft, Placed, StreamHead
from tocsin.hub.views.directory import party_by_id
from tocsin.ids import new_id
from tocsin.storage.store import Params, Transaction
from tocsin.wire.answering import AcknowledgementEvent, AnswersEvent
from tocsin.wire.messages import encode


class _Counted(msgspec.Struct, frozen=True):
    """What one band is about."""

    chain: str
    version: int
    stream: int
    role: str

    def params(self) -> dict[str, str | int]:
        """As a query takes it."""
        return msgspec.structs.asdict(self)


class _Answered(msgspec.Struct, frozen=True):
    answer: str


class _Parties(msgspec.Struct, frozen=True):
    parties: int


class _Published(msgspec.Struct, frozen=True):
    received: str
    acted: str
    not_affected: str
    fact: str

    def answers(self) -> Answers:
        """The bands."""
        return Answers(Band(self.received), Band(self.acted), Band(self.not_affected))


class _Touched(msgspec.Struct, frozen=True):
    chain: str
    version: int
    stream: int
    role: str
    party: str


class _Owner(msgspec.Struct, frozen=True):
    owner: str


class _Roster(msgspec.Struct, frozen=True):
    name: str
    party: str
    since: int
    until: int | None
    history: str


class _Fact(msgspec.Struct, frozen=True):
    fact: str


def answer_of(tx: Transaction, party: str, chain: str, version: int) -> Answer | None:
    """What a party answered last, or None."""
    rows = tx.all("answer_of_party", {"party": party, "chain": chain, "version": version}, into=_Answered)
    return Answer(rows[0].answer) if rows else None


def count(
    tx: Transaction,
    hub: Exchange,
    party: Party,
    home: Placed,
    event: AcknowledgementEvent,
    streams: dict[int, str],
) -> None:
    """A party answered, by the entry at home: count it in these streams and publish the bands that changed."""
    for number in streams:
        tx.run(
            "insert_answer",
            {
                "chain": event.chain,
                "version": event.version,
                "stream": number,
                "party": party.id,
                "role": party.role,
                "answer": event.answer,
                "home": home.number,
                "seq": home.seq,
            },
        )
    tx.run("recount_answers", {"party": party.id, "chain": event.chain})
    for number, name in streams.items():
        _publish(tx, hub, _Counted(event.chain, event.version, number, party.role), name)


def recount(tx: Transaction, hub: Exchange, party: str) -> None:
    """A party's standing changed: it counts or no longer does, wherever a warning has not ended.

    With it the role may be enough again to be told of, and what others have answered meanwhile is. Whoever changes a
    standing calls this in the same transaction.
    """
    streams = {head.number: head.name for head in tx.all("stream_heads", {}, into=StreamHead)}
    tx.run("recount_answers", {"party": party, "chain": ""})
    touched = tx.all("bands_of_role", {"party": party, "now": hub.clock.now()}, into=_Counted)
    for one in touched:
        _publish(tx, hub, one, streams[one.stream])


def retract(tx: Transaction, hub: Exchange, whose: Params, streams: dict[int, str]) -> list[str]:
    """Answers of these entries count no more; returns the facts of bands about a warning that is erased itself.

    `whose` holds their ``fact`` and ``owner``, which is None for everybody's.
    """
    orphans = [row.fact for row in tx.all("bands_of_erased_warning", whose, into=_Fact)]
    for query in ("drop_bands_of_erased_warning", "drop_answers_to_erased_warning", "erase_warning_digests"):
        tx.run(query, whose)
    touched = tx.all("erase_answers", whose, into=_Touched)
    for one in touched:
        tx.run("recount_answers", {"party": one.party, "chain": one.chain})
    for counted in sorted(
        {_Counted(one.chain, one.version, one.stream, one.role) for one in touched}, key=repr
    ):
        _publish(tx, hub, counted, streams[counted.stream])
    return orphans


def _publish(tx: Transaction, hub: Exchange, about: _Counted, stream: str) -> None:
    """Write an entry when the bands are no longer those last published, unless they would be a name."""
    last = tx.one("band_of_answers", about.params(), into=_Published)
    answers = _count(tx, about)
    if answers == (last.answers() if last else Answers()) or _is_few(tx, hub.clock.now(), about, stream):
        return
    fact = last.fact if last else new_id("fct", hub.entropy)
    bands = {"received": answers.received, "acted": answers.acted, "not_affected": answers.not_affected}
    tx.run("set_band_of_answers", {**about.params(), **bands, "fact": fact})
    event = AnswersEvent(
        chain=about.chain,
        version=about.version,
        audience=stream,
        role=Role(about.role),
        received=answers.received,
        acted=answers.acted,
        not_affected=answers.not_affected,
    )
    for name in (stream, *_to_author(tx, hub.clock.now(), about, stream)):
        hub.streams.append(tx, name, [Draft("answers", fact, encode(event))], HUB_ITSELF)


def _count(tx: Transaction, about: _Counted) -> Answers:
    """How many parties gave each answer last, counted no further than the widest band."""
    counts: dict[Answer, int] = {}
    for answer in Answer:
        asked = {**about.params(), "answer": answer, "limit": COUNTED_TO}
        found = tx.one("count_answers", asked, into=_Parties)
        counts[answer] = found.parties if found else 0
    return answers_of(counts)


def _is_few(tx: Transaction, now: Instant, about: _Counted, stream: str) -> bool:
    """Whether the audience has too few active parties of the role to hide one among them."""
    audience = Audience.parse(stream)
    if audience.party is not None or not audience.includes_role(Role(about.role)):
        return True
    asked: Params = {
        "role": about.role,
        "jurisdiction": audience.jurisdiction or "",
        "name": audience.group or "",
        "now": now,
        "limit": FEWEST,
    }
    found = tx.one("count_audience", asked, into=_Parties)
    return found is None or found.parties < FEWEST


def _to_author(tx: Transaction, now: Instant, about: _Counted, stream: str) -> Iterable[str]:
    """The author's own stream, when it does not read the one that it warned."""
    row = tx.one("owner_of_chain", {"chain": about.chain}, into=_Owner)
    author = party_by_id(tx, row.owner) if row else None
    if author is None:
        return ()
    rosters = tx.all("memberships_of_party", {"party": author.id}, into=_Roster)
    groups = frozenset(one.name for one in rosters if one.since <= now < (one.until or LAST))
    return () if Audience.parse(stream).includes(author, groups) else (str(Audience(party=author.id)),)
