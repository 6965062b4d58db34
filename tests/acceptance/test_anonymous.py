# SPDX-License-Identifier: Apache-2.0
"""A report of class `mixed` by the installed command alone: hub, relay, partner and three agents, each a process.

Its tokens are of class ``accountable``: in the end two of three trustees, who have files and no process, name its bank.
(Those of class ``open`` go the same way in `test_demo`.)
"""

from pathlib import Path

import msgspec
import pytest
from tests.acceptance.machine import Machine, wait_until
from tests.acceptance.test_slice import VALUE, mail, told
from tests.looking import bytes_of, look

from tocsin.config.files import load, save
from tocsin.config.hub import HubConfig
from tocsin.world.processes import free_port

pytestmark = pytest.mark.processes

BANKS = ("ayr", "bute", "clyde")
TRUSTEES = ("Counsel", "Judge", "Ombudsman")
SLOT_SECONDS = 4
PATIENCE_SECONDS = 240.0
"""Dozens of slots, for a machine that has other things to do."""
ISSUE_SECONDS = 45
"""In which each agent, however slowly it starts, asks for its tokens: there is no other epoch in this test."""


def begin(folder: Path, machine: Machine) -> None:
    """Three operators found the path, three banks join; then the relay begins, and with it the first epoch."""
    at = {name: free_port() for name in ("hub", "partner", "relay")}
    url = {name: f"http://127.0.0.1:{port}" for name, port in at.items()}
    hub, partner, relay = folder / "hub", folder / "partner", folder / "relay"
    named = ["--alliance", "City Alliance", "--url", url["hub"], "--port", str(at["hub"])]
    (made,) = told("hub", "init", hub, *named)
    asked = ["--hub-key", made["key"], "--port", str(at["partner"]), "--operator", "Vault Trust"]
    (witness,) = told("partner", "init", partner, *asked)
    told("hub", "partner", hub, "--url", url["partner"], "--key", witness["key"])
    where = [
        "--url",
        url["relay"],
        "--hub",
        url["hub"],
        "--partner",
        url["partner"],
        "--port",
        str(at["relay"]),
    ]
    (carrier,) = told("relay", "init", relay, "--operator", "Post Office", "--hub-key", made["key"], *where)
    told("hub", "relay", hub, "--operator", "City Ltd", "--url", url["relay"], "--key", carrier["key"])
    shorten(hub / "hub.toml")
    for name in (*TRUSTEES, "Police"):
        told("agent", "trustee", folder / name, "init", "--name", name)
    cards = [folder / name / "card.json" for name in TRUSTEES]
    told("hub", "trustees", hub, "--needed", "2", *cards)
    machine.start("partner", "partner", "serve", partner)
    machine.start("hub", "hub", "serve", hub)
    for short in BANKS:
        name = f"{short.capitalize()} Bank plc"
        (code,) = told("hub", "enrol", hub, "--name", name, "--role", "bank", "--jurisdiction", "GB")
        own = ["--legal-name", name, "--domain", f"{short}.example"]
        told("agent", "init", folder / short, "--hub", url["hub"], "--code", code["code"], *own)
        machine.start(short, "agent", "serve", folder / short)
    machine.start("relay", "relay", "serve", relay)


def shorten(settings: Path) -> None:
    """Slots of seconds, and a floor that three banks reach."""
    config = load(settings, HubConfig)
    assert config.anonymous is not None
    numbers = {
        "slot_seconds": SLOT_SECONDS,
        "slots": 500,
        "issue_seconds": ISSUE_SECONDS,
        "rest_seconds": 2,
        "rehearsal": True,
    }
    short = msgspec.structs.replace(config.anonymous, **numbers, floor=3, quota=2)
    save(settings, msgspec.structs.replace(config, anonymous=short))


def opened(folder: Path, *what: str) -> dict:
    """What Counsel and the Ombudsman open for the police: the Judge is lost."""
    request, asking = folder / f"request{len(what)}", folder / "Police"
    told("hub", "opening", folder / "hub", *what, "--requester", asking / "card.json", "--out", request)
    fingerprint = told("agent", "trustee", asking, "show")[0]["fingerprint"]
    shares = [folder / f"{name}{len(what)}" for name in (TRUSTEES[0], TRUSTEES[2])]
    for name, share in zip((TRUSTEES[0], TRUSTEES[2]), shares, strict=True):
        answer = ["open", request, "--requester", fingerprint, "--out", share]
        told("agent", "trustee", folder / name, *answer)
    named = ["agent", "trustee", asking, "name", request]
    told(*named, shares[0], code=1)
    told("hub", "opened", folder / "hub", request, *shares, code=1 if "--rehearse" in what else 0)
    return told(*named, *shares, "--agent", folder / "bute")[0]


def among(folder: Path, short: str) -> int:
    return told("agent", "status", folder / short)[0]["anonymous"]["among"]


def test_three_banks_carry_a_report_that_none_of_the_three_servers_can_name(tmp_path):
    with Machine(tmp_path) as machine:
        begin(tmp_path, machine)
        assert wait_until(lambda: among(tmp_path, "ayr") == len(BANKS), PATIENCE_SECONDS)
        found = opened(tmp_path, "--rehearse")
        assert (found["party"], found["trustees"]) == ("", ["Counsel", "Ombudsman"])
        (tmp_path / "phish.eml").write_bytes(mail("ayr"))
        # The set was whole; on a busy machine it may have a gap in the very slot that comes next.
        always = ["--without-hold", "--pseudonymous"]
        asked = [tmp_path / "phish.eml", "--class", "mixed", *always, "--yes", "--by", "Jane"]
        report = told("agent", "report", tmp_path / "ayr", *asked, code=3)[0]["report"]
        known = "SELECT count(*) FROM posting WHERE value LIKE '%' || :value || '%'"

        def everywhere() -> bool:
            counts = [look(tmp_path / short / "agent.db", known, {"value": VALUE}) for short in BANKS]
            return all(count != [(0,)] for count in counts)

        assert wait_until(everywhere, PATIENCE_SECONDS)

        def ended() -> str:
            (one,) = told("agent", "anonymous", tmp_path / "ayr")[0]["reports"]
            assert one["report"] == report
            return str(one["state"])

        assert wait_until(lambda: ended() == "taken", PATIENCE_SECONDS)
        owners = look(
            tmp_path / "hub" / "hub.db",
            "SELECT DISTINCT owner FROM origin WHERE fact = :fact",
            {"fact": report},
        )
        assert owners == [(None,)]
        audit = told("hub", "audit", tmp_path / "hub")[0]
        assert (audit["asked"], audit["given"], audit["caught"]) == (0, len(BANKS), 0)
        found = opened(tmp_path, "--report", report, "--purpose", "Case 7")
        own = told("agent", "status", tmp_path / "ayr")[0]
        assert (found["party"], found["name"]) == (own["party"], "Ayr Bank plc")
        for place in ("relay", "partner"):
            assert VALUE.encode() not in bytes_of(tmp_path / place, f"{place}.db")
