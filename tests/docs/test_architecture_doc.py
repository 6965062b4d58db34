# SPDX-License-Identifier: Apache-2.0
"""ARCHITECTURE.md, and every other document, points only to what is there; the floors are those that are enforced."""

import configparser
import re
from pathlib import Path
from urllib.parse import urlsplit

from tests.docs.generate import ROOT
from tests.sweep import sweep

ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changelog.d").glob("*.md")])
CONTRACTS = configparser.ConfigParser()
CONTRACTS.read(ROOT / ".importlinter", encoding="utf-8")

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:src|tests|docs|scripts)/[\w./-]+)`")
_HEADING = re.compile(r"^#+ (.+)$", re.M)

each_document = sweep(DOCUMENTS, lambda path: str(path.relative_to(ROOT)))


def floors(text: str) -> list[set[str]]:
    """Floors from top to bottom, each as the set of packages that share it."""
    return [
        set(re.findall(r"\w+", floor)) - {"__main__"}
        for floor in re.split(r"→|\n", text)
        if re.search(r"[a-z]", floor)
    ]


@each_document
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    for path in _PATH.findall(document.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path


@each_document
def test_every_link_inside_the_project_leads_somewhere(document: Path) -> None:
    for link in _LINK.findall(document.read_text(encoding="utf-8")):
        parts = urlsplit(link)
        if parts.scheme or not parts.path:
            continue
        assert (document.parent / parts.path).exists(), link


def test_the_floors_are_those_that_the_linter_enforces() -> None:
    drawn = ARCHITECTURE.partition("```\ncli →")[2].partition("```")[0]
    assert floors(f"cli →{drawn}") == [
        floor for floor in floors(CONTRACTS["importlinter:contract:floors"]["layers"]) if floor
    ]


def test_every_floor_has_its_row() -> None:
    table = ARCHITECTURE.partition("## Floors")[2].partition("## Eight")[0]
    told = {
        word for row in re.findall(r"^\| ([\w, ]+) \| [^|]+ \| `src", table, re.M) for word in row.split(", ")
    }
    assert told == set().union(*floors(CONTRACTS["importlinter:contract:floors"]["layers"]))


def test_every_contract_is_put_into_words() -> None:
    contracts = [name for name in CONTRACTS.sections() if name.startswith("importlinter:contract:")]
    section = ARCHITECTURE.partition("import contracts\n")[2].partition("\n## ")[0]
    assert len(re.findall(r"^\d\. \*\*", section, re.M)) == len(contracts) == 8


def test_a_journey_names_a_file_with_every_step() -> None:
    journeys = ARCHITECTURE.partition("## Journeys")[2].partition("## Where each rule lives")[0]
    steps = re.findall(r"^\d+\. (.+)$", journeys, re.M)
    assert len(steps) > 40
    assert [step for step in steps if not step.startswith("`src/tocsin/")] == []


def test_every_process_of_a_journey_is_walked_through() -> None:
    journeys = ARCHITECTURE.partition("## Journeys")[2].partition("## Where each rule lives")[0]
    for place in ("hub/verbs", "agent/verbs"):
        for verb in sorted((ROOT / "src/tocsin" / place).glob("[a-z]*.py")):
            assert f"src/tocsin/{place}/{verb.name}" in journeys, verb


def test_the_decisions_are_numbered_without_a_gap_and_have_one_form() -> None:
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(path.name[:4])}. "), path
        headings = _HEADING.findall(text)[1:]
        assert headings == ["Context", "Considered options", "Decision", "Consequences"], path


def test_a_fragment_of_the_changelog_is_one_sentence() -> None:
    for path in (ROOT / "changelog.d").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        assert text.endswith(".\n"), path
        assert text.count("\n") == 1, path
        assert re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md", path.name), path
