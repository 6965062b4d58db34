# SPDX-License-Identifier: Apache-2.0
"""The attacker's hop is found behind the bank's own, and no forged line is ever believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers.mail import read_mail
from tocsin.agent.redaction.assets import Assets, assets_of
from tocsin.agent.redaction.bystanders import Bystanders
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.redaction.route import routes_of

BLIND = assets_of("Northbridge Bank plc", domains=("northbridge.example",), partners=("filter.example",))
LISTED = assets_of("Northbridge Bank plc", domains=("northbridge.example",), networks=("192.0.2.0/28",))
EVIL = "198.51.100.23"
VICTIM = "203.0.113.99"
"""An innocent address that a forged line names."""
EDGE = f"from mail.evil.example (mail.evil.example [{EVIL}]) by mx1.northbridge.example"
FORGED = f"from mx2.northbridge.example (x.example [{VICTIM}]) by mx3.northbridge.example"
PLAIN = "from mx1.northbridge.example [192.0.2.10] by mbx.northbridge.example"
LOOKED_UP = "from mx1 (mx1.northbridge.example [192.0.2.10]) by mbx.northbridge.example"
INNER = "from app1.corp (app1.corp [10.1.2.3]) by mbx.northbridge.example"


def owners(*received: str, own: Assets = BLIND, verdict: str = "") -> dict[str, Owner]:
    """Whose each sending host of a mail with these Received fields is."""
    head = [f"Received: {line}; Mon, 1 Jun 2026 10:00:00 +0000" for line in received]
    head += [f"Received-SPF: fail client-ip={verdict};"] if verdict else []
    reading = read_mail("\r\n".join([*head, "From: a@evil.example", "", "x"]).encode())
    return {
        v.observable.value: v.owner for v in Classifier(own).classify(reading) if v.part == "sending-host"
    }


@pytest.mark.parametrize("own", [BLIND, LISTED])
@pytest.mark.parametrize(
    "above", [[PLAIN], [LOOKED_UP], [INNER, PLAIN], [PLAIN, INNER], ["by x.lan", LOOKED_UP]]
)
def test_the_attackers_hop_is_found_behind_the_banks_own(above: list[str], own: Assets) -> None:
    assert owners(*above, EDGE, own=own) == {"192.0.2.10": Owner.OURS, EVIL: Owner.ATTACKER}


@pytest.mark.parametrize("own", [BLIND, LISTED])
@pytest.mark.parametrize("above", [[], [PLAIN], [LOOKED_UP], [INNER]])
def test_nothing_below_the_first_foreign_hop_is_used(above: list[str], own: Assets) -> None:
    found = owners(*above, EDGE, FORGED, own=own)
    assert (found[EVIL], found[VICTIM]) == (Owner.ATTACKER, Owner.UNCLEAR)


@pytest.mark.parametrize("origin", [
    f"from mx1.northbridge.example (mail.evil.example [{EVIL}])",
    f"from mx1.northbridge.example (unknown [{EVIL}])",
    f"from mx1.northbridge.example (mx1.northbridge.example [{EVIL}] (may be forged))",
    f"from mail.evil.example (HELO mx1.northbridge.example) ({EVIL})",
    f"from [{EVIL}] (helo=mx1.northbridge.example)",
])  # fmt: skip
def test_who_only_calls_itself_the_banks_server_is_foreign(origin: str) -> None:
    forged = f"from x ([{VICTIM}]) by mx1.northbridge.example"
    found = owners(f"{origin} by mx0.northbridge.example", forged)
    assert (found[EVIL], found[VICTIM]) == (Owner.ATTACKER, Owner.UNCLEAR)


def test_a_helo_alone_counts_only_with_a_line_of_the_banks_below_it() -> None:
    bot = f"from mx1.northbridge.example ({EVIL}) by mx0.northbridge.example"
    assert owners(bot) == {EVIL: Owner.ATTACKER}
    assert owners(bot, f"from x ([{VICTIM}]) by x.example")[EVIL] is Owner.ATTACKER


def test_a_helo_never_counts_once_the_networks_are_listed() -> None:
    bot = f"from mx1.northbridge.example ({EVIL}) by mx0.northbridge.example"
    found = owners(bot, f"from x ([{VICTIM}]) by mx1.northbridge.example", own=LISTED)
    assert found == {EVIL: Owner.ATTACKER, VICTIM: Owner.UNCLEAR}


def test_what_a_foreign_server_wrote_is_left_to_a_person_or_the_lists_networks() -> None:
    hosted = f"from mail.evil.example (mail.evil.example [{EVIL}]) by mx.hoster.example"
    assert owners(hosted) == {EVIL: Owner.UNCLEAR}
    assert owners(hosted, own=LISTED) == {EVIL: Owner.ATTACKER}
    assert owners(LOOKED_UP, hosted, own=LISTED)[EVIL] is Owner.UNCLEAR


@pytest.mark.parametrize(
    "name", ["mx0a.pphosted.com", "mail-ed1.google.com", "out.protection.outlook.com", "a.filter.example"]
)
def test_a_filter_a_provider_and_a_partner_are_nobodys_alone(name: str) -> None:
    assert owners(f"from x ({name} [{EVIL}]) by mx1.northbridge.example") == {EVIL: Owner.UNCLEAR}
    assert owners(f"from {name} ({EVIL}) by mx1.northbridge.example") == {EVIL: Owner.UNCLEAR}


def test_a_rented_machine_is_its_tenants_whatever_the_hoster_calls_it() -> None:
    line = f"from x (li7.members.linode.com [{EVIL}]) by mx1.northbridge.example"
    assert owners(line) == {EVIL: Owner.ATTACKER}


def test_a_verdict_counts_unless_the_banks_own_hosts_say_otherwise() -> None:
    hosted = "from a.hoster.example (a.hoster.example [192.0.2.77]) by b.hoster.example"
    assert owners(hosted, verdict=EVIL) == {EVIL: Owner.ATTACKER, "192.0.2.77": Owner.UNCLEAR}
    assert owners(EDGE, verdict=EVIL) == {EVIL: Owner.ATTACKER}
    assert owners(EDGE, verdict=VICTIM) == {VICTIM: Owner.UNCLEAR, EVIL: Owner.ATTACKER}
    assert owners(PLAIN, EDGE, verdict="192.0.2.10") == {"192.0.2.10": Owner.OURS, EVIL: Owner.ATTACKER}
    filtered = "from x (mx0a.pphosted.com [203.0.113.7]) by mx1.northbridge.example"
    assert owners(filtered, verdict=EVIL) == {EVIL: Owner.ATTACKER, "203.0.113.7": Owner.UNCLEAR}


@pytest.mark.parametrize(
    "line", ["from x by mx1.northbridge.example", "from x by y by mx1.northbridge.example"]
)
def test_a_hop_without_an_address_ends_the_walk(line: str) -> None:
    assert owners(line, EDGE) == {EVIL: Owner.UNCLEAR}


def test_a_mailbox_that_was_fetched_from_is_no_hop() -> None:
    fetched = "from box.provider.example [203.0.113.7] by localhost with POP3 (fetchmail)"
    assert owners(fetched, EDGE) == {EVIL: Owner.ATTACKER}


def test_each_mail_in_a_file_has_its_own_way() -> None:
    outer = f"Received: {PLAIN}\r\nReceived: from c ([{VICTIM}]) by mx1.northbridge.example\r\n"
    inner = f"Received: {LOOKED_UP}\r\nReceived: {EDGE}\r\nFrom: a@evil.example\r\n\r\nx"
    mail = f"{outer}From: c@customer.example\r\nContent-Type: message/rfc822\r\n\r\n{inner}"
    reading = read_mail(mail.encode())
    senders = {m: r.sender for m, r in routes_of(reading, BLIND, Bystanders.shipped()).items()}
    assert senders == {"": VICTIM, "forwarded mail": EVIL}
    found = {
        v.observable.value: v.owner for v in Classifier(BLIND).classify(reading) if v.part == "sending-host"
    }
    assert (found[VICTIM], found[EVIL]) == (Owner.CUSTOMER, Owner.ATTACKER)


LINES = st.sampled_from(
    [PLAIN, LOOKED_UP, INNER, FORGED, "by mx.lan", "from x by y", f"from a ([{VICTIM}]) by b", ""]
)


@given(st.lists(LINES, max_size=6), st.sampled_from([BLIND, LISTED]))
def test_no_line_below_the_attackers_makes_an_innocent_the_attacker(below: list[str], own: Assets) -> None:
    found = owners(LOOKED_UP, EDGE, *below, own=own)
    assert [address for address, owner in found.items() if owner is Owner.ATTACKER] == [EVIL]
