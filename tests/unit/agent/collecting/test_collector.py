# SPDX-License-Identifier: Apache-2.0
"""What comes in is read once, queued when it holds something to report, and nothing is lost or doubled by any end."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.looking import bytes_of, look
from tests.unit.agent.collecting.houses import NOTHING, house_in, phish

from tocsin.agent.collecting import collector as module
from tocsin.agent.collecting import looking
from tocsin.agent.collecting.arrival import Arrival, Batch
from tocsin.agent.collecting.collector import Collector
from tocsin.agent.collecting.files import Folder
from tocsin.agent.collecting.queue import Queue
from tocsin.agent.collecting.sources import State, watched
from tocsin.agent.house import House
from tocsin.agent.work import classifier
from tocsin.config.agent import Collect
from tocsin.errors import ConfigError, TocsinError, Unreachable

pytestmark = pytest.mark.processes


class Given:
    """A source that gives what a test gives it, and remembers where it was asked to go on."""

    name = "given"
    seconds = 2.0

    def __init__(self, *batches: Batch | TocsinError) -> None:
        self.batches = list(batches)
        self.positions: list[str] = []
        self.stopped = threading.Event()

    def look(self, position: str) -> Batch:
        self.positions.append(position)
        found = self.batches.pop(0) if self.batches else Batch((), position)
        if isinstance(found, TocsinError):
            raise found
        return found

    def stop(self) -> None:
        self.stopped.set()


class Deaf(Given):
    """One that gives nothing until it is stopped."""

    def look(self, position: str) -> Batch:
        assert self.stopped.wait(30)
        raise Unreachable("It was stopped.")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(tmp_path / "ayr", Collect(folders=("../in",))) as made:
        (tmp_path / "in").mkdir()
        yield made


def collector(house: House, source: Given | Folder, waits: list[float] | None = None) -> Collector:
    async def sleep(seconds: float) -> None:
        if waits is not None:
            waits.append(seconds)
            if len(waits) == 12:
                raise asyncio.CancelledError
        await asyncio.sleep(0)

    return Collector(house, source, classifier, sleep)


def state(house: House, name: str = "given") -> State:
    from tocsin.agent.collecting.sources import state_of

    with house.store.reading("state") as tx:
        return state_of(tx, house, name)


def arrivals(*data: bytes) -> tuple[Arrival, ...]:
    return tuple(Arrival(f"mail {number}", one) for number, one in enumerate(data))


def test_what_holds_something_to_report_waits_and_the_rest_is_counted(house: House) -> None:
    source = Given(Batch(arrivals(phish(1), NOTHING.encode(), b"%PDF-1.7", phish(1)), "p1", more=True))
    assert asyncio.run(collector(house, source).round()) is True
    (item,) = Queue(house).waiting()
    assert (item.about.source, item.about.name) == ("given", "mail 0")
    assert item.about.title == "planted-subject 1"
    assert item.about.values >= 2
    assert Queue(house).file(item.id) == phish(1)
    found = state(house)
    assert (found.collected, found.nothing, found.unread, found.known) == (1, 1, 1, 1)
    assert (found.position, found.problem) == ("p1", "")
    assert found.looked == house.clock.now()


def test_nothing_is_sent_and_nothing_is_decided(house: House) -> None:
    asyncio.run(collector(house, Given(Batch(arrivals(phish(1))))).round())
    for table in ("outbox", "vault_case", "evidence", "journal"):
        assert look(house.folder / "agent.db", f"SELECT count(*) FROM {table}") == [(0,)], table


def test_what_came_once_never_waits_again_whatever_was_decided(house: House) -> None:
    asyncio.run(collector(house, Given(Batch(arrivals(phish(1), phish(2))))).round())
    first, second = Queue(house).waiting()
    Queue(house).drop([first.id], "Jane")
    Queue(house).settle(second.id)
    source = Given(Batch(arrivals(phish(2), phish(3), phish(1))))
    asyncio.run(collector(house, source).round())
    assert [item.about.title for item in Queue(house).waiting()] == ["planted-subject 3"]
    assert state(house).known == 2


def test_a_crash_in_the_middle_of_a_batch_neither_loses_nor_doubles(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = Batch(arrivals(*map(phish, range(5))), "p5")
    kept, keep = [0], Collector._keep

    def crash(self: Collector, *given: object) -> None:
        if kept[0] == 3:
            raise KeyboardInterrupt
        kept[0] += 1
        keep(self, *given)

    monkeypatch.setattr(Collector, "_keep", crash)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(collector(house, Given(batch)).round())
    monkeypatch.undo()
    assert len(Queue(house).waiting()) == 3
    source = Given(batch)
    asyncio.run(collector(house, source).round())
    assert source.positions == [""], "the position did not move"
    titles = sorted(item.about.title for item in Queue(house).waiting())
    assert titles == [f"planted-subject {number}" for number in range(5)]


def test_a_new_process_goes_on_at_the_position(house: House) -> None:
    asyncio.run(collector(house, Given(Batch((), "p7"))).round())
    source = Given()
    asyncio.run(collector(house, source).round())
    assert source.positions == ["p7"]


def test_a_failure_says_what_to_do_keeps_the_position_and_is_over_when_it_is_over(house: House) -> None:
    refused = ConfigError("The password is wrong.", next_step="Look at the password.")
    source = Given(Batch((), "p1"), refused, Batch((), "p2"))
    waits: list[float] = []
    one = collector(house, source, waits)
    asyncio.run(one.round())
    house.clock.advance(5)

    async def fail() -> None:
        with pytest.raises(ConfigError):
            await one.round()
        one._failed(refused)

    asyncio.run(fail())
    found = state(house)
    assert (found.position, found.next_step, found.since) == (
        "p1",
        "Look at the password.",
        house.clock.now(),
    )
    assert "The password is wrong." in found.problem
    asyncio.run(one.round())
    assert (state(house).position, state(house).problem, state(house).since) == ("p2", "", 0)


def test_it_is_tried_again_with_full_jitter_in_a_span_that_doubles_and_has_an_end(house: House) -> None:
    source = Given(*[Unreachable("It is away.")] * 20)
    waits: list[float] = []
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(collector(house, source, waits).run())
    spans = [min(2.0 * 2**number, module.LONGEST_WAIT_SECONDS) for number in range(1, 13)]
    assert all(0 <= wait < span for wait, span in zip(waits, spans, strict=True))
    assert len(set(waits)) == len(waits), "each at a moment of its own"


def test_when_all_is_well_it_looks_as_often_as_the_settings_say(house: House) -> None:
    waits: list[float] = []
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(collector(house, Given(Batch((), "", more=True)), waits).run())
    assert waits == [2.0] * 12


def test_a_source_that_gives_nothing_is_stopped(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)
    source = Deaf()
    with pytest.raises(TocsinError, match="gave nothing whole"):
        asyncio.run(collector(house, source).round())
    assert source.stopped.is_set()


def test_an_agent_that_ends_does_not_wait_for_a_source(house: House) -> None:
    async def end() -> None:
        working = asyncio.create_task(collector(house, Deaf()).run())
        await asyncio.sleep(0.1)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    asyncio.run(asyncio.wait_for(end(), 10))


def test_a_full_queue_stops_the_collecting_and_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Given(Batch(arrivals(phish(1))), Batch(arrivals(phish(2))))
    one = collector(house, source)
    asyncio.run(one.round())
    monkeypatch.setattr("tocsin.agent.collecting.queue.MAX_ITEMS", 1)
    with pytest.raises(TocsinError, match="nothing more is collected"):
        asyncio.run(one.round())
    assert len(source.positions) == 1, "the source was not even asked"


def test_a_reader_that_reads_nothing_blames_no_file(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.agent.readers.process.sys.executable", "/bin/false")
    with pytest.raises(TocsinError, match="reads nothing") as refusal:
        asyncio.run(collector(house, Given(Batch(arrivals(phish(1)), "p1"))).round())
    assert "tocsin agent doctor" in refusal.value.next_step
    monkeypatch.undo()
    source = Given(Batch(arrivals(phish(1)), "p1"))
    asyncio.run(collector(house, source).round())
    assert source.positions == [""]
    assert len(Queue(house).waiting()) == 1


def test_what_took_too_long_may_be_read_another_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Batch(arrivals(phish(1)))
    monkeypatch.setattr(
        module, "look_at", lambda *_: [looking.Look(unread="It takes more than one second.", costly=True)]
    )
    asyncio.run(collector(house, Given(batch)).round())
    monkeypatch.undo()
    assert state(house).unread == 1
    asyncio.run(collector(house, Given(batch)).round())
    assert len(Queue(house).waiting()) == 1


def test_a_folder_comes_in_by_itself_whatever_is_in_it(house: House, tmp_path: Path) -> None:
    (tmp_path / "in" / "a.eml").write_bytes(phish(1))
    (tmp_path / "in" / "b.txt").write_text("one.evil.example\ntwo.evil.example\n")
    (tmp_path / "in" / "c.eml").write_text(NOTHING)
    source = Folder(house.folder / "../in", 1)
    one = collector(house, source)
    for _ in range(2):
        asyncio.run(one.round())
    assert sorted(item.about.name for item in Queue(house).waiting()) == ["a.eml", "b.txt"]
    (shown,) = watched(house)
    assert (shown.name, shown.state.collected, shown.state.nothing) == (source.name, 2, 1)
    held = bytes_of(house.folder, "agent.db")
    for word in (b"planted", b"jane.doe", b"evil.example", b"a.eml"):
        assert word not in held, word
