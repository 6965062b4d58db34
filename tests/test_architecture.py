# SPDX-License-Identifier: Apache-2.0
"""The architecture holds: import-linter finds every contract kept, and no contract has gone missing."""

import configparser
import subprocess
import sys
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent.parent / ".importlinter"
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
"""In a process of its own: it takes the logging of its process for itself."""


def test_every_contract_is_kept() -> None:
    command = [sys.executable, "-c", LINT]
    done = subprocess.run(command, cwd=CONTRACTS.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


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
