# SPDX-License-Identifier: Apache-2.0
"""Keeping a case no longer than this party has set, `case_days`, and never letting one go that is held.

A case's age counts from the last line that told something of it (`Case.latest`), open or closed: what nobody has
touched for so long is over. Each is looked at and erased whole in a transaction of its own: log, files, and the head
that chained them. The journal keeps its identifier, who wrote in it and when. Backups keep what they hold.
"""

import logging
from contextlib import suppress

import msgspec

from tocsin.agent.cases import ledger
from tocsin.agent.cases.record import Case
from tocsin.clock import DAY, Instant
from tocsin.errors import StorageError, TocsinError
from tocsin.privacy.box import Box
from tocsin.storage.store import Store, Transaction

log = logging.getLogger("tocsin.agent")

SWEEP_SECONDS = 3_600.0
"""How often it is looked for what has reached its age."""


class _Id(msgspec.Struct, frozen=True):
    id: str


def ends(found: Case, days: int) -> Instant | None:
    """When a case is erased; None while it is held."""
    return None if found.holds else Instant(found.latest + days * DAY)


def sweep(store: Store, box: Box, now: Instant, days: int) -> list[str]:
    """Erase every case that has reached its age; which. One that was tampered with stays, and costs no other."""
    with store.reading("old cases") as tx:
        old = tx.all("cases_opened_before", {"before": now - days * DAY}, into=_Id)
    erased = []
    for row in old:
        try:
            with store.transaction("erase a case by age") as tx:
                erased += [row.id] if _erase(tx, box, row.id, now, days) else []
        except StorageError:
            raise
        except TocsinError as error:
            log.warning("%s cannot be erased by age: %s", row.id, error)
    if erased:
        with suppress(StorageError):  # somebody reads an older moment: the agent scrubs again every minute
            store.scrub()
    return erased


def _erase(tx: Transaction, box: Box, case_id: str, now: Instant, days: int) -> bool:
    end = ends(ledger.read(tx, box, case_id), days)
    if end is None or end > now:
        return False
    ledger.erase(tx, box, case_id, now, f"{days} days after its last line")
    return True
