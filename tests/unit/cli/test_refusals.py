# SPDX-License-Identifier: Apache-2.0
"""What the command line refuses before anything is done: with a sentence, a next step, and an exit code of 2."""

import argparse
import json
from io import StringIO
from pathlib import Path

import pytest
from tests.unit.hub.test_enrol import enrol as enrolment

from tocsin.cli.command import Command, NotYet, Output
from tocsin.cli.main import COMMANDS, build_parser, run
from tocsin.domain.party import Role
from tocsin.hub import app as hub
from tocsin.hub.verbs.enrol import redeem
from tocsin.partner import app as partner

NOT_BUILT = [command for command in COMMANDS if isinstance(command.run, NotYet)]


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 2) -> str:
    """What a command says while it refuses; once for a person, once for a program."""
    assert run([*map(str, words), "--json"]) == code
    problem = json.loads(capsys.readouterr().out)
    assert problem["type"].startswith("tag:tocsin,2026:problem/")
    assert run([*map(str, words)]) == code
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("tocsin: ")
    assert "→" in said
    assert problem["detail"][:40] in said
    return said


@pytest.mark.parametrize("command", NOT_BUILT, ids=lambda command: f"{command.group} {command.name}".strip())
def test_what_is_not_built_says_so_and_what_to_use_instead(command, capsys):
    words = [word for word in (command.group, command.name) if word]
    said = refused(capsys, *words)
    assert "not built yet" in said
    assert len(said) > 100


def test_what_is_not_built_is_marked_in_the_help_of_its_group():
    shown = build_parser().format_help()
    for command in NOT_BUILT:
        groups = [
            action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction)
        ]
        text = groups[0].choices[command.group].format_help() if command.group else shown
        assert "(not built yet)" in " ".join(text.split())


@pytest.mark.parametrize(
    "words",
    [
        ("hub", "serve", "HUB", "--follow", "http://127.0.0.1:1"),
    ],
    ids=" ".join,
)
def test_a_way_that_is_not_built_is_refused_and_not_taken_for_another(words, capsys, tmp_path):
    hub.init(tmp_path / "HUB", "City Alliance", "http://127.0.0.1:1", 0, "hub.db")
    refused(capsys, *(tmp_path / word if word.isupper() else word for word in words))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
@pytest.mark.parametrize("process", ["hub", "partner"])
def test_off_loopback_nothing_starts_without_tls_or_a_declared_proxy(process, host, capsys, tmp_path):
    made = hub.init(tmp_path / "hub", "City Alliance", "https://hub.example", 0, "hub.db")
    partner.init(tmp_path / "partner", made.key, 0)
    settings = tmp_path / process / f"{process}.toml"
    settings.write_text(settings.read_text().replace('host = "127.0.0.1"', f'host = "{host}"'))
    assert "TLS" in refused(capsys, process, "serve", tmp_path / process)


def test_a_code_is_not_sent_in_clear_beyond_this_machine(capsys, tmp_path):
    asked = ["--hub", "http://hub.example", "--code", "A.B", "--legal-name", "X"]
    assert "https" in refused(capsys, "agent", "init", tmp_path / "agent", *asked)
    assert not (tmp_path / "agent.key").exists()
    assert not (tmp_path / "agent").exists()


def test_a_code_and_a_stores_address_may_come_by_standard_input(capsys, tmp_path, monkeypatch):
    taken = tmp_path / "hub"
    monkeypatch.setattr("sys.stdin", StringIO("quiet.db\n"))
    made = ["--alliance", "X", "--url", "http://127.0.0.1:1", "--port", "0", "--store", "-"]
    assert run(["hub", "init", str(taken), *made]) == 0
    assert (taken / "quiet.db").exists()
    capsys.readouterr()
    asked = ["--hub", "http://127.0.0.1:1", "--code", "-", "--legal-name", "X"]
    monkeypatch.setattr("sys.stdin", StringIO("not-a-code\n" * 2))
    assert "two parts" in refused(capsys, "agent", "init", tmp_path / "agent", *asked, code=1)
    monkeypatch.setattr("sys.stdin", StringIO(""))
    assert "standard input" in refused(capsys, "agent", "init", tmp_path / "agent", *asked)


