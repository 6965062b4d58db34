# SPDX-License-Identifier: Apache-2.0
"""A mail's features as its bank may believe them: those that the reader found, and the host from which it came in.

The sending host is, in this order,

1. what the topmost check (Authentication-Results, Received-SPF, ARC) of a server under the bank's own domains names:
   such a server takes out what others wrote in its name (RFC 8601 §5), and an address of the bank's own is passed over;
2. the last foreign hop, where the bank's own side wrote it down (`route.py`);
3. where somebody else takes mail in for the bank, and so wrote the topmost Received field, what a check of a server
   under that one's registered domain names.

Every other check is somebody's word. They are for knowing a campaign again at home; what leaves is decided by
`classify.py` and `redact.py` alone.
"""

from collections.abc import Iterator

import msgspec

from tocsin.agent.readers.features import INNER
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.assets import Assets, covering
from tocsin.agent.redaction.bystanders import Bystanders
from tocsin.agent.redaction.route import Route, mail_of, routes_of
from tocsin.domain.mail_features import MailFeatures
from tocsin.domain.observable import Kind, Observable
from tocsin.wire.registrable import registrable


def features_of(reading: Reading, own: Assets) -> MailFeatures | None:
    """The features of a mail, of the first one inside it if there is any; None for what is no mail."""
    if reading.features is None:
        return None
    return msgspec.structs.replace(reading.features, sending_host=_sending_host(reading, own))


def _sending_host(reading: Reading, own: Assets) -> str:
    mail = INNER[:-2] if any(found.where.startswith(INNER) for found in reading.found) else ""
    route = routes_of(reading, own, Bystanders.shipped()).get(mail)
    believed = _addresses(reading, mail, own.domains)
    if named := next((address for address in believed if _is_foreign(address, own, route)), ""):
        return named
    if route is not None and route.certain:
        return route.sender
    taker = next((hop.taken_by for hop in reading.hops if mail_of(hop.where) == mail), "")
    host = registrable(taker) if taker else None
    others = _addresses(reading, mail, frozenset({host} if host else ()))
    return next((address for address in others if _is_foreign(address, own, route)), "")


def _addresses(reading: Reading, mail: str, domains: frozenset[str]) -> Iterator[str]:
    """What the checks of one mail name that were written under these domains."""
    return (
        check.address
        for check in reading.checks
        if mail_of(check.where) == mail and check.server and covering(check.server, domains)
    )


def _is_foreign(address: str, own: Assets, route: Route | None) -> bool:
    """Whether it is no address of the bank's own, which handed the mail on inside."""
    kind = Kind.IPV6 if ":" in address else Kind.IPV4
    return not (own.owns(Observable(kind, address)) or (route is not None and address in route.own))
