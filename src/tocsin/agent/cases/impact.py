# SPDX-License-Identifier: Apache-2.0
"""How bad it is, in four quantities: each a value, an estimate, or known to be unknown.

What was never asked is not there at all. A number's `band` is as coarse as it may be told to anybody: its power of ten.
"""

import re
from enum import StrEnum
from typing import Annotated

import msgspec

from tocsin.errors import Malformed

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], msgspec.Meta(max_length=50)]


class Quantity(StrEnum):
    """What is counted."""

    CUSTOMERS = "customers"
    SERVICES = "services"
    MONEY = "money"
    DURATION = "duration"


class Certainty(StrEnum):
    """How much it can be relied on."""

    VALUE = "value"
    ESTIMATE = "estimate"
    UNKNOWN = "unknown"


class Measured(msgspec.Struct, frozen=True, tag="measured"):
    """One quantity as somebody knew it; a later one takes its place."""

    quantity: Quantity
    certainty: Certainty
    amount: Annotated[int, msgspec.Meta(ge=0, le=10**15)] = 0
    """Customers, services, whole units of the currency, or minutes; meaningless when unknown."""
    currency: Annotated[str, msgspec.Meta(pattern="^([A-Z]{3})?$")] = ""
    """ISO 4217, of money only."""
    names: Names = ()
    """Of services only."""


FORMS = {
    Quantity.CUSTOMERS: "1200",
    Quantity.SERVICES: "online banking, cards",
    Quantity.MONEY: "250000EUR",
    Quantity.DURATION: "90m, 6h or 2d",
}
"""How a person writes each of them; before any of it may stand ``about:``, and instead of it ``unknown``."""

_ABOUT = "about:"
_WRITTEN = re.compile(r"([0-9]{1,15})([A-Z]{3}|[mhd])?")
_MINUTES = {"m": 1, "h": 60, "d": 1_440}


def parse(quantity: Quantity, text: str) -> Measured:
    """What a person wrote; Malformed when it is none of `FORMS`."""
    plain = text.strip()
    if plain == Certainty.UNKNOWN:
        return Measured(quantity, Certainty.UNKNOWN)
    certainty = Certainty.ESTIMATE if plain.startswith(_ABOUT) else Certainty.VALUE
    plain = plain.removeprefix(_ABOUT).strip()
    if quantity is Quantity.SERVICES:
        names = tuple(name.strip() for name in plain.split(",") if name.strip())
        return Measured(quantity, certainty, len(names), names=names)
    found = _WRITTEN.fullmatch(plain)
    amount, unit = (int(found[1]), found[2] or "") if found else (0, "?")
    if quantity is Quantity.CUSTOMERS and not unit:
        return Measured(quantity, certainty, amount)
    if quantity is Quantity.DURATION and unit in _MINUTES:
        return Measured(quantity, certainty, amount * _MINUTES[unit])
    if quantity is Quantity.MONEY and len(unit) == 3:
        return Measured(quantity, certainty, amount, currency=unit)
    raise Malformed(
        f"{text[:60]!r} is no {quantity}: write {FORMS[quantity]}, or the same after {_ABOUT}, or unknown."
    )


def band(measured: Measured) -> str:
    """The power of ten that holds the amount, such as ``1,000-9,999``; ``unknown`` where it is."""
    if measured.certainty is Certainty.UNKNOWN:
        return "unknown"
    least = 10 ** (len(str(measured.amount)) - 1)
    return f"{least:,}-{10 * least - 1:,}" if measured.amount else "0"


def words(measured: Measured) -> str:
    """It for a person, with how sure it is."""
    if measured.certainty is Certainty.UNKNOWN:
        return "unknown"
    told = f"{measured.amount:,}"
    if measured.quantity is Quantity.SERVICES:
        told = ", ".join(measured.names) or "none"
    elif measured.quantity is Quantity.MONEY:
        told = f"{measured.amount:,} {measured.currency}"
    elif measured.quantity is Quantity.DURATION:
        told = _span(measured.amount)
    return f"about {told}" if measured.certainty is Certainty.ESTIMATE else told


def _span(minutes: int) -> str:
    """``1 d 2 h 5 min``, without what is nothing of it."""
    days, rest = divmod(minutes, 1_440)
    parts = ((days, "d"), (rest // 60, "h"), (rest % 60, "min"))
    return " ".join(f"{number:,} {unit}" for number, unit in parts if number) or "0 min"
