# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent people`: from the machine itself, before anybody is signed in, and when nobody can."""

import json
import os
from pathlib import Path

import pytest
from tests.unit.agent.people.house import Someone, journal

from tocsin.agent import app
from tocsin.agent.vault import create_master_key
from tocsin.cli.main import run
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.files import save
from tocsin.config.sign_in import SignIn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An agent's folder, as init leaves it."""
    made, key = tmp_path / "ayr", tmp_path / "ayr.key"
    made.mkdir()
    create_master_key(key, made, os.urandom)
    config = AgentConfig(
        hub_url="http://127.0.0.1:9",
        master_key=str(key),
        own=OwnAssets(legal_name="Ayr Bank plc"),
        sign_in=SignIn(origin="https://tocsin.ayr.example"),
    )
    save(made / app.SETTINGS, config)
    return made


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert run([str(word) for word in words]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_somebody_is_invited_comes_changes_and_goes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = ("agent", "people", folder)
    assert "prints a link for the first" in said(capsys, *people, "list")
    shown = said(capsys, *people, "invite", "Ada Example", "--role", "admin", "--by", "Op", "--json")
    link = json.loads(shown)["link"]
    assert link.startswith("https://tocsin.ayr.example/first/")
    with app.opened(folder) as house:
        ada = Someone(house, "Ada Example", link.rpartition("/")[2])
        assert ("Op", "invited Ada Example", ada.id) in journal(house)
    shown = said(capsys, *people, "list")
    assert "Ada Example: admin (active since" in shown
    assert "comes in by password, 10 recovery codes left; signed in at 1 browsers" in shown
    assert "approver" in said(
        capsys, *people, "roles", "ada example", "--role", "admin", "--role", "approver"
    )
    assert "no way in any more but this link" in said(capsys, *people, "reset", ada.id[:16])
    assert run([*map(str, people), "revoke", "Nobody Here"]) == 1
    assert "is called" in capsys.readouterr().err
    assert "shut out" in said(capsys, *people, "revoke", "Ada Example")
    assert json.loads(said(capsys, *people, "list", "--json"))["people"][0]["state"] == "revoked"


def test_a_secondee_has_a_house_and_an_end(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["agent", "people", str(folder), "invite", "Bo Example", "--role", "analyst"]
    assert run([*words, "--institution", "Clyde Police"]) == 1
    assert "A seat has both" in capsys.readouterr().err
    said(capsys, *words, "--institution", "Clyde Police", "--until", "2099-01-01")
    assert "of Clyde Police, until 2099-01-01" in said(capsys, "agent", "people", folder, "list")
