# SPDX-License-Identifier: Apache-2.0
"""The desk puts parties on the roster of a named group and takes them off; the desk's stream keeps every change.

A group is there as soon as somebody was ever in it. Its roster is known to the desk only, so that everybody else is
told of a group that it is not in exactly what it is told of one that does not exist.
"""

import msgspec

from tocsin.clock import Instant
from tocsin.domain.audience import Audience, History, Membership, check_group
from tocsin.domain.party import Party, Role, Standing
from tocsin.errors import Conflict, Forbidden, Unknown
from tocsin.hub.exchange import Exchange
from tocsin.hub.readable import MembershipRow, viewer_of
from tocsin.hub.streams import StreamHead
from tocsin.hub.views.directory import party_by_id
from tocsin.hub.views.rosters import state_membership
from tocsin.storage.store import Transaction

MAX_GROUPS = 26
"""Of one party: with its other audiences it follows at most 32 streams, as many as a cursor holds."""


def roster(tx: Transaction, group: str) -> dict[str, Membership]:
    """Everybody who was ever in a group, by party, each with its last time in it."""
    rows = tx.all("roster", {"name": check_group(group)}, into=MembershipRow)
    return {row.party: row.membership() for row in rows}


def join_group(tx: Transaction, hub: Exchange, group: str, party: str, history: History) -> Membership:
    """Put a party on a roster from now on; Conflict when it is on it already."""
    check_group(group)
    found, now = party_by_id(tx, party), hub.clock.now()
    if found is None or found.standing is Standing.LEFT:
        raise Unknown(f"No party of this alliance is {party[:60]!r}.")
    viewer = viewer_of(tx, party)
    present = {one.group for one in viewer.memberships if one.until is None} if viewer else set()
    if group in present:
        raise Conflict(f"{found.name} is in {group} already.")
    if len(present) >= MAX_GROUPS:
        raise Conflict(f"{found.name} is in {MAX_GROUPS} groups, and nobody can follow more.")
    # The past is what the group was told until this transaction, whatever the clock does.
    head = tx.one("stream_head", {"name": str(Audience(group=group))}, into=StreamHead)
    past = max(now, head.added + 1) if head else now
    joined = Membership(group, now, None, Instant(0 if history is History.ALL else past))
    state_membership(tx, hub, party, joined)
    return joined


def leave_group(tx: Transaction, hub: Exchange, group: str, party: str) -> Membership:
    """Take a party off a roster: it reads nothing more of the group; Unknown when it is not on it."""
    last = roster(tx, group).get(party)
    if last is None or last.until is not None:
        raise Unknown(f"{party[:60]!r} is not in {group}.")
    left = msgspec.structs.replace(last, until=Instant(max(hub.clock.now(), last.since)))
    state_membership(tx, hub, party, left)
    return left


def require_may_address(tx: Transaction, group: str, sender: Party) -> None:
    """Forbidden unless the sender is in the group now, or is the desk and the group exists.

    A member is judged by its own memberships alone, so that another group than its own takes no longer than none.
    """
    viewer = viewer_of(tx, sender.id)
    own = any(one.group == group and one.until is None for one in viewer.memberships) if viewer else False
    if not own and not (sender.role is Role.DESK and roster(tx, group)):
        raise Forbidden(f"You are in no group {group!r}; name parties or a role.")
