# SPDX-License-Identifier: Apache-2.0
"""Who is on call at a moment, from the `[wake]` section of agent.toml. Somebody always is.

The rota is written on the wall's clock of one time zone, and asked on it: a shift from 22:00 to 06:00 is so long as
the night is. On the night on which clocks go back the doubled hour belongs to one shift, twice; on the night on which
they go forward a shift that begins in the missing hour begins when the clock has passed it. Nobody is ever without.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tocsin.clock import SECOND, Instant
from tocsin.config.waking import Shift, Wake
from tocsin.errors import ConfigError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_A_DAY = timedelta(days=1)
MOST_PEOPLE = 100


class Span(msgspec.Struct, frozen=True):
    """From when until when, on the wall's clock, the same people are on call."""

    begin: datetime
    end: datetime
    people: tuple[str, ...]
    """In the order in which they are called, those of the shift first."""


class Rota:
    """One party's rota. ConfigError when it cannot be read, or names somebody who is not among its people."""

    def __init__(self, settings: Wake) -> None:
        self._settings = settings
        self._zone = _zone(settings.time_zone)
        self._holidays = frozenset(_day(one, "wake.holidays") for one in settings.holidays)
        self._names = tuple(one.name for one in settings.people)
        if not 1 <= len(set(self._names)) == len(self._names) <= MOST_PEOPLE:
            raise ConfigError(f"`wake.people` are 1 to {MOST_PEOPLE}, and no two have one name.")
        self._shifts = tuple((one, _first_monday(one)) for one in settings.shifts)
        self._changes = tuple((_moment(one.begin), _moment(one.end), one.people) for one in settings.changes)
        self._demand_known([one.people for one in settings.shifts])
        self._demand_known([one.people for one in settings.changes])
        if any(end <= begin for begin, end, _ in self._changes):
            raise ConfigError("One of `wake.changes` ends before it begins.")

    def wall(self, now: Instant) -> datetime:
        """What the wall's clock shows."""
        return datetime.fromtimestamp(now // SECOND, self._zone).replace(tzinfo=None)

    def on_call(self, now: Instant) -> tuple[str, ...]:
        """Everybody in the order in which they are called at that moment."""
        return self._at(self.wall(now))

    def is_quiet(self, now: Instant) -> bool:
        """Whether what is not urgent waits."""
        wall, settings = self.wall(now), self._settings
        if self._kinds(wall.date()) & set(settings.quiet_days):
            return True
        begin, end = time.fromisoformat(settings.quiet_begin), time.fromisoformat(settings.quiet_end)
        if begin <= end:
            return begin <= wall.time() < end
        return wall.time() >= begin or wall.time() < end

    def days(self, now: Instant, days: int) -> Iterator[Span]:
        """Who is on call from now on, as it changes, for so many days."""
        begin = self.wall(now)
        until = begin + days * _A_DAY
        while begin < until:
            people = self._at(begin)
            end = next((edge for edge in self._edges(begin, until) if self._at(edge) != people), until)
            yield Span(begin, end, people)
            begin = end

    def _at(self, wall: datetime) -> tuple[str, ...]:
        first = self._changed(wall) or self._of_shift(wall) or ()
        return (*first, *(name for name in self._names if name not in first))

    def _changed(self, wall: datetime) -> tuple[str, ...]:
        found = [people for begin, end, people in self._changes if begin <= wall < end]
        return found[-1] if found else ()

    def _of_shift(self, wall: datetime) -> tuple[str, ...]:
        for shift, first_monday in self._shifts:
            for day in (wall.date(), wall.date() - _A_DAY):
                begin, end = _hours(shift, day)
                if begin <= wall < end and self._kinds(day) & set(shift.days):
                    return _turned(shift.people, first_monday, day)
        return ()

    def _kinds(self, day: date) -> set[str]:
        """What a day is in the rota: a holiday or a day of the week."""
        return {"holiday"} if day in self._holidays else {_DAYS[day.weekday()]}

    def _edges(self, begin: datetime, until: datetime) -> list[datetime]:
        """When it can change, in order."""
        days = [begin.date() + n * _A_DAY for n in range(-1, (until - begin).days + 2)]
        edges = {edge for shift, _ in self._shifts for day in days for edge in _hours(shift, day)}
        edges |= {edge for first, last, _ in self._changes for edge in (first, last)}
        return sorted(edge for edge in edges if begin < edge < until)

    def _demand_known(self, lists: Sequence[tuple[str, ...]]) -> None:
        for names in lists:
            if not names or (strange := set(names) - set(self._names)):
                raise ConfigError(
                    f"A shift names {', '.join(sorted(strange))[:80]}, who is none of `wake.people`."
                    if names
                    else "A shift of `wake` has nobody in it."
                )


def _hours(shift: Shift, day: date) -> tuple[datetime, datetime]:
    """From when until when the shift that begins on that day lasts."""
    begin, end = time.fromisoformat(shift.begin), time.fromisoformat(shift.end)
    last = day if end > begin else day + _A_DAY
    return datetime.combine(day, begin), datetime.combine(last, end)


def _turned(people: tuple[str, ...], first_monday: date | None, day: date) -> tuple[str, ...]:
    """The order in the week of that day."""
    if first_monday is None:
        return people
    moved = (day - first_monday).days // 7 % len(people)
    return people[moved:] + people[:moved]


def _first_monday(shift: Shift) -> date | None:
    if not shift.turns_since:
        return None
    day = _day(shift.turns_since, "turns_since")
    return day - day.weekday() * _A_DAY


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"`wake.time_zone`: {name[:40]!r} is no time zone that this machine knows.",
            next_step="Write one such as Europe/London; where none is known, install the system's package tzdata.",
        ) from None


def _day(text: str, setting: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"`{setting}`: {text!r} is no day that there is.") from None


def _moment(text: str) -> datetime:
    try:
        found = datetime.strptime(text, "%Y-%m-%d %H:%M")
    except ValueError:
        raise ConfigError(f"`wake.changes`: {text[:40]!r} is no time such as 2026-12-24 18:00.") from None
    return found
