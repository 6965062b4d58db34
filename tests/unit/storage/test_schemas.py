# SPDX-License-Identifier: Apache-2.0
"""Rules for every schema and every file of queries, whoever wrote it."""

import re
from importlib.resources.abc import Traversable

import pytest

from tocsin.storage.steps import SQL

FOLDERS = sorted((folder for folder in SQL.iterdir() if folder.is_dir()), key=lambda folder: folder.name)
FILES = [folder / "schema.sql" for folder in FOLDERS]

_TABLE = re.compile(r"((?:^--[^\n]*\n)*)^CREATE TABLE (\w+) \(\n(.*?)^\)([^;]*);", re.M | re.S)
_COLUMN = re.compile(r"^  ([a-z_]+) +([A-Z]+)\b")
MOST_OVERRIDES = 3


def tables(file: Traversable) -> list[tuple[str, str, str, str]]:
    """Comment, name, body and what follows the bracket of every table."""
    found: list[tuple[str, str, str, str]] = _TABLE.findall(file.read_text())
    assert len(found) == file.read_text().count("CREATE TABLE")
    return found


@pytest.mark.parametrize("file", FILES, ids=[folder.name for folder in FOLDERS])
def test_every_table_says_what_it_is_and_refuses_other_types(file: Traversable) -> None:
    for comment, name, _body, ending in tables(file):
        assert re.match(r"-- (Ledger|Replica|View|Operational)\b", comment), name
        assert ending.strip() == "STRICT", name


@pytest.mark.parametrize("file", FILES, ids=[folder.name for folder in FOLDERS])
def test_every_column_has_a_comment_and_a_type_that_both_engines_have(file: Traversable) -> None:
    for _comment, name, body, _ending in tables(file):
        for line in body.splitlines():
            column = _COLUMN.match(line)
            assert column or line.startswith(("  PRIMARY KEY", "  FOREIGN KEY", "  UNIQUE", "  CHECK")), line
            if column:
                assert column[2] in ("BIGINT", "TEXT", "BYTES"), f"{name}.{column[1]}"
                assert re.search(r" -- \S", line), f"{name}.{column[1]} has no comment"


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_overrides_stay_few(folder: Traversable) -> None:
    queries = (folder / "queries.sql").read_text()
    assert len(re.findall(r"^-- name: \w+ \[", queries, re.M)) <= MOST_OVERRIDES
