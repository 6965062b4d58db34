# SPDX-License-Identifier: Apache-2.0
"""Statements by libpq: what the driver's cursors did before, on a real server."""

from collections.abc import Callable, Iterator
from typing import Final

import psycopg
import pytest
from tests.store.cluster import Cluster

from tocsin.storage.statements import Connection, Statements

pytestmark = pytest.mark.processes

PUT: Final = "INSERT INTO thing (name, number, bytes) VALUES (%(name)b::text, %(number)b::bigint, %(bytes)b)"
GET: Final = (
    "SELECT name, number, bytes FROM thing WHERE %(name)b::text IS NULL OR name = %(name)b ORDER BY number"
)


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[Connection]:
    with psycopg.connect(cluster.empty(), autocommit=True) as made:
        made.execute("CREATE TABLE thing (name TEXT PRIMARY KEY, number BIGINT, bytes BYTEA)")
        yield made


def put(name: str, number: int = 0) -> dict[str, str | int | bytes | None]:
    return {"name": name, "number": number, "bytes": None}


def ready(connection: Connection) -> int:
    ((count,),) = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchall()
    return int(str(count))


def test_every_type_comes_back_as_it_went(connection: Connection) -> None:
    asked = Statements(connection)
    rows = [("ä%b", -(2**63), b"\0\xff"), ("", 2**63 - 1, b""), ("%(name)b", None, None)]
    for name, number, data in rows:
        assert asked.change(PUT, {"name": name, "number": number, "bytes": data}) == 1
    names, found = asked.rows(GET, {"name": None})
    assert names == ["name", "number", "bytes"]
    assert found == rows


def test_no_row_still_has_its_columns_names(connection: Connection) -> None:
    assert Statements(connection).rows(GET, {"name": "nobody"}) == (["name", "number", "bytes"], [])


def test_a_statement_is_prepared_once_for_the_types_that_it_is_asked_with(connection: Connection) -> None:
    asked = Statements(connection)
    for name in ("a", "b", "c"):
        asked.rows(GET, {"name": name})
    assert ready(connection) == 1
    for _ in range(2):
        asked.rows(GET, {"name": None})
    assert ready(connection) == 2


def test_many_are_counted_together_and_are_more_than_the_way_to_the_server_holds(
    connection: Connection,
) -> None:
    asked = Statements(connection)
    many = [{**put(f"thing {number}", number), "bytes": bytes(10_000)} for number in range(2_000)]
    assert sum(asked.change_all([(PUT, one) for one in many])) == 2_000
    assert [row[1] for row in asked.rows(GET, {"name": None})[1]] == list(range(2_000))


def test_the_first_of_many_that_fails_is_what_is_raised_and_the_connection_goes_on(
    connection: Connection,
) -> None:
    asked = Statements(connection)
    asked.command("BEGIN")
    with pytest.raises(psycopg.errors.UniqueViolation):
        asked.change_all([(PUT, put("a")), (PUT, put("a")), (PUT, put("b"))])
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        asked.rows(GET, {"name": "a"})
    asked.command("ROLLBACK")
    assert asked.rows(GET, {"name": None})[1] == []


def test_the_last_of_several_commands_tells_of_the_first_that_failed(connection: Connection) -> None:
    asked = Statements(connection)
    with pytest.raises(psycopg.errors.UndefinedTable):
        asked.command("BEGIN; DROP TABLE nothing; COMMIT")
    asked.command("ROLLBACK")


@pytest.mark.parametrize(
    "ask",
    [
        lambda asked: asked.command("BEGIN"),
        lambda asked: asked.rows(GET, {"name": "a"}),
        lambda asked: asked.change_all([(PUT, put("b")), (PUT, put("c"))]),
    ],
)
def test_a_server_that_went_away_is_an_operational_error(
    connection: Connection, cluster: Cluster, ask: Callable[[Statements], object]
) -> None:
    asked = Statements(connection)
    asked.rows(GET, {"name": "a"})
    asked.change(PUT, put("a"))
    cluster.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with pytest.raises(psycopg.OperationalError):
        ask(asked)
    assert connection.closed
