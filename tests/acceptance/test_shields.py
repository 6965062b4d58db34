# SPDX-License-Identifier: Apache-2.0
"""A bank switches protection on by commands, a firewall fetches it over TLS, and a person takes a change back."""

import json
import re
import ssl
from pathlib import Path

import httpx
import msgspec
import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until
from tests.acceptance.proxies import private_authority

from tocsin.agent import app as agent
from tocsin.config.agent import AgentConfig
from tocsin.config.files import load, save
from tocsin.config.shields import FeedListen, Shields
from tocsin.world.processes import free_port

pytestmark = pytest.mark.processes
VALUE = "both-saw.example"


def shield(home: Path, *words: str) -> str:
    ended = tocsin("agent", "shield", home, *words)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def with_feeds(home: Path, place: Path) -> tuple[int, Path]:
    """Give an agent's settings dynamic lists and an address under TLS; its port and its authority."""
    authority, certificate, key = private_authority(place)
    port = free_port()
    config = load(home / agent.SETTINGS, AgentConfig)
    feeds = FeedListen(port=port, tls_certificate=str(certificate), tls_key=str(key))
    shields = Shields(csv="block.csv", edl="edl")
    save(home / agent.SETTINGS, msgspec.structs.replace(config, shields=shields, feeds=feeds))
    return port, authority


def test_a_firewall_follows_the_alliance_once_somebody_switched_it_on(tmp_path: Path) -> None:
    with Machine(tmp_path) as machine:
        machine.raise_hub(witnessed=False)
        ayr, bute = machine.join("ayr"), machine.join("bute")
        port, authority = with_feeds(ayr, tmp_path / "tls")
        said = shield(ayr, "subscribe", "edge-firewall", "edl")
        found = re.search(r"password (\S+)", said)
        assert found is not None
        machine.serve("ayr")
        for home in (ayr, bute):
            assert tocsin("agent", "sight", home, VALUE, "--yes").returncode == 0
        assert wait_until(lambda: VALUE in (ayr / "block.csv").read_text())
        context = ssl.create_default_context(cafile=str(authority))
        auth = ("edge-firewall", found[1])
        with httpx.Client(verify=context, auth=auth, trust_env=False) as http:
            url = f"https://localhost:{port}/shields/edge-firewall/domain.txt"
            assert http.get(url).status_code == 404, "it only monitors"
            (shown,) = [
                one for one in json.loads(shield(ayr, "list", "--json"))["shields"] if one["shield"] == "edl"
            ]
            assert (shown["state"], shown["written"]) == ("monitor", 1)
            shield(ayr, "on", "edl", "--why", "seen enough", "--by", "Jane")
            answer = http.get(url)
            assert answer.text == f"{VALUE}\n"
            assert http.get(url, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
            shield(ayr, "undo", "edl", "--why", "a customer's after all", "--by", "Jane")
            assert http.get(url).status_code == 404, "as it stood before"
            shield(ayr, "on", "edl", "--why", "no, it was not", "--by", "Jane")
            message = re.search(
                r"Confirmed as (\S+):", tocsin("agent", "sight", bute, "other.example", "--yes").stdout
            )
            assert message is not None
            shield(ayr, "off", "edl", "--why", "the firewall is replaced", "--by", "Jane")
            assert http.get(url).text == "", "nothing stays blocked"
            shield(ayr, "unsubscribe", "edge-firewall")
            assert http.get(url).status_code == 401
        assert machine.stop("ayr") == 0


def test_whoever_takes_back_what_two_banks_said_empties_the_firewalls_list(tmp_path: Path) -> None:
    with Machine(tmp_path) as machine:
        machine.raise_hub(witnessed=False)
        ayr, bute = machine.join("ayr"), machine.join("bute")
        with_feeds(ayr, tmp_path / "tls")
        shield(ayr, "on", "edl", "--why", "seen enough")
        machine.serve("ayr")
        assert tocsin("agent", "sight", ayr, VALUE, "--yes").returncode == 0
        said = tocsin("agent", "sight", bute, VALUE, "--yes").stdout
        assert wait_until(lambda: (ayr / "edl/domain.txt").read_text() == f"{VALUE}\n")
        message = said.partition("Confirmed as ")[2].partition(":")[0]
        assert tocsin("agent", "erase", bute, message, "--reason", "mistake").returncode == 0
        assert wait_until(lambda: (ayr / "edl/domain.txt").read_text() == "")


def test_a_switch_without_a_reason_or_of_nothing_is_refused(tmp_path: Path) -> None:
    with Machine(tmp_path) as machine:
        machine.raise_hub(witnessed=False)
        home = machine.join("ayr")
        assert tocsin("agent", "shield", home, "on", "csv").returncode == 2
        ended = tocsin("agent", "shield", home, "on", "rpz", "--why", "tested")
        assert ended.returncode == 1
        assert "agent.toml" in ended.stderr
        undo = ("agent", "shield", home, "undo", "csv", "--why", "tested")
        assert [tocsin(*undo).returncode for _ in range(2)] == [0, 1], "one change, and nothing is left"
