# SPDX-License-Identifier: Apache-2.0
"""People say what they did about a warning: read it, took a measure, or accepted the risk. Nothing of it leaves.

Each warning has one case (`tocsin.agent.cases.defence`), whose identifier follows from the warning's under the vault's
key: it is found again without a list, and nobody without the key can tell which case is whose.
"""

from collections.abc import Callable

import msgspec

from tocsin.agent.cases import ledger
from tocsin.agent.cases.defence import Defence, Defended, defence_of, state
from tocsin.agent.cases.facts import Fact, Opened, RiskAccepted, Took, Warned, WasRead
from tocsin.agent.cases.record import Case
from tocsin.agent.history.directory import PartyRow
from tocsin.agent.house import House
from tocsin.clock import Instant
from tocsin.domain.warning import Warning
from tocsin.domain.warning_life import same_person
from tocsin.errors import Conflict, Unknown
from tocsin.ids import complete, new_id
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction
from tocsin.wire.messages import decode_warning

_PLACE = "case of a defence"
"""The use of the keyed digest."""


class Standing(msgspec.Struct, frozen=True):
    """One warning of another party as it stands, and what this party can show for itself."""

    author: str
    """Its name."""
    warning: Warning
    stream: str
    seq: int
    added: Instant
    """When the hub added the version that stands."""
    first: Instant
    """When it added the first: T1."""
    defence: Defence | None
    state: Defended


class _Row(msgspec.Struct, frozen=True):
    id: str
    author: str
    stream: str
    seq: int
    added: int
    first: int
    body: bytes


def case_of(box: Box, author: str, warning_id: str) -> str:
    """The identifier of the case that the defence of an author's warning is kept in."""
    digest = box.digest(f"{author}/{warning_id}".encode(), _PLACE)
    return new_id("cas", lambda size: digest[:size])


def every(house: House) -> list[Standing]:
    """Every warning of others that was proved here and not erased, the newest first; those that ended too."""
    now = house.clock.now()
    with house.store.reading("warnings and their defence") as tx:
        return _every(tx, house, now)


def find(house: House, begun: str) -> Standing:
    """The one warning whose identifier begins so; Unknown when none of others does."""
    known: dict[str, Standing] = {}
    for one in every(house):
        known.setdefault(one.warning.id, one)
    return known[complete(begun, known)]


def record(house: House, begun: str) -> Case:
    """The case of the warning whose identifier begins so, also of one that was erased since; Unknown without any."""
    found: dict[str, Case] = {}
    with house.store.reading("records of defence") as tx:
        for case_id in ledger.identifiers(tx):
            case = ledger.read(tx, house.vault.box, case_id)
            for warned in defence_of(case).warned[:1]:
                found.setdefault(warned.warning, case)
    return found[complete(begun, found)]


def read(house: House, warning_id: str, by: str) -> Case:
    """Say that a person has read the version that stands; Conflict when the same person has said so."""

    def facts(one: Standing) -> tuple[Fact, ...]:
        """That it was read, once for each person and version."""
        version = one.warning.version
        readings = one.defence.readings if one.defence else ()
        if any(other.version == version and same_person(other.by, by) for other in readings):
            raise Conflict(f"{by} has read version {version} already.")
        return (WasRead(version),)

    return _write(house, warning_id, by, facts)


def take(house: House, warning_id: str, by: str, took: Took) -> Case:
    """Say that a measure was taken; whoever takes one has read the warning."""
    return _write(house, warning_id, by, lambda one: (*_reading(one), took))


def accept(house: House, warning_id: str, by: str, accepted: RiskAccepted) -> Case:
    """Say that the risk is accepted until a time; whoever accepts it has read the warning."""
    return _write(house, warning_id, by, lambda one: (*_reading(one), accepted))


def _write(house: House, warning_id: str, by: str, facts: Callable[[Standing], tuple[Fact, ...]]) -> Case:
    """Add lines to the warning's case, which begins with the first of them."""
    now, box = house.clock.now(), house.vault.box

    def work(tx: Transaction) -> Case:
        """The case with the new lines, opened if it was not."""
        found = next((one for one in _every(tx, house, now) if one.warning.id == warning_id), None)
        if found is None:
            raise Unknown(
                f"No warning {warning_id[:60]!r} of another party is here: it never came, or was erased."
            )
        opened = () if found.defence else (Opened(f"Warning: {found.warning.title}"[:200]),)
        case_id = case_of(box, found.warning.author, warning_id)
        return ledger.write(tx, box, case_id, by, now, *opened, *_warned(found), *facts(found))

    return house.store.run("write in a defence", work)


def _warned(one: Standing) -> tuple[Fact, ...]:
    """The line that this version came, unless it is there."""
    warning = one.warning
    if one.defence and any(warned.version == warning.version for warned in one.defence.warned):
        return ()
    return (Warned(warning.author, warning.id, warning.version, one.stream, one.seq, one.added),)


def _reading(one: Standing) -> tuple[Fact, ...]:
    version = one.warning.version
    return () if one.defence and one.defence.read(version) else (WasRead(version),)


def _every(tx: Transaction, house: House, now: Instant) -> list[Standing]:
    membership, box = house.vault.membership_in(tx), house.vault.box
    names = {row.id: row.name for row in tx.all("parties", {}, into=PartyRow)}
    kept = frozenset(ledger.identifiers(tx))
    rows = tx.all("warnings_ever", {"party": membership.party}, into=_Row)
    return [_standing(tx, box, row, names.get(row.author, row.author), kept, now) for row in rows]


def _standing(
    tx: Transaction, box: Box, row: _Row, author: str, kept: frozenset[str], now: Instant
) -> Standing:
    case_id = case_of(box, row.author, row.id)
    defence = defence_of(ledger.read(tx, box, case_id)) if case_id in kept else None
    warning = decode_warning(row.body)
    return Standing(
        author=author,
        warning=warning,
        stream=row.stream,
        seq=row.seq,
        added=Instant(row.added),
        first=Instant(row.first),
        defence=defence,
        state=state(defence, warning.version, now),
    )
