# SPDX-License-Identifier: Apache-2.0
"""Looking into a store's file with statements that are nobody's query, for tests only."""

from pathlib import Path

from tocsin.storage.queries import Query
from tocsin.storage.sqlite import SqliteEngine
from tocsin.storage.store import Params, Value


def look(path: Path, text: str, params: Params | None = None) -> list[tuple[Value, ...]]:
    """All rows; a process may be using the file meanwhile."""
    engine = SqliteEngine(path)
    try:
        return engine.fetch(Query("look", text, frozenset(params or {}), writes=False), params or {})[1]
    finally:
        engine.close()


def change(path: Path, text: str, params: Params | None = None) -> int:
    """Change rows behind everybody's back: what an intruder or a broken disk might do."""
    engine = SqliteEngine(path)
    try:
        return engine.change(Query("change", text, frozenset(params or {}), writes=True), params or {})
    finally:
        engine.close()


def bytes_of(folder: Path, name: str) -> bytes:
    """A store's file with its log beside it, as they lie on the disk."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{name}*")))
