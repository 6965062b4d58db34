# SPDX-License-Identifier: Apache-2.0
"""Warning lists of every type: what stands on one is found in every form, and nothing else is."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.redaction.warninglists import Warninglist, Warninglists, read_warninglist
from tocsin.agent.warninglists import install, installed, remove
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import Malformed, Unknown


def lists(kind: str, *entries: str, **fields: Any) -> Warninglists:
    document = {"name": kind, "type": kind, "list": list(entries), "version": 1} | fields
    return Warninglists([read_warninglist(json.dumps(document).encode())])


@pytest.mark.parametrize(
    ("kind", "entry", "hit", "missed"),
    [
        ("string", "a.example", (Kind.DOMAIN, "a.example"), (Kind.DOMAIN, "b.a.example")),
        ("string", ".google.ad", (Kind.DOMAIN, "google.ad"), (Kind.DOMAIN, "oogle.ad")),
        ("string", "AA" * 16, (Kind.MD5, "aa" * 16), (Kind.MD5, "ab" * 16)),
        ("hostname", ".Bank.example", (Kind.DOMAIN, "www.bank.example"), (Kind.DOMAIN, "mybank.example")),
        ("hostname", "t.example", (Kind.URL, "https://t.example/abc"), (Kind.URL, "https://at.example/t.example")),
        ("hostname", "t.example", (Kind.EMAIL, "a@t.example"), (Kind.EMAIL, "t.example@a.example")),
        ("cidr", "192.0.2.0/24", (Kind.IPV4, "192.0.2.7"), (Kind.IPV4, "192.0.3.0")),
        ("cidr", "192.0.2.7", (Kind.CIDR, "192.0.0.0/16"), (Kind.CIDR, "192.0.3.0/24")),
        ("cidr", "2001:db8::/32", (Kind.IPV6, "2001:db8::7"), (Kind.IPV6, "2001:db9::7")),
        ("substring", "any.run", (Kind.URL, "https://x.any.run/a"), (Kind.URL, "https://any.r/un")),
        ("substring", "ab", (Kind.DOMAIN, "xabx.example"), (Kind.DOMAIN, "xaxb.example")),
        ("regex", r"/^(abuse|noc)\@.*$/i", (Kind.EMAIL, "abuse@a.example"), (Kind.EMAIL, "my-abuse@a.example")),
        ("regex", r"^a+\.example$", (Kind.DOMAIN, "aaa.example"), (Kind.DOMAIN, "aab.example")),
    ],
)  # fmt: skip
def test_each_type_finds_what_it_is_meant_for(
    kind: str, entry: str, hit: tuple[Kind, str], missed: tuple[Kind, str]
) -> None:
    installed = lists(kind, entry, "zzz" if kind != "cidr" else "203.0.113.1")
    assert installed.hits(normalise(*hit)) == (kind,)
    assert installed.hits(normalise(*missed)) == ()


def test_a_list_speaks_only_of_the_kinds_that_it_names() -> None:
    of_names = lists("hostname", "t.example", matching_attributes=["domain", "hostname", "domain|ip"])
    assert of_names.hits(Observable(Kind.DOMAIN, "t.example"))
    assert not of_names.hits(Observable(Kind.URL, "https://t.example/"))
    assert not lists("string", "t.example", matching_attributes=["phone-number"]).hits(
        Observable(Kind.DOMAIN, "t.example")
    )


def test_a_value_on_several_lists_names_each_once() -> None:
    first = Warninglist("first", "cidr", ("192.0.2.0/24", "192.0.2.7"))
    second = Warninglist("second", "string", ("192.0.2.7",))
    assert set(Warninglists([first, second]).hits(Observable(Kind.IPV4, "192.0.2.7"))) == {"first", "second"}


ADDRESSES = st.integers(0, 255).map(lambda last: f"192.0.2.{last}")
NETWORKS = st.tuples(ADDRESSES, st.integers(24, 32)).map(lambda pair: f"{pair[0]}/{pair[1]}")


@given(st.lists(NETWORKS, min_size=1, max_size=8), ADDRESSES)
def test_networks_are_found_as_if_each_were_asked(networks: list[str], address: str) -> None:
    together = lists("cidr", *networks).hits(Observable(Kind.IPV4, address))
    alone = any(lists("cidr", one).hits(Observable(Kind.IPV4, address)) for one in networks)
    assert bool(together) == alone


@given(
    st.lists(st.text("abc.", min_size=1, max_size=6), min_size=1, max_size=8), st.text("abc.", max_size=12)
)
def test_substrings_are_found_as_python_finds_them(entries: list[str], value: str) -> None:
    found = lists("substring", *entries).hits(Observable(Kind.DOMAIN, value))
    assert bool(found) == any(entry.strip() in value for entry in entries)


@pytest.mark.parametrize(
    "document",
    [
        b"{", b"[]", b'{"name": "x", "type": "odd", "list": []}', b'{"name": " ", "type": "string", "list": []}',
        b'{"name": "x", "type": "cidr", "list": ["no address"]}', b'{"name": "x", "type": "regex", "list": ["/(/"]}',
        b'{"name": "x", "type": "string", "list": ["' + b"a" * 3_000 + b'"]}',
        b'{"name": "x", "type": "string", "list": [1]}', b'{"name": "\xff", "type": "string", "list": []}',
        b'{"name": "x", "type": "string", "version": ' + b"[" * 9_000 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_when_it_is_installed(tmp_path: Path, document: bytes) -> None:
    (tmp_path / "list.json").write_bytes(document)
    with pytest.raises(Malformed, match=r"list\.json"):
        install(tmp_path, [tmp_path / "list.json"])
    assert installed(tmp_path).lists == ()


def test_lists_are_installed_replaced_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "any.json"
    for version in (1, 2):
        path.write_text(
            json.dumps({"name": "My list!", "type": "string", "list": ["a.example"], "version": version})
        )
        install(tmp_path, [path])
    assert [one.version for one in installed(tmp_path).lists] == [2]
    path.write_text(json.dumps({"name": "my list", "type": "string", "list": []}))
    install(tmp_path, [path])
    assert len(installed(tmp_path).lists) == 2
    remove(tmp_path, "My list!")
    assert [one.name for one in installed(tmp_path).lists] == ["my list"]
    with pytest.raises(Unknown, match="No warning list"):
        remove(tmp_path, "My list!")
