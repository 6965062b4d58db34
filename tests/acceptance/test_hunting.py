# SPDX-License-Identifier: Apache-2.0
"""What the alliance names is found in a bank's own logs: by command, by itself in the past, and as it is written."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until
from tests.looking import bytes_of, look

from tocsin.agent.app import SETTINGS
from tocsin.config.agent import AgentConfig, Hunting, SyslogListen
from tocsin.config.files import load, save
from tocsin.domain.party import Role
from tocsin.world.processes import free_port

pytestmark = pytest.mark.processes

ZEEK = '{{"ts":1795249800.5,"id.orig_h":"10.9.8.7","id.resp_h":"192.0.2.44","query":"{0}","user":"no-word-of-it"}}\n'
MAIL = (
    "From: a@bad-{0}.example\nTo: Jo{0} <jo{0}@bute.example>\nSubject: Your account {0}\n\nDear Jo{0},\n{1}\n"
)
CAMPAIGN = (
    "please confirm your account by the page below or it will be closed within hours and not opened again "
    * 2
)
PAST, TAILED, SENT, WARNED = (f"{name}.evil-hunted.example" for name in ("past", "tailed", "sent", "warned"))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine(tmp_path_factory.mktemp("hunting")) as made:
        made.raise_hub(witnessed=False)
        ayr, bute = made.join("ayr"), made.join("bute")
        warn(made.join("police", Role.AGENCY))
        made.serve("ayr")
        values = made.folder / "values.txt"
        values.write_text(f"{PAST}\n{TAILED}\n{SENT}\n")
        assert tocsin("agent", "report", ayr, values, "--yes").returncode == 0
        made.serve("bute")
        assert wait_until(lambda: _known(bute) == 4)
        made.stop("bute")
        yield made


def warn(police: Path) -> None:
    """A warning that was issued before others join."""
    words = ("--title", "A wave", "--look-for", WARNED, "--measures", "Expect T1566.002.")
    one = asked("warn", police, "draft", *words, "--by", "Ana")["id"]
    for step in ("approve", "issue"):
        asked("warn", police, step, one, "--by", "Bo")


def _known(home: Path) -> int:
    ((count,),) = look(home / "agent.db", "SELECT count(DISTINCT value) FROM posting")
    return int(count or 0)


def hunting(home: Path, hunt: Hunting, syslog: SyslogListen) -> None:
    settings = home / SETTINGS
    save(settings, msgspec.structs.replace(load(settings, AgentConfig), hunt=hunt, syslog=syslog))


def asked(*words: str | Path) -> dict:
    ended = tocsin("agent", *words, "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return dict(json.loads(ended.stdout.splitlines()[-1]))


def found(home: Path) -> dict[str, dict]:
    return {hit["found"]["observable"]["value"]: hit for hit in asked("hunts", home)["found"]}


def test_a_hunt_finds_it_says_where_and_is_not_repeated(machine: Machine) -> None:
    home, logs = machine.folder / "bute", machine.folder / "logs"
    logs.mkdir()
    (logs / "dns.log").write_text(
        ZEEK.format("good.example") + ZEEK.format(f"www.{PAST}") + "half a line {\n"
    )
    first = asked("hunt", home, logs)
    assert (first["hunt"]["done"], first["hunt"]["lines"], first["hunt"]["odd"]) == (1, 3, 1)
    (hit,) = first["found"]
    assert (hit["found"]["lines"], hit["found"]["machines"], hit["level"]) == (1, ["10.9.8.7"], "watch")
    again = asked("hunt", home, logs)
    assert (again["hunt"]["done"], again["hunt"]["skipped"]) == (0, 1)
    text = tocsin("agent", "hunt", home, logs).stdout
    assert "past[.]evil-hunted[.]example" in text
    assert "by 1 machine: 10.9.8.7" in text
    data = bytes_of(home, "agent.db")
    assert b"no-word-of-it" not in data
    assert b"10.9.8.7" not in data


def test_one_value_that_nobody_knows_can_be_hunted(machine: Machine) -> None:
    home = machine.folder / "bute"
    result = asked("hunt", home, machine.folder / "logs", "--value", "192.0.2[.]44")
    assert [hit["found"]["lines"] for hit in result["found"]] == [2]
    assert result["found"][0]["level"] == ""


def test_a_cases_campaign_is_hunted_in_ones_own_mails(machine: Machine) -> None:
    home, mails = machine.folder / "bute", machine.folder / "mails"
    mails.mkdir()
    for number, text in ((1, CAMPAIGN), (2, CAMPAIGN), (3, "At noon?")):
        (mails / f"{number}.eml").write_text(MAIL.format(number, text))
    case = asked("case", home, "open", "--title", "A wave", "--by", "Ana")["id"]
    assert tocsin("agent", "case", home, "attach", case, mails / "1.eml").returncode == 0
    result = asked("hunt", home, mails, "--case", case[:12])
    assert (result["mails"], [one["title"] for one in result["found"]]) == (2, ["Your account 2"])
    assert result["found"][0]["by"] == ["text", "subject"]
    text = tocsin("agent", "hunt", home, mails, "--case", case).stdout
    assert "1 mail of its campaign:" in text
    assert "(the same text, subject)" in text
    assert f"--case {case}" in text
    mixed = tocsin("agent", "hunt", home, "--case", case, "--value", "192.0.2.7")
    assert (mixed.returncode, "--case hunts mails" in mixed.stderr) == (2, True)


def test_a_person_tells_that_it_was_seen_and_nobody_else_does(machine: Machine) -> None:
    home = machine.folder / "bute"
    assert look(home / "agent.db", "SELECT count(*) FROM outbox") == [(0,)]
    told = tocsin("agent", "hunts", home, "--tell", PAST, "--yes")
    assert told.returncode == 0, told.stdout + told.stderr
    assert found(home)[PAST]["told"]["message"].startswith("msg_")


def test_an_agent_that_serves_hunts_the_past_and_what_is_being_written(machine: Machine) -> None:
    home, live = machine.folder / "clyde", machine.folder / "live.log"
    machine.join("clyde")
    live.write_text("")
    port = free_port()
    logs = (str(machine.folder / "logs"),)
    hunting(home, Hunting(logs=logs, tail=(str(live),), cpu_percent=50), SyslogListen(port=port))
    machine.serve("clyde")
    assert wait_until(lambda: PAST in found(home), 60)
    live.write_text(ZEEK.format(TAILED))
    with socket.create_connection(("127.0.0.1", port)) as sender:
        sender.sendall(b"<34>1 2026-11-21T08:30:00Z proxy-7 squid - - - CONNECT %b:443\n" % SENT.encode())
    assert wait_until(lambda: {TAILED, SENT} <= found(home).keys(), 60)
    assert found(home)[SENT]["found"]["machines"] == ["proxy-7"]
    assert found(home)[TAILED]["logs"] == [str(live)]
    assert look(home / "agent.db", "SELECT count(*) FROM outbox") == [(0,)]


def test_a_party_that_joins_learns_in_its_first_round_of_what_was_warned_of_before(machine: Machine) -> None:
    home, logs = machine.folder / "drum", machine.folder / "old"
    logs.mkdir()
    machine.join("drum")
    (logs / "2025.log").write_text(ZEEK.format(WARNED) + ZEEK.format(TAILED))
    hunting(home, Hunting(logs=(str(logs),), cpu_percent=50), SyslogListen(port=free_port()))
    machine.serve("drum")
    assert wait_until(lambda: {WARNED, TAILED} <= found(home).keys(), 60)
    assert {name: hit["level"] for name, hit in found(home).items()} == {WARNED: "block", TAILED: "watch"}
    assert wait_until(lambda: "found that are at block" in tocsin("agent", "inbox", home).stdout)
    assert {hunt["by"] for hunt in asked("hunts", home)["hunts"]} == {"agent"}
