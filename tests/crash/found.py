# SPDX-License-Identifier: Apache-2.0
"""What is demanded of the stores that a power cut left behind, before anybody had a chance to mend them."""

import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.looking import look
from tests.store.test_rebuild import VIEWS

from tocsin.hub.restoring.again import rebuild
from tocsin.proof import headmap
from tocsin.proof.headmap import HeadMap
from tocsin.proof.merkle import EMPTY, Frontier
from tocsin.proof.note import open_note
from tocsin.storage.sqlite import DIALECT, SqliteEngine
from tocsin.storage.steps import SQL, open_store

if TYPE_CHECKING:
    from tests.crash.machines import Machines

REPORTS = (
    "SELECT entry.fact FROM entry JOIN stream ON stream.number = entry.stream "
    "JOIN object ON object.stream = entry.stream AND object.seq = entry.seq "
    "WHERE stream.name = 'members' AND object.id LIKE 'grouping--%'"
)


def check(machines: "Machines", machine: str) -> None:
    """AssertionError unless the machine's store is whole and holds everything that it promised."""
    store = _aside(machines, machine)
    assert look(store, "PRAGMA integrity_check") == [("ok",)]
    if machine == "hub":
        check_streams(store)
        check_log(store)
        check_views(store, machines)
        check_promises(store, machines)
    elif machine == "partner":
        check_partner(store, machines)
    else:
        check_agent(store, machines, machine)


def _aside(machines: "Machines", machine: str) -> Path:
    """A copy of the machine's store, so that looking changes nothing."""
    place = machines.store_of(machine)
    aside = machines.folder / f"found-{machine}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for file in place.parent.glob(f"{place.name}*"):
        shutil.copy(file, aside)
    return aside / place.name


def check_streams(store: Path) -> None:
    """Every stream is dense, and its root is that of its leaves, now and as its last head was signed."""
    text = "SELECT number, size, root, frontier, noted_size, noted_root FROM stream"
    for number, size, root, frontier, noted_size, noted_root in look(store, text):
        rows = look(store, "SELECT seq, leaf FROM entry WHERE stream = :n ORDER BY seq", {"n": number})
        assert [seq for seq, _ in rows] == list(range(int(str(size))))
        leaves = [bytes(leaf) for _, leaf in rows]
        assert EMPTY.extend(leaves).root() == root
        assert Frontier.from_bytes(bytes(frontier)).root() == root
        assert EMPTY.extend(leaves[: int(str(noted_size))]).root() == noted_root


def check_log(store: Path) -> None:
    """The head log only ever grew, and its newest leaf is the map of all heads."""
    rows = look(store, "SELECT size, leaf, frontier FROM log ORDER BY size")
    log = EMPTY
    for number, (size, leaf, frontier) in enumerate(rows, start=1):
        assert size == number
        log = log.append(bytes(leaf))
        assert log.to_bytes() == frontier
    heads = look(store, "SELECT key, noted_size, noted_root FROM stream WHERE noted_size > 0")
    noted = HeadMap([headmap.StreamHead(bytes(key), int(size), bytes(root)) for key, size, root in heads])
    assert not rows or noted.log_leaf() == rows[-1][1]


def check_views(path: Path, machines: "Machines") -> None:
    """Every view is what a rebuild over the log makes of it."""

    def views() -> dict[str, list[tuple[object, ...]]]:
        return {view: look(path, f"SELECT * FROM {view} ORDER BY {order}") for view, order in VIEWS.items()}

    before = views()
    store = open_store(SqliteEngine(path), DIALECT, SQL / "hub")
    store.run("rebuild", lambda tx: rebuild(tx, machines.alliance.exchange))
    store.close()
    assert views() == before


def check_promises(store: Path, machines: "Machines") -> None:
    """What was receipted stands once; what was shown to a reader or the partner is remembered."""
    standing = Counter(str(fact) for (fact,) in look(store, REPORTS))
    assert set(standing.values()) <= {1}, "doubled"
    receipted = machines.receipted & machines.approvals.keys()
    assert receipted <= standing.keys(), "a receipted report is lost"
    messages = {str(message) for (message,) in look(store, "SELECT id FROM message")}
    assert machines.receipted <= messages, "a receipt is forgotten"
    log = {
        int(str(size)): Frontier.from_bytes(bytes(frontier)).root()
        for size, frontier in look(store, "SELECT size, frontier FROM log")
    }
    shown = machines.shown | machines.cosigned
    assert {size: log.get(size) for size in shown} == shown, "a head that was shown is forgotten"


def check_partner(store: Path, machines: "Machines") -> None:
    """Every cosignature that was given out is remembered, and the heads are those of the newest."""
    log = {
        int(str(size)): Frontier.from_bytes(bytes(frontier)).root()
        for size, frontier in look(store, "SELECT size, frontier FROM log")
    }
    given = machines.cosigned
    assert {size: log.get(size) for size in given} == given, "a cosignature is forgotten"
    rows = look(store, "SELECT size, before, frontier, note FROM log ORDER BY size DESC LIMIT 1")
    for size, before, frontier, note in rows:
        heads = look(store, "SELECT key, size, root FROM head")
        held = HeadMap([headmap.StreamHead(bytes(key), int(long), bytes(root)) for key, long, root in heads])
        grown = Frontier.from_bytes(bytes(before)).append(held.log_leaf())
        assert grown.to_bytes() == frontier
        checkpoint = open_note(str(note), machines.alliance.hub_key).checkpoint
        assert (checkpoint.size, checkpoint.root) == (size, grown.root())


def check_agent(store: Path, machines: "Machines", short: str) -> None:
    """What was approved waits or has its receipt; the replica is a beginning of the hub's streams, under its root."""
    queued = {
        str(one): (state, answer)
        for one, state, answer in look(store, "SELECT id, state, answer FROM outbox")
    }
    mine = {report for report, bank in machines.approvals.items() if bank == short}
    assert mine <= queued.keys(), "an approved report is lost"
    assert all(state != "receipted" or answer for state, answer in queued.values())
    hub = machines.store_of("hub")
    for name, size, frontier in look(store, "SELECT name, size, frontier FROM stream"):
        rows = look(store, "SELECT seq, leaf FROM entry WHERE stream = :n ORDER BY seq", {"n": name})
        assert [seq for seq, _ in rows] == list(range(int(str(size))))
        assert EMPTY.extend(bytes(leaf) for _, leaf in rows).to_bytes() == frontier
        theirs = "SELECT seq, leaf FROM entry JOIN stream ON number = stream WHERE name = :n ORDER BY seq"
        assert rows == look(hub, theirs, {"n": name})[: len(rows)]
