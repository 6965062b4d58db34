# SPDX-License-Identifier: Apache-2.0
"""Nothing is enforced before a person has said so, and every change can be had back byte for byte."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.alliance import Agent, Alliance
from tests.unit.agent.shields.blocks import BOX, named_in
from tests.unit.agent.shields.test_protection import FILES, NOW, Fixed
from tests.unit.hub.asking import BAD, EVIL

from tocsin.agent import journal
from tocsin.agent.shields.before import KEPT_FOR, MOST, Generations
from tocsin.agent.shields.formats import BUILT_IN
from tocsin.agent.shields.protection import Protection
from tocsin.agent.shields.switching import State, Switch, states, switches
from tocsin.agent.verbs.shield import switch, undo
from tocsin.agent.work import protection, until_next_expiry
from tocsin.clock import DAY, SECOND, Instant
from tocsin.config.shields import Shields
from tocsin.errors import Malformed, Unknown, VaultLocked
from tocsin.privacy.box import KEY_BYTES, Box

EVERYTHING = Shields(
    **{shield.name(): f"out/{shield.name()}" for shield in BUILT_IN}  # type: ignore[arg-type]
)
SOME = Shields(csv="out/csv", rpz="out/rpz", edl="out/edl", misp="out/misp")
STATES = dict[str, State]


def of(folder: Path, states: STATES, *values, shields: Shields = FILES) -> Protection:
    return Protection(Fixed(*values), named_in(folder, shields), folder, lambda: states, BOX)  # type: ignore[arg-type]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted((folder / "out").rglob("*")) if path.is_file()}


def test_a_shield_that_nobody_switched_counts_and_writes_nothing(tmp_path):
    changes = of(tmp_path, {}, EVIL, shields=EVERYTHING).apply(NOW, dry_run=False)
    assert {change.state for change in changes} == {"monitor"}
    assert all((change.values, change.written) == (1, 1) for change in changes if "nft" not in change.shield)
    assert bytes_of(tmp_path) == {}
    shown = of(tmp_path, {}, EVIL, shields=EVERYTHING).apply(NOW, dry_run=True)
    assert all(change.added for change in shown), "a dry run shows every line that it would write"


def test_each_shield_is_switched_by_itself(tmp_path):
    of(tmp_path, {"csv": State.ON, "rpz": State.OFF}, EVIL).apply(NOW, dry_run=False)
    assert [Path(name).name for name in bytes_of(tmp_path)] == ["block.csv"]


def test_one_that_is_off_counts_nothing(tmp_path):
    (change, *_) = of(tmp_path, {"csv": State.OFF}, EVIL).apply(NOW, dry_run=True)
    assert (change.state, change.values, change.written, change.added) == ("off", 1, 0, ())


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(st.sampled_from([EVIL, BAD]), unique=True, max_size=2), min_size=2, max_size=4))
def test_undoing_gives_back_every_state_byte_for_byte(tmp_path_factory, waves):
    folder = tmp_path_factory.mktemp("undo")
    on = dict.fromkeys(("csv", "rpz", "edl", "misp"), State.ON)
    stood = [bytes_of(folder)]
    for number, values in enumerate(waves):
        of(folder, on, *values, shields=SOME).apply(Instant(NOW + number * SECOND), dry_run=False)
        if bytes_of(folder) != stood[-1]:
            stood.append(bytes_of(folder))
    here = of(folder, on, shields=SOME)
    for name in ("csv", "rpz", "edl", "misp"):
        of_it = [only(name, files) for files in stood]
        changed = [files for at, files in enumerate(of_it) if at == 0 or files != of_it[at - 1]]
        for before in reversed(changed[:-1]):
            here.undo(name, Instant(NOW + DAY))
            assert only(name, bytes_of(folder)) == before
        with pytest.raises(Unknown, match="left to undo"):
            here.undo(name, NOW)


def only(shield: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files of one shield."""
    return {path: data for path, data in files.items() if path.split("/out/")[1].split("/")[0] == shield}


def test_what_is_kept_is_bounded_in_number_and_age(tmp_path):
    kept = Generations(tmp_path, "csv", BOX)
    for number in range(MOST + 5):
        kept.keep({"": b"%d" % number}, Instant(NOW + number * SECOND))
    assert len(list(tmp_path.rglob("*.box"))) == MOST
    assert kept.newest()[1].files == {"": b"%d" % (MOST + 4)}
    kept.bound(Instant(NOW + KEPT_FOR + DAY))
    assert list(tmp_path.rglob("*.box")) == []


def test_what_is_kept_is_read_with_the_vaults_key_alone(tmp_path):
    Generations(tmp_path, "csv", BOX).keep({"": b"evil.example"}, NOW)
    (file,) = tmp_path.rglob("*.box")
    assert b"evil" not in file.read_bytes()
    with pytest.raises(VaultLocked):
        Generations(tmp_path, "csv", Box(b"x" * KEY_BYTES, os.urandom)).newest()


