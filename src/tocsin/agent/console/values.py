# SPDX-License-Identifier: Apache-2.0
"""Values as a page shows them: never a live link, each with where it stood and why it leaves or stays."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from tocsin.agent.redaction.door import Leaving
from tocsin.agent.redaction.owner import Owner, Value
from tocsin.domain.observable import Kind, Observable, defang
from tocsin.errors import Malformed

T = TypeVar("T")

_SCHEME = re.compile(r"\bhttp(?=s?:)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)|(?<=[\w-])\.(?=[^\W\d])")
"""An IPv4 address, or a stop inside a name."""

LEFT_OUT = "you left it out"
"""Why a value stays that a person unticked, as `tocsin.agent.redaction.redact.without` says it."""


class Line(msgspec.Struct, frozen=True):
    """One value of a file."""

    key: str
    """``kind:value``, by which a form names it."""
    kind: str
    shown: str
    owner: str
    parts: tuple[str, ...]
    places: tuple[str, ...]
    notes: tuple[str, ...]
    """What was cut off, and what a person must know before agreeing."""
    leaves: bool
    choosable: bool
    """Whether a person may say otherwise: the attacker's can be left out, what is unclear can be named."""


def leaving(every: Sequence[Leaving]) -> tuple[Line, ...]:
    """The values that would leave, each once."""
    return tuple(_leaving(several) for several in _by_value((one.value, one) for one in every))


def staying(every: Iterable[Value]) -> tuple[Line, ...]:
    """The values that stay, each once, those a person may choose first."""
    lines = [_staying(several) for several in _by_value((one, one) for one in every)]
    return tuple(sorted(lines, key=lambda line: not line.choosable))


def observable(key: str) -> Observable:
    """The value that a form or an address names; Malformed when it is none."""
    kind, _, value = key.partition(":")
    try:
        return Observable(Kind(kind), value)
    except ValueError:
        raise Malformed(f"{key[:80]!r} names no value.") from None


def readable(one: Observable) -> str:
    """A value that nobody can follow by mistake."""
    return defang(one.value)


def spoken(text: str) -> str:
    """Words of somebody, in which no name or address can be followed by mistake; what ends a sentence stays a stop."""
    return _ADDRESS.sub(lambda found: found[0].replace(".", "[.]"), _SCHEME.sub("hxxp", text))


def _by_value(every: Iterable[tuple[Value, T]]) -> list[list[T]]:
    found: dict[Observable, list[T]] = {}
    for value, one in every:
        found.setdefault(value.observable, []).append(one)
    return list(found.values())


def _leaving(several: Sequence[Leaving]) -> Line:
    first = several[0]
    notes = [cut for one in several for cut in one.cut.split("; ")]
    told = first.indicator.observable
    if told != first.value.observable:
        notes.insert(0, f"found as {readable(first.value.observable)}")
    if any(one.wider for one in several):
        notes.append("wider than what was in the file: agree only if all of it is the attacker's")
    if first.holds:
        notes.append(f"holds {first.holds}: leaves because it is the attacker's own")
    return Line(
        key=str(first.value.observable),
        kind=told.kind,
        shown=readable(told),
        owner=Owner.ATTACKER,
        parts=_once(one.indicator.part for one in several),
        places=_once(one.value.where for one in several),
        notes=_once(notes),
        leaves=True,
        choosable=True,
    )


def _staying(several: Sequence[Value]) -> Line:
    first = several[0]
    reasons = _once(one.reason for one in several)
    return Line(
        key=str(first.observable),
        kind=first.observable.kind,
        shown=readable(first.observable),
        owner=first.owner,
        parts=_once(one.part for one in several),
        places=_once(one.where for one in several),
        notes=reasons,
        leaves=False,
        choosable=first.owner is Owner.UNCLEAR or LEFT_OUT in reasons,
    )


def _once(every: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, every)))
