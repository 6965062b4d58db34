# SPDX-License-Identifier: Apache-2.0
"""Whether a shield acts: a person switches each one by one, and until then it only counts.

===========  ==========================================================================================================
``monitor``  nothing is written; what would be is counted and shown. Every shield begins so when a setting names it
``on``       its files follow the levels
``off``      nothing is written and nothing is counted
``undone``   its files stand as they were before their last change, and nothing is written until a person switches it
===========  ==========================================================================================================

Who leaves ``on`` leaves files without values behind, because a rule that stays would never expire.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec

from tocsin.agent.journal import Decision, write
from tocsin.clock import Instant
from tocsin.errors import Malformed
from tocsin.privacy.box import Box
from tocsin.storage.store import Store, Transaction

MAX_WHY = 500


class State(StrEnum):
    """What a shield does."""

    MONITOR = "monitor"
    ON = "on"
    OFF = "off"
    UNDONE = "undone"


class Switch(msgspec.Struct, frozen=True):
    """What a person decided of one shield."""

    state: State
    by: str
    at: Instant
    why: str


States = Callable[[], Mapping[str, State]]
"""Asked at each look: a person may have switched meanwhile, in another process."""


class _Row(msgspec.Struct, frozen=True):
    name: str
    state: str
    box: bytes


def states(store: Store) -> dict[str, State]:
    """Each shield of which a person has decided."""
    with store.reading("shield states") as tx:
        return {row.name: State(row.state) for row in tx.all("switches", {}, into=_Row)}


def switches(store: Store, box: Box) -> dict[str, Switch]:
    """The same with who decided, when and why."""
    with store.reading("shield switches") as tx:
        rows = tx.all("switches", {}, into=_Row)
    return {row.name: msgspec.json.decode(box.open(row.box, _place(row.name)), type=Switch) for row in rows}


def keep(tx: Transaction, box: Box, name: str, switch: Switch) -> None:
    """Keep a person's decision with its line in the journal; Malformed without who and why."""
    if not switch.by.strip() or len(switch.by) > 200 or not switch.why.strip() or len(switch.why) > MAX_WHY:
        raise Malformed(f"A shield is switched with who and why, in at most 200 and {MAX_WHY} characters.")
    sealed = box.seal(msgspec.json.encode(switch), _place(name))
    tx.run("keep_switch", {"name": name, "state": str(switch.state), "box": sealed})
    write(tx, box, Decision(switch.at, switch.by, f"switched a shield to {switch.state}", name, switch.why))


def _place(name: str) -> str:
    return f"shield/{name}"
