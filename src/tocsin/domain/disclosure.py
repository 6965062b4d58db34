# SPDX-License-Identifier: Apache-2.0
"""What may leave a case: indicators, public catalogue identifiers and coarse facts.

There is no field for the victim, none for the institution whose name is abused and none for money: what is not here
cannot leak. The finest time is a day. A text is there only if people approved it: `tocsin.domain.narrative`.
"""

from enum import StrEnum

import msgspec

from tocsin.domain.grading import Grading
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Observable


class Attack(StrEnum):
    """What kind of attack it was, in words a bank's analyst uses (RSIT and MISP have close equivalents)."""

    PHISHING = "phishing"
    MALWARE = "malware"
    DDOS = "ddos"
    INTRUSION = "intrusion"
    SUPPLIER = "supplier"
    FRAUD = "fraud"
    OTHER = "other"


class Indicator(msgspec.Struct, frozen=True):
    """One value that the attacker holds, and the part it plays in the attack."""

    observable: Observable
    part: str
    """One of `PARTS`: a small vocabulary, never free text."""


PARTS = frozenset({"link", "landing-host", "sender", "sending-host", "reply-to", "attachment", "c2", "named"})


class Disclosure(msgspec.Struct, frozen=True):
    """What one party tells about one attack."""

    report_id: str
    """``rpt_…``: random, made by the agent; carries no owner."""
    attack: Attack
    happened: str
    """UTC day, ``2026-11-21``; coarse and claimed: the first of a week or month may stand for all of it."""
    indicators: tuple[Indicator, ...]
    external_ids: tuple[str, ...]
    """Identifiers of public catalogues, sorted: ATT&CK (``T1566.002``, ``S0154``, ``G0032``) and CVE."""
    marking: Marking
    grading: Grading | None = None
    """As the author graded it; None says nothing, and nobody guesses."""
    text: str = ""
    """What happened in words, redacted, defanged and seen by a person; empty: nothing, as in most."""
