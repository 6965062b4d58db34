# SPDX-License-Identifier: Apache-2.0
"""DATA_MODEL.md says what the schemas and the state machines in the code say."""

import re
from itertools import product

import pytest
from tests.docs.generate import DATA_MODEL, SCHEMAS, STORES, data_model, generated_part, tables

from tocsin.domain.level import Level
from tocsin.domain.party import Standing, step
from tocsin.errors import Conflict

TEXT = DATA_MODEL.read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of every table row in the section of that heading."""
    section = re.split(r"^#{2,3} ", TEXT.partition(f"### {heading}\n")[2], flags=re.M)[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line[:1] == "|"
    ]


def test_the_tables_are_those_of_the_schemas() -> None:
    assert generated_part(DATA_MODEL) == data_model().strip("\n"), "run python -m tests.docs.generate"


@pytest.mark.parametrize("store", STORES)
def test_no_table_and_no_column_of_a_schema_was_overlooked(store: str) -> None:
    statements = re.sub(r"--[^\n]*", "", (SCHEMAS / store / "schema.sql").read_text(encoding="utf-8"))
    found = {
        name: re.findall(r"^\s+([a-z_]+)\s+(?:BIGINT|TEXT|BYTES)\b", body, re.M)
        for name, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\) STRICT", statements, re.S)
    }
    assert {one.name: [column.name for column in one.columns] for one in tables(store)} == found


def test_a_party_takes_exactly_the_steps_that_are_listed() -> None:
    listed = {(row[0], row[1]) for row in rows("Party: its standing")}
    for one, other in product(Standing, Standing):
        try:
            step(one, other)
        except Conflict:
            assert (one, other) not in listed
        else:
            assert (one, other) in listed


def test_a_message_is_in_one_of_the_listed_states() -> None:
    (comment,) = [
        c.meaning for t in tables("agent") if t.name == "outbox" for c in t.columns if c.name == "state"
    ]
    listed = {row[1] for row in rows("Message in an agent's outbox")} - {"to", "---"}
    assert listed == set(re.split(r", | or ", comment))


def test_the_levels_and_the_states_of_a_head_are_all_explained() -> None:
    assert {row[0] for row in rows("Level of an indicator at a receiver")} - {"level", "---"} == set(Level)
    (comment,) = [
        c.meaning for t in tables("agent") if t.name == "stream" for c in t.columns if c.name == "witness"
    ]
    states = set(re.split(r", | or ", comment.partition(": ")[2]))
    assert states <= {row[0] for row in rows("Head of a stream, as signed")}
