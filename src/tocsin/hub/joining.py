# SPDX-License-Identifier: Apache-2.0
"""The door for whoever has no key that the directory knows: a good code in, or a recovery key; keys to demand out."""

from tocsin.hub.commits import Commits
from tocsin.hub.exchange import Exchange
from tocsin.hub.verbs.edges import admit_edge
from tocsin.hub.verbs.enrol import redeem
from tocsin.hub.verbs.keys import recover
from tocsin.hub.views.directory import agreement, declared_keys
from tocsin.proof.note import VerifierKey
from tocsin.storage.store import Transaction
from tocsin.wire.edges import AdmitEdge, EdgeAdmitted
from tocsin.wire.messages import Enrol, Enrolled
from tocsin.wire.parties import PartyEvent, Recover


class Joining:
    """Redeems one-time codes, of parties and of edges, and recovery keys."""

    def __init__(self, hub: Exchange, commits: Commits) -> None:
        self._hub = hub
        self._commits = commits

    async def redeem(self, enrol: Enrol) -> Enrolled:
        """The new party's membership; CodeSpent when the code is not good, NotAgreed when it accepts too little."""
        return await self._commits.run(lambda tx: self._enrolled(tx, redeem(tx, self._hub, enrol)))

    async def admit_edge(self, ask: AdmitEdge) -> EdgeAdmitted:
        """What a new edge needs; CodeSpent when the code is not good."""
        return await self._commits.run(lambda tx: admit_edge(tx, self._hub, ask), quiet=True)

    async def recover(self, message: Recover) -> Enrolled:
        """The membership of the party that this recovery key belongs to, under its new keys."""
        return await self._commits.run(lambda tx: self._enrolled(tx, recover(tx, self._hub, message).event()))

    def _enrolled(self, tx: Transaction, party: PartyEvent) -> Enrolled:
        identity = self._hub.identity
        partners = declared_keys(tx, "partner")
        return Enrolled(
            party=party.party,
            name=party.name,
            role=party.role,
            jurisdiction=party.jurisdiction,
            realm=identity.realm,
            alliance=identity.alliance,
            alliance_identity=identity.alliance_identity,
            hub_key=str(identity.verifier(identity.first_key)),
            partner_key=partners[0].key if partners else None,
            agreement=agreement(tx),
        )


def hub_verifier(hub: Exchange) -> VerifierKey:
    """The key under which this hub's notes open now."""
    return hub.identity.key
