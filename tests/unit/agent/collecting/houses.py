# SPDX-License-Identifier: Apache-2.0
"""An agent's house with a store on the disk, a clock that moves by hand, and nobody at the other end."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.agent.house import House
from tocsin.agent.outbox import Outbox
from tocsin.agent.vault import Vault
from tocsin.clock import Instant, ManualClock, from_text
from tocsin.config.agent import AgentConfig, Collect, Imap, OwnAssets
from tocsin.privacy.box import Box
from tocsin.storage.sqlite import open_sqlite

KEY = bytes(range(32))
NO_FILES = Collect()
OWN = OwnAssets(legal_name="Ayr Bank plc", domains=("ayr.example",))
PHISH = (
    "From: Security <alert@phisher.example>\nTo: Jane Doe <jane.doe@ayr.example>\nSubject: planted-subject {0}\n"
    "Date: Sat, 21 Nov 2026 08:30:00 +0000\n\nPlease confirm: https://login.phish-{0}.example/confirm\n"
)
NOTHING = "From: a@ayr.example\nTo: b@ayr.example\nSubject: lunch\n\nAt noon?\n"


def phish(number: int) -> bytes:
    """A mail in which there is something to report."""
    return PHISH.format(number).encode()


@contextmanager
def house_in(
    folder: Path, collect: Collect = NO_FILES, imap: Imap | None = None, own: OwnAssets = OWN
) -> Iterator[House]:
    """The agent in a folder; opened again, it is the same one."""
    folder.mkdir(exist_ok=True)
    entropy = random.Random(20261130).randbytes
    clock = ManualClock(Instant(from_text("2026-11-30T08:30:00Z")))
    box = Box(KEY, random.SystemRandom().randbytes)
    store = open_sqlite(folder / "agent.db", "agent")
    config = AgentConfig(hub_url="http://127.0.0.1:9", master_key="", own=own, collect=collect, imap=imap)
    outbox = Outbox(store, box, clock, entropy)
    try:
        yield House(folder, config, store, Vault(store, box), outbox, clock, random.SystemRandom().randbytes)
    finally:
        store.close()
