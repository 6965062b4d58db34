# SPDX-License-Identifier: Apache-2.0
"""Builds a store step by step, and refuses one that it does not know.

A folder of `sql/` is one kind of store: `schema.sql` is its first step, `migrations/002_pre_….sql` and on are the
next. There is no second picture of the schema that could differ: a new store takes the same steps as an old one.
A released step is never edited; each is recorded with its digest, and a store that took others is refused.
``pre`` marks a step that the previous release can live with, ``post`` one that it cannot. Forward only.
"""

import hashlib
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import LiteralString

import msgspec

from tocsin.errors import StoreUnfit
from tocsin.storage.queries import COMMENT, Dialect, read_queries
from tocsin.storage.store import Engine, Store, Transaction

SQL = files("tocsin.storage") / "sql"


class Step(msgspec.Struct, frozen=True):
    """One step, as a store records it."""

    number: int
    name: str
    digest: str
    """SHA-256 of the statements without comments, in hexadecimal: a better comment is not a change."""


def open_store(engine: Engine, dialect: Dialect, folder: Traversable) -> Store:
    """The store behind the engine, with every step taken; StoreUnfit when it is not of that kind, or newer."""
    queries = read_queries((SQL / "steps.sql").read_text(), dialect)
    queries |= read_queries((folder / "queries.sql").read_text(), dialect)
    store = Store(engine, queries)
    try:
        with store.building() as tx:
            _take(read_steps(folder, dialect), tx, engine)
    except BaseException:
        store.close()
        raise
    return store


def read_steps(folder: Traversable, dialect: Dialect) -> dict[Step, LiteralString]:
    """Every step in order with its statements in the engine's spelling; StoreUnfit when a number is missing."""
    later = folder / "migrations"
    migrations = sorted(later.iterdir(), key=lambda file: file.name) if later.is_dir() else []
    words = re.compile(rf"\b({'|'.join(dialect.words)})\b")
    steps: dict[Step, LiteralString] = {}
    for number, file in enumerate([folder / "schema.sql", *migrations], start=1):
        if number > 1 and not re.fullmatch(rf"{number:03}_(pre|post)_\w+\.sql", file.name):
            raise StoreUnfit(f"{file.name} is not migration {number:03}.")
        text = " ".join(COMMENT.sub("", file.read_text()).split())
        step = Step(number, f"{folder.name}/{file.name}", hashlib.sha256(text.encode()).hexdigest())
        steps[step] = words.sub(lambda word: dialect.words[word[0]], text)
    return steps


def _take(steps: dict[Step, LiteralString], tx: Transaction, engine: Engine) -> None:
    tables = engine.tables()
    if not tables:
        tx.run("create_step_table", {})
    elif "step" not in tables:
        raise StoreUnfit("It belongs to another program.")
    taken = tx.all("steps_taken", {}, into=Step)
    if taken != list(steps)[: len(taken)]:
        raise StoreUnfit(f"It was built by another kind or a later version of Tocsin: {taken[-1].name}.")
    for step, statements in list(steps.items())[len(taken) :]:
        engine.command(statements)
        tx.run("record_step", msgspec.structs.asdict(step))
