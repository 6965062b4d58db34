# SPDX-License-Identifier: Apache-2.0
"""The price of a draft, from what this agent holds: the directory's parties, and the reports in its replica.

Both are live and the readers' own; no table of a population is shipped. Counted are the newest entries of each stream
that is told, so that a long history costs no more than a short one. The mathematics is `tocsin.domain.likeness`.
"""

from collections.abc import Iterator, Sequence

import msgspec

from tocsin.agent.history.directory import PartyRow
from tocsin.agent.house import House
from tocsin.agent.redaction.redact import Draft
from tocsin.domain.likeness import Earlier, Grain, Price, price
from tocsin.domain.party import Party, Role, Standing
from tocsin.errors import TocsinError
from tocsin.storage.store import Transaction
from tocsin.wire.stix21 import StixGrouping, attack_of, read

NEWEST = 5_000
"""Entries of a stream that are looked at."""
_GROUPING = b'{"type":"grouping"'


class _Body(msgspec.Struct, frozen=True):
    body: bytes


def measure(house: House, draft: Draft, audiences: Sequence[str], grain: Grain = Grain.DAY) -> Price:
    """What telling a draft to these audiences costs."""
    membership = house.vault.membership()
    with house.store.reading("price") as tx:
        parties = [_party(row) for row in tx.all("parties", {}, into=PartyRow)]
        earlier = {name: tuple(_earlier(tx, name, membership.alliance_identity)) for name in audiences}
    named = len({leaving.indicator.observable for leaving in draft.leaves if leaving.holds})
    return price(
        draft.disclosure,
        membership.party,
        Role(membership.role),
        audiences,
        parties,
        earlier,
        grain=grain,
        named=named,
    )


def _party(row: PartyRow) -> Party:
    standing = Standing(row.standing)
    return Party(
        row.id, row.name, Role(row.role), row.jurisdiction, standing, row.signing_key, row.sealing_key
    )


def _earlier(tx: Transaction, stream: str, alliance: str) -> Iterator[Earlier]:
    """The reports among a stream's newest entries, as their readers see them."""
    for row in tx.all("newest_bodies", {"stream": stream, "limit": NEWEST}, into=_Body):
        if not row.body.startswith(_GROUPING):
            continue
        try:
            found = read(row.body, alliance)
            if isinstance(found, StixGrouping):
                yield Earlier(attack_of(found), found.created[:10])
        except TocsinError:
            continue  # it was kept and is not acted on; an alarm has said so
