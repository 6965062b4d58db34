# SPDX-License-Identifier: Apache-2.0
"""What a monitor is told of an agent: a file for node_exporter's textfile collector, because nothing listens here.

Source: Prometheus node_exporter, "Textfile Collector".
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tocsin.agent.house import House
from tocsin.agent.shields.levels import Levels
from tocsin.agent.status import status
from tocsin.clock import SECOND
from tocsin.files import replace_file
from tocsin.web.metrics import Metric, by, exposition, gauge, process, transactions

READABLE = 0o644
"""The collector is another user. There is nothing in it that names a value or a case."""


def measure(house: House, levels: Levels) -> Iterator[Metric]:
    """The numbers as they stand now."""
    now = house.clock.now()
    found, waiting = status(house, levels, now), house.outbox.waiting()
    yield gauge(
        "tocsin_agent_written_seconds", "When this was written; an old one: no agent runs.", now // SECOND
    )
    yield gauge("tocsin_outbox_waiting", "Approved messages without an answer.", found.waiting)
    oldest = (now - waiting[0].queued) / SECOND if waiting else 0.0
    yield gauge("tocsin_outbox_oldest_seconds", "For how long the oldest of them waits.", oldest)
    yield gauge("tocsin_outbox_refused", "Messages that the hub refused for good.", found.refused)
    kinds = Counter(one.kind() for one in found.alarms)
    alarms = by("kind", {kind: kinds[kind] for kind in ("alarm", "problem", "note")})
    yield Metric("tocsin_alarms", "gauge", "Alarms that nobody has cleared.", alarms)
    yield Metric("tocsin_values", "gauge", "Values at each level.", by("level", found.levels))
    yield gauge(
        "tocsin_entries", "Entries that have proved themselves.", sum(one.size for one in found.streams)
    )
    yield gauge("tocsin_collected_waiting", "Files that came in and wait for a person.", found.collected)
    failing = sum(bool(one.state.problem) for one in found.sources)
    yield gauge("tocsin_sources_failing", "Sources from which nothing can be collected now.", failing)
    late = sum(one.witness == "late" for one in found.streams)
    yield gauge("tocsin_streams_late", "Streams whose newest head the partner has not witnessed.", late)
    yield transactions({"agent": house.store.tally})
    yield from process()


def write(house: House, levels: Levels) -> None:
    """Bring the file up to date, if the settings name one."""
    if house.config.metrics_file:
        path = Path(house.folder / house.config.metrics_file)
        replace_file(path, exposition(measure(house, levels)), mode=READABLE)