def test_a_place_that_is_taken_is_left_alone(capsys, tmp_path):
    asked = ["--alliance", "X", "--url", "http://127.0.0.1:1", "--port", "0"]
    hub.init(tmp_path / "hub", "City Alliance", "http://127.0.0.1:1", 0, "hub.db")
    before = (tmp_path / "hub" / "hub.keys").read_bytes()
    assert "already" in refused(capsys, "hub", "init", tmp_path / "hub", *asked)
    assert (tmp_path / "hub" / "hub.keys").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ("hub", "enrol", "--name", "X", "--role", "bank", "--jurisdiction", "GB"),
        ("hub", "status"),
        ("hub", "serve"),
        ("partner", "serve"),
        ("agent", "serve"),
        ("agent", "inbox"),
        ("agent", "shield"),
    ],
    ids=" ".join,
)
def test_a_folder_that_holds_nothing_is_no_place_for_a_command(words, capsys, tmp_path):
    group, name, *rest = words
    refused(capsys, group, name, tmp_path, *rest)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_party_without_a_name_is_not_invited(name, capsys, tmp_path):
    hub.init(tmp_path / "hub", "City Alliance", "http://127.0.0.1:1", 0, "hub.db")
    asked = ["--name", name, "--role", "bank", "--jurisdiction", "GB"]
    refused(capsys, "hub", "enrol", tmp_path / "hub", *asked, code=1)


@pytest.fixture
def place(tmp_path):
    """A hub with one bank that joined."""
    hub.init(tmp_path / "hub", "City Alliance", "http://127.0.0.1:1", 0, "hub.db")
    code = hub.enrol(tmp_path / "hub", "Ayr Bank plc", Role.BANK, "GB").code
    with hub.for_command(tmp_path / "hub") as (exchange, store):
        store.run("join", lambda tx: redeem(tx, exchange, enrolment(code)))
    return tmp_path / "hub"


def next_step_of(said: str) -> str:
    return said.partition("→ ")[2]


def test_what_to_do_next_fits_what_went_wrong(capsys, tmp_path, place):
    backup = tmp_path / "hub.backup"
    asked = ("hub", "suspend", place, "Ayr Bank plc", "--reason", "incident")
    assert run([*map(str, asked)]) == 0
    capsys.readouterr()
    said = refused(capsys, *asked, code=1)
    assert "Ayr Bank plc is suspended already" in said
    assert "Nothing is left to do" in next_step_of(said)
    assert run(["hub", "backup", str(place), str(backup)]) == 0
    capsys.readouterr()
    assert next_step_of(refused(capsys, "hub", "backup", place, backup)) == "Name another file."
    assert "Move it away" in next_step_of(refused(capsys, "hub", "restore", place, "--from", backup))
    for path in place.glob("hub.db*"):
        path.unlink()
    said = refused(capsys, "hub", "restore", place, "--from", tmp_path / "gone")
    assert "gone does not exist" in said
    assert "--from" in next_step_of(said)


def test_joining_a_hub_that_is_down_says_to_try_again_and_leaves_nothing(capsys, tmp_path):
    code = f"{'A' * 16}.hub_{'0' * 32}"
    asked = ("--hub", "http://127.0.0.1:1", "--code", code, "--legal-name", "Ayr Bank plc")
    said = refused(capsys, "agent", "init", tmp_path / "agent", *asked, code=3)
    assert "approved" not in said
    assert "run the same command again" in next_step_of(said)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there_is_named_without_numbers(capsys, tmp_path, monkeypatch):
    def reads(parsed):
        yield Output((Path(tmp_path / "gone").read_text(),))

    monkeypatch.setattr("tocsin.cli.main.COMMANDS", (Command("", "try", "try it", reads),))
    said = refused(capsys, "try")
    assert "gone: No such file or directory." in said
    assert "Errno" not in said


def test_a_party_is_expelled_only_when_that_is_confirmed(capsys, place):
    asked = ("hub", "expel", place, "ayr bank plc", "--reason", "incident")
    assert "for good" in refused(capsys, *asked)
    assert run([*map(str, asked), "--yes"]) == 0
    assert "has left" in capsys.readouterr().out
    assert "has left already" in refused(capsys, *asked, "--yes", code=1)


def test_a_shortened_identifier_is_taken_and_one_too_short_is_told_so(capsys, place):
    assert run(["hub", "status", str(place), "--json"]) == 0
    (party,) = json.loads(capsys.readouterr().out)["parties"]
    asked = ("hub", "suspend", place)
    assert "at least 8" in refused(capsys, *asked, party["id"][:9], "--reason", "incident", code=1)
    assert run([*map(str, asked), f"{party['id'][:12]}…", "--reason", "incident"]) == 0
    capsys.readouterr()
    assert run(["hub", "status", str(place)]) == 0
    assert party["id"][:12] in capsys.readouterr().out
