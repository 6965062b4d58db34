# SPDX-License-Identifier: Apache-2.0
"""`tocsin hub group`: the operator sees who is in a group, and changes it, while the hub may be serving."""

import json
from pathlib import Path

import pytest
from tests.unit.hub.test_enrol import enrol as enrolment

from tocsin.cli.main import run
from tocsin.clock import SystemClock
from tocsin.domain.party import Role
from tocsin.hub import app
from tocsin.hub.verbs.enrol import redeem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    app.init(tmp_path, "City Alliance", "http://hub.example", 8710, "hub.db")
    return tmp_path


@pytest.fixture
def party(folder: Path) -> str:
    """A bank that joined."""
    code = app.enrol(folder, "Ayr Bank plc", Role.BANK, "GB").code
    with app.for_command(folder) as (hub, store):
        return store.run("join", lambda tx: redeem(tx, hub, enrolment(code))).party


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_party_is_put_on_a_roster_and_taken_off(
    folder: Path, party: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["hub", "group", str(folder), "sepa"]) == 1
    assert "There is no group 'sepa'" in capsys.readouterr().err
    assert run(["hub", "group", str(folder), "sepa", "--add", "ayr bank PLC"]) == 0
    shown = said(capsys)
    assert shown.startswith("sepa: 1 on its roster\n")
    assert "to now" in shown
    assert f"from-join  Ayr Bank plc  ({party})" in shown
    assert run(["hub", "group", str(folder), "sepa", "--remove", party[:12]]) == 0
    assert said(capsys).startswith("sepa: 0 on its roster\n")


def test_a_new_member_can_be_given_the_past(
    folder: Path, party: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["hub", "group", str(folder), "sepa", "--add", party, "--history", "all", "--json"]
    assert run(arguments) == 0
    (member,) = json.loads(said(capsys))["members"]
    assert (member["party"], member["name"]) == (party, "Ayr Bank plc")
    assert (member["membership"]["reads_from"], member["membership"]["until"]) == (0, None)
    assert member["membership"]["since"] <= SystemClock().now()


@pytest.mark.parametrize("change", ["--add", "--remove"])
def test_a_party_that_there_is_not_is_refused(
    folder: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["hub", "group", str(folder), "sepa", change, "prt_nobody"]) != 0
    assert "prt_nobody" in capsys.readouterr().err


def test_nobody_is_added_and_removed_at_once(folder: Path, party: str) -> None:
    assert run(["hub", "group", str(folder), "sepa", "--add", party, "--remove", party]) == 2
