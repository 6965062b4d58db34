# SPDX-License-Identifier: Apache-2.0
"""The doctors, by the installed command: well processes are found well, and each thing that is broken is named."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until
from tests.looking import change, look

from tocsin.agent import app as agent
from tocsin.config.agent import AgentConfig
from tocsin.config.files import load, save
from tocsin.config.hub import HubConfig
from tocsin.hub import app as hub
from tocsin.partner import app as partner

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, Path]]:
    """A hub, its partner and an agent that serve and have proved what there is."""
    folder = tmp_path_factory.mktemp("well")
    with Machine(folder) as machine:
        machine.raise_hub()
        machine.join("ayr")
        machine.serve("ayr")
        assert wait_until(lambda: look(folder / "ayr/agent.db", "SELECT size FROM stream") == [(3,)])
        assert wait_until((folder / "ayr/block.csv").exists)
        yield machine, folder


@pytest.fixture
def copy(well: tuple[Machine, Path], tmp_path: Path) -> Path:
    """The three folders, in which a test may break what it wants; nobody serves from them."""
    _, folder = well
    for name in ("hub", "partner", "ayr"):
        shutil.copytree(folder / name, tmp_path / name, copy_function=shutil.copy)
    shutil.copy(folder / "ayr.key", tmp_path / "ayr.key")
    settings = tmp_path / "ayr" / "agent.toml"
    settings.write_text(settings.read_text().replace(f"{folder}/ayr.key", f"{tmp_path}/ayr.key"))
    return tmp_path


EXAMINE = {"hub": hub.doctor, "agent": agent.doctor, "partner": partner.doctor}


def findings(who: str, folder: Path) -> dict[str, tuple[str, str]]:
    return {one.check: (str(one.grade), one.says) for one in EXAMINE[who](folder).findings}


def grades(found: dict[str, tuple[str, str]], grade: str) -> set[str]:
    return {name for name, (one, _) in found.items() if one == grade}


def test_well_processes_are_found_well(well: tuple[Machine, Path]) -> None:
    _, folder = well
    assert grades(findings("hub", folder / "hub"), "ok") == {
        "settings", "modes", "disk", "versions", "door", "store", "keys", "history", "heads", "streams", "partner",
        "address", "sources",
    }  # fmt: skip
    assert grades(findings("partner", folder / "partner"), "ok") == {
        "settings", "modes", "disk", "versions", "door", "store", "memory", "honesty",
    }  # fmt: skip
    found = findings("agent", folder / "ayr")
    assert grades(found, "ok") >= {
        "settings", "modes", "disk", "versions", "vault", "store", "journal", "cases", "history", "trust", "serving",
        "hub", "signature", "outbox", "protection",
    }  # fmt: skip
    assert grades(found, "problem") == set()
    assert found["partner"][0] == "note"


def test_a_person_reads_what_to_do_below_each_line(well: tuple[Machine, Path]) -> None:
    _, folder = well
    shown = tocsin("agent", "doctor", folder / "ayr").stdout
    assert "\nNOTE     partner     Its address is not set: notes are not compared.\n" in shown
    assert "→ Set `partner_url` in agent.toml." in shown
    assert "17 checks: 0 problems, " in shown


def test_a_program_reads_a_document_and_the_exit_code(well: tuple[Machine, Path], copy: Path) -> None:
    _, folder = well
    ended = tocsin("partner", "doctor", folder / "partner", "--json")
    assert ended.returncode == 0
    first = json.loads(ended.stdout)["findings"][0]
    assert set(first) == {"check", "grade", "says", "next_step"}
    (copy / "partner/partner.keys").chmod(0o644)
    broken = tocsin("partner", "doctor", copy / "partner")
    assert broken.returncode == 1
    assert "PROBLEM  modes" in broken.stderr, "a monitor's mail has what is wrong"
    assert "OK       store" in broken.stdout


def test_the_status_of_an_agent(well: tuple[Machine, Path], copy: Path) -> None:
    machine, folder = well
    said = json.loads(tocsin("agent", "status", folder / "ayr", "--json").stdout)
    assert said["streams"] == [{"name": "directory", "size": 3, "witness": "witnessed"}]
    assert (said["waiting"], said["refused"], said["alarms"]) == (0, 0, [])
    assert said["serving"] == machine.pid("ayr")
    shown = tocsin("agent", "status", folder / "ayr").stdout
    assert "outbox: 0 waiting, 0 refused" in shown
    assert "directory" in shown
    assert f"serving: as process {machine.pid('ayr')}" in shown
    assert "NOT SERVING" not in tocsin("agent", "inbox", folder / "ayr").stdout
    for command in ("status", "inbox"):
        said = tocsin("agent", command, copy / "ayr").stdout
        assert f"NOT SERVING: nothing is heard or sent. Start it: tocsin agent serve {copy / 'ayr'}" in said


def test_a_changed_entry_is_found_at_both_ends(copy: Path) -> None:
    for store in (copy / "hub/hub.db", copy / "ayr/agent.db"):
        assert change(store, "UPDATE body SET body = CAST(replace(body, 'Ayr', 'Ayn') AS BLOB) WHERE seq = 2")
    for who, name in (("hub", "hub"), ("agent", "ayr")):
        found = findings(who, copy / name)
        assert "not the one that the entry commits to" in found["history"][1]


def test_a_store_that_was_rewritten_with_all_its_rows_is_found(copy: Path) -> None:
    change(
        copy / "hub/hub.db",
        "UPDATE entry SET header = CAST(replace(header, 'party', 'pardy') AS BLOB) WHERE seq = 2",
    )
    assert "is not what was signed" in findings("hub", copy / "hub")["history"][1]
    change(copy / "partner/partner.db", "UPDATE head SET size = size + 1")
    assert "not those that were co-signed" in findings("partner", copy / "partner")["memory"][1]


@pytest.mark.parametrize(("who", "name", "store"), [("hub", "hub", "hub.db"), ("agent", "ayr", "agent.db")])
def test_a_damaged_file_is_found_and_the_other_checks_go_on(
    copy: Path, who: str, name: str, store: str
) -> None:
    path = copy / name / store
    apsw.Connection(str(path)).execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[-3 * 4096 :] = b"\x55" * 3 * 4096
    path.write_bytes(content)
    found = findings(who, copy / name)
    assert "store" in grades(found, "problem")
    assert found["versions"][0] == "ok"


def test_a_key_that_others_can_read_is_found(copy: Path) -> None:
    (copy / "hub/hub.keys").chmod(0o644)
    (copy / "ayr.key").chmod(0o644)
    assert "modes" in grades(findings("hub", copy / "hub"), "problem")
    assert "can be read by others" in findings("agent", copy / "ayr")["vault"][1]


def test_another_hub_s_key_file_is_found(copy: Path) -> None:
    keys = bytearray((copy / "hub/hub.keys").read_bytes())
    keys[0] ^= 1
    (copy / "hub/hub.keys").write_bytes(keys)
    assert {"keys", "heads"} <= grades(findings("hub", copy / "hub"), "problem")


def test_a_hub_and_a_partner_that_are_away_are_named(copy: Path) -> None:
    settings = load(copy / "ayr/agent.toml", AgentConfig)
    nobody = "http://127.0.0.1:1"
    save(copy / "ayr/agent.toml", AgentConfig(nobody, settings.master_key, settings.own, settings.shields))
    found = findings("agent", copy / "ayr")
    assert grades(found, "problem") == {"hub", "signature"}
    assert found["serving"][0] == "note"
    link = load(copy / "hub/hub.toml", HubConfig).partner
    assert link is not None
    text = (copy / "hub/hub.toml").read_text().replace(link.url, nobody)
    (copy / "hub/hub.toml").write_text(text)
    assert grades(findings("hub", copy / "hub"), "problem") == {"partner"}


def test_protection_that_is_behind_is_a_note(copy: Path) -> None:
    (copy / "ayr/block.csv").unlink()
    assert findings("agent", copy / "ayr")["protection"][0] == "note"


def test_a_proved_dishonest_hub_is_a_problem(copy: Path) -> None:
    change(copy / "ayr/agent.db", "INSERT INTO mark (name, value) VALUES ('distrust', 'Two histories.')")
    assert "Two histories" in findings("agent", copy / "ayr")["trust"][1]
    contradiction = "INSERT INTO evidence (added, note, reason) VALUES (1, 'note', 'another root')"
    change(copy / "partner/partner.db", contradiction)
    assert "1 notes that contradict" in findings("partner", copy / "partner")["honesty"][1]


def test_a_folder_that_is_none_is_a_wrong_command(tmp_path: Path) -> None:
    for who in ("hub", "agent", "partner"):
        ended = tocsin(who, "doctor", tmp_path / "nowhere")
        assert ended.returncode == 2
        assert "does not exist" in ended.stderr
