# SPDX-License-Identifier: Apache-2.0
"""The way a mail took to the bank, and which host on it was the last that is not the bank's own.

The topmost Received field was written by the bank's side. Each further one was written by the host that handed over in
the field above it, so it is believed exactly as far as that host is the bank's own:

1. A hop from a private address, from one of the bank's networks, or from an address that the taker looked up and found
   under the bank's domains, is the bank's own. The walk goes on.
2. Where the taker looked nothing up (Exchange), what a host calls itself counts, but only while the bank has listed no
   networks and only if the next field was written under the bank's domains as well. Whoever calls itself the bank's
   mail server *and* forges a field below can mislead this rule; a bank that lists its networks cannot be misled.
3. The first other hop is the sender's. Nothing below it is used: its sender may have written all of that.

The sender's hop is `certain` when a host under the bank's domains or of a private name took it. Otherwise the field
was written by somebody else's server, a provider's perhaps, whose own hops nobody here knows.

A hop that is a mail provider's, a filter's or a partner's by its name is nobody's alone. What a bank's own host wrote
counts for more than a verdict (Authentication-Results, Received-SPF), which may be anybody's; a verdict counts for more
than what a foreign server wrote. RFC 5321 §4.4, §7.2.
"""

from ipaddress import ip_address
from itertools import groupby

import msgspec

from tocsin.agent.readers.reading import Found, Hop, Reading
from tocsin.agent.readers.received import PLACE, is_public
from tocsin.agent.redaction.assets import Assets, covering
from tocsin.agent.redaction.bystanders import Bystanders
from tocsin.agent.redaction.owner import Owner, Verdict

_PRIVATE_ENDINGS = frozenset(
    {"localhost", "local", "internal", "intranet", "lan", "corp", "home", "localdomain"}
)
_SHARED = frozenset({"known", "mail", "relay"})
"""Categories of places whose hosts are no tenant's; an address at a hoster is the tenant's."""


class Route(msgspec.Struct, frozen=True):
    """The way of one mail."""

    own: frozenset[str]
    """Public addresses of the bank's own hops."""
    sender: str
    """Address of the last foreign hop; empty when there is none."""
    certain: bool
    """Whether the bank's own side wrote it down."""
    shared: str
    """Whose that hop is by its name, when it is no attacker's alone; else empty."""
    best: bool
    """Whether nothing better than an uncertain hop is known: the networks are listed, and there is no verdict."""

    def verdict_on(self, found: Found) -> Verdict | None:
        """What the way says of a sending host; None when it may be the attacker's."""
        address, is_hop = found.observable.value, PLACE in found.where
        if address in self.own:
            return Verdict(Owner.OURS, "your own: it handed the mail on inside")
        if address == self.sender and self.shared:
            return Verdict(Owner.UNCLEAR, self.shared)
        if address == self.sender and is_hop and not (self.certain or self.best):
            return Verdict(Owner.UNCLEAR, "a hop that may be your own relay: list your networks")
        if address != self.sender and is_hop:
            return Verdict(Owner.UNCLEAR, "below the hop to your side: its sender may have made it up")
        if address != self.sender and self.sender and self.certain and not self.shared:
            return Verdict(Owner.UNCLEAR, "your own host took the mail from another one")
        return None


def mail_of(where: str) -> str:
    """Which mail of a file a place in a header belongs to: ``forwarded mail 2``; empty for the outermost."""
    return where.rpartition(": ")[0]


def routes_of(reading: Reading, own: Assets, bystanders: Bystanders) -> dict[str, Route]:
    """The route of each mail in a file that shows one, by `mail_of` its places."""
    routes = {}
    for mail, some in groupby(reading.hops, lambda hop: mail_of(hop.where)):
        passed, sender = _walked(list(some), own)
        named = any(
            found.part == "sending-host"
            and PLACE not in found.where
            and mail_of(found.where) == mail
            and found.observable.value not in passed
            and not own.owns(found.observable)
            for found in reading.found
        )
        routes[mail] = Route(
            own=passed,
            sender=sender.address if sender else "",
            certain=sender is not None and _is_inside(sender.taken_by, own),
            shared=_shared(sender, own, bystanders) if sender else "",
            best=bool(own.networks) and not passed and not named,
        )
    return routes


def _walked(hops: list[Hop], own: Assets) -> tuple[frozenset[str], Hop | None]:
    """The public addresses of the bank's own hops from the top, and the first foreign hop if it tells its address."""
    passed: set[str] = set()
    for hop, below in zip(hops, [*hops[1:], None], strict=True):
        if not _is_own(hop, below, own):
            return frozenset(passed), hop if hop.address else None
        if is_public(hop.address):
            passed.add(hop.address)
    return frozenset(passed), None


def _is_own(hop: Hop, below: Hop | None, own: Assets) -> bool:
    """Whether a hop was from one of the bank's own hosts, or no handing over at all."""
    if not hop.calls_itself or (hop.address and not is_public(hop.address)):
        return True
    if not hop.address:
        return False
    address = ip_address(hop.address)
    if any(address in network for network in own.networks if network.version == address.version):
        return True
    if hop.looked_up or own.networks:
        return covering(hop.looked_up, own.domains) is not None
    return bool(covering(hop.calls_itself, own.domains) and below and covering(below.taken_by, own.domains))


def _is_inside(name: str, own: Assets) -> bool:
    """Whether a host that took a mail is the bank's: by its domains, or by a name or address of nobody's outside."""
    if not name or covering(name, own.domains):
        return bool(name)
    last = name.rpartition(".")[2]
    return last in _PRIVATE_ENDINGS or "." not in name or (last.isdigit() and not is_public(name))


def _shared(hop: Hop, own: Assets, bystanders: Bystanders) -> str:
    """Why the host of a hop is no attacker's alone by its name; empty when it may be."""
    name = hop.calls_itself if hop.looked_up in ("", "unknown") else hop.looked_up
    if partner := covering(name, own.partners):
        return f"your partner's: {partner}"
    place = bystanders.of_name(name)
    return f"a host of {place.name}: {place.why}" if place and place.category in _SHARED else ""
