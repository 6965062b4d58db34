# SPDX-License-Identifier: Apache-2.0
"""How far a thing may travel and what may be done with it: TLP 2.0 (FIRST) and PAP (MISP).

Two markings combine to the stricter of each. An unknown marking is held, never guessed.
"""

from enum import StrEnum

import msgspec

from tocsin.errors import Malformed


class TLP(StrEnum):
    """Traffic Light Protocol 2.0, from widest to narrowest."""

    CLEAR = "TLP:CLEAR"
    GREEN = "TLP:GREEN"
    AMBER = "TLP:AMBER"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    RED = "TLP:RED"


class PAP(StrEnum):
    """Permissible Actions Protocol: what a receiver may do with it, from widest to narrowest."""

    CLEAR = "PAP:CLEAR"
    GREEN = "PAP:GREEN"
    AMBER = "PAP:AMBER"
    RED = "PAP:RED"


_TLP_ORDER = tuple(TLP)
_PAP_ORDER = tuple(PAP)
_BLOCKS = _PAP_ORDER[: _PAP_ORDER.index(PAP.GREEN) + 1]


class Marking(msgspec.Struct, frozen=True):
    """The marking of one thing. The default lets members of the alliance act, and nobody pass it on."""

    tlp: TLP = TLP.AMBER
    pap: PAP = PAP.GREEN

    def __str__(self) -> str:
        return f"{self.tlp} {self.pap}"

    def blocks(self) -> bool:
        """Whether active protection, such as a block rule, is permitted (PAP:GREEN or wider)."""
        return self.pap in _BLOCKS


def stricter(one: Marking, other: Marking) -> Marking:
    """The combination of two markings: the narrower of each."""
    return Marking(
        tlp=max(one.tlp, other.tlp, key=_TLP_ORDER.index),
        pap=max(one.pap, other.pap, key=_PAP_ORDER.index),
    )


def parse_tlp(text: str) -> TLP:
    """Read a TLP label of version 2.0 or 1.0 (``TLP:WHITE`` is CLEAR); Malformed for an unknown one."""
    label = text.strip().upper().replace("TLP: ", "TLP:")
    label = label if label.startswith("TLP:") else f"TLP:{label}"
    if label == "TLP:WHITE":
        return TLP.CLEAR
    if label not in list(TLP):
        raise Malformed(f"{text[:40]!r} is not a TLP label: {', '.join(TLP)}.")
    return TLP(label)
