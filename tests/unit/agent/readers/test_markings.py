# SPDX-License-Identifier: Apache-2.0
"""The strictest known marking counts, and an unknown one is held."""

import pytest

from tocsin.agent.readers.markings import TLP_EXTENSION, Markings
from tocsin.domain.marking import TLP

OWN = "marking-definition--00000000-0000-4000-8000-000000000001"
OTHER = "marking-definition--00000000-0000-4000-8000-000000000002"
TLP1_AMBER = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
TLP2_CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
TLP2_STRICT = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"
ATTACK_TERMS = "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168"


def test_the_strictest_of_all_references_counts() -> None:
    markings = Markings()
    assert all(markings.apply(ref) for ref in (TLP2_STRICT, TLP1_AMBER, TLP2_CLEAR))
    assert markings.strictest is TLP.AMBER_STRICT


def test_a_copyright_statement_of_mitre_restricts_nothing_even_when_its_definition_is_elsewhere() -> None:
    markings = Markings()
    assert markings.apply(ATTACK_TERMS)
    assert markings.strictest is None


def test_a_marking_that_nobody_knows_is_not_guessed() -> None:
    assert not Markings().apply(OWN)


def test_a_vendors_own_statement_is_for_a_person_to_judge() -> None:
    markings = Markings()
    markings.define(OWN, {"statement": "Do not pass on."}, {}, [])
    assert not markings.apply(OWN)


@pytest.mark.parametrize(
    ("definition", "extensions", "tlp"),
    [
        ({"tlp": "amber"}, {}, TLP.AMBER),
        ({"tlp": "white"}, {}, TLP.CLEAR),
        (
            {},
            {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "amber+strict"}},
            TLP.AMBER_STRICT,
        ),
        ({"tlp": "beige"}, {}, None),
        ({"tlp": 7}, {}, None),
        ({}, {TLP_EXTENSION: "red"}, None),
    ],
)
def test_a_definition_in_the_file_is_read(
    definition: dict[str, object], extensions: dict[str, object], tlp: TLP | None
) -> None:
    markings = Markings()
    markings.define(OWN, definition, extensions, [])
    assert markings.apply(OWN) == (tlp is not None)
    assert markings.strictest is tlp


def test_a_well_known_identifier_cannot_be_defined_anew() -> None:
    markings = Markings()
    markings.define(TLP1_AMBER, {"tlp": "white"}, {}, [])
    markings.apply(TLP1_AMBER)
    assert markings.strictest is TLP.AMBER


def test_markings_that_mark_themselves_are_found() -> None:
    markings = Markings()
    markings.define(OWN, {}, {}, [OTHER])
    markings.define(OTHER, {}, {}, [OWN])
    markings.define(TLP1_AMBER, {}, {}, [OWN])
    assert markings.circular() == [OWN, OTHER]
