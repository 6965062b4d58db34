# SPDX-License-Identifier: Apache-2.0
"""What a bank's own names lead to is not blocked without a person, as far as observed records tell."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.redaction.assets import own_assets
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.shields.chains import DEEPEST, MAX_BYTES, Chains, Record, read_records
from tocsin.agent.shields.guard import guard_for
from tocsin.config.agent import OwnAssets
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import ConfigError

LINES = b"""{"rrname": "www.northmoor.example.", "rrtype": "CNAME", "rdata": "northmoor.front.example.", "count": 7}
{"rrname": "northmoor.front.example", "rrtype": "CNAME", "rdata": ["e17.edge.example."]}
not a record
{"rrname": "e17.edge.example", "rrtype": "A", "rdata": ["192.0.2.80", "192.0.2.81"]}
{"rrname": "pay.printer.example", "rrtype": "AAAA", "rdata": "2001:db8:5::1"}
{"rrname": "evil.example", "rrtype": "CNAME", "rdata": "victim.front.example"}
{"rrname": "www.northmoor.example", "rrtype": "TXT", "rdata": "v=spf1 -all"}
{"rrname": "e17.edge.example", "rrtype": "CNAME", "rdata": "www.northmoor.example"}
{"rrname": "*", "rrtype": "A", "rdata": "nonsense"}
"""
OWN = OwnAssets(
    legal_name="Northmoor Bank plc", domains=("northmoor.example",), partners=("printer.example",)
)


def guarded(tmp_path: Path, kind: Kind, value: str) -> tuple[str, ...]:
    file = tmp_path / "cof.json"
    file.write_bytes(LINES)
    chains = Chains((*OWN.domains, *OWN.partners), read_records(file))
    return guard_for(OWN, Classifier(own_assets(OWN)), chains)(normalise(kind, value))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.DOMAIN, "northmoor.front.example"),
        (Kind.DOMAIN, "front.example"),
        (Kind.DOMAIN, "e17.edge.example"),
        (Kind.URL, "https://e17.edge.example/x"),
        (Kind.IPV4, "192.0.2.80"),
        (Kind.IPV6, "::ffff:192.0.2.81"),
        (Kind.CIDR, "192.0.2.0/24"),
        (Kind.URL, "http://192.0.2.80/login"),
    ],
)
def test_what_an_own_name_leads_to_is_held(tmp_path, kind, value):
    assert guarded(tmp_path, kind, value) == ("www.northmoor.example leads to it",)


def test_what_a_partners_name_leads_to_is_held_too(tmp_path):
    assert guarded(tmp_path, Kind.IPV6, "2001:db8:5::1") == ("pay.printer.example leads to it",)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.DOMAIN, "evil.example"),
        (Kind.DOMAIN, "victim.front.example"),
        (Kind.DOMAIN, "e18.edge.example"),
        (Kind.IPV4, "192.0.2.82"),
        (Kind.CIDR, "198.51.100.0/24"),
        (Kind.SHA256, "0" * 64),
    ],
)
def test_what_an_attackers_name_leads_to_is_not(tmp_path, kind, value):
    assert guarded(tmp_path, kind, value) == ()


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"cof\.json"):
        list(read_records(tmp_path / "cof.json"))


def test_a_file_is_bounded(tmp_path):
    with (tmp_path / "cof.json").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ConfigError, match="256 MiB"):
        list(read_records(tmp_path / "cof.json"))


@given(st.integers(1, 3 * DEEPEST))
def test_a_chain_is_followed_as_far_as_a_resolver_would(length: int) -> None:
    records = [Record(f"n{step}.example", "CNAME", f"n{step + 1}.example") for step in range(length)]
    chains = Chains(("n0.example",), records)
    held = [
        bool(chains.leads_to(normalise(Kind.DOMAIN, f"n{step}.example"))) for step in range(1, length + 1)
    ]
    assert held == [step <= DEEPEST for step in range(1, length + 1)]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=20))
def test_records_that_go_in_circles_end(pairs: list[tuple[int, int]]) -> None:
    records = [Record(f"n{one}.example", "CNAME", f"n{other}.example") for one, other in pairs]
    Chains(("n0.example",), records)
