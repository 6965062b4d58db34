# SPDX-License-Identifier: Apache-2.0
"""Everything that can happen to a simulated alliance, as data: a list of moves is a whole story.

A move names parties by the short names of their agents, and what a party did before by its place in the order in which
it did it, counted from the newest. A move that makes no sense where it stands (taking back what nobody said) does
nothing: so every list of moves is a story, and a list with some moves left out is one too.
"""

from enum import StrEnum

import msgspec

from tocsin.domain.acknowledgement import Answer
from tocsin.domain.audience import History
from tocsin.world.machine import Moment

HUB, PARTNER = "hub", "partner"
RELAY = "relay"
"""The relay, once the anonymous path is open."""
TWIN = "twin"
"""Another process of the hub, on the same store and behind the same name; it runs once it is started."""
EDGE = "edge"
"""The edge, once there is one."""
GROUP = "ring"
"""The named group of these stories."""


class Move(msgspec.Struct, frozen=True, tag=True):
    """One thing that happens."""


# what parties do


class Report(Move, frozen=True):
    """A party reports values; a person approved it."""

    by: str
    values: tuple[int, ...]
    audiences: tuple[str, ...] = ()
    """As the wire has them, and ``party:NAME`` with a short name; none: the default."""
    embargo_minutes: int = 0
    """Nobody may read it earlier."""


class Hide(Move, frozen=True):
    """A bank or the desk reports a value by class ``mixed``."""

    by: str
    value: int


class Sight(Move, frozen=True):
    """A party confirms a value."""

    by: str
    value: int
    audience: str = "members"


class Warn(Move, frozen=True):
    """The agency warns of a value, with two officers."""

    by: str
    value: int
    audience: str = "all"


class Withdraw(Move, frozen=True):
    """The agency withdraws one of its warnings."""

    by: str
    nth: int = 0


class Acknowledge(Move, frozen=True):
    """A party answers a warning that stands at it."""

    by: str
    nth: int = 0
    answer: Answer = Answer.RECEIVED


class Erase(Move, frozen=True):
    """A party takes back what it said."""

    by: str
    nth: int = 0


class EraseByLaw(Move, frozen=True):
    """The operator erases what some party said."""

    nth: int = 0


class Suspend(Move, frozen=True):
    """The operator suspends a party."""

    who: str


class Reinstate(Move, frozen=True):
    """The operator takes a party back."""

    who: str


class JoinGroup(Move, frozen=True):
    """The desk puts a party on the roster of the group."""

    who: str
    history: History = History.FROM_JOIN


class LeaveGroup(Move, frozen=True):
    """The desk takes a party off the roster."""

    who: str


class Rotate(Move, frozen=True):
    """A party, or the hub, replaces its keys; the hub is started again."""

    who: str


# what happens to machines and wires


class Wait(Move, frozen=True):
    """Time passes, and everybody does what is to do meanwhile."""

    seconds: float = 1.0


class Leap(Move, frozen=True):
    """Everybody sleeps for a while: time passes in which nobody does anything."""

    minutes: int


class Age(Move, frozen=True):
    """So many days pass; then the hub is started anew and erases what has reached the alliance's age."""

    days: int = 31


class OpenPath(Move, frozen=True):
    """Three operators open the anonymous path; hub and partner are started anew for it."""


class RaiseEdge(Move, frozen=True):
    """The operator admits a new edge, in place of the one that there is."""


class ReadFrom(Move, frozen=True):
    """A party reads from the edge from now on, or from the hub again."""

    who: str
    place: str = EDGE


class Cut(Move, frozen=True):
    """A party, the edge, or the hub on its way to the partner, loses its network; ``all`` lose theirs."""

    who: str = "all"


class Mend(Move, frozen=True):
    """The network is back."""

    who: str = "all"


class Crash(Move, frozen=True):
    """A process dies when it comes to that step the next time."""

    who: str
    transaction: str
    moment: Moment


class Kill(Move, frozen=True):
    """A process dies now."""

    who: str


class Start(Move, frozen=True):
    """A process is started, unless it runs."""

    who: str


class BackUp(Move, frozen=True):
    """A store is copied while it is used."""

    who: str


class Lose(Move, frozen=True):
    """A machine is lost with its store, and put in place from its last backup by the ceremony that there is for it."""

    who: str


class Skew(Move, frozen=True):
    """A machine's clock is so many seconds ahead, or behind."""

    who: str
    seconds: int


# what adversaries do


class Replay(Move, frozen=True):
    """Somebody sends again what went over a party's wire."""

    whose: str
    nth: int = 0


class Mischief(StrEnum):
    """What a member may try with its own good keys, and without them."""

    BAD_SIGNATURE = "bad signature"
    OTHER_CONTENT = "other content under an identifier that was used"
    FORGED_WARNING = "a warning of the agency, signed by somebody else"
    JUNK = "bytes that are no message"
    OVERLONG = "a message that is too long"
    ERASE_ANOTHERS = "the erasure of what another party said"
    ANOTHERS_NAME = "a report under another party's name"


class Misbehave(Move, frozen=True):
    """A member tries something."""

    by: str
    how: Mischief


class Deceit(StrEnum):
    """What a hub may try against its readers."""

    WITHHOLD = "leave out an entry"
    REWRITE = "change the body of an entry"
    FORGE_HEADER = "change the header of an entry"
    WRONG_AUDIENCE = "show an entry under a stream of others"
    TRUNCATE = "stop showing a stream"
    SPLIT = "show a second history"


class Deceive(Move, frozen=True):
    """The hub lies to one reader from now on."""

    whom: str
    how: Deceit


Any = (
    Report | Hide | Sight | Warn | Withdraw | Acknowledge | Erase | EraseByLaw
    | Suspend | Reinstate | JoinGroup | LeaveGroup | Rotate
    | Wait | Leap | Age | OpenPath | RaiseEdge | ReadFrom | Cut | Mend | Crash | Kill | Start | BackUp | Lose | Skew
    | Replay | Misbehave | Deceive
)  # fmt: skip
"""Any move, for whoever reads a story from a file."""