def test_a_zone_that_was_undone_has_a_later_serial_when_it_is_written_again(tmp_path):
    on = {"rpz": State.ON}
    for number, values in enumerate([(EVIL,), (EVIL, BAD)]):
        of(tmp_path, on, *values).apply(Instant(NOW + number * SECOND), dry_run=False)
    newest = serial(tmp_path)
    of(tmp_path, on).undo("rpz", Instant(NOW + 60 * SECOND))
    of(tmp_path, on, BAD).apply(Instant(NOW + 60 * SECOND), dry_run=False)
    assert serial(tmp_path) > newest


def serial(folder: Path) -> int:
    return int((folder / "out/block.rpz").read_text().split("hostmaster.localhost. ")[1].split()[0])


# --- through an agent


async def agent_that_blocks(alliance: Alliance) -> Agent:
    one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
    for agent in (one, two):
        await agent.report(EVIL)
    await alliance.settled()
    return reader


def decided(agent: Agent, state: State) -> Switch:
    return switch(agent.house, protection(agent.house), "csv", state, "Jane", "seen enough")


async def test_a_person_switches_it_on_with_a_line_in_the_journal(tmp_path):
    async with Alliance(tmp_path) as alliance:
        reader = await agent_that_blocks(alliance)
        file = reader.house.folder / "block.csv"
        protection(reader.house).apply(alliance.clock.now(), dry_run=False)
        assert not file.exists()
        decided(reader, State.ON)
        assert "evil.example" in file.read_text()
        assert states(reader.house.store) == {"csv": State.ON}
        made = switches(reader.house.store, reader.house.vault.box)["csv"]
        assert (made.by, made.why) == ("Jane", "seen enough")
        with reader.house.store.reading("journal") as tx:
            last = journal.read(tx, reader.house.vault.box)[-1]
        assert (last.by, last.about, last.why) == ("Jane", "csv", "seen enough")


@pytest.mark.parametrize("state", [State.MONITOR, State.OFF], ids=str)
async def test_whoever_is_switched_back_leaves_no_value_behind(tmp_path, state):
    async with Alliance(tmp_path) as alliance:
        reader = await agent_that_blocks(alliance)
        decided(reader, State.ON)
        decided(reader, state)
        file = reader.house.folder / "block.csv"
        assert file.read_text().splitlines() == ["kind,value,reason,reference,since,expires"]
        protection(reader.house).apply(alliance.clock.now(), dry_run=False)
        assert "evil.example" not in file.read_text()


async def test_what_was_undone_stays_until_a_person_switches_it(tmp_path):
    async with Alliance(tmp_path) as alliance:
        reader = await agent_that_blocks(alliance)
        decided(reader, State.ON)
        file = reader.house.folder / "block.csv"
        undo(reader.house, protection(reader.house), "csv", "Jane", "a customer's")
        assert not file.exists(), "there was none before"
        (change,) = protection(reader.house).apply(alliance.clock.now(), dry_run=False)
        assert change.state == "undone"
        assert not file.exists()
        decided(reader, State.ON)
        assert "evil.example" in file.read_text()


async def test_nothing_is_switched_without_who_and_why_or_without_a_place(tmp_path):
    async with Alliance(tmp_path) as alliance:
        reader = await alliance.join("ayr")
        house = reader.house
        with pytest.raises(Malformed, match="who and why"):
            switch(house, protection(house), "csv", State.ON, "Jane", " ")
        with pytest.raises(Unknown, match="rpz"):
            switch(house, protection(house), "rpz", State.ON, "Jane", "why not")
        with pytest.raises(Unknown, match="undo"):
            undo(house, protection(house), "csv", "Jane", "nothing was done")
        assert states(house.store) == {}


def test_values_are_counted_beside_what_has_no_room(tmp_path):
    shields = Shields(csv="out/block.csv", cap=1)
    place = of(tmp_path, {}, EVIL, BAD, shields=shields)
    (change,) = place.apply(NOW, dry_run=True)
    assert (change.values, change.written, change.beyond_cap) == (2, 1, 1)


async def test_an_end_between_a_look_and_the_next_wait_is_not_missed(tmp_path):
    """Two banks name a value within a moment: the second end falls into the rest after the first."""
    async with Alliance(tmp_path) as alliance:
        reader = await agent_that_blocks(alliance)
        files = protection(reader.house)
        began = alliance.clock.now()
        assert until_next_expiry(files, began, began) == 60, "far away: until somebody looks anyhow"
        first = files.next_expiry(began)
        assert first is not None
        assert until_next_expiry(files, Instant(first - SECOND), Instant(first - SECOND)) == 1
        assert until_next_expiry(files, Instant(first - 1), Instant(first + SECOND)) == 0
