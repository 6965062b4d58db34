# SPDX-License-Identifier: Apache-2.0
"""Who lets a report go, at the installed command: nobody, one person, two, a rule; and what a person's word changes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.machine import Machine, tocsin
from tests.looking import look

pytestmark = pytest.mark.processes

ANA, BO = ("--by", "Ana Ferreira"), ("--by", "Bo Lindqvist")
RULE = """
[[standing_rules]]
name = "lists"
attacks = ["other"]
kinds = ["domain"]
formats = ["list"]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with Machine(tmp_path_factory.mktemp("alliance")) as machine:
        machine.raise_hub(witnessed=False)
        yield machine.join("ayr")


@pytest.fixture
def settings(home: Path) -> Iterator[Path]:
    """agent.toml, as it was afterwards."""
    path = home / "agent.toml"
    before = path.read_text()
    yield path
    path.write_text(before)


def a_list(home: Path, *values: str) -> Path:
    path = home.parent / f"{values[0].partition('.')[0]}.txt"
    path.write_text("".join(f"{value}\n" for value in values))
    return path


def queued(home: Path) -> int:
    return len(look(home / "agent.db", "SELECT id FROM outbox"))


def draft_in(said: str) -> str:
    return said.partition("Kept as ")[2].partition(":")[0]


def test_without_a_person_and_without_a_rule_a_report_waits_and_one_approves_it(home: Path) -> None:
    before = queued(home)
    file = a_list(home, "waits.example", "waits-too.example")
    kept = tocsin("agent", "report", home, file)
    assert kept.returncode == 3
    assert "waits for a person: no standing rule is declared" in kept.stdout
    assert queued(home) == before
    draft = draft_in(kept.stderr)
    assert f"{draft}  " in tocsin("agent", "drafts", home, "list").stdout
    shown = tocsin("agent", "drafts", home, "show", draft)
    for words in ("+ named        waits[.]example", "would leave: 2 values", "price: 1 of 1 party like you"):
        assert words in shown.stdout, shown.stdout
    sent = tocsin("agent", "drafts", home, "approve", draft[:13], *BO)
    assert sent.returncode == 0, sent.stderr
    assert "approved by person Bo Lindqvist" in sent.stdout
    assert tocsin("agent", "drafts", home, "list").stdout == "Nothing waits for approval.\n"
    again = tocsin("agent", "drafts", home, "approve", draft, *BO)
    assert again.returncode == 1
    assert queued(home) == before + 1


def test_a_refusal_ends_it(home: Path) -> None:
    before = queued(home)
    draft = draft_in(tocsin("agent", "report", home, a_list(home, "no.example")).stderr)
    assert tocsin("agent", "drafts", home, "refuse", draft, *BO).returncode == 2
    gone = tocsin("agent", "drafts", home, "refuse", draft, *BO, "--reason", "our own test")
    assert (gone.returncode, "Refused: nothing of" in gone.stdout) == (0, True)
    assert queued(home) == before


def test_with_two_approvals_another_person_agrees(home: Path, settings: Path) -> None:
    settings.write_text(settings.read_text().replace("approvals = 1", "approvals = 2"))
    before = queued(home)
    kept = tocsin("agent", "report", home, a_list(home, "four-eyes.example"), "--yes", *ANA, "--json")
    assert kept.returncode == 3
    draft = json.loads(kept.stdout)["draft"]
    same = tocsin("agent", "drafts", home, "approve", draft, "--by", "ana ferreira")
    assert same.returncode == 1
    assert "another person does" in same.stderr
    assert queued(home) == before
    sent = tocsin("agent", "drafts", home, "approve", draft, *BO)
    assert "approved by person Ana Ferreira and person Bo Lindqvist" in sent.stdout
    assert queued(home) == before + 1


