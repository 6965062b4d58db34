# SPDX-License-Identifier: Apache-2.0
"""What every verb of the agent is given: its folder, settings and store, its vault and outbox, clock and randomness."""

from pathlib import Path

import msgspec

from tocsin.agent.outbox import Outbox
from tocsin.agent.vault import Vault
from tocsin.clock import Clock
from tocsin.config.agent import AgentConfig
from tocsin.ids import Entropy
from tocsin.storage.store import Store

STORE = "agent.db"
"""The file in an agent's folder."""


class House(msgspec.Struct, frozen=True):
    """One agent, as its verbs see it."""

    folder: Path
    config: AgentConfig
    store: Store
    vault: Vault
    outbox: Outbox
    clock: Clock
    entropy: Entropy


def log_of(house: House) -> Path:
    """What changes with every commit of every process: the log of the store."""
    return house.folder / f"{STORE}-wal"
