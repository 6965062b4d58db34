# SPDX-License-Identifier: Apache-2.0
"""The partner's doctor: what can be wrong with a witness, looked at from its folder."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from tocsin.clock import Clock
from tocsin.config.partner import PartnerConfig
from tocsin.errors import Forked
from tocsin.partner.witnessing import Witnessing
from tocsin.proof.note import VerifierKey
from tocsin.storage.store import Store
from tocsin.web.checkup import Check, Note, door, private, room, versions

Opened = Callable[[], AbstractContextManager[tuple[Store, Witnessing]]]


class _Count(msgspec.Struct, frozen=True):
    notes: int


def checks(folder: Path, settings: PartnerConfig, opened: Opened, clock: Clock) -> list[tuple[str, Check]]:
    """What is looked at, in the order in which it is mended."""

    def store() -> str:
        """The file is whole."""
        with opened() as (found, _):
            found.demand_undamaged()
            return found.described()

    def memory() -> str | Note:
        """What is remembered of each stream is what the newest head says."""
        with opened() as (_, witnessing):
            size = witnessing.demand_sound()
        if not size:
            return Note(
                "Nothing was witnessed yet.", "At the hub: tocsin hub partner, then tocsin hub serve."
            )
        return f"{size:,} heads co-signed; what is kept is what the newest says"

    def honesty() -> str:
        """The hub never signed two histories."""
        with opened() as (found, _), found.reading("evidence") as tx:
            count = tx.one("count_evidence", {}, into=_Count)
        if count is not None and count.notes:
            raise Forked(
                f"The hub has signed {count.notes} notes that contradict what was co-signed.",
                next_step="Keep partner.db. Tell the members and the hub's operator: two histories may be about.",
            )
        return "nothing that the hub signed contradicts what was co-signed"

    return [
        ("settings", lambda: f"partner.toml; of {VerifierKey.parse(settings.hub_key).name}"),
        ("modes", lambda: private(folder, "partner.toml", "partner.keys", "partner.db")),
        ("disk", lambda: room(folder)),
        ("versions", versions),
        ("door", lambda: door(settings.listen, clock)),
        ("store", store),
        ("memory", memory),
        ("honesty", honesty),
    ]
