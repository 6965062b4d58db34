# SPDX-License-Identifier: Apache-2.0
"""What an analyst has on the desk besides mail and STIX: published feeds, MISP events, logs, notes, defanged lists."""

import csv
import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tocsin.agent.readers.cells import value_in
from tocsin.agent.readers.documents import Document, documents
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.assets import assets_of
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.redaction.warninglists import Warninglist, Warninglists, read_warninglist
from tocsin.agent.shields.guard import guard_for
from tocsin.agent.warninglists import install, installed
from tocsin.config.agent import OwnAssets
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import Malformed

pytestmark = [pytest.mark.corpus, pytest.mark.processes]

NO_VALUES = {"456-7890"}
"""What the published list calls valid and is no value here: a telephone number's end."""


@cache  # several tests read the same files
def documents_of(path: Path) -> list[Document]:
    with ReaderChild() as reader, path.open("rb") as file:
        return list(documents(reader, file, path.name))


def reading_of(path: Path) -> Reading:
    (document,) = documents_of(path)
    assert document.reading is not None, document.error
    return document.reading


def values_of(reading: Reading, part: str = "named") -> set[str]:
    return {found.observable.value for found in reading.found if found.part == part}


def test_of_the_defanged_list_everything_valid_is_found_and_nothing_invalid(data_dir: Path) -> None:
    folder = data_dir / "text/defang"
    found = values_of(reading_of(folder / "input.txt"))
    valid = set((folder / "valid.txt").read_text().splitlines()) - NO_VALUES
    for word in valid:
        value = value_in(word)
        assert value is not None, word
        assert normalise(*value).value in found, word
    for word in (folder / "invalid.txt").read_text().splitlines():
        assert not any(word == one or one.startswith(f"{word}/") for one in found), word


@pytest.mark.parametrize(("name", "urls"), [("202509.csv", 2_783), ("202510.csv", 5_818)])
def test_tables_of_branded_phish_are_read_under_their_own_header(
    data_dir: Path, name: str, urls: int
) -> None:
    path = data_dir / "feeds/jpcert" / name
    reading = reading_of(path)
    assert reading.counts == (("rows", urls),)
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    true = set()
    for row in rows:
        try:
            true.add(normalise(Kind.URL, row[1]).value)
        except Malformed:
            continue
    assert values_of(reading) == true
    assert len(true) > 0.9 * urls


