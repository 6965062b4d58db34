# SPDX-License-Identifier: Apache-2.0
"""Each way to write a hop is read, and a client's HELO is never taken for what the server saw."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers.reading import Hop
from tocsin.agent.readers.received import MAX_HOPS, hops_in, is_public

READ = [
    # Postfix, sendmail
    ("from helo.example (mail.evil.example [192.0.2.8]) by mx.bank.example (Postfix) with ESMTP; x",
     ("192.0.2.8", "helo.example", "mail.evil.example", "mx.bank.example")),
    ("from helo.example (unknown [192.0.2.8]) by mx.bank.example",
     ("192.0.2.8", "helo.example", "unknown", "mx.bank.example")),
    ("from a (root@mail.evil.example. [192.0.2.8]) by b", ("192.0.2.8", "a", "mail.evil.example", "b")),
    ("from a (mx.bank.example [192.0.2.8] (may be forged)) by b", ("192.0.2.8", "a", "unknown", "b")),
    ("from [203.0.113.1] (mail.evil.example [192.0.2.8]) by b",
     ("192.0.2.8", "203.0.113.1", "mail.evil.example", "b")),
    ("from a (a.example [IPv6:2001:DB8::7]) by b", ("2001:db8::7", "a", "a.example", "b")),
    ("from a (a.example [192.0.2.8]) (using TLSv1.3 (256 bits)) by b", ("192.0.2.8", "a", "a.example", "b")),
    # qmail, Exim
    ("from mail.evil.example (HELO mx.bank.example) (192.0.2.8) by b",
     ("192.0.2.8", "mx.bank.example", "mail.evil.example", "b")),
    ("from unknown (HELO [203.0.113.1]) (192.0.2.8) by b", ("192.0.2.8", "203.0.113.1", "unknown", "b")),
    ("from mail.evil.example ([192.0.2.8]:25 helo=x.example) by b",
     ("192.0.2.8", "x.example", "mail.evil.example", "b")),
    ("from mail.evil.example ([192.0.2.8] helo=x.example) by b",
     ("192.0.2.8", "x.example", "mail.evil.example", "b")),
    ("from [192.0.2.8] (helo=mx.bank.example) by b", ("192.0.2.8", "mx.bank.example", "unknown", "b")),
    # Exchange, and the like without a reverse name
    ("from MX1.bank.example (192.0.2.10) by MBX.bank.example (10.0.0.3) with SMTP",
     ("192.0.2.10", "mx1.bank.example", "", "mbx.bank.example")),
    ("from mx1.bank.example [192.0.2.10] by mbx.bank.example",
     ("192.0.2.10", "mx1.bank.example", "", "mbx.bank.example")),
    ("from [192.0.2.8] by b", ("192.0.2.8", "192.0.2.8", "", "b")),
    # nobody handed it over
    ("by mx.bank.example (Postfix, from userid 0) id 7", ("", "", "", "mx.bank.example")),
    ("(from jm@localhost) by mx.bank.example", ("", "", "", "mx.bank.example")),
    ("from box.bank.example [192.0.2.8] by localhost with IMAP (fetchmail-6)", ("", "", "", "localhost")),
    # no address
    ("from a by b", ("", "a", "", "b")),
    ("from a ([999.0.2.9]) by b", ("", "a", "", "b")),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), READ)
def test_a_hop_is_read_from_every_common_form(value: str, expected: tuple[str, str, str, str]) -> None:
    assert hops_in([value], "") == [Hop("received header", *expected)]


def test_a_by_that_a_client_wrote_into_its_helo_is_none() -> None:
    (hop,) = hops_in(["from unknown (HELO x by mx.bank.example) (192.0.2.8) by real.example"], "")
    assert (hop.address, hop.taken_by) == ("192.0.2.8", "real.example")


def test_hops_are_numbered_from_the_top_and_bounded() -> None:
    hops = hops_in(["from a ([192.0.2.8]) by b", "nonsense", *["by c"] * 100], "forwarded mail: ")
    assert [hop.where for hop in hops[:2]] == [
        "forwarded mail: received header",
        "forwarded mail: received header 3",
    ]
    assert len(hops) == MAX_HOPS - 1


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_read_as_a_hop(origin: str, rest: str) -> None:
    for hop in hops_in([f"from {origin} by {rest}", origin, f"from a ({origin} [{rest}]) by b"], ""):
        assert not hop.address or is_public(hop.address) or hop.address[:1].isalnum() or hop.address[0] == ":"


@pytest.mark.parametrize(("text", "public"), [
    ("192.0.2.8", True), ("2001:db8::7", True), ("10.0.0.1", False), ("::1", False), ("fd00::1", False), ("x", False),
])  # fmt: skip
def test_addresses_of_inner_networks_are_not_public(text: str, public: bool) -> None:
    assert is_public(text) is public
