# SPDX-License-Identifier: Apache-2.0
"""Which sources the settings name, and how each of them does: what `agent status` and the doctor show."""

from collections.abc import Mapping

import msgspec

from tocsin.agent.collecting.arrival import Source
from tocsin.agent.collecting.files import Folder, Maildir
from tocsin.agent.collecting.mailbox import Mailbox
from tocsin.agent.house import House
from tocsin.clock import Instant
from tocsin.storage.store import Transaction


class State(msgspec.Struct, frozen=True):
    """How a source does, as the agent that serves last saw it."""

    looked: Instant = Instant(0)
    """When it was last looked at with success; 0: never."""
    position: str = ""
    """Where the next look goes on."""
    collected: int = 0
    """Files that were put before a person."""
    nothing: int = 0
    """Files in which there was nothing to report."""
    known: int = 0
    """Files that had come before, here or from another source."""
    unread: int = 0
    """Files that could not be read; the agent's log names each."""
    since: Instant = Instant(0)
    """From when on it fails; 0: it does not."""
    problem: str = ""
    """Why it fails."""
    next_step: str = ""
    """And what to do about it."""


class Watched(msgspec.Struct, frozen=True):
    """One source with its state."""

    name: str
    state: State


class _Row(msgspec.Struct, frozen=True):
    box: bytes


def sources_of(house: House, environment: Mapping[str, str]) -> list[Source]:
    """Every source of the settings, in their order; a relative path is in the agent's folder."""
    collect = house.config.collect
    found: list[Source] = [Folder(house.folder / path, collect.seconds) for path in collect.folders]
    found += [Maildir(house.folder / path, collect.seconds) for path in collect.maildirs]
    if house.config.imap is not None:
        found.append(Mailbox(house.config.imap, house.folder, house.clock, environment))
    return found


def watched(house: House) -> tuple[Watched, ...]:
    """How every source of the settings does."""
    with house.store.reading("sources") as tx:
        return tuple(Watched(one.name, state_of(tx, house, one.name)) for one in sources_of(house, {}))


def state_of(tx: Transaction, house: House, name: str) -> State:
    """How one source does; a new state when nothing is known of it."""
    row = tx.one("source", {"name": name}, into=_Row)
    return msgspec.json.decode(house.vault.box.open(row.box, _context(name)), type=State) if row else State()


def save_state(tx: Transaction, house: House, name: str, state: State) -> None:
    """Remember how a source does."""
    box = house.vault.box.seal(msgspec.json.encode(state), _context(name))
    tx.run("save_source", {"name": name, "box": box})


def _context(name: str) -> str:
    return f"source/{name}"
