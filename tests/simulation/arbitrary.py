# SPDX-License-Identifier: Apache-2.0
"""Lists of moves at random, so weighted that most of them mean something where they stand."""

from hypothesis import strategies as st

from tocsin.domain.acknowledgement import Answer
from tocsin.domain.audience import History
from tocsin.domain.party import MAY_WARN
from tocsin.world.bystander import PARTIES
from tocsin.world.machine import Moment
from tocsin.world.moves import (
    EDGE,
    GROUP,
    HUB,
    PARTNER,
    RELAY,
    TWIN,
    Acknowledge,
    Age,
    BackUp,
    Crash,
    Cut,
    Erase,
    EraseByLaw,
    Hide,
    JoinGroup,
    Kill,
    Leap,
    LeaveGroup,
    Lose,
    Mend,
    Misbehave,
    Mischief,
    Move,
    OpenPath,
    RaiseEdge,
    ReadFrom,
    Reinstate,
    Replay,
    Report,
    Rotate,
    Sight,
    Skew,
    Start,
    Suspend,
    Wait,
    Warn,
    Withdraw,
)

AGENTS = [one.short for one in PARTIES]
WARNERS = [one.short for one in PARTIES if one.role in MAY_WARN]
BANKS = AGENTS[:3]
SENDERS = [*BANKS, "forth"]

STEPS = {
    HUB: ("accept wave", "newest head", "what was proposed", "wave", "who asks"),
    PARTNER: ("witness head",),
    EDGE: ("keep entries", "stream heads", "wave", "who reads"),
    "agent": (
        "keep entries",
        "settle message",
        "due messages",
        "save cursor",
        "take next keys",
        "approve report",
    ),
}
"""Named transactions at which a machine may die."""

_agents = st.sampled_from(AGENTS)
_banks = st.sampled_from(BANKS)
_machines = st.sampled_from([HUB, PARTNER, TWIN, EDGE, *AGENTS])
_values = st.integers(0, 3)
_audiences = st.sampled_from(
    [
        *[()] * 3,
        ("all",),
        ("members", "role:agency"),
        ("jurisdiction:GB",),
        ("role:bank+jurisdiction:GB",),
        ("party:esk",),
        ("party:bute", "members"),
        *[(f"group:{GROUP}",)] * 2,
    ]
)
_nth = st.integers(0, 3)


@st.composite
def _crashes(draw: st.DrawFn) -> Crash:
    who = draw(_machines)
    steps = STEPS.get(HUB if who == TWIN else who, STEPS["agent"])
    return Crash(who, draw(st.sampled_from(steps)), draw(st.sampled_from(list(Moment))))


SAYING: list[st.SearchStrategy[Move]] = [
    st.builds(Report, _banks, st.lists(_values, min_size=1, max_size=3, unique=True).map(tuple), _audiences),
    st.builds(Report, _agents, st.tuples(_values)),
    st.builds(Sight, _agents, _values, st.sampled_from(["members", "all", "party:ayr", f"group:{GROUP}"])),
    st.builds(
        Warn, st.sampled_from(WARNERS), _values, st.sampled_from(["all", "members", "role:bank", "party:ayr"])
    ),
    st.builds(Withdraw, st.sampled_from(WARNERS), _nth),
    st.builds(Acknowledge, _agents, _nth, st.sampled_from(Answer)),
    st.builds(Report, _banks, st.tuples(_values), _audiences, st.sampled_from([1, 10, 300])),
    st.builds(Erase, _agents, _nth),
    st.builds(EraseByLaw, _nth),
]
STANDING: list[st.SearchStrategy[Move]] = [
    st.builds(Suspend, _agents),
    st.builds(Reinstate, _agents),
    st.builds(JoinGroup, _agents, st.sampled_from(History)),
    st.builds(LeaveGroup, _agents),
    st.builds(Rotate, st.sampled_from([HUB, *AGENTS])),
]
TROUBLE: list[st.SearchStrategy[Move]] = [
    st.builds(Cut, st.sampled_from([HUB, EDGE, "all", *AGENTS])),
    st.builds(Mend, st.sampled_from([HUB, EDGE, "all", *AGENTS])),
    _crashes(),
    st.builds(Kill, _machines),
    st.builds(Start, _machines),
    st.builds(BackUp, _machines),
    st.builds(Lose, _machines),
    st.builds(Skew, _machines, st.integers(-400, 400)),
    st.builds(Leap, st.integers(1, 400)),
    st.builds(Age, st.sampled_from([29, 31, 60])),
    st.builds(Start, st.just(TWIN)),
    st.builds(RaiseEdge),
    st.builds(ReadFrom, _agents, st.sampled_from([EDGE, EDGE, HUB])),
]
MALICE: list[st.SearchStrategy[Move]] = [
    st.builds(Misbehave, _banks, st.sampled_from(list(Mischief))),
    st.builds(Replay, _agents, st.integers(0, 6)),
]
"""All of it must come to nothing."""
WAITING: list[st.SearchStrategy[Move]] = [st.builds(Wait, st.sampled_from([0.2, 1.0, 5.0, 40.0]))]


def stories(longest: int = 25) -> st.SearchStrategy[list[Move]]:
    """Lists of moves of an honest alliance in a troubled world."""
    kinds = SAYING * 3 + STANDING + TROUBLE + MALICE * 2 + WAITING * 2
    told = st.lists(st.one_of(kinds), min_size=4, max_size=longest)
    return st.one_of(told, told, told, hidden())


UNSEEN: list[st.SearchStrategy[Move]] = [
    st.builds(Hide, st.sampled_from(SENDERS), _values),
    st.builds(Wait, st.sampled_from([4.0, 12.0, 40.0])),
    st.builds(Cut, st.sampled_from([RELAY, HUB, *BANKS])),
    st.builds(Mend, st.just("all")),
    st.builds(Kill, st.sampled_from([RELAY, PARTNER, HUB, *BANKS])),
    st.builds(Start, st.sampled_from([RELAY, PARTNER, HUB, *BANKS])),
    st.builds(Leap, st.integers(1, 40)),
    st.builds(Sight, _banks, _values),
]


@st.composite
def hidden(draw: st.DrawFn, longest: int = 12) -> list[Move]:
    """Lists of moves of an alliance whose anonymous path has just opened."""
    more = draw(st.lists(st.one_of(UNSEEN), min_size=4, max_size=longest))
    return [OpenPath(), Wait(24.0), *more]
