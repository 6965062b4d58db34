# SPDX-License-Identifier: Apache-2.0
"""Reads a `.sql` file of named queries.

The files use only what both engines speak; a `Dialect` holds the few words that differ. A query is a block::

    -- name: spend_invitation
    -- Redeem a code once; no row when it is spent, expired or was never made.
    UPDATE invitation SET … WHERE code_hash = :code_hash …

``-- name: x [postgres]`` replaces x on that engine, only beside a benchmark that needs it; there it may take many
rows at once, by ``unnest``. Not here: running anything.
"""

import re
from typing import LiteralString

import msgspec

from tocsin.errors import StoreUnfit

ENGINES = ("sqlite", "postgres")
COMMENT = re.compile(r"\s*--[^\n]*")
_HEAD = re.compile(r"^-- name: (\w+)(?: \[(\w+)\])?\n((?:-- .+\n)+)", re.M)
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
_ARRAYS = re.compile(r"\bunnest\(")
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|CREATE)\b")


class Dialect(msgspec.Struct, frozen=True):
    """How one engine spells what the files leave open."""

    engine: str
    parameter: str
    """What ``:name`` becomes, as a regular expression's replacement."""
    words: dict[str, str]
    """Words of a schema that this engine spells otherwise."""


class Query(msgspec.Struct, frozen=True):
    """One named statement in one engine's spelling."""

    name: str
    text: LiteralString
    parameters: frozenset[str]
    writes: bool
    arrays: bool = False
    """Whether it takes the rows of many at once, each parameter as an array (``unnest``)."""


def read_queries(source: str, dialect: Dialect) -> dict[str, Query]:
    """The queries of one file by name; StoreUnfit when a name is doubled or a block is not as above."""
    plain: dict[str, Query] = {}
    replaced: dict[str, Query] = {}
    preamble, *blocks = _HEAD.split(source)
    if COMMENT.sub("", preamble).strip():
        raise StoreUnfit("A query has no name or no sentence above it.")
    for name, engine, _purpose, body in zip(*(iter(blocks),) * 4, strict=True):
        if engine not in (None, *ENGINES):
            raise StoreUnfit(f"Query {name} is for {engine}, which is not an engine.")
        if engine in (None, dialect.engine):
            named = plain if engine is None else replaced
            if name in named:
                raise StoreUnfit(f"Two queries are named {name}.")
            named[name] = _query(name, body, dialect)
    if replaced.keys() - plain.keys():
        raise StoreUnfit(f"{', '.join(sorted(replaced.keys() - plain.keys()))} replaces no query.")
    return plain | replaced


def _query(name: str, body: str, dialect: Dialect) -> Query:
    statement = COMMENT.sub("", body).strip().removesuffix(";")
    if not statement or ";" in statement or "%" in statement or "-- name:" in body:
        raise StoreUnfit(f"Query {name} is not one statement of the common subset with a sentence above it.")
    return Query(
        name=name,
        text=_PARAMETER.sub(dialect.parameter, statement),
        parameters=frozenset(_PARAMETER.findall(statement)),
        writes=_WRITES.search(statement) is not None,
        arrays=_ARRAYS.search(statement) is not None,
    )
