# SPDX-License-Identifier: Apache-2.0
"""Whether anybody would hear: what is open, who is on call, and what is wrong with the ways in which they are told."""

import msgspec

from tocsin.agent.house import House
from tocsin.agent.waking.calls import open_calls
from tocsin.agent.waking.rota import Rota
from tocsin.clock import Instant
from tocsin.config.waking import Wake
from tocsin.domain.call import Call, parse_schedule
from tocsin.storage.store import Transaction

PROBLEM = "waking"
"""The mark of what is wrong with the channels."""


class Standing(msgspec.Struct, frozen=True):
    """Everything at one moment."""

    open: tuple[Call, ...]
    on_call: tuple[str, ...]
    """Everybody in the order in which they are called now; names that stay here."""
    quiet: bool
    problem: str
    """Why the last message could not be given to somebody; empty: it could."""
    unheard: tuple[str, ...]
    """References of what is urgent and was told to everybody in vain."""


class _Mark(msgspec.Struct, frozen=True):
    value: str


def standing(house: House, settings: Wake, now: Instant) -> Standing:
    """How it stands; ConfigError when the rota or the schedule cannot be read."""
    rota, steps = Rota(settings), parse_schedule(settings.schedule)
    with house.store.reading("calls") as tx:
        calls, mark = open_calls(tx), tx.one("mark", {"name": PROBLEM}, into=_Mark)
    unheard = tuple(one.ref for one in calls if one.is_urgent and one.told >= len(steps))
    return Standing(tuple(calls), rota.on_call(now), rota.is_quiet(now), mark.value if mark else "", unheard)


def keep_problem(tx: Transaction, problem: str) -> None:
    """Remember what is wrong with the channels; empty: nothing is."""
    tx.run("save_mark", {"name": PROBLEM, "value": problem[:1_000]})
