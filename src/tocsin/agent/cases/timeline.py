# SPDX-License-Identifier: Apache-2.0
"""Each line of a case in words, as the command line and the console tell it."""

from tocsin.agent.cases.facts import (
    Attached,
    Closed,
    Concerned,
    Decided,
    Fact,
    Held,
    Noted,
    Opened,
    Released,
    Reopened,
    RiskAccepted,
    Sent,
    Struck,
    TakenOut,
    Took,
    Warned,
    WasRead,
)
from tocsin.agent.cases.impact import Measured, words
from tocsin.clock import minute


def told_of(fact: Fact) -> str:
    """What a line says, without when and by whom."""
    match fact:
        case Opened():
            told = f"opened: {fact.title}"
        case Noted():
            told = fact.text
        case Decided():
            told = f"decided {fact.kind}: {fact.why}"
        case Measured():
            told = f"{fact.quantity}: {words(fact)}"
        case Concerned():
            parts = {"impersonated": fact.impersonated, "on": fact.platforms}
            told = "; ".join(f"{what} {', '.join(names)}" for what, names in parts.items() if names)
        case Attached():
            told = f"put in: {fact.name}, SHA-256 {fact.digest[:16]}…"
        case TakenOut():
            told = f"a copy taken out: SHA-256 {fact.digest[:16]}…"
        case Sent():
            told = "\n".join(
                (f"sent a {fact.what}: {fact.fact}", *(f"> {text}" for text in fact.text.splitlines()))
            )
        case Warned() | WasRead() | Took() | RiskAccepted():
            told = _defended(fact)
        case Struck():
            told = f"struck line {fact.line}: {fact.why}"
        case Held() | Released():
            told = f"{fact.__struct_config__.tag}, {fact.matter}: {fact.why}"
        case Closed() | Reopened():
            told = f"{fact.__struct_config__.tag}: {fact.why}"
    return told


def _defended(fact: Warned | WasRead | Took | RiskAccepted) -> str:
    match fact:
        case Warned():
            return f"warned: {fact.warning}, version {fact.version}, added {minute(fact.added)}"
        case WasRead():
            return f"read version {fact.version}"
        case Took():
            return f"measure{_of(fact.control)}: {fact.measure}"
        case RiskAccepted():
            return f"risk accepted until {minute(fact.until)}{_of(fact.control)}: {fact.why}"


def _of(control: str) -> str:
    return f" ({control})" if control else ""
