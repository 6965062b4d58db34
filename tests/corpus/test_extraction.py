# SPDX-License-Identifier: Apache-2.0
"""Precision and recall of reading over published feeds and reports, for every type that stands there 50 times.

What is true is said by rules of this file alone. A truth is a value in one file. Of running text recall alone is asked:
its truth is what stands there as a word of its own, and values stand elsewhere too.
"""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.agent.readers.text import read_text
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import Malformed

pytestmark = [pytest.mark.corpus, pytest.mark.processes]

OFTEN = 50
PRECISION, RECALL = 0.98, 0.95
_DIGESTS = {32: Kind.MD5, 40: Kind.SHA1, 64: Kind.SHA256}
_ENDINGS = (
    "exe|dll|sys|scr|bat|cmd|ps1|vbs|js|hta|jar|lnk|msi|docm?|docx|xlsm?|xlsx|pdf|txt|php|aspx?|zip|rar|iso"
)
_FILE = re.compile(rf"[\w-][\w.-]*\.(?:{_ENDINGS})", re.IGNORECASE | re.ASCII)
_AROUND_WORDS = ".,;:()[]{}\"'<>“”‘’`*|"

Truth = tuple[str, str, str]
"""File, kind, value in normal form."""


class Measured(msgspec.Struct):
    """What was found, what is true, and what of the found is held against the truth."""

    found: set[Truth] = msgspec.field(default_factory=set)
    true: set[Truth] = msgspec.field(default_factory=set)
    judged: set[Truth] = msgspec.field(default_factory=set)


def test_every_type_that_stands_often_in_feeds_and_reports_is_found_and_nothing_else(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = Measured()
    with ReaderChild() as reader:
        for path in sorted((data_dir / "feeds").rglob("*")):
            if path.suffix in (".txt", ".md5", ".sha256", ".csv") and not is_no_list(path):
                feed(measured, path, reader.read(path.read_bytes(), path.name))
    for name, text in texts_of(data_dir):
        told(measured, name, text)
    said = []
    for kind in sorted({one[1] for one in measured.true}):
        there = {one for one in measured.true if one[1] == kind}
        judged = {one for one in measured.judged if one[1] == kind}
        if len(there) < OFTEN:
            said.append(f"{kind}: {len(there)} true, too few to measure")
            continue
        precision = len(judged & there) / len(judged)
        recall = len({one for one in measured.found if one[1] == kind} & there) / len(there)
        said.append(f"{kind}: {len(there):,} true, precision {precision:.4f}, recall {recall:.4f}")
        assert precision >= PRECISION, sorted(judged - there)[:10]
        assert recall >= RECALL, sorted(there - measured.found)[:10]
    with capsys.disabled():
        print("\n" + "\n".join(said))
    assert sum("recall" in line for line in said) >= 8


def feed(measured: Measured, path: Path, reading: Reading) -> None:
    """One feed: whoever wrote it named each value."""
    named = {
        (path.name, str(one.observable.kind), one.observable.value)
        for one in reading.found
        if one.part == "named"
    }
    measured.found |= named
    measured.judged |= named
    rows = table_of(path) if path.suffix == ".csv" else map(beside, lines_of(path))
    for value in (value for words in rows for value in words if value):
        measured.true.add((path.name, str(value.kind), value.value))


def told(measured: Measured, name: str, text: str) -> None:
    """One report: recall of all values, precision of techniques, whose form is nothing else's."""
    reading = read_text(text.encode())
    measured.found |= {(name, str(one.observable.kind), one.observable.value) for one in reading.found}
    measured.true |= {(name, str(value.kind), value.value) for value in words_of(text)}
    words = {one.strip(".") for one in re.split("[^A-Za-z0-9.-]+", text)}
    for kind, form in (
        ("technique", r"T1[0-9]{3}(\.[0-9]{3})?"),
        ("vulnerability", "CVE-[0-9]{4}-[0-9]{4,7}"),
    ):
        measured.true |= {(name, kind, one) for one in words if re.fullmatch(form, one)}
        here = {(name, kind, one) for one in reading.external_ids if (kind == "technique") == (one[0] == "T")}
        measured.found |= here
        measured.judged |= here


def is_no_list(path: Path) -> bool:
    """Copies of mails, which `test_reading.py` reads, and expressions that describe names of files."""
    return "Emotet" in path.name or path.name == "filename-iocs.txt"


def lines_of(path: Path) -> list[str]:
    """The lines of a feed that are no remark, cut at the remark behind them."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [re.split(r"\s+#|\s*;", line)[0].strip() for line in lines if line.strip() and line[0] != "#"]


def beside(line: str) -> list[Observable | None]:
    """The values of a line: one alone, or a digest with its file's name behind a dash."""
    digest, _, name = line.partition(" - ")
    if name and re.fullmatch("[0-9a-f]{64}", digest):
        return [true_value(digest), normalise(Kind.FILE_NAME, name)]
    return [true_value(line)] if " " not in line else []


def table_of(path: Path) -> Iterator[list[Observable | None]]:
    """The values of each row of a table: JPCERT's URL stands second, Volexity's values first and several in one."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    for row in rows:
        yield [true_value(word) for word in (row[0].split(",") if header[0] == "value" else row[1:2])]


def true_value(line: str) -> Observable | None:
    """What a line of a feed is; None for a path without a host, and for a file's name."""
    kind, word = Kind.DOMAIN, line.partition(":")[0]
    if re.fullmatch("[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}", line):
        kind, word = _DIGESTS[len(line)], line
    elif re.fullmatch(r"[0-9.]+(:[0-9]+)?", line):
        kind = Kind.IPV4
    elif re.fullmatch(r"[0-9.]+/[0-9]+", line):
        kind, word = Kind.CIDR, line
    elif "/" in line:
        kind, word = Kind.URL, line if "://" in line else f"http://{line}"
    elif "@" in line:
        kind, word = Kind.EMAIL, line
    try:
        return None if line[:1] in ("/", "") or line.endswith(".dll") else normalise(kind, word)
    except Malformed:
        return None


def words_of(text: str) -> Iterator[Observable]:
    """What stands in a text as a word of its own, defanged or not: names of hosts only when they were defanged."""
    for word in text.split():
        bare = word.strip(_AROUND_WORDS)
        plain = re.sub(r"\[\.\]|\(\.\)|\[dot\]|\(dot\)", ".", bare, flags=re.IGNORECASE).replace("[:]", ":")
        plain = re.sub(r"^hxxp", "http", plain, flags=re.IGNORECASE)
        value = true_value(plain) if "." in plain or len(plain) in _DIGESTS else None
        if plain == bare and _FILE.fullmatch(bare):
            yield normalise(Kind.FILE_NAME, bare)
        elif value and is_meant(value.kind, plain, defanged=plain != bare):
            yield value


def is_meant(kind: Kind, word: str, *, defanged: bool) -> bool:
    """Whether a word of running text is a value: a bare name is one only when somebody defanged it."""
    if kind is Kind.DOMAIN:
        return defanged and bool(re.fullmatch(r"[\w.-]+\.[a-zA-Z]{2,}", word))
    return kind is not Kind.URL or bool(re.match("https?://[^/]+[.]", word))


def texts_of(data_dir: Path) -> Iterator[tuple[str, str]]:
    """Reports of vendors as people read them, and a feed that is a page with remarks."""
    for path in (*(data_dir / "text/reports").iterdir(), data_dir / "feeds/prodaft/README.md"):
        yield path.name, path.read_text("utf-8", "replace")
    for path in (data_dir / "text/tram").iterdir():
        yield path.name, json.loads(path.read_bytes())["signal"]
