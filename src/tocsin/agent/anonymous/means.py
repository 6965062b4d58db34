# SPDX-License-Identifier: Apache-2.0
"""What an agent sends anonymously with: the same for both classes."""

from collections.abc import Awaitable, Callable

import msgspec

from tocsin.agent.vault import Vault
from tocsin.clock import Clock
from tocsin.config.cover import Anonymous as Settings
from tocsin.ids import Entropy
from tocsin.storage.store import Store

Post = Callable[[str, bytes, int], Awaitable[bytes]]
"""Sends bytes to an address, and gives the answer of so many bytes: `RelayClient.post`."""
Sleep = Callable[[float], Awaitable[None]]


class Means(msgspec.Struct, frozen=True):
    """One agent's."""

    store: Store
    vault: Vault
    settings: Settings
    post: Post
    clock: Clock
    entropy: Entropy
