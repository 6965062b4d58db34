# SPDX-License-Identifier: Apache-2.0
"""The door for parties that are not in the directory yet: a good code in, keys to demand out."""

from tocsin.hub.commits import Commits
from tocsin.hub.exchange import Exchange
from tocsin.hub.verbs.enrol import redeem
from tocsin.proof.note import KeyKind, VerifierKey, log_origin
from tocsin.wire.messages import Enrol, Enrolled


class Joining:
    """Redeems one-time codes."""

    def __init__(self, hub: Exchange, commits: Commits, partner_key: str | None) -> None:
        self._hub = hub
        self._commits = commits
        self._partner_key = partner_key

    async def redeem(self, enrol: Enrol) -> Enrolled:
        """The new party's membership; CodeSpent when the code is not good."""
        event = await self._commits.run(lambda tx: redeem(tx, self._hub, enrol))
        identity = self._hub.identity
        return Enrolled(
            party=event.party,
            name=event.name,
            role=event.role,
            jurisdiction=event.jurisdiction,
            realm=identity.realm,
            alliance=identity.alliance,
            alliance_identity=identity.alliance_identity,
            hub_key=str(hub_verifier(self._hub)),
            partner_key=self._partner_key,
        )


def hub_verifier(hub: Exchange) -> VerifierKey:
    """The key under which this hub's notes open."""
    identity = hub.identity
    return VerifierKey(log_origin(identity.id, identity.realm), KeyKind.NOTE, identity.signing_key.public)
