# SPDX-License-Identifier: Apache-2.0
"""The loader: what it reads, and what it refuses to start with."""

import pytest

from tocsin.errors import StoreUnfit
from tocsin.storage import postgres, sqlite
from tocsin.storage.queries import Dialect, read_queries

COLON = Dialect(engine="sqlite", parameter=r":\1", words={})
PERCENT = Dialect(engine="postgres", parameter=r"%(\1)b", words={})

TWO = """-- A file may begin with what it is about.

-- name: take
-- Take one of them.
DELETE FROM thing WHERE id = :id AND role = 'role:agency' AND seq > :after_seq -- never :this
RETURNING id;

-- name: look
-- See all,
-- in two lines.
SELECT id FROM thing;
"""


def test_a_query_has_its_name_text_and_parameters() -> None:
    found = read_queries(TWO, COLON)
    assert list(found) == ["take", "look"]
    assert found["take"].parameters == {"id", "after_seq"}
    assert found["look"].text == "SELECT id FROM thing"
    assert found["look"].parameters == frozenset()


def test_parameters_are_spelled_as_the_engine_wants_and_values_are_left_alone() -> None:
    assert "id = :id AND role = 'role:agency' AND seq > :after_seq" in read_queries(TWO, COLON)["take"].text
    text = read_queries(TWO, PERCENT)["take"].text
    assert "id = %(id)b AND role = 'role:agency' AND seq > %(after_seq)b" in text


def test_a_query_that_changes_something_is_known_to_write() -> None:
    found = read_queries(TWO, COLON)
    assert (found["take"].writes, found["look"].writes) == (True, False)


def test_an_override_holds_on_its_engine_only() -> None:
    source = TWO + "-- name: look [postgres]\n-- Faster there.\nSELECT id FROM thing LIMIT 9;\n"
    assert read_queries(source, COLON)["look"].text == "SELECT id FROM thing"
    assert read_queries(source, PERCENT)["look"].text == "SELECT id FROM thing LIMIT 9"


@pytest.mark.parametrize(
    "source",
    [
        TWO + "-- name: take\n-- Again.\nSELECT 1;\n",
        TWO + "-- name: look [postgres]\n-- A.\nSELECT 1;\n-- name: look [postgres]\n-- B.\nSELECT 2;\n",
        TWO + "-- name: lok [postgres]\n-- A slip.\nSELECT 1;\n",
        "-- name: bare\nSELECT 1;\n",
        TWO + "-- name: bare\nSELECT 1;\n",
        "SELECT 1;\n" + TWO,
        "-- name: two\n-- Two statements.\nSELECT 1; SELECT 2;\n",
        "-- name: none\n-- No statement.\n",
        "-- name: like\n-- A pattern that one engine reads as a parameter.\nSELECT 1 WHERE 'a' LIKE 'a%';\n",
    ],
    ids=["doubled", "override doubled", "override of nothing", "no sentence", "no sentence after another",
         "no name", "two statements", "no statement", "percent"],
)  # fmt: skip
def test_a_file_that_could_be_misread_is_refused(source: str) -> None:
    with pytest.raises(StoreUnfit):
        read_queries(source, PERCENT)


def test_an_override_may_take_the_rows_of_many_at_once() -> None:
    source = (
        "-- name: put\n-- One.\nINSERT INTO thing (id) VALUES (:id);\n"
        "-- name: put [postgres]\n-- Many.\nINSERT INTO thing (id) SELECT * FROM unnest(:id::bigint[]);\n"
    )
    assert not read_queries(source, COLON)["put"].arrays
    many = read_queries(source, PERCENT)["put"]
    assert many.arrays
    assert many.text == "INSERT INTO thing (id) SELECT * FROM unnest(%(id)b::bigint[])"
    assert many.parameters == {"id"}


def test_an_override_for_an_unknown_engine_is_refused() -> None:
    with pytest.raises(StoreUnfit, match="oracle"):
        read_queries(TWO + "-- name: look [oracle]\n-- A slip.\nSELECT 1;\n", COLON)


def test_the_real_dialects_differ_in_words_only_where_they_must() -> None:
    assert sqlite.DIALECT.words.keys() | postgres.DIALECT.words.keys() == {
        "BIGINT",
        "BYTES",
        "TEXT",
        "STRICT",
    }