def test_a_declared_rule_lets_go_what_it_names_and_nothing_else(home: Path, settings: Path) -> None:
    settings.write_text(settings.read_text().replace("approvals = 1", "approvals = 2") + RULE)
    sent = tocsin("agent", "report", home, a_list(home, "ruled.example"))
    assert sent.returncode == 0, sent.stderr
    assert "leaves without a person by the standing rule lists: 1 value" in sent.stdout
    assert "approved by rule lists" in sent.stdout
    kept = tocsin("agent", "report", home, a_list(home, "mixed.example", "https://mixed.example/x"))
    assert (kept.returncode, "lists does not cover url" in kept.stdout) == (3, True)
    part = settings.read_text() + "whole = false\n"
    settings.write_text(part)
    both = tocsin("agent", "report", home, a_list(home, "mixed.example", "https://mixed.example/x"))
    assert both.returncode == 3
    assert "approved by rule lists" in both.stderr
    assert "Kept as drf_" in both.stderr
    (waits,) = json.loads(tocsin("agent", "drafts", home, "list", "--json").stdout)["drafts"]
    assert [one["observable"]["kind"] for one in waits["disclosure"]["indicators"]] == ["url"]


def test_a_rule_that_means_nothing_is_named(home: Path, settings: Path) -> None:
    settings.write_text(settings.read_text() + RULE.replace('"domain"', '"domains"'))
    ended = tocsin("agent", "report", home, a_list(home, "any.example"))
    assert ended.returncode == 2
    assert "The standing rule 'lists'" in ended.stderr


def test_a_word_on_a_value_holds_for_every_later_report_until_it_is_deleted(home: Path) -> None:
    file = a_list(home, "customer.example", "evil-x.example")
    corrections = ("agent", "corrections", home)
    said = tocsin(*corrections, "add", "customer[.]example", "--owner", "customer", "--why", "asked", *ANA)
    assert said.returncode == 0, said.stderr
    shown = tocsin("agent", "report", home, file, "--dry-run").stdout
    assert "would leave: 1 value" in shown
    assert "Ana Ferreira said so on" in shown
    assert "customer[.]example" in tocsin(*corrections, "list").stdout
    own = tocsin(*corrections, "add", "www.ayr.example", "--owner", "attacker", "--why", "x", *ANA)
    assert (own.returncode, "cannot be made the attacker's (ours)" in own.stderr) == (1, True)
    (only,) = json.loads(tocsin(*corrections, "list", "--json").stdout)["corrections"]
    assert tocsin(*corrections, "delete", only["id"], *BO).returncode == 0
    assert "would leave: 2 values" in tocsin("agent", "report", home, file, "--dry-run").stdout


def test_the_price_is_one_line_and_a_coarser_day_is_told_as_it_says(home: Path) -> None:
    file = a_list(home, "coarse.example")
    shown = tocsin("agent", "report", home, file, "--dry-run", "--happened", "month", "--json")
    row = json.loads(shown.stdout)
    assert row["disclosure"]["happened"].endswith("-01")
    assert row["price"]["grain"] == "month"
    said = tocsin("agent", "report", home, file, "--dry-run", "--happened", "month").stdout
    assert len([line for line in said.splitlines() if line.startswith("price: ")]) == 1


def test_a_text_goes_with_its_doubts_answered_and_stands_in_the_case_and_the_inbox(home: Path) -> None:
    file, note = a_list(home, "words.example"), home.parent / "note.txt"
    note.write_text("Two calls.\nText came from 07700 900319.\nThe page was words.example, she lost £300.\n")
    shown = tocsin("agent", "report", home, file, "--text", note, "--dry-run")
    assert "- The page was words.example, she lost £300." in shown.stdout, shown.stdout
    assert "+ The page was words[.]example, she lost [some hundreds of units GBP]" in shown.stdout
    assert "[phone 1]" in shown.stdout.partition("Look again")[2]
    asked = tocsin("agent", "report", home, file, "--text", note, "--yes", *ANA)
    assert (asked.returncode, "Whose is [phone 1]?" in asked.stderr) == (1, True), asked.stderr
    assert tocsin("agent", "report", home, file, "--text", note, "--class", "mixed").returncode == 2
    sent = tocsin("agent", "report", home, file, "--text", note, "--drop", "phone 1", "--yes", *ANA, "--json")
    assert sent.returncode == 0, sent.stderr
    case = json.loads(sent.stdout)["case"]
    told = "> Text came from [phone 1]."
    assert told in tocsin("agent", "case", home, "show", case).stdout
