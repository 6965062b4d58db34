# SPDX-License-Identifier: Apache-2.0
"""The story that the README promises, told by the installed command in real processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, str, Path]:
    folder = tmp_path_factory.mktemp("story")
    written = folder / "story.json"
    command = ["-m", "tocsin", "demo", "--once", "--folder", str(folder / "demo"), "--json", str(written)]
    ended = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stdout[-2_000:] + ended.stderr[-2_000:]
    return json.loads(written.read_text()), ended.stdout, folder / "demo"


def test_every_other_bank_learns_within_a_second(told: tuple[dict, str, Path]) -> None:
    story, _, _ = told
    assert len(story["moments"]) == 9
    unseen, named = story["moments"][:2], story["moments"][2:]
    assert all(0 < moment["milliseconds"] < 1_000 for moment in named), named
    assert all(0 < moment["milliseconds"] < 3_000 for moment in unseen), "before the next slot ends"


def test_who_sent_the_first_report_stands_nowhere_and_it_is_one_of_many(told: tuple[dict, str, Path]) -> None:
    story, said, folder = told
    known = story["known"]
    assert known["hub"]["owner"] == "nobody"
    assert known["hub"]["streams"] == ["members"]
    assert min(known["senders"], known["blobs"], known["issued"]) >= 20
    assert f"The set: 1 of {min(known['senders'], known['blobs'], known['issued'])}." in " ".join(
        said.split()
    )
    assert known["on_roster"] == 28
    for place in ("relay", "partner"):
        held = b"".join(path.read_bytes() for path in (folder / place).rglob("*") if path.is_file())
        assert story["report"].encode() not in held
        assert b"secure-clearing-update" not in held


def test_an_anonymous_report_counts_for_no_quorum_and_two_names_do(told: tuple[dict, str, Path]) -> None:
    _, said, folder = told
    said = " ".join(said.split())
    assert "one anonymous report blocks nothing" in said
    assert "the others hold it for a person, and block nothing" in said
    blocked = (folder / "castellan" / "shields" / "block.csv").read_text()
    assert "https://portal.secure-clearing-update.example/renew/login" in blocked
    assert "clearing.desk@payments-verify.example" not in blocked


def test_a_warning_blocks_at_every_bank_and_what_was_taken_back_at_none(told: tuple[dict, str, Path]) -> None:
    _, _, folder = told
    for bank in ("northbridge", "harbour", "castellan"):
        blocked = (folder / bank / "shields" / "block.csv").read_text()
        assert "refund-desk.payments-verify.example" in blocked
        assert "status.northline.example" not in blocked


def test_the_police_do_not_read_what_a_bank_told_the_members(told: tuple[dict, str, Path]) -> None:
    _, said, folder = told
    assert "never" in said
    assert b"secure-clearing-update" not in b"".join(
        path.read_bytes() for path in (folder / "police").glob("agent.db*")
    )


def test_hub_relay_and_partner_hold_nothing_of_the_victims_mail(told: tuple[dict, str, Path]) -> None:
    story, _, _ = told
    assert story["victim_words"]
    assert set(story["victim_words"].values()) == {0}


def test_it_ends_what_it_started(told: tuple[dict, str, Path]) -> None:
    _, said, _ = told
    pids = [
        line.split("process ")[1].split()[0]
        for line in said.splitlines()
        if " process " in line and "ms" not in line
    ]
    pids = [pid for pid in pids if pid.isdigit()]
    assert len(pids) == 8
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    command = [sys.executable, "-m", "tocsin", "demo", "--once", "--folder", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert (tmp_path / "mine.txt").read_text() == "mine"
