# SPDX-License-Identifier: Apache-2.0
"""What a compliance officer and an examiner type is carried out as it is written, and a changed file proves nothing."""

import re
import subprocess
from pathlib import Path

import pytest
from tests.docs.generate import ROOT
from tests.docs.test_small_bank import found, until, warned
from tests.docs.test_tutorial import TOCSIN, Reader, reader_in
from tests.unit.agent.measures.test_measures import MAIL, SITES, file_of, written

from tocsin.agent import app

HOWTO = (ROOT / "docs/howto/show-what-you-did.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```$", HOWTO, re.M | re.S)

pytestmark = pytest.mark.processes


def carry_out(reader: Reader, block: str) -> str:
    return "".join(reader.type(re.sub(r"\bWARNING\b", "WRN", line)) for line in block.splitlines())


def test_a_bank_shows_it_and_an_examiner_checks_it(tmp_path: Path) -> None:
    with reader_in(tmp_path) as reader:
        found(reader)
        reader.type("tocsin agent serve agent")
        warned(reader)
        until(lambda: "A second wave" in reader.type("tocsin agent defence agent list"))
        written(tmp_path, file_of(MAIL, SITES)).rename(tmp_path / "controls.json")
        look, read, controls, take, accept, export, verify = BLOCKS
        assert "unread" in carry_out(reader, look)
        assert "read version 1" in carry_out(reader, read)
        assert "2 controls" in carry_out(reader, controls)
        assert "Blocked it at the resolver" in carry_out(reader, take)
        assert "accepted until 2099-03-31" in carry_out(reader, accept)
        key = hub_key(tmp_path)
        checking = verify.replace("HUB-KEY", key).replace(" --partner-key PARTNER-KEY", "")

        def shown() -> str:
            (tmp_path / "proof.json").unlink(missing_ok=True)
            carry_out(reader, export)
            return reader.type(checking.strip())

        until(lambda: ": acted" in shown())
        said = shown()
        for words in ("It adds up", "version 1 of City Desk", "Bo Lindqvist", "Cy Okafor", "no partner"):
            assert words in said
        assert "the file's own word" not in said
        changed(tmp_path / "proof.json")
        refused = subprocess.run(
            [*TOCSIN, "verify", tmp_path / "proof.json", "--hub-key", key],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert refused.returncode != 0
        assert "→" in refused.stderr


def hub_key(folder: Path) -> str:
    """The hub's verifier key, as the alliance publishes it."""
    with app.opened(folder / "agent") as house:
        return house.vault.membership().hub_key


def changed(file: Path) -> None:
    """One letter of what it says is another."""
    data = bytearray(file.read_bytes())
    at = len(data) // 2
    data[at] = ord("A") if data[at] != ord("A") else ord("B")
    file.write_bytes(data)
