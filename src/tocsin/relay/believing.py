# SPDX-License-Identifier: Apache-2.0
"""Which key of the hub the relay believes: the configured one, and after it each that the one before has endorsed."""

import msgspec

from tocsin.clock import Clock
from tocsin.follow.directory import follow_hub_key
from tocsin.proof.note import VerifierKey
from tocsin.storage.store import Store, Transaction


class _KeyRow(msgspec.Struct, frozen=True):
    key: str


class HubKey:
    """The hub's key as this relay last heard of it."""

    def __init__(self, store: Store, configured: VerifierKey, clock: Clock) -> None:
        self._store, self._clock = store, clock
        with store.reading("the hub's key") as tx:
            row = tx.one("believed_key", {}, into=_KeyRow)
        self.present = VerifierKey.parse(row.key) if row else configured

    def after(self, changes: tuple[bytes, ...]) -> VerifierKey:
        """The key after these changes; a ProofError when one is not endorsed by the key before it."""
        return follow_hub_key(self.present, changes)[0]

    def believe(self, changes: tuple[bytes, ...]) -> None:
        """It signs with the last of these from now on."""
        present, news = follow_hub_key(self.present, changes)
        if not news:
            return

        def keep(tx: Transaction) -> None:
            """The new keys, durable before any is believed."""
            now = self._clock.now()
            tx.run_each("believe_key", [{"key": str(key), "body": body, "added": now} for key, body in news])

        self._store.run("follow key", keep)
        self.present = present
