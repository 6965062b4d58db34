# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent assets` as a person and a script meet it: what changes, which rows are none, and the exit code."""

import json
import os
from pathlib import Path

import pytest

from tocsin.agent.app import SETTINGS
from tocsin.agent.vault import create_master_key
from tocsin.cli.main import run
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.files import save

TABLE = "kind,value,aliases\nname,Ayr Pay,AyrGo\ndomain,ayr-pay.example,\ndomain,co.uk,\n"


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    folder, key = tmp_path / "agent", tmp_path / "agent.key"
    folder.mkdir(mode=0o700)
    create_master_key(key, folder, os.urandom)
    own = OwnAssets("Ayr Bank plc", domains=("ayr.example",))
    save(folder / SETTINGS, AgentConfig("http://127.0.0.1:9", str(key), own))
    (tmp_path / "cmdb.csv").write_text(TABLE, encoding="utf-8")
    return folder


def test_a_dry_run_shows_what_would_change_and_changes_nothing(
    agent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["agent", "assets", str(agent), "import", str(agent.parent / "cmdb.csv"), "--dry-run"]) == 1
    said = capsys.readouterr()
    assert "+ domains: ayr-pay.example" in said.out
    assert "cmdb.csv: 3 more, 0 fewer. Nothing was changed." in said.out
    assert "line 4: co.uk is a public suffix" in said.err
    assert run(["agent", "assets", str(agent), "list"]) == 0
    assert "No table was imported" in capsys.readouterr().out


def test_what_was_imported_is_listed_and_can_be_removed(
    agent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = agent.parent / "cmdb.csv"
    assert run(["agent", "assets", str(agent), "import", str(file), "--by", "Ana"]) == 1
    file.write_text(TABLE.replace("domain,co.uk,\n", ""), encoding="utf-8")
    capsys.readouterr()
    assert run(["agent", "assets", str(agent), "import", str(file), "--by", "Ana"]) == 0
    assert capsys.readouterr().out == "cmdb.csv: nothing changes.\n"
    assert run(["agent", "assets", str(agent), "--json", "list"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "tables": [{"name": "cmdb.csv", "counts": {"aliases": 2, "domains": 1}}]
    }
    assert run(["agent", "assets", str(agent), "remove", "cmdb.csv", "--by", "Ana"]) == 0
    assert "cmdb.csv: 0 more, 3 fewer" in capsys.readouterr().out


def test_what_is_no_table_is_named(agent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = agent.parent / "bad.csv"
    bad.write_bytes(b"\xff\xfe\x00")
    assert run(["agent", "assets", str(agent), "import", str(bad)]) == 1
    assert "bad.csv: It is no text in UTF-8" in capsys.readouterr().err


def test_collected_files_say_whether_rules_look_at_them(
    agent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["agent", "collected", str(agent), "--rules", "off", "--by", "Ana"]) == 0
    assert "switched off" in capsys.readouterr().out
    assert run(["agent", "collected", str(agent), "--rules", "on", "--by", "Ana"]) == 0
    assert "switched off" not in capsys.readouterr().out
