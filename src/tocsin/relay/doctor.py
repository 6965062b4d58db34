# SPDX-License-Identifier: Apache-2.0
"""The relay's doctor: what can be wrong with it, looked at from its folder."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tocsin.clock import Clock, Instant, day_of
from tocsin.config.relay import RelayConfig
from tocsin.halves.epochs import Signed
from tocsin.proof.note import VerifierKey
from tocsin.storage.store import Store
from tocsin.web.checkup import Check, Note, door, private, room, versions
from tocsin.wire.epoch import read_document

Opened = Callable[[], AbstractContextManager[Store]]


def checks(folder: Path, settings: RelayConfig, opened: Opened, clock: Clock) -> list[tuple[str, Check]]:
    """What is looked at, in the order in which it is mended."""

    def store() -> str:
        """Whether the store is whole."""
        with opened() as found:
            found.demand_undamaged()
            return found.described()

    def epochs() -> str | Note:
        """Which epoch was signed last, and whether it holds."""
        with opened() as found, found.reading("epochs") as tx:
            signed = tx.all("signed_epochs", {}, into=Signed)
        if not signed:
            return Note("No epoch was signed yet.", "At the hub: tocsin hub relay, then tocsin hub serve.")
        newest = read_document(signed[-1].document)
        if newest.ends <= clock.now():
            return Note(
                f"The last epoch that was signed ended on {day_of(Instant(newest.ends))}.",
                "Look whether the hub reaches this relay: it asks again and again.",
            )
        return f"epoch {newest.number} of {newest.members:,} members, until {day_of(Instant(newest.ends))}"

    return [
        ("settings", lambda: f"relay.toml; of {VerifierKey.parse(settings.hub_key).name}"),
        ("modes", lambda: private(folder, "relay.toml", "relay.keys", "relay.db")),
        ("disk", lambda: room(folder)),
        ("versions", versions),
        ("door", lambda: door(settings.listen, clock)),
        ("store", store),
        ("epochs", epochs),
    ]
