# SPDX-License-Identifier: Apache-2.0
"""What the markings of STIX objects say: the strictest TLP among them, and whether one of them is unknown.

Known are the four TLP 1.0 and five TLP 2.0 definitions by their identifiers, any definition of type ``tlp`` or with the
TLP 2.0 extension, and MITRE's copyright statements, which restrict nothing. Any other marking, a vendor's own statement
included, is for a person to judge: the file is held. A reference that leads nowhere is held as well; well-known
identifiers lead somewhere even when their definition is not in the file, as in a third of real vendor bundles.
Sources: STIX 2.1 §7.2.1.4; FIRST TLP 2.0 extension-definition--60a3c5c5-….
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from tocsin.agent.readers.around import MAX_REF, Definition
from tocsin.agent.readers.gather import plain
from tocsin.domain.marking import TLP, Marking, parse_tlp, stricter
from tocsin.errors import Malformed

TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
_WELL_KNOWN_TLP = {
    "613f2e26-407d-48c7-9eca-b8e91df99dc9": TLP.CLEAR,  # TLP 1.0
    "34098fce-860f-48ae-8e50-ebd3cc5e41da": TLP.GREEN,
    "f88d31f6-486f-44da-b317-01333bde0b82": TLP.AMBER,
    "5e57c739-391a-4eb3-b6be-7d15ca92d5ed": TLP.RED,
    "94868c89-83c2-464b-929b-a1a8aa3c8487": TLP.CLEAR,  # TLP 2.0
    "bab4a63c-aed9-4cf5-a766-dfca5abac2bb": TLP.GREEN,
    "55d920b0-5e8b-4f79-9ee9-91f868d9b421": TLP.AMBER,
    "939a9414-2ddd-4d32-a0cd-375ea402b003": TLP.AMBER_STRICT,
    "e828b379-4e03-4974-9ac4-e53a884c97c1": TLP.RED,
}
_STATEMENTS = frozenset({
    "fa42a846-8d90-4e51-bc29-71d5b4802168",  # MITRE ATT&CK, copyright and terms of use
    "17d82bb2-eeeb-4898-bda5-3ddbcd2b799d",  # MITRE CAPEC, the same
})  # fmt: skip
_PREFIX = "marking-definition--"
MAX_MARKED_BY = 100
"""Markings of one marking-definition that are looked at for a circle."""


class Markings:
    """The markings that one file uses and defines."""

    def __init__(self) -> None:
        self._tlps: dict[str, TLP] = {}
        self._definitions: dict[str, Definition] = {}
        self.strictest: TLP | None = None
        """The strictest TLP of any object so far."""

    def define(
        self,
        marking_id: str,
        definition: Mapping[str, object],
        extensions: Mapping[str, object],
        marked_by: Sequence[str],
    ) -> None:
        """Learn a marking-definition of the file; one that repeats a well-known identifier changes nothing."""
        extension = extensions.get(TLP_EXTENSION)
        label = extension.get("tlp_2_0") if isinstance(extension, Mapping) else definition.get("tlp")
        by = tuple(plain(ref, MAX_REF) for ref in marked_by[:MAX_MARKED_BY])
        self.learn(Definition(marking_id, plain(label, MAX_REF) if isinstance(label, str) else "", by))

    def learn(self, definition: Definition) -> None:
        """The same for one that was defined in another piece of the file."""
        self._definitions[definition.id] = definition
        with suppress(Malformed):
            self._tlps.setdefault(definition.id, parse_tlp(definition.tlp))

    def definitions(self) -> tuple[Definition, ...]:
        """All that were defined."""
        return tuple(self._definitions.values())

    def apply(self, marking_id: str) -> bool:
        """Count one reference to a marking; False when nobody here knows what it says."""
        uuid = marking_id.removeprefix(_PREFIX)
        if uuid in _STATEMENTS:
            return True
        tlp = _WELL_KNOWN_TLP.get(uuid) or self._tlps.get(marking_id)
        if tlp is None:
            return False
        self.strictest = tlp if self.strictest is None else _stricter(self.strictest, tlp)
        return True

    def circular(self) -> list[str]:
        """The definitions that are marked, directly or by way of others, by themselves."""
        return [marking_id for marking_id in self._definitions if self._reaches(marking_id)]

    def _reaches(self, start: str) -> bool:
        seen: set[str] = set()
        waiting = list(self._definitions[start].marked_by)
        while waiting:
            marking_id = waiting.pop()
            if marking_id == start:
                return True
            if marking_id not in seen:
                seen.add(marking_id)
                waiting += self._definitions[marking_id].marked_by if marking_id in self._definitions else ()
        return False


def _stricter(one: TLP, other: TLP) -> TLP:
    return stricter(Marking(tlp=one), Marking(tlp=other)).tlp
