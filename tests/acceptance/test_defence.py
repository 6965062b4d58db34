# SPDX-License-Identifier: Apache-2.0
"""A warning from its coming to an examiner's desk, as people type it; advice on it, and the month's sheet."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until
from tests.unit.agent.measures.test_measures import MAIL, SITES, file_of, written

from tocsin.agent import app
from tocsin.domain.party import Role

pytestmark = pytest.mark.processes

ANA, BO = ("--by", "Ana Ferreira"), ("--by", "Bo Lindqvist")
WORDS = ("--title", "A second wave", "--look-for", "evil.example", "--measures", "Expect T1566.002.")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine(tmp_path_factory.mktemp("alliance")) as machine:
        machine.raise_hub()
        machine.join("police", Role.AGENCY)
        machine.join("ayr")
        machine.serve("ayr")
        yield machine


@pytest.fixture(scope="module")
def home(machine: Machine) -> Path:
    return machine.folder / "ayr"


@pytest.fixture(scope="module")
def warning(machine: Machine, home: Path) -> str:
    """A warning of the agency's that has come to the bank."""
    police = machine.folder / "police"
    one = json.loads(done("agent", "warn", police, "draft", *WORDS, *ANA, "--json"))["id"]
    done("agent", "warn", police, "approve", one, *BO)
    done("agent", "warn", police, "issue", one, *BO)
    assert wait_until(lambda: one[:12] in done("agent", "defence", home, "list"))
    return str(one)


def done(*words: str | Path) -> str:
    """What a command that must succeed says."""
    ended = tocsin(*words)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_bank_shows_an_examiner_what_it_did(home: Path, warning: str, tmp_path: Path) -> None:
    assert done("agent", "defence", home, "list").startswith("unread")
    assert "read version 1" in done("agent", "defence", home, "read", warning[:14], *ANA)
    done("agent", "ack", home, warning, "--answer", "received")
    took = ("--measure", "Blocked it at the resolver", "--control", SITES.id)
    said = done("agent", "defence", home, "take", warning, *took, *BO)
    assert "measure (DE.CM-01.05): Blocked it at the resolver" in said
    shown = done("agent", "defence", home, "show", warning)
    assert [words in shown for words in ("T1 warned", "T2 read", "T3 measure", "Bo Lindqvist")] == [True] * 4
    file = tmp_path / "proof.json"
    assert wait_until(lambda: _exported(home, warning, file))
    with app.opened(home) as house:
        key = house.vault.membership().hub_key
    checked = done("verify", file, "--hub-key", key)
    for words in (
        "It adds up",
        "version 1 of Police Agency, agency",
        ": received",
        "Blocked it at the resolver",
    ):
        assert words in checked
    assert "the file's own word" not in checked
    assert "the file's own word" in done("verify", file)
    again = tocsin("agent", "defence", home, "export", warning, file, *BO)
    assert (again.returncode, "exists" in again.stderr) == (2, True)


def _exported(home: Path, warning: str, file: Path) -> bool:
    """Whether what was answered is under a head that the partner has seen, and the file was written."""
    file.unlink(missing_ok=True)
    ended = tocsin("agent", "defence", home, "export", warning, file, *ANA)
    return ended.returncode == 0 and ": received" in done("verify", file)


def test_what_is_no_proof_is_refused(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_text('{"kind":"signed-defence","v":1}')
    for words in ((file,), (tmp_path / "none.json",), (file, "--hub-key", "no key")):
        ended = tocsin("verify", *words)
        assert ended.returncode in (1, 2)
        assert "→" in ended.stderr


def test_a_risk_is_accepted_until_a_day_to_come(home: Path, warning: str) -> None:
    why = ("--why", "No such service here")
    past = tocsin("agent", "defence", home, "accept", warning, *why, "--until", "2020-01-01T00:00Z", *ANA)
    assert (past.returncode, "still to come" in past.stderr) == (1, True)
    said = done("agent", "defence", home, "accept", warning, *why, "--until", "2099-01-01T00:00Z", *ANA)
    assert "risk accepted until 2099-01-01" in said


def test_controls_are_advised_once_a_catalogue_is_installed(home: Path, warning: str, tmp_path: Path) -> None:
    none = tocsin("agent", "measures", home, warning)
    assert (none.returncode, "--install" in none.stderr) == (2, True)
    done("agent", "measures", home, "--install", written(tmp_path, file_of(MAIL, SITES)))
    assert "2 controls" in done("agent", "measures", home)
    advice = done("agent", "measures", home, warning)
    assert "is about T1566.002" in advice
    assert advice.index(SITES.id) < advice.index(MAIL.id)
    wrong = tocsin("agent", "measures", home, warning, "--technique", "phishing")
    assert wrong.returncode == 2


def test_a_month_is_told_and_drawn(home: Path, warning: str, tmp_path: Path) -> None:
    page = tmp_path / "value.svg"
    said = done("agent", "value", home, "--page", page)
    assert "1 warnings" in said
    assert page.read_text().startswith("<svg")
    told = json.loads(done("agent", "value", home, "--json"))
    assert (told["party"], told["came"]["warnings"], told["stands"]["block"]) == ("Ayr Bank plc", 1, 1)
    future = tocsin("agent", "value", home, "--month", "2999-01")
    assert (future.returncode, "still to come" in future.stderr) == (1, True)
