# SPDX-License-Identifier: Apache-2.0
"""Who is in which named group: entries of the desk's stream, and the table over them."""

from tocsin.domain.audience import Audience, Membership
from tocsin.domain.party import Role
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import HUB_ITSELF, Draft
from tocsin.ids import new_id
from tocsin.storage.store import Transaction
from tocsin.wire.events import MembershipEvent
from tocsin.wire.messages import encode

ROSTERS = str(Audience(role=Role.DESK))
"""The stream that holds every roster: group rosters are known to the desk only."""


def state_membership(tx: Transaction, hub: Exchange, party: str, membership: Membership) -> None:
    """A party entered or left a group: append it to the desk's stream and bring the table up to date."""
    event = MembershipEvent(
        group=membership.group,
        party=party,
        since=membership.since,
        until=membership.until,
        reads_from=membership.reads_from,
    )
    hub.streams.append(
        tx, ROSTERS, [Draft("membership", new_id("fct", hub.entropy), encode(event))], HUB_ITSELF
    )
    restate_membership(tx, event)


def restate_membership(tx: Transaction, event: MembershipEvent) -> None:
    """Bring the table up to date with what the desk's stream says."""
    tx.run(
        "put_membership",
        {
            "name": event.group,
            "party": event.party,
            "since": event.since,
            "until": event.until,
            "reads_from": event.reads_from,
        },
    )
