# SPDX-License-Identifier: Apache-2.0
"""Mistakes that others have made on such paths, each with the parties that see who sent by it alone.

A game that does not find each of them measures nothing: they are its own test.
"""

from enum import StrEnum

from tocsin.bench.linkability.path import HUB, PARTNER, RELAY


class Defect(StrEnum):
    """One mistake; the words are what the table of results says."""

    ADDRESS_LOGGED = "address in a log line"
    """The hub logs at DEBUG from where a report came, handed on by the relay."""
    ARRIVAL_ORDER = "rows in the order of arrival"
    """Neither partner nor hub sorts."""
    CREATED_AT = "created_at to the microsecond"
    """The partner hands on what comes as it comes, and the hub writes down when it did."""
    UNPADDED = "body not padded"
    NO_COVER = "no cover"
    """Who has nothing to say sends nothing."""
    LATE_BUILDING = "built when sent, 20 ms"
    """Cover lies ready, and a report is sealed only when its connection stands."""
    USED_QUOTA = "tokens asked as they are used"
    """For the next epoch each member asks only for as many as it has used."""
    ON_DEMAND = "token asked when needed"
    RETRY_REAL = "only reports are sent again"
    """After a failure; cover is not."""
    REPLY_AFTER_COMMIT = "reply waits for the commit"
    ORIGINAL_ID = "the case's own uuid"
    """The disclosure keeps the identifier that the member's case has."""
    KEY_PER_MEMBER = "issuer key per member"
    MAILBOX = "mailbox that is polled"
    """The sender looks in every slot for answers to its report."""
    ACK_SKIPPED = "own report not acknowledged"
    GATEWAY_AT_HUB = "gateway at the hub"
    """The relay hands on to the hub, which takes off both layers."""


SEEN_BY: dict[Defect, frozenset[str]] = {
    Defect.ADDRESS_LOGGED: frozenset({HUB}),
    Defect.ARRIVAL_ORDER: frozenset({HUB, RELAY}),
    Defect.CREATED_AT: frozenset({HUB, RELAY}),
    Defect.UNPADDED: frozenset({RELAY}),
    Defect.NO_COVER: frozenset({RELAY}),
    Defect.LATE_BUILDING: frozenset({RELAY}),
    Defect.USED_QUOTA: frozenset({HUB}),
    Defect.ON_DEMAND: frozenset({HUB}),
    Defect.RETRY_REAL: frozenset({RELAY}),
    Defect.REPLY_AFTER_COMMIT: frozenset({RELAY}),
    Defect.ORIGINAL_ID: frozenset({HUB}),
    Defect.KEY_PER_MEMBER: frozenset({HUB}),
    Defect.MAILBOX: frozenset({HUB}),
    Defect.ACK_SKIPPED: frozenset({HUB}),
}
"""Each by itself. A gateway at the hub shows nothing by itself: it needs the relay, and a time or an order too."""

NAIVE = frozenset(
    {
        Defect.GATEWAY_AT_HUB,
        Defect.ARRIVAL_ORDER,
        Defect.CREATED_AT,
        Defect.NO_COVER,
        Defect.ON_DEMAND,
        Defect.LATE_BUILDING,
    }
)
"""The textbook: blind tokens and Oblivious HTTP, and nothing else."""
EVERYBODY = frozenset({HUB, RELAY, PARTNER})
