# SPDX-License-Identifier: Apache-2.0
"""Suricata rules with stable numbers, which no value can break out of."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from tests.unit.agent.shields.blocks import ANY, NOW, ONE_OF_EACH, REFERENCE, blocked_values

from tocsin.agent.shields.suricata import SID_COUNT, SID_FIRST, SuricataShield
from tocsin.domain.observable import Kind
from tocsin.hooks import Blocked

SHIELD = SuricataShield()
MAX_RULE = 8_192
"""Characters of one rule that Suricata reads."""

_QUOTED = r'"(?:[^"\\;:|\n]|\|[0-9a-f]{2}(?: [0-9a-f]{2})*\|)*"'
RULE = re.compile(
    r"drop (?:(?:dns|tls|http) any any -> any any|ip any any <> \[[0-9a-f.:/]+\] any) "
    rf"\(msg:{_QUOTED}; "
    r"(?:(?:dns\.query|tls\.sni|http\.host|http\.uri\.raw|dotprefix|endswith|startswith|nocase|bsize:\d+"
    rf"|content:{_QUOTED}); )*"
    r"sid:(\d+); rev:1;\)"
)


def lines(values: Sequence[Blocked]) -> list[str]:
    return SHIELD.render(values, NOW)[""].decode("ascii").splitlines()


def sid(line: str) -> int:
    found = RULE.fullmatch(line)
    assert found is not None, line
    return int(found[1])


def test_it_is_named_as_in_the_configuration() -> None:
    assert SHIELD.name() == "suricata"


def test_golden() -> None:
    about = f'msg:"TOCSIN {{}} {REFERENCE}"; '
    everywhere = "any any -> any any"
    names = 'dotprefix; content:".login.example"; endswith; '
    expected = [
        f"drop ip any any <> [198.51.100.0/24] any ({about.format('cidr')}",
        f"drop ip any any <> [2001:db8:1::/48] any ({about.format('cidr')}",
        f"drop dns {everywhere} ({about.format('domain')}dns.query; {names}nocase; ",
        f"drop tls {everywhere} ({about.format('domain')}tls.sni; {names}nocase; ",
        f"drop http {everywhere} ({about.format('domain')}http.host; {names}",
        f"drop ip any any <> [192.0.2.7] any ({about.format('ipv4')}",
        f"drop ip any any <> [2001:db8::7] any ({about.format('ipv6')}",
        f'drop http {everywhere} ({about.format("url")}http.host; content:"[2001|3a|db8|3a 3a|7]"; bsize:13; '
        'http.uri.raw; content:"/x"; startswith; ',
        f'drop http {everywhere} ({about.format("url")}http.host; content:"login.example"; bsize:13; '
        'http.uri.raw; content:"/pay?a=1|3b|b=2"; startswith; ',
        f'drop http {everywhere} ({about.format("url")}http.host; content:"login.example"; bsize:13; '
        'http.uri.raw; content:"/|22|quoted|5c 7c|"; startswith; ',
    ]
    assert [re.sub(r"sid:\d+; rev:1;\)$", "", line) for line in lines(ONE_OF_EACH)] == expected


def test_the_numbers_of_a_release_stay_those_of_the_next() -> None:
    """Consoles suppress and count by number."""
    assert sid(lines(blocked_values((Kind.IPV4, "192.0.2.7")))[0]) == 1_958_370_269


def test_without_values_the_file_is_empty() -> None:
    assert SHIELD.render([], NOW)[""] == b""


@given(ANY)
def test_every_line_is_one_rule_whatever_the_values(values: Sequence[Blocked]) -> None:
    for line in lines(values):
        assert RULE.fullmatch(line), line
        assert len(line) < MAX_RULE


@given(ANY)
def test_numbers_are_unique_and_in_our_range(values: Sequence[Blocked]) -> None:
    numbers = [sid(line) for line in lines(values)]
    assert len(set(numbers)) == len(numbers)
    assert all(SID_FIRST <= number < SID_FIRST + SID_COUNT for number in numbers)


@given(ANY)
def test_a_rule_keeps_its_number_when_others_come_and_go(values: Sequence[Blocked]) -> None:
    everything = set(lines(values))
    for one in values:
        assert set(lines([one])) <= everything


@given(ANY)
def test_the_order_of_the_values_does_not_matter(values: Sequence[Blocked]) -> None:
    assert SHIELD.render(values, NOW)[""] == SHIELD.render(list(reversed(values)), NOW)[""]


@pytest.mark.parametrize("filler", [";", "|", '"', "\\", ":", "a"])
def test_the_longest_url_fits_into_one_rule(filler: str) -> None:
    start = "http://login.example/"
    (line,) = lines(blocked_values((Kind.URL, start + filler * (2_048 - len(start)))))
    assert RULE.fullmatch(line)
    assert len(line) < MAX_RULE


@pytest.mark.parametrize("kind", [Kind.EMAIL, Kind.MD5, Kind.SHA1, Kind.SHA256])
def test_what_suricata_cannot_match_is_left_out(kind: Kind) -> None:
    assert lines([one for one in ONE_OF_EACH if one.observable.kind is kind]) == []


def test_two_values_with_one_number_get_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.agent.shields.suricata.SID_COUNT", 3)
    values = blocked_values((Kind.IPV4, "192.0.2.1"), (Kind.IPV4, "192.0.2.2"), (Kind.IPV4, "192.0.2.3"))
    assert sorted(sid(line) for line in lines(values)) == [SID_FIRST, SID_FIRST + 1, SID_FIRST + 2]
