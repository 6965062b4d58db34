# SPDX-License-Identifier: Apache-2.0
"""Which part of a name somebody registered: the list's own rules, wildcards, exceptions and private section."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.wire.registrable import look_up, registrable

LABEL = st.from_regex(r"zq[a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)
"""A label that no suffix has."""


@pytest.mark.parametrize(
    ("host", "registered"),
    [
        ("www.a.co.uk", "a.co.uk"),
        ("a.co.uk", "a.co.uk"),
        ("c.b.a.run.app", "b.a.run.app"),  # *.run.app
        ("page.github.io", "page.github.io"),
        ("www.b.test.ck", "b.test.ck"),  # *.ck
        ("x.www.ck", "www.ck"),  # !www.ck
        ("x.site.z22.web.core.windows.net", "site.z22.web.core.windows.net"),
        ("www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("a.b.bank.example", "bank.example"),
    ],
)
def test_somebody_registered(host: str, registered: str) -> None:
    assert look_up(host) == registered


@pytest.mark.parametrize(
    "host",
    [
        *(
            "co.uk",
            "run.app",
            "a.run.app",
            "github.io",
            "com",
            "test.ck",
            "z22.web.core.windows.net",
            "srv.corp.local",
            "localhost",
            "__a.co.uk",
        ),
        *("192.0.2.1", "2001:db8::1", "a..com", ".com", ""),
    ],
)
def test_nobody_registered(host: str) -> None:
    assert look_up(host) is None


@given(
    st.lists(LABEL, min_size=1, max_size=5),
    st.sampled_from(["com", "co.uk", "a.run.app", "xn--55qx5d.cn", "example", "local"]),
)
def test_what_was_registered_is_the_end_of_the_name_and_its_own(labels: list[str], suffix: str) -> None:
    host = ".".join((*labels, suffix))
    found = look_up(host)
    assert found == registrable(host)
    assert (found is None) == (suffix == "local")
    if found is not None:
        assert host == found or host.endswith(f".{found}")
        assert look_up(found) == found
