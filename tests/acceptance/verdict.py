# SPDX-License-Identifier: Apache-2.0
"""What is demanded of a machine on which processes were lost, whatever they were in the middle of.

What is a failure: a report without a receipt, a report that stands in the stream twice or not at all, a gap, a reader
whose tree has another root than the hub's, a partner that signed another history, an accusation of an honest hub.
What is not: reports that wait, and alarms that the hub cannot be reached.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.looking import look

from tocsin.agent.house import House
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import approve
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.verbs.report import Prepared, send
from tocsin.clock import day_of
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, normalise
from tocsin.ids import new_id
from tocsin.proof.merkle import EMPTY, Frontier
from tocsin.storage.store import Value


def queue_one(house: House, short: str, number: int) -> str:
    """A report of two values that nobody else reports; its identifier."""
    values = (f"login-{number}.phish-{short}.example", f"mail-{number}.phish-{short}.example")
    now, report = house.clock.now(), new_id("rpt", house.entropy)
    indicators = tuple(Indicator(normalise(Kind.DOMAIN, value), "landing-host") for value in values)
    disclosure = Disclosure(report, Attack.PHISHING, day_of(now), indicators, (), Marking())
    draft = Draft(disclosure, (), ())
    prepared = Prepared(f"{number}.eml", report.encode(), Reading("mail"), draft)
    return send(house, prepared, approve(draft, "Test", now), "named", ()).report


Look = Callable[[str], list[tuple[Value, ...]]]
"""All rows of a statement, from whatever engine the hub's store is in."""


def hub_file(folder: Path) -> Look:
    """The hub's store when it is a file."""
    return lambda text: look(folder / "hub" / "hub.db", text)


def waiting(folder: Path, banks: Iterable[str]) -> int:
    """Reports that have no receipt yet."""
    count = "SELECT count(*) FROM outbox WHERE state <> 'receipted'"
    return sum(int(str(look(folder / short / "agent.db", count)[0][0])) for short in banks)


def caught_up(folder: Path, short: str, hub: Look) -> bool:
    """Whether an agent has proved every stream that it reads as far as the hub goes."""
    sizes = dict(hub("SELECT name, size FROM stream"))
    return all(
        sizes[name] == size
        for name, size in look(folder / short / "agent.db", "SELECT name, size FROM stream")
    )


def notes(folder: Path, hub: Look) -> tuple[str, str, int]:
    """The newest co-signed note of the hub and of the partner, and the length of the log."""
    newest = "SELECT {}, size FROM log ORDER BY size DESC LIMIT 1"
    ((hubs, size),) = hub(newest.format("cosigned"))
    ((partners, _),) = look(folder / "partner" / "partner.db", newest.format("note"))
    return str(hubs), str(partners), int(str(size))


def check_hub(hub: Look, reports: list[str]) -> None:
    """Every report once, no gap, every root the root of its leaves, every head witnessed."""
    facts = Counter(
        fact
        for (fact,) in hub(
            "SELECT entry.fact FROM entry JOIN stream ON stream.number = entry.stream "
            "JOIN object ON object.stream = entry.stream AND object.seq = entry.seq "
            "WHERE stream.name = 'members' AND object.id LIKE 'grouping--%'"
        )
    )
    assert facts == Counter(reports)
    assert hub("SELECT id FROM object GROUP BY owner, id, modified HAVING count(*) > 1") == []
    for number, size, root, noted, witnessed in hub(
        "SELECT number, size, root, noted_size, witnessed_size FROM stream"
    ):
        rows = hub(f"SELECT seq, leaf FROM entry WHERE stream = {number} ORDER BY seq")
        assert [seq for seq, _ in rows] == list(range(int(str(size))))
        assert EMPTY.extend(leaf for _, leaf in rows).root() == root
        assert size == noted == witnessed


def check_replica(folder: Path, short: str, reports: list[str], hub: Look) -> None:
    """The same entries under the same roots, every report once, and no accusation."""
    mine = folder / short / "agent.db"
    followed = look(mine, "SELECT name, size, frontier, witness FROM stream")
    assert {"directory", "members"} <= {name for name, *_ in followed}
    for name, size, frontier, witness in followed:
        assert hub(f"SELECT size, root FROM stream WHERE name = '{name}'") == [
            (size, Frontier.from_bytes(bytes(frontier)).root())
        ]
        rows = look(mine, "SELECT seq, leaf FROM entry WHERE stream = :n ORDER BY seq", {"n": name})
        theirs = (
            f"SELECT seq, leaf FROM entry JOIN stream ON number = stream WHERE name = '{name}' ORDER BY seq"
        )
        assert rows == hub(theirs)
        assert witness == "witnessed"
    kept = look(mine, "SELECT fact FROM entry WHERE stream = 'members' AND kind = 'object'")
    assert set(kept) == {(report,) for report in reports}
    alarms = {str(sentence) for (sentence,) in look(mine, "SELECT sentence FROM alarm")}
    assert all(
        alarm.startswith(
            ("The other side cannot be reached", "Another process", "The hub can be reached again")
        )
        for alarm in alarms
    ), alarms
