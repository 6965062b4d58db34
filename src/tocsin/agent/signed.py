# SPDX-License-Identifier: Apache-2.0
"""The named way to the hub: every request signed with this party's key (RFC 9421). Outbound HTTPS only.

The anonymous way is another client altogether; an import contract keeps the two apart.
"""

import httpx

from tocsin.agent.vault import Membership
from tocsin.clock import Clock
from tocsin.config.agent import AgentConfig
from tocsin.ids import Entropy
from tocsin.proof.signing import SigningKey
from tocsin.web.calling import SignedClient, outbound

STREAM_SECONDS = 45.0
"""Three missed heartbeats: the stream is taken for dead."""
COMMAND_SECONDS = 15.0
"""How long a command that a person looks at waits for an answer."""


def http_client(config: AgentConfig, read_seconds: float = STREAM_SECONDS) -> httpx.AsyncClient:
    """A client that goes out as the configuration says: through its proxy, trusting its authority."""
    return outbound(config.proxy, config.authority_file, read_seconds)


class SignedHub(SignedClient):
    """The hub, or an edge of it, as this party reaches it."""

    def __init__(
        self, http: httpx.AsyncClient, url: str, membership: Membership, clock: Clock, entropy: Entropy
    ) -> None:
        key = SigningKey.from_seed(membership.signing_seed)
        super().__init__(http, url, membership.party, key, clock, entropy)
        self._membership = membership

    def renew(self, membership: Membership) -> None:
        """Sign as this membership from now on: its keys may have been replaced by a command meanwhile."""
        if membership != self._membership:
            self._membership = membership
            self.sign_as(membership.party, SigningKey.from_seed(membership.signing_seed))
