# SPDX-License-Identifier: Apache-2.0
"""Controls in the order of how much of a warning they answer: pure.

1. A control answers a technique that it mitigates by name; or in general, where it mitigates the technique that this
   one is a form of (``T1566`` of ``T1566.002``), or a form of it.
2. Whoever answers more of the warning's techniques by name stands first, then in general.
3. Of equals, the one that mitigates fewer others: it is about this. Then by identifier.
"""

from collections.abc import Iterable

import msgspec

from tocsin.agent.measures.catalogue import Control


class Answering(msgspec.Struct, frozen=True):
    """One control with what of a warning it answers."""

    control: str
    says: str
    by_name: tuple[str, ...]
    in_general: tuple[str, ...]


def rank(controls: Iterable[Control], techniques: Iterable[str]) -> tuple[Answering, ...]:
    """Every control that answers any of these techniques, the best first."""
    asked = sorted(set(techniques))
    found = [(one, _answering(one, asked)) for one in controls]
    found = [(one, answers) for one, answers in found if answers.by_name or answers.in_general]
    found.sort(
        key=lambda both: (
            -len(both[1].by_name),
            -len(both[1].in_general),
            len(both[0].techniques),
            both[0].id,
        )
    )
    return tuple(answers for _, answers in found)


def _answering(control: Control, asked: Iterable[str]) -> Answering:
    families = {one.partition(".")[0] for one in control.techniques}
    by_name = tuple(one for one in asked if one in control.techniques)
    in_general = tuple(
        one for one in asked if one not in by_name and _akin(one, control.techniques, families)
    )
    return Answering(control.id, control.says, by_name, in_general)


def _akin(technique: str, mitigated: tuple[str, ...], families: set[str]) -> bool:
    family, form, _ = technique.partition(".")
    return family in mitigated if form else family in families
