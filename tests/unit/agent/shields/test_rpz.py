# SPDX-License-Identifier: Apache-2.0
"""A response policy zone with names and addresses, which no value can break out of."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from tests.unit.agent.shields.blocks import ANY, NOW, ONE_OF_EACH, blocked_values

from tocsin.agent.shields.rpz import RpzShield
from tocsin.clock import SECOND, Instant
from tocsin.domain.observable import Kind
from tocsin.hooks import Blocked

SHIELD = RpzShield()
RULE = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)* CNAME \.")


def rules(values: Sequence[Blocked]) -> list[str]:
    return SHIELD.render(values, NOW)[""].decode().splitlines()[4:]


def test_it_is_named_as_in_the_configuration() -> None:
    assert SHIELD.name() == "rpz"


def test_golden() -> None:
    assert SHIELD.render(ONE_OF_EACH, NOW)[""].decode() == (
        "$ORIGIN rpz.tocsin.\n"
        "$TTL 60\n"
        "@ SOA localhost. hostmaster.localhost. 1795249800 60 60 86400 60\n"
        "@ NS localhost.\n"
        "*.login.example CNAME .\n"
        "128.7.0.0.0.0.0.db8.2001.rpz-ip CNAME .\n"
        "24.0.100.51.198.rpz-ip CNAME .\n"
        "32.7.2.0.192.rpz-ip CNAME .\n"
        "48.0.0.0.0.0.1.db8.2001.rpz-ip CNAME .\n"
        "login.example CNAME .\n"
    )


def test_without_values_the_zone_is_still_a_zone() -> None:
    assert SHIELD.render([], NOW)[""].decode().splitlines()[-1] == "@ NS localhost."


@given(ANY)
def test_every_line_is_one_rule_whatever_the_values(values: Sequence[Blocked]) -> None:
    found = rules(values)
    assert [line for line in found if not RULE.fullmatch(line)] == []
    assert found == sorted(set(found))


@given(ANY)
def test_every_name_that_fits_is_blocked_with_its_subdomains(values: Sequence[Blocked]) -> None:
    names = {
        one.observable.value
        for one in values
        if one.observable.kind is Kind.DOMAIN and len(one.observable.value) <= 240
    }
    found = {line.removesuffix(" CNAME .") for line in rules(values) if "rpz-ip" not in line}
    assert found == names | {f"*.{name}" for name in names}


def of_length(length: int) -> str:
    labels = []
    while length > 0:
        labels.append("a" * min(60, length))
        length -= len(labels[-1]) + 1
    return ".".join(labels)


@pytest.mark.parametrize(("length", "fits"), [(238, True), (240, True), (241, False), (250, False)])
def test_a_name_that_would_not_fit_into_the_zone_is_left_out(length: int, fits: bool) -> None:
    name = of_length(length)
    assert len(name) == length
    assert bool(rules(blocked_values((Kind.DOMAIN, name)))) is fits


@given(ANY)
def test_the_order_of_the_values_does_not_matter(values: Sequence[Blocked]) -> None:
    assert SHIELD.render(values, NOW)[""] == SHIELD.render(list(reversed(values)), NOW)[""]


def test_a_later_file_has_a_later_serial() -> None:
    def serial(data: bytes) -> int:
        return int(data.split()[8])

    later = SHIELD.render([], Instant(NOW + SECOND))[""]
    assert serial(later) == serial(SHIELD.render([], NOW)[""]) + 1
