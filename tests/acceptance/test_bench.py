# SPDX-License-Identifier: Apache-2.0
"""The benchmark of a catch-up, on a history that is short and still comes in parts: real hub, real line, real store."""

from tocsin.bench.catchup import measure
from tocsin.hub.reading.backlog import PART


def test_an_agent_catches_up_with_a_history_of_more_than_one_part() -> None:
    caught_up, started = measure(1, PART + 500)
    assert caught_up.name == "cold agent at 4,500 entries"
    assert caught_up.beside.value < caught_up.value, "the bare engine does less"
    assert started.value > 0
