# SPDX-License-Identifier: Apache-2.0
"""Writes the parts of the documents that the source already says: the stores' tables, and the help of every command.

``python -m tests.docs.generate`` writes them anew; `test_data_model` and `test_commands` fail while they differ.
In a document the generated part stands between two marks, and everything around it is written by hand.
"""

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[2]
DATA_MODEL = ROOT / "docs/DATA_MODEL.md"
COMMANDS = ROOT / "docs/reference/commands.md"
SCHEMAS = ROOT / "src/tocsin/storage/sql"
STORES = ("hub", "agent", "partner", "relay")
BEGIN, END = "<!-- generated: python -m tests.docs.generate -->", "<!-- end of the generated part -->"
WIDTH = 100

_TABLE = re.compile(r"((?:^-- [^\n]+\n)+)CREATE TABLE (\w+) \(\n(.*?)^\) STRICT;", re.M | re.S)
_COLUMN = re.compile(r"^  (\w+)\s+(BIGINT|TEXT|BYTES)\b([^\n]*?)\s*-- (.+)$", re.M)
_KEY = re.compile(r"^  PRIMARY KEY \((.+?)\)", re.M)
_GROUPS = {"ledger": "ledger", "replica": "ledger", "view": "view", "operational": "operational"}


class Column(msgspec.Struct, frozen=True):
    """One column as the schema states it."""

    name: str
    kind: str
    nullable: bool
    meaning: str


class Table(msgspec.Struct, frozen=True):
    """One table as the schema states it."""

    name: str
    group: str
    """``ledger``, ``view`` or ``operational``."""
    about: str
    key: str
    columns: tuple[Column, ...]


def tables(store: str) -> tuple[Table, ...]:
    """Every table of one store, in the order of its schema."""
    text = (SCHEMAS / store / "schema.sql").read_text(encoding="utf-8")
    return tuple(_table(*found.groups()) for found in _TABLE.finditer(text))


def data_model() -> str:
    """The tables of all stores, grouped; the part of DATA_MODEL.md between the marks."""
    return "\n".join(line for store in STORES for line in _store(store))


def commands() -> str:
    """The help of every command; the part of commands.md between the marks."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(WIDTH)
    try:
        return "\n".join(_help("tocsin", build_parser()))
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before


def generated_part(document: Path) -> str:
    """What stands between the marks of a document."""
    _, _, rest = document.read_text(encoding="utf-8").partition(f"{BEGIN}\n")
    part, end, _ = rest.partition(END)
    assert end, f"{document.name} has no generated part"
    return part.strip("\n")


def write(document: Path, part: str) -> None:
    """Put the part between the marks of a document."""
    head, begin, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    document.write_text(f"{head}{begin}\n\n{part}\n\n{end}{tail}", encoding="utf-8")


def _table(comment: str, name: str, body: str) -> Table:
    said = " ".join(line.removeprefix("-- ") for line in comment.strip().splitlines())
    key = _KEY.search(body)
    columns = tuple(
        Column(column, kind, "NOT NULL" not in rule, meaning)
        for column, kind, rule, meaning in _COLUMN.findall(body)
    )
    alone = next((c for c, _, rule, _ in _COLUMN.findall(body) if "PRIMARY KEY" in rule), "no key")
    word, stop, rest = said.partition(". ")
    about = rest if stop and word.lower() in _GROUPS else said
    return Table(name, _GROUPS[said.split()[0].strip(".").lower()], about, key[1] if key else alone, columns)


def _store(store: str) -> Iterator[str]:
    for group in ("ledger", "view", "operational"):
        for table in (one for one in tables(store) if one.group == group):
            yield f"### {store}.{table.name} · {group}"
            yield f"\n{table.about} Key: {table.key}.\n"
            yield "| column | type | meaning |"
            yield "|---|---|---|"
            for column in table.columns:
                kind = f"{column.kind} or NULL" if column.nullable else column.kind
                yield f"| `{column.name}` | {kind} | {column.meaning} |"
            yield ""


def _help(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {name}\n\n```\n{parser.format_help().rstrip()}\n```\n"
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from _help(f"{name} {word}", below)


if __name__ == "__main__":
    write(DATA_MODEL, data_model())
    write(COMMANDS, commands())
