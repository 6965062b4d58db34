# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent redact`, from a file to what a person and a script read; the reader child is the real one."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from tocsin.agent.vault import create_master_key
from tocsin.cli.main import run
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.files import save

OWN = OwnAssets(legal_name="Northmoor Bank plc", domains=("northmoor.example",), bin=("476210",))
NOTE = """Mrs Penny Larkspur of Northmoor lost £300 on card 476210******4572.
The fraudster called from 0800 000 4471, the page was hxxps://evil[.]example/a

Text came from 07700 900319
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder, key = tmp_path / "agent", tmp_path / "agent.key"
    folder.mkdir(mode=0o700)
    create_master_key(key, folder, os.urandom)
    save(folder / "agent.toml", AgentConfig(hub_url="http://127.0.0.1:1", master_key=str(key), own=OWN))
    return folder


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text(NOTE, encoding="utf-8")
    return path


def test_a_person_reads_the_text_what_went_and_what_to_look_at_again(house, note, capsys):
    assert run(["agent", "redact", str(house), str(note)]) == 0
    said = capsys.readouterr().out
    for gone in ("Larkspur", "Northmoor", "£300", "476210", "07700"):
        assert gone not in said
    for kept in ("0800 000 4471", "hxxps://evil[.]example/a"):
        assert kept in said
    assert "pieces replaced" in said
    assert "Look again" in said
    assert "[phone 1]" in said
    assert "Nothing was sent" in said


def test_a_script_reads_the_same(house, note, capsys):
    assert run(["agent", "redact", str(house), str(note), "--json"]) == 0
    redaction = json.loads(capsys.readouterr().out.splitlines()[0])
    assert redaction["text"].startswith(
        "[person 1] of [our bank] lost [some hundreds of units GBP] on card [card 1]"
    )
    assert dict(redaction["counts"])["phone"] == 1
    assert redaction["doubts"] == ["[phone 1]"]
    assert redaction["cut"] is False


def test_a_person_puts_back_what_is_the_attackers_and_hides_what_tells_too_much(house, note, capsys):
    assert run(["agent", "redact", str(house), str(note), "--keep", "phone 1", "--hide", "page"]) == 0
    said = capsys.readouterr().out
    assert "Text came from 07700 900319" in said
    assert "the [name 1] was" in said
    assert "Look again" not in said
    assert "These stay as the attacker's" in said


def test_what_is_sure_is_not_put_back(house, note, capsys):
    assert run(["agent", "redact", str(house), str(note), "--keep", "[person 1]"]) == 1
    assert "none of the doubts" in capsys.readouterr().err


def test_of_several_texts_each_is_answered_by_itself(house, note, capsys):
    packed = note.with_name("two.zip")
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("one.txt", "two.txt"):
            archive.write(note, name)
    assert run(["agent", "redact", str(house), str(packed), "--keep", "phone 1"]) == 1
    assert "holds several texts" in capsys.readouterr().err


def test_a_text_that_is_too_long_is_shown_in_part_and_says_so(house, note, capsys):
    note.write_text("Mrs Penny Larkspur called. " * 1_000, encoding="utf-8")
    assert run(["agent", "redact", str(house), str(note)]) == 0
    said = capsys.readouterr().out
    assert "the first 20,000 characters are shown" in said
    assert "Larkspur" not in said


def test_what_holds_no_text_is_refused_with_a_next_step(house, note, capsys):
    note.write_bytes(bytes(range(256)) * 8)
    assert run(["agent", "redact", str(house), str(note)]) == 1
    assert "note.txt: It looks like binary data" in capsys.readouterr().err
