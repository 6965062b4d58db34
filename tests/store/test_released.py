# SPDX-License-Identifier: Apache-2.0
"""An upgrade keeps what a release wrote, and what a release asks is still answered while its processes run on.

Each check is a function of two folders of `.sql` files, the released and today's, tried here on a toy release too: a
step edited, forgotten or breaking must be found.
"""

import re
import shutil
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec
import pytest
from tests.store.conftest import Place
from tests.store.record import RELEASED, record
from tests.store.test_steps import FIRST, QUERIES, columns, indexes

from tocsin.storage.queries import read_queries
from tocsin.storage.steps import SQL, read_steps

ROOT = Path(__file__).resolve().parents[2]
RELEASES = sorted(folder for folder in RELEASED.iterdir() if folder.is_dir())
STORES = [
    pytest.param(folder / kind, SQL / kind, id=f"{folder.name}-{kind}")
    for folder in RELEASES
    for kind in ("hub", "agent", "partner", "relay")
]


def demand_no_step_edited(released: Path, now: Traversable, place: Place) -> None:
    then = list(read_steps(released, place.dialect))
    assert list(read_steps(now, place.dialect))[: len(then)] == then


def demand_upgrade_equals_new(released: Path, now: Traversable, place: Place, fresh: Place) -> None:
    """The sum of the migrations is the schema: introspected, on the engine."""
    place.open(released)
    place.open(now)
    fresh.open(now)
    assert (columns(place), indexes(place)) == (columns(fresh), indexes(fresh))


def demand_old_queries_answered(released: Path, now: Traversable, place: Place, folder: Path) -> None:
    """After today's steps up to the first `post`: whoever still runs the release lives on that store."""
    half = folder / "half" / Path(str(now)).name
    shutil.copytree(str(now), half)
    later = sorted((half / "migrations").glob("*.sql")) if (half / "migrations").is_dir() else []
    first_post = next((n for n, step in enumerate(later) if "_post_" in step.name), len(later))
    for step in later[first_post:]:
        step.unlink()
    place.open(half)
    for query in read_queries((released / "queries.sql").read_text(), place.dialect).values():
        explained = msgspec.structs.replace(query, text=f"EXPLAIN {query.text}")
        place.engines[-1].fetch(explained, dict.fromkeys(query.parameters))


@pytest.mark.parametrize(("released", "now"), STORES)
def test_no_released_step_was_edited(shared: Place, released: Path, now: Traversable) -> None:
    demand_no_step_edited(released, now, shared)


@pytest.mark.parametrize(("released", "now"), STORES)
def test_an_upgraded_store_is_the_store_that_is_built_today(
    shared: Place, released: Path, now: Traversable
) -> None:
    demand_upgrade_equals_new(released, now, shared, Place("memory", ":memory:"))


@pytest.mark.parametrize(("released", "now"), STORES)
def test_a_release_that_still_runs_is_still_answered(
    shared: Place, released: Path, now: Traversable, tmp_path: Path
) -> None:
    demand_old_queries_answered(released, now, shared, tmp_path)


def test_every_release_of_the_changelog_is_recorded() -> None:
    """There is none yet: the first release will be the first comparison."""
    named = re.findall(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert {folder.name for folder in RELEASES} == set(named)


def test_recording_keeps_all_three_kinds_of_store(tmp_path: Path) -> None:
    made = record("0.1.0", tmp_path)
    for kind in ("hub", "agent", "partner"):
        assert (made / kind / "schema.sql").read_text() == (SQL / kind / "schema.sql").read_text()
        assert (made / kind / "queries.sql").read_text() == (SQL / kind / "queries.sql").read_text()
    with pytest.raises(FileExistsError):
        record("0.1.0", tmp_path)
    with pytest.raises(SystemExit):
        record("next", tmp_path)


@pytest.fixture
def toy(tmp_path: Path) -> tuple[Path, Path]:
    """A release with one table, and what follows it."""
    released, now = tmp_path / "then" / "toy", tmp_path / "now" / "toy"
    for made in (released, now):
        (made / "migrations").mkdir(parents=True)
        (made / "schema.sql").write_text(FIRST)
        (made / "queries.sql").write_text(QUERIES)
    return released, now


def test_an_upgrade_that_renames_only_in_its_post_step_is_found_good(
    shared: Place, toy: tuple[Path, Path], tmp_path: Path
) -> None:
    add_steps(toy[1])
    demand_no_step_edited(*toy, shared)
    demand_old_queries_answered(*toy, shared, tmp_path)


def test_an_upgraded_toy_is_the_toy_that_is_built_anew(shared: Place, toy: tuple[Path, Path]) -> None:
    add_steps(toy[1])
    fresh = Place("memory", ":memory:")
    demand_upgrade_equals_new(*toy, shared, fresh)
    assert ("thing", "label") in {column[:2] for column in columns(shared)}
    fresh.close()


def add_steps(now: Path) -> None:
    (now / "migrations" / "002_pre_note.sql").write_text("ALTER TABLE thing ADD COLUMN note TEXT;")
    (now / "migrations" / "003_post_rename.sql").write_text("ALTER TABLE thing RENAME COLUMN name TO label;")


def test_an_edited_step_is_found(shared: Place, toy: tuple[Path, Path]) -> None:
    released, now = toy
    (now / "schema.sql").write_text(FIRST.replace("name TEXT", "label TEXT"))
    with pytest.raises(AssertionError):
        demand_no_step_edited(released, now, shared)


def test_a_pre_step_that_breaks_the_release_is_found(
    shared: Place, toy: tuple[Path, Path], tmp_path: Path
) -> None:
    released, now = toy
    (released / "queries.sql").write_text(
        "-- name: names\n-- Every name.\nSELECT name FROM thing ORDER BY name;\n"
    )
    (now / "migrations" / "002_pre_rename.sql").write_text("ALTER TABLE thing RENAME COLUMN name TO label;")
    shared.open(released)
    with pytest.raises(shared.engines[0].failure, match="name"):
        demand_old_queries_answered(released, now, shared, tmp_path)
