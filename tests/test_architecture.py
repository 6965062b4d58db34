# SPDX-License-Identifier: Apache-2.0
"""The architecture holds: import-linter finds every contract kept, and no contract has gone missing."""

import configparser
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

CONTRACTS = Path(__file__).resolve().parent.parent / ".importlinter"


def test_every_contract_is_kept(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CONTRACTS.parent)
    status = lint_imports(config_filename=str(CONTRACTS), no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_no_contract_has_gone_missing() -> None:
    parser = configparser.ConfigParser()
    parser.read(CONTRACTS)
    named = {name.removeprefix("importlinter:contract:") for name in parser.sections()} - {"importlinter"}
    assert named >= {
        "floors",
        "agent-not-hub",
        "pure-floors",
        "no-io",
        "no-database-by-name",
        "two-ways-out",
        "no-cycles",
    }
    assert parser["importlinter:contract:floors"]["exhaustive"] == "true"
