# SPDX-License-Identifier: Apache-2.0
"""Every real mail and STIX file is read through the real child; every word of doubt was expected, by hand."""

import csv
import tomllib
from collections import defaultdict
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Defect, Reading
from tocsin.errors import InputError

pytestmark = [pytest.mark.corpus, pytest.mark.processes]

EXPECTED: dict[str, list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("expected_reading.toml").read_text(encoding="utf-8")
)
EVIDENCE = frozenset({"link", "landing-host", "sender", "sending-host", "attachment"})
HELD = "held for a person to judge"


class Corpus:
    """All mail and STIX of the corpus, read once."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.readings: dict[str, Reading] = {}
        self.refusals: dict[str, InputError] = {}
        files = [
            path
            for folder in ("mail", "stix")
            for path in sorted((place / folder).rglob("*"))
            if path.is_file()
        ]
        with ReaderChild() as reader:
            for path in files:
                name = path.relative_to(place).as_posix()
                try:
                    self.readings[name] = reader.read(path.read_bytes(), name)
                except InputError as error:
                    self.refusals[name] = error

    @cached_property
    def labelled_phish(self) -> list[str]:
        """The mails that `labels.csv` names."""
        with (self.place / "mail/labels.csv").open(encoding="utf-8", newline="") as table:
            return [f"mail/{row['file']}" for row in csv.DictReader(table)]

    def defects(self) -> dict[str, list[Defect]]:
        """Of each file with any, all but the unknown markings."""
        found = {
            path: [defect for defect in reading.defects if HELD not in defect.reason]
            for path, reading in self.readings.items()
        }
        return {path: defects for path, defects in found.items() if defects}


read_once = cache(Corpus)


@pytest.fixture
def corpus(data_dir: Path) -> Corpus:
    return read_once(data_dir)


def stands_at(defect: Defect, place: str) -> bool:
    """Whether a defect stands at ``objects[14]`` (whatever its identifier) or at exactly that place of a mail."""
    return defect.where == place or defect.where.startswith(f"{place} ")


def is_common(defect: Defect) -> bool:
    """Whether it is one of the kinds that are counted and not listed."""
    return any(row["reason"] in defect.reason and row["where"] in defect.where for row in EXPECTED["common"])


def test_all_of_it_is_there(corpus: Corpus) -> None:
    paths = [*corpus.readings, *corpus.refusals]
    assert sum(path.startswith("mail/") for path in paths) == 700
    assert sum(path.startswith("stix/") for path in paths) == 113


def test_no_file_surprises_the_reader(corpus: Corpus) -> None:
    assert [path for path, error in corpus.refusals.items() if "internal error" in error.detail] == []


def test_what_is_refused_is_refused_for_the_reason_that_was_expected(corpus: Corpus) -> None:
    expected = {row["path"]: row for row in EXPECTED["refused"]}
    assert set(corpus.refusals) == set(expected)
    for path, error in corpus.refusals.items():
        assert (type(error).__name__, True) == (
            expected[path]["error"],
            expected[path]["reason"] in error.detail,
        ), path


def test_every_defect_was_expected_at_its_place(corpus: Corpus) -> None:
    found = corpus.defects()
    for row in EXPECTED["defect"]:
        here = [each for each in found[row["path"]] if row["reason"] in each.reason and not is_common(each)]
        assert len(here) == len(row["at"]), row
        assert all(stands_at(each, place) for each, place in zip(here, row["at"], strict=True)), row
        found[row["path"]] = [each for each in found[row["path"]] if each not in here]
    unexpected = {path: [each for each in rest if not is_common(each)] for path, rest in found.items()}
    assert {path: rest for path, rest in unexpected.items() if rest} == {}


def test_common_defects_are_as_common_as_was_expected(corpus: Corpus) -> None:
    for row in EXPECTED["common"]:
        files = [
            path
            for path, defects in corpus.defects().items()
            if path.startswith("mail/")
            and any(row["reason"] in each.reason and row["where"] in each.where for each in defects)
        ]
        assert len(files) == row["files"], row


def test_a_file_is_held_exactly_when_an_unknown_marking_was_expected(corpus: Corpus) -> None:
    marked: dict[str, int] = defaultdict(int)
    for path, reading in corpus.readings.items():
        marked[path] += sum(HELD in defect.reason for defect in reading.defects)
    assert all(reading.held == (marked[path] > 0) for path, reading in corpus.readings.items())
    assert {path: count for path, count in marked.items() if count} == {
        row["path"]: row["objects"] for row in EXPECTED["held"]
    }


def test_every_labelled_phish_yields_evidence(
    corpus: Corpus, record_property: Callable[[str, object], None]
) -> None:
    phish = corpus.labelled_phish
    parts = {path: {found.part for found in corpus.readings[path].found} for path in phish}
    with_evidence = sum(bool(parts[path] & EVIDENCE) for path in phish)
    for part in sorted(EVIDENCE):
        record_property(part, sum(part in found for found in parts.values()))
    record_property("labelled phish", len(phish))
    assert with_evidence == len(phish) > 400
    assert sum(bool({"link", "attachment"} & found) for found in parts.values()) >= 0.9 * len(phish)


def test_every_stix_file_yields_values_unless_it_was_expected_not_to(corpus: Corpus) -> None:
    empty = {
        path
        for path, reading in corpus.readings.items()
        if path.startswith("stix/") and not reading.found and not reading.external_ids
    }
    assert empty == {path for row in EXPECTED["nothing"] for path in row["paths"]}


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("stix/unit42/2024-02-15-Bradesco-phishing.json", 4),
        ("stix/unit42/2025-08-11-rise-in-AI-summary-browser-extensions.json", 2),
        ("stix/oasis/indicator-for-c2-ip-address.json", 1),
    ],
)
def test_no_indicator_of_a_bundle_is_lost(corpus: Corpus, path: str, count: int) -> None:
    assert len(corpus.readings[path].found) >= count


def test_the_finance_groups_of_attack_are_all_named(corpus: Corpus) -> None:
    ids = corpus.readings["stix/attack/attack-finance-groups-stix20.json"].external_ids
    assert sum(each.startswith("G") for each in ids) == 25


def test_the_fields_of_a_mail_inside_a_mail_are_never_the_outer_ones(corpus: Corpus) -> None:
    path = "mail/ruby_mail/spec__fixtures__emails__attachment_emails__attachment_message_rfc822.eml"
    reading = corpus.readings[path]
    inner = {found.observable for found in reading.found if found.where.startswith("forwarded mail: From")}
    outer = {found.observable for found in reading.found if found.where == "From header"}
    assert inner
    assert outer
    assert not inner & outer
    assert reading.title == "testing"
