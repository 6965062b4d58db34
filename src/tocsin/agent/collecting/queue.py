# SPDX-License-Identifier: Apache-2.0
"""Files that came in and wait: each sealed in the vault with what a list shows of it, until somebody decides.

An item leaves the queue when it was reported or dropped. Both may come from any process of this agent: a person's
command, or a standing rule that looks at `Queue.waiting`. Whoever reports an item does so as for any file, by
`tocsin.agent.verbs.report`, and then calls `settle`; a crash between the two is healed by the next who looks, because
a report is found again by its file.
"""

import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.readers.containers import MAX_FILE
from tocsin.clock import Instant
from tocsin.errors import Conflict, Unknown
from tocsin.ids import complete, new_id
from tocsin.storage.store import Transaction

MAX_ITEMS = 10_000
MAX_BYTES = 2 * 2**30
"""Of all files that wait together. Sources are not read further while so much waits: what is there stays there."""


class About(msgspec.Struct, frozen=True):
    """What a list shows of a file."""

    source: str
    """From where it came, as `agent.toml` names it."""
    name: str
    title: str
    """Of what was in it: a subject, or empty."""
    values: int
    """How many would leave, as things stood when it came in."""


class Item(msgspec.Struct, frozen=True):
    """A file that waits."""

    id: str
    added: Instant
    size: int
    about: About


class _Row(msgspec.Struct, frozen=True):
    id: str
    added: int
    size: int
    about: bytes


class _File(msgspec.Struct, frozen=True):
    box: bytes


class _Count(msgspec.Struct, frozen=True):
    files: int
    bytes: int


class Queue:
    """What waits at one agent."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._box = house.vault.box

    def add(self, tx: Transaction, about: About, data: bytes) -> str:
        """Keep a file; its identifier."""
        item = new_id("col", self._house.entropy)
        shown = self._box.seal(msgspec.json.encode(about), f"collected/{item}/about")
        file = self._box.seal(data, f"collected/{item}")
        now = self._house.clock.now()
        tx.run("keep_collected", {"id": item, "added": now, "size": len(data), "about": shown, "box": file})
        return item

    def demand_room(self) -> None:
        """Conflict when so much waits that nothing more is taken."""
        count = self._count()
        if count.files >= MAX_ITEMS or count.bytes > MAX_BYTES - MAX_FILE:
            raise Conflict(
                f"{count.files:,} files ({count.bytes >> 20:,} MiB) wait to be looked at: nothing more is collected.",
                next_step=f"Report or drop them: tocsin agent collected {self._house.folder}",
            )

    def size(self) -> int:
        """How many files wait."""
        return self._count().files

    def waiting(self) -> list[Item]:
        """Everything that waits, the oldest first."""
        with self._house.store.reading("collected") as tx:
            rows = tx.all("collected", {}, into=_Row)
        return [self._item(row) for row in rows]

    def whole(self, begun: str) -> str:
        """The identifier that begins so, as a screen shortens it; Unknown for none or several."""
        return complete(begun, (item.id for item in self.waiting()))

    def file(self, item: str) -> bytes:
        """The bytes of one; Unknown when it does not wait."""
        with self._house.store.reading("collected file") as tx:
            row = tx.one("collected_file", {"id": item}, into=_File)
        if row is None:
            raise Unknown(f"{item[:60]} does not wait here: it was reported or dropped.")
        return self._box.open(row.box, f"collected/{item}")

    def settle(self, item: str) -> None:
        """It was reported, or holds nothing to report: it waits no more."""
        self._house.store.run("settle collected", lambda tx: tx.run("drop_collected", {"id": item}))

    def drop(self, items: list[str], by: str) -> int:
        """Somebody decided that these are not reported: a line in the journal for each; how many still waited."""

        def work(tx: Transaction) -> int:
            """Only those that still wait: somebody else may have decided meanwhile."""
            dropped = [item for item in items if tx.run("drop_collected", {"id": item})]
            for item in dropped:
                write(tx, self._box, Decision(self._house.clock.now(), by, "dropped a collected file", item))
            return len(dropped)

        return self._house.store.run("drop collected", work)

    def _count(self) -> _Count:
        with self._house.store.reading("how many wait") as tx:
            return tx.one("count_collected", {}, into=_Count) or _Count(0, 0)

    def _item(self, row: _Row) -> Item:
        shown = self._box.open(row.about, f"collected/{row.id}/about")
        return Item(row.id, Instant(row.added), row.size, msgspec.json.decode(shown, type=About))
