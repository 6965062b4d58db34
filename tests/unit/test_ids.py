# SPDX-License-Identifier: Apache-2.0
"""Identifiers are random, typed, and one value in two spellings; nothing rides along in them."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import Malformed
from tocsin.ids import PREFIXES, Entropy, check_id, check_stix_id, from_stix, new_id, to_stix

RANDOM = "1f0c2a64-5a3b-4c8e-9b1d-0123456789ab"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_new_identifier_is_accepted_under_its_own_prefix_only(prefix: str, entropy: Entropy) -> None:
    identifier = new_id(prefix, entropy)
    assert check_id(identifier, prefix) == identifier
    with pytest.raises(Malformed):
        check_id(identifier, "xxx")


def test_an_identifier_is_a_random_uuid_and_carries_no_time(entropy: Entropy) -> None:
    value = uuid.UUID(new_id("rpt", entropy).removeprefix("rpt_"))
    assert (value.version, value.variant) == (4, uuid.RFC_4122)


def test_the_same_entropy_gives_the_same_identifier_and_other_entropy_another(entropy: Entropy) -> None:
    assert new_id("rpt", bytes) == new_id("rpt", bytes)
    assert new_id("rpt", entropy) != new_id("rpt", entropy)


@given(st.binary(min_size=16, max_size=16), st.sampled_from(sorted(PREFIXES)))
def test_both_spellings_are_one_value(raw: bytes, prefix: str) -> None:
    identifier = new_id(prefix, lambda count: raw[:count])
    assert from_stix(to_stix(identifier, "indicator"), prefix) == identifier


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rpt_",
        "rpt",
        "rpt_" + "0" * 31,
        "rpt_" + "0" * 33,
        "rpt_" + "G" * 32,
        "rpt_" + "A" * 32,
        "rpt_" + "٠" * 32,
        "rpt_" + "0" * 32 + "\n",
        " rpt_" + "0" * 32,
        "RPT_" + "0" * 32,
        "wrn_" + "0" * 32,
        "\ud800",
    ],
)
def test_anything_else_is_not_an_identifier(text: str) -> None:
    with pytest.raises(Malformed):
        check_id(text, "rpt")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "indicator",
        "indicator--",
        RANDOM,
        f"indicator-{RANDOM}",
        f"indicator--{{{RANDOM}}}",
        f"indicator--urn:uuid:{RANDOM}",
        f"indicator--{RANDOM.upper()}",
        f"indicator--{RANDOM.replace('-', '')}",
        f"indicator--{RANDOM} ",
        f"Example Bank was hit--{RANDOM}",
        f"--{RANDOM}",
        "indicator--c232ab00-9414-11ec-b3c8-9f6bdeced846",  # version 1: a time and a network card
        "indicator--017f22e2-79b0-7cc3-98c4-dc0c0c07398f",  # version 7: a time
        "indicator--00000000-0000-0000-0000-000000000000",
    ],
)
def test_a_stix_identifier_carries_nothing_but_a_random_value(text: str) -> None:
    with pytest.raises(Malformed):
        from_stix(text, "rpt")


@given(st.text())
def test_no_text_makes_another_error_than_malformed(text: str) -> None:
    for read in (check_id, from_stix):
        try:
            read(text, "rpt")
        except Malformed:
            continue


def test_an_identifier_of_another_stix_type_is_refused() -> None:
    good = to_stix("chn_00000000000040008000000000000000", "indicator")
    check_stix_id(good, "indicator")
    for text, kind in (
        (good, "grouping"),
        (good, "indicat"),
        (good[:-1], "indicator"),
        ("indicator--", "indicator"),
    ):
        with pytest.raises(Malformed):
            check_stix_id(text, kind)
