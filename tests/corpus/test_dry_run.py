# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent report --dry-run` over every real mail and STIX file: a disclosure, or the refusal that was expected.

The agent joined a real hub, which is gone when the files are read: a dry run needs nobody and sends nothing. It is told
one name and one domain, of which no mail speaks. `test_nothing_leaks` looks into the disclosures.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from tests.corpus.alliance import serving
from tests.corpus.banks import brands

from tocsin.cli.main import run
from tocsin.cli.outcomes import FileReport, Summary
from tocsin.config.agent import OwnAssets
from tocsin.domain.disclosure import Disclosure
from tocsin.domain.linter import lint
from tocsin.wire.registrable import registrable

pytestmark = [pytest.mark.corpus, pytest.mark.processes]

EXPECTED: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("expected_dry_run.toml").read_text(encoding="utf-8")
)["refused"]
NOBODY = OwnAssets("Hollowdell Bank plc", domains=("hollowdell.example",))
BURNER = (
    b"From: a@evil.example\nContent-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\n\nhello\n" * 1_200_000
    + b"--b--\n"
)
"""A mail that keeps any parser busy for several seconds."""


class DryRun:
    """What the command said of every file."""

    def __init__(self, data_dir: Path) -> None:
        self.place = data_dir
        paths = [*self.files("mail"), *self.files("stix")]
        with TemporaryDirectory() as name, redirect_stdout(StringIO()) as out:
            folder = Path(name)
            burner = folder / "burner.eml"
            burner.write_bytes(BURNER)
            paths.insert(len(paths) // 2, burner)
            with serving(folder) as alliance:
                agent = alliance.join("Member 01", NOBODY)
            before = _content(agent)
            self.exit_code = run(["agent", "report", str(agent), "--dry-run", "--json", *map(str, paths)])
            self.kept_nothing = _content(agent) == before
        *said, total = out.getvalue().splitlines()
        self.total = msgspec.json.decode(total, type=Summary)
        reports = (msgspec.json.decode(line, type=FileReport) for line in said)
        answers = dict(zip(paths, reports, strict=True))
        self.burnt = answers.pop(burner)
        self.reports = {self.name(path): answer for path, answer in answers.items()}

    def files(self, kind: str) -> list[Path]:
        """Every file of the corpus' folder for mail or STIX."""
        return sorted(path for path in (self.place / kind).rglob("*") if path.is_file())

    def name(self, path: Path) -> str:
        """A path as the table writes it."""
        return path.relative_to(self.place).as_posix()

    def share(self, names: list[str]) -> float:
        """How many of these files give a disclosure."""
        return sum(self.reports[name].disclosure is not None for name in names) / len(names)


read_once = cache(DryRun)


@pytest.fixture
def dry_run(data_dir: Path) -> DryRun:
    """The command, run once for all tests."""
    return read_once(data_dir)


def test_every_file_is_answered_and_the_whole_is_counted(dry_run: DryRun) -> None:
    assert dry_run.exit_code == 1, "files were refused"
    assert Counter(name.partition("/")[0] for name in dry_run.reports) == {"mail": 700, "stix": 113}
    given = sum(one.disclosure is not None for one in dry_run.reports.values())
    nothing = dry_run.total.nothing
    assert 0 < nothing < 814 - given, "others could not be read"
    assert dry_run.total == Summary(814, given, sent=0, refused=814 - given, nothing=nothing)


def test_a_dry_run_sends_nothing_and_keeps_nothing(dry_run: DryRun) -> None:
    assert not any(one.report or one.case or one.settled for one in dry_run.reports.values())
    assert dry_run.kept_nothing


def test_what_is_refused_is_refused_for_the_reason_and_at_the_place_that_were_expected(
    dry_run: DryRun,
) -> None:
    expected = {path: row for row in EXPECTED for path in row["paths"]}
    refused = {name: one.problem for name, one in dry_run.reports.items() if one.problem}
    assert set(refused) == set(expected)
    for name, problem in refused.items():
        assert problem.type.rpartition("/")[2] == expected[name]["problem"], name
        assert [says for says in expected[name]["says"] if says not in problem.detail] == [], name


def test_no_file_surprises_the_product(dry_run: DryRun) -> None:
    details = [one.problem.detail for one in dry_run.reports.values() if one.problem]
    assert [detail for detail in details if "internal" in detail.lower()] == []


def test_a_second_of_processor_time_is_all_that_a_file_gets(dry_run: DryRun) -> None:
    assert dry_run.burnt.problem is not None
    assert dry_run.burnt.problem.type.endswith("/too-costly")
    assert "more than one second" in dry_run.burnt.problem.detail
    problems = [one.problem.type for one in dry_run.reports.values() if one.problem]
    assert not any(kind.endswith("/too-costly") for kind in problems)


def test_nearly_every_labelled_phish_gives_a_disclosure(
    dry_run: DryRun, record_property: Callable[[str, object], None]
) -> None:
    labelled = [f"mail/{name}" for name in brands(dry_run.place)]
    others = [dry_run.name(path) for path in dry_run.files("mail/phish_other")]
    assert (len(labelled), len(others)) == (408, 80)
    for name, files in (("labelled phish", labelled), ("other phish", others)):
        record_property(name, dry_run.share(files))
        print(f"\n{name}: {dry_run.share(files):.1%} of {len(files)} give a disclosure", end="")
        assert dry_run.share(files) >= 0.95


def test_stix_gives_a_disclosure_wherever_something_may_be_shared(
    dry_run: DryRun, record_property: Callable[[str, object], None]
) -> None:
    every = [dry_run.name(path) for path in dry_run.files("stix")]
    documents = {name: _document(dry_run.place / name) for name in every}
    bundles = [name for name in every if documents[name].get("type") == "bundle"]
    holding = [name for name in every if _holds_something(documents[name])]
    counts = {}
    for what, names in (("all", every), ("bundles", bundles), ("holding something", holding)):
        counts[what] = (sum(dry_run.reports[name].disclosure is not None for name in names), len(names))
        record_property(f"STIX, {what}", dry_run.share(names))
        print(f"\nSTIX, {what}: {dry_run.share(names):.1%} of {len(names)} give a disclosure", end="")
    assert dry_run.share(holding) >= 0.95
    # Counted facts: what stands in the corpus beside reports of attacks is named, file by file, in the table.
    assert counts == {"all": (83, 113), "bundles": (80, 101), "holding something": (83, 83)}


def test_what_a_dry_run_shows_would_be_let_out(dry_run: DryRun) -> None:
    with_values = {name: one for name, one in _shown(dry_run).items() if one.indicators}
    assert {name: found for name, one in with_values.items() if (found := lint(one, registrable))} == {}


def test_a_bundle_about_techniques_alone_would_be_let_out(dry_run: DryRun) -> None:
    without = {name: one for name, one in _shown(dry_run).items() if not one.indicators}
    assert {name: found for name, one in without.items() if (found := lint(one, registrable))} == {}


def _shown(dry_run: DryRun) -> dict[str, Disclosure]:
    return {name: one.disclosure for name, one in dry_run.reports.items() if one.disclosure}


def _content(agent: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in agent.iterdir() if not path.name.endswith("-shm")}


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


# A reading of STIX by a few rules of thumb, for the denominator only. It shares nothing with the product's.
_MAY_TRAVEL = frozenset(
    [
        "613f2e26-407d-48c7-9eca-b8e91df99dc9",  # TLP 1.0
        "34098fce-860f-48ae-8e50-ebd3cc5e41da",
        "f88d31f6-486f-44da-b317-01333bde0b82",
        "94868c89-83c2-464b-929b-a1a8aa3c8487",  # TLP 2.0
        "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        "fa42a846-8d90-4e51-bc29-71d5b4802168",  # MITRE's copyright
    ]
)
_NAMED = re.compile(
    r"(?:value|MD5|SHA-?1|SHA-?256)'?\s*(?:=|IN|ISSUBSET)\s*\(?\s*'(?!10\.|127\.|192\.168\.)", re.I
)
_NUMBER = re.compile(r"T\d{4}(\.\d{3})?|[SGC]\d{4}|CVE-\d{4}-\d+|CAPEC-\d+")
_ACTS = frozenset(
    ["attack-pattern", "malware", "tool", "intrusion-set", "campaign", "vulnerability", "threat-actor"]
)


def _holds_something(document: dict[str, Any]) -> bool:
    """Whether a person with a text editor finds a value or a catalogue's number in it that may be passed on."""
    items = document.get("objects", [document]) if "type" in document else []
    marks = [mark for one in items for mark in one.get("object_marking_refs", [])]
    marks += [each["marking_ref"] for one in items for each in one.get("granular_markings", [])]
    if any(mark.partition("--")[2] not in _MAY_TRAVEL for mark in marks):
        return False
    return any(map(_tells_of_an_attack, items)) or _accuses_an_observable(items)


def _tells_of_an_attack(item: dict[str, Any]) -> bool:
    if item["type"] == "indicator":
        return bool(_NAMED.search(item.get("pattern", "")))
    numbers = [each.get("external_id", "") for each in item.get("external_references", [])]
    numbers = numbers if item["type"] in _ACTS else []
    return any(_NUMBER.fullmatch(number) for number in [*numbers, item.get("technique_id", "")])


def _accuses_an_observable(items: list[dict[str, Any]]) -> bool:
    kinds = {item["type"] for item in items}
    targets = {item["target_ref"].partition("--")[0] for item in items if item["type"] == "relationship"}
    return {"sighting", "file"} <= kinds or bool(targets & {"file", "domain-name", "ipv4-addr", "url"})