MISP = {
    "cloudmensis.misp.json": (22, 11), "glupteba.misp-event.json": (321, 321), "misp-telebots.json": (95, 69),
    "misp.event_2021-06-09_gelsemium-when-threat-actors-go-gardening.json": (154, 153),
    "misp-machete-event.json": (396, 0), "misp-kryptocibule.json": (191, 0),
    "misp-dukes-operation-ghost-event.json": (101, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(MISP))
def test_misp_events_have_as_many_attributes_as_their_authors_say(data_dir: Path, name: str) -> None:
    reading = reading_of(data_dir / "misp/eset" / name)
    assert (dict(reading.counts)["attributes"], dict(reading.counts)["to_ids"]) == MISP[name]
    assert bool(values_of(reading)) == bool(MISP[name][1])


def attributes(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, list):
        return [one for inner in document for one in attributes(inner)]
    if not isinstance(document, dict):
        return []
    own = [document] if {"type", "value", "to_ids"} <= set(document) else []
    return own + [
        one for name, inner in document.items() if name != "ShadowAttribute" for one in attributes(inner)
    ]


def test_without_to_ids_no_value_of_any_event_is_accused(data_dir: Path) -> None:
    for path in sorted((data_dir / "misp/eset").iterdir()):
        accused = {
            str(one["value"]).lower() for one in attributes(json.loads(path.read_bytes())) if one["to_ids"]
        }
        for value in values_of(reading_of(path)):
            assert any(value in one for one in accused), (path.name, value)


def test_what_misp_keeps_in_the_organisation_is_not_passed_on(data_dir: Path) -> None:
    for name in ("glupteba.misp-event.json", "misp-machete-event.json"):
        assert reading_of(data_dir / "misp/eset" / name).tlp == "TLP:AMBER+STRICT"
    assert reading_of(data_dir / "misp/pymisp/shadow.json").tlp == "TLP:AMBER+STRICT"


LOGS = {
    "suricata/test6-malicious.suricata.json": {"flow": 3_512, "alert": 745, "dns": 680, "http": 56},
    "zeek-json/ssl.json.gz": {"ssl": 49_474}, "zeek-json/weird.json.gz": {"weird": 24_202},
    "zeek-json/rdp.json.gz": {"rdp": 4_122}, "zeek-json/smtp.json.gz": {"smtp": 1_188},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(LOGS))
def test_logs_have_as_many_lines_as_their_readme_says(data_dir: Path, name: str) -> None:
    reading = reading_of(data_dir / "logs" / name)
    assert dict(reading.counts).items() >= LOGS[name].items()
    assert reading.defects == ()


def test_no_line_of_any_log_is_lost(data_dir: Path) -> None:
    for path in sorted((data_dir / "logs").rglob("*")):
        if path.is_dir():
            continue
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        lines = [line for line in data.splitlines() if line.strip() and not line.startswith(b"#")]
        header = path.suffix in (".csv", ".binetflow")
        reading = reading_of(path)
        assert sum(number for _, number in reading.counts) == len(lines) - header, path.name
        assert values_of(reading) == set(), path.name


def test_reports_of_vendors_name_what_they_defanged(data_dir: Path) -> None:
    reading = reading_of(data_dir / "text/reports/Bitdefender-Labs-Report-X-creat6958-en-EN.txt")
    text = (data_dir / "text/reports/Bitdefender-Labs-Report-X-creat6958-en-EN.txt").read_text(
        encoding="utf-8"
    )
    assert len(values_of(reading)) > 50
    assert all(value not in text for value in values_of(reading))


def every_list(data_dir: Path) -> Warninglists:
    """The published lists, and those that the collisions name and that are not among the files, by their rows."""
    there = [
        read_warninglist(path.read_bytes()) for path in sorted((data_dir / "misp/warninglists").iterdir())
    ]
    named = {path.stem for path in (data_dir / "misp/warninglists").iterdir()}
    rows = collisions(data_dir)
    missing = {name for row in rows for name in row["warninglists"].split()} - named
    made = []
    for name in sorted(missing):
        values = tuple(row["value"] for row in rows if name in row["warninglists"].split())
        made.append(Warninglist(name, "cidr" if "dns" in name else "hostname", values))
    return Warninglists([*there, *made])


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def collisions(data_dir: Path) -> list[dict[str, str]]:
    with (data_dir / "ref/warninglist_collisions_exact.csv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def test_every_published_list_can_be_installed(data_dir: Path, tmp_path: Path) -> None:
    paths = sorted((data_dir / "misp/warninglists").iterdir())
    assert len(install(tmp_path, paths)) == 29
    assert len(installed(tmp_path).lists) == 29


def test_all_collisions_are_held_with_their_reason_and_none_is_lost(data_dir: Path) -> None:
    """Each value where it stands in its real source: it does not leave by itself, it is shown, a person can send it."""
    lists = every_list(data_dir)
    judges = Classifier(assets_of("Banco Teste S.A."), warninglists=lists)
    guard = guard_for(OwnAssets("Banco Teste S.A."), judges)
    rows = collisions(data_dir)
    assert len(rows) == 39
    named = 0
    for row in rows:
        value = value_in(row["value"])
        assert value is not None
        observable = normalise(*value)
        assert lists.hits(observable), row
        assert any("warning list" in reason for reason in guard(observable)), row
        for source in row["found_in"].replace("D/", "").split():
            reading = reading_of(data_dir / source)
            about = [one for one in judges.classify(reading) if row["value"] in one.observable.value]
            names_it = re.search(
                rf"(?m)(^|://|[\s'\",;@]){re.escape(row['value'])}(?![\w.-])", text_of(data_dir / source)
            )
            assert about or not names_it or reading.format == "mail", (
                row
            )  # a mail's provider is no value of its own
            named += bool(about)
            exact = [one for one in about if one.observable == observable]
            assert all(one.owner is not Owner.ATTACKER and one.reason for one in exact), row
    assert named >= 30  # the others stand there only in a path, or as a provider in a mail's headers
