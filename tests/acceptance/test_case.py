# SPDX-License-Identifier: Apache-2.0
"""A case from its opening to its end, as people type it: kept, shown, tied to what was sent, held, and let go."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until
from tests.acceptance.test_cli import PHISH
from tests.looking import bytes_of, change, look

from tocsin.agent import app
from tocsin.agent.cases import ledger
from tocsin.agent.cases.facts import Held, Opened
from tocsin.cli.main import run
from tocsin.clock import DAY, Instant
from tocsin.config.agent import AgentConfig
from tocsin.config.files import load, save

pytestmark = pytest.mark.processes

WORDS = ("planted-title", "planted-note", "planted-why", "planted-bank", "planted-platform", "planted-matter")
BODY = b"planted-body of the gateway's log\n"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine(tmp_path_factory.mktemp("alliance")) as machine:
        machine.raise_hub(witnessed=False)
        machine.join("ayr")
        yield machine


@pytest.fixture
def home(machine: Machine) -> Path:
    return machine.folder / "ayr"


@pytest.fixture(scope="module")
def open_case(machine: Machine) -> str:
    """A case in which nothing more is written."""
    return opened(machine.folder / "ayr")


def done(*arguments: str | Path) -> str:
    """What a command that must succeed says."""
    ended = tocsin(*arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def step(home: Path, *words: str | Path) -> str:
    return done("agent", "case", home, *words)


def opened(home: Path, *more: str) -> str:
    """A new case; its identifier."""
    said = step(home, "open", "--title", "planted-title", *more, "--by", "Ana Ferreira")
    (found,) = re.findall(r"Opened (cas_[0-9a-f]{32})\.", said)
    return found


def shown(home: Path, case: str) -> dict:
    return json.loads(step(home, "show", case, "--json"))


def test_a_case_is_kept_and_read_as_it_happened(home: Path, tmp_path: Path) -> None:
    case = opened(home, "--impersonated", "planted-bank", "--platform", "planted-platform")
    begun = case[:12]
    log = tmp_path / "gateway.log"
    log.write_bytes(BODY)
    step(home, "impact", begun, "--customers", "about:1200", "--money", "250000EUR", "--duration", "unknown")
    step(home, "decide", begun, "aware", "--why", "planted-why", "--at", "2026-01-21T08:12Z", "--by", "Bo")
    said = step(home, "note", begun, "planted-note", "--at", "2026-01-21T08:05Z")
    assert "2026-01-21 08:05" in said
    step(home, "attach", begun, log)
    step(home, "strike", begun, "2", "--why", "it was fewer")
    text = step(home, "show", begun)
    assert text.splitlines()[0] == f"{case}  open: planted-title"
    for part in (
        "impersonated: planted-bank",
        "platforms: planted-platform",
        "money: 250,000 EUR",
        "duration: unknown",
        f"evidence: gateway.log, {len(BODY)} bytes, from ",
        f"SHA-256 {ledger.digest_of(BODY)}",
        "struck: customers: about 1,200",
    ):
        assert part in text, part
    head, _, timeline = text.partition("timeline, in UTC:\n")
    assert "1,200" not in head
    note, decision, *_ = timeline.splitlines()
    assert note.startswith("  2026-01-21 08:05    6  planted-note   (")
    assert re.match(r"  2026-01-21 08:12    5  decided aware: planted-why   \(Bo, written 20\d\d-", decision)
    found = shown(home, case)
    assert found["bands"] == {"money": "100,000-999,999", "duration": "unknown"}
    (one,) = found["case"]["decisions"]
    assert (one["by"], one["what"]["kind"], one["what"]["happened"]) == ("Bo", "aware", 1_768_983_120_000_000)
    assert re.search(rf"^open +20\d\d-\S+ \d\d:\d\d  {case}  planted-title$", step(home, "list"), re.M)


def test_what_is_sent_is_tied_to_the_case_and_leaves_without_a_word_of_it(
    machine: Machine, home: Path
) -> None:
    case = opened(home)
    mail = machine.folder / "case.eml"
    mail.write_text(PHISH.format("case"))
    done("agent", "report", home, mail, "--case", case[:12], "--yes")
    done("agent", "sight", home, "seen-in-a-case.example", "--case", case[:12], "--yes")
    found = shown(home, case)
    assert [(one["sent"]["what"], one["state"]) for one in found["told"]] == [
        ("report", "receipted"),
        ("sighting", "receipted"),
    ]
    assert [one["file"]["name"] for one in found["case"]["evidence"]] == ["case.eml"]
    said = tocsin("agent", "report", home, mail, "--case", case[:12], "--yes").stdout
    assert f"Already reported as {found['told'][0]['sent']['fact']}" in said
    held = bytes_of(machine.folder / "hub", "hub.db")
    for word in (*WORDS, case, "case.eml"):
        assert word.encode() not in held, word
    before = look(home / "agent.db", "SELECT count(*) FROM outbox")
    step(home, "close", case, "--why", "over")
    ended = tocsin("agent", "sight", home, "another.example", "--case", case, "--yes")
    assert ended.returncode == 1
    assert "is closed" in ended.stderr
    assert "reopen" in ended.stderr
    assert look(home / "agent.db", "SELECT count(*) FROM outbox") == before


def test_evidence_comes_out_as_it_went_in_and_the_case_says_who_took_it(home: Path, tmp_path: Path) -> None:
    case, data = opened(home), bytes(range(256)) * 40_000
    file, copy = tmp_path / "disk.img", tmp_path / "copy.img"
    file.write_bytes(data)
    step(home, "attach", case, file)
    digest = ledger.digest_of(data)
    assert digest in step(home, "extract", case, digest[:10], "--to", copy, "--by", "Bo Lindqvist")
    assert copy.read_bytes() == data
    again = tocsin("agent", "case", home, "extract", case, "disk.img", "--to", copy)
    assert again.returncode == 2
    assert "no copy is written over it" in again.stderr
    assert re.search(r"a copy taken out: SHA-256 .*\(Bo Lindqvist\)", step(home, "show", case))


def test_nothing_of_a_case_stands_in_the_agents_folder(home: Path, tmp_path: Path) -> None:
    case = opened(home, "--impersonated", "planted-bank", "--platform", "planted-platform")
    log = tmp_path / "planted-name.log"
    log.write_bytes(BODY)
    step(home, "note", case, "planted-note")
    step(home, "decide", case, "other", "--why", "planted-why")
    step(home, "hold", case, "--matter", "planted-matter", "--why", "planted-why")
    step(home, "attach", case, log)
    files = [path for path in home.rglob("*") if path.is_file()]
    assert home / "agent.db" in files
    for path in files:
        held = path.read_bytes()
        for word in (b"planted", b"Ana Ferreira"):
            assert word not in held, (path, word)


def test_words_can_be_kept_out_of_the_list_of_processes(home: Path) -> None:
    case = opened(home)
    command = [sys.executable, "-m", "tocsin", "agent", "case", str(home), "note", case, "-"]
    ended = subprocess.run(command, input="a secret name\n", capture_output=True, text=True, check=True)
    assert "a secret name" in ended.stdout
    assert shown(home, case)["case"]["lines"][-1]["fact"]["text"] == "a secret name"


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["show", "cas_00000000"], "Nothing here begins", 1),
        (["impact", "CASE"], "give one of the options", 2),
        (["impact", "CASE", "--money", "much"], "write 250000EUR", 1),
        (["note", "CASE", ""], "not well formed", 1),
        (["decide", "CASE", "aware", "--why", "x", "--at", "2999-01-01T00:00Z"], "has not happened yet", 1),
        (["release", "CASE", "--matter", "none", "--why", "x"], "It is not held for none", 1),
        (["reopen", "CASE", "--why", "x"], "It is open", 1),
        (["strike", "CASE", "0", "--why", "x"], "Line 0 is no note", 1),
        (["attach", "CASE", "/nowhere/at.all"], "is no file that can be read", 2),
        (["extract", "CASE", "nothing", "--to", "x"], "No file of", 1),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_changes_nothing(
    home: Path, open_case: str, words: list[str], said: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = look(home / "agent.db", "SELECT vault_case, seq FROM case_line")
    ended = run(["agent", "case", str(home), *(open_case if word == "CASE" else word for word in words)])
    heard = capsys.readouterr().err
    assert ended == code, heard
    assert said in heard
    assert "→" in heard
    assert look(home / "agent.db", "SELECT vault_case, seq FROM case_line") == before


def test_a_case_that_was_tampered_with_is_named_and_the_others_are_listed(home: Path) -> None:
    case, other = opened(home), opened(home)
    change(home / "agent.db", "DELETE FROM case_line WHERE vault_case = :case", {"case": case})
    try:
        ended = tocsin("agent", "case", home, "list")
        assert ended.returncode == 1
        assert case in ended.stderr
        assert other in ended.stdout
        assert tocsin("agent", "case", home, "show", case).returncode == 1
        checkup = json.loads(tocsin("agent", "doctor", home, "--json").stdout)
        assert {one["check"]: one["grade"] for one in checkup["findings"]}["cases"] == "problem"
    finally:
        change(home / "agent.db", "DELETE FROM vault_case WHERE id = :case", {"case": case})


def test_at_its_age_a_case_goes_and_a_held_one_stays_until_it_is_released(
    machine: Machine, home: Path
) -> None:
    settings = home / app.SETTINGS
    save(settings, msgspec.structs.replace(load(settings, AgentConfig), case_days=30))
    with app.opened(home) as house:
        long_ago = Instant(house.clock.now() - 31 * DAY)
        box = house.vault.box
        with house.store.transaction("write") as tx:
            ledger.write(tx, box, "cas_" + "0" * 32, "Ana", long_ago, Opened("old"))
            ledger.write(tx, box, "cas_" + "1" * 32, "Ana", long_ago, Opened("held"), Held("court", "a writ"))
    young = opened(home)
    machine.serve("ayr")

    def there() -> set[str]:
        return {str(name) for (name,) in look(home / "agent.db", "SELECT id FROM vault_case")}

    assert wait_until(lambda: "cas_" + "0" * 32 not in there())
    assert {"cas_" + "1" * 32, young} <= there()
    assert "not erased while it is held for court" in step(home, "show", "cas_" + "1" * 32)
    step(home, "release", "cas_" + "1" * 32, "--matter", "court", "--why", "over")
    machine.stop("ayr")
    machine.serve("ayr")
    assert wait_until(lambda: "cas_" + "1" * 32 not in there())
    assert young in there()


def test_a_backup_put_back_keeps_cases_and_their_files(machine: Machine, home: Path, tmp_path: Path) -> None:
    case = opened(home)
    log = tmp_path / "gateway.log"
    log.write_bytes(BODY)
    step(home, "attach", case, log)
    before = shown(home, case)
    done("agent", "backup", home, tmp_path / "ayr.backup")
    assert b"planted" not in (tmp_path / "ayr.backup").read_bytes()
    again = tmp_path / "again"
    again.mkdir()
    (again / "agent.toml").write_bytes((home / "agent.toml").read_bytes())
    done("agent", "restore", again, "--from", tmp_path / "ayr.backup")
    assert shown(again, case) == before
    step(again, "extract", case, "gateway.log", "--to", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == BODY
