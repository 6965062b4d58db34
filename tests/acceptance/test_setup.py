# SPDX-License-Identifier: Apache-2.0
"""`scripts/setup` with a stand-in for uv: what it is told of certificates, and the advice when it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.processes


def setup(folder: Path, uv: str) -> subprocess.CompletedProcess[str]:
    """Run the script where `uv` is this shell script."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / "uv").write_text(f"#!/bin/sh\n{uv}\n")
    (tools / "uv").chmod(0o755)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    env = {**clean, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHON": sys.executable}
    command = [str(ROOT / "scripts" / "setup"), str(folder / "venv")]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_the_systems_certificates_are_trusted(tmp_path: Path) -> None:
    said = tmp_path / "said"
    ended = setup(tmp_path, f'echo "$UV_NATIVE_TLS $UV_SYSTEM_CERTS" >> {said}')
    assert ended.returncode == 0, ended.stderr
    assert set(said.read_text().splitlines()) == {"1 1"}
    assert "failed" not in ended.stderr


def test_a_failure_comes_with_advice(tmp_path: Path) -> None:
    ended = setup(tmp_path, "echo 'invalid peer certificate' >&2; exit 3")
    assert ended.returncode == 3
    assert ended.stderr.splitlines()[-1].startswith("setup: it failed.")
    for name in ("SSL_CERT_FILE", "PIP_INDEX_URL", "HTTPS_PROXY"):
        assert name in ended.stderr
