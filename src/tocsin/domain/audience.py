# SPDX-License-Identifier: Apache-2.0
"""Who may read: one canonical text per audience, so that equal audiences are one stream.

====================================  =====================================================
``all``                               every active party
``members``                           banks and the alliance's desk
``role:agency``                       every party with that role
``jurisdiction:GB``                   every party there
``role:regulator+jurisdiction:GB``    both at once
``group:NAME``                        whoever is on its roster now; the roster is known to the desk
``party:prt_…``                       one party
====================================  =====================================================

Several audiences are several entries that share a fact; an explicit set is one entry per party.
The default for a bank's report is `members`: police and regulators read it only by the bank's own choice.

A roster is a set of `Membership`s: from when, until when, and whether the past is for the newcomer too. Whoever asks
is measured by the roster as it stands at that moment; who left reads nothing more, whatever was said while it was in.

>>> Audience.parse("role:agency+jurisdiction:GB").includes_role(Role.BANK)
False
"""

from enum import StrEnum

import msgspec

from tocsin.clock import Instant
from tocsin.domain.party import Party, Role, Standing, check_jurisdiction
from tocsin.errors import Malformed
from tocsin.ids import check_id

DIRECTORY = "directory"
"""Name of the one stream that every party reads: keys, parties, lifecycle. It is not an audience to report to."""

FORMS = "all, members, role:agency, jurisdiction:GB, role:agency+jurisdiction:GB, group:NAME or party:prt_…"
"""An example of every form, for a person who writes one."""

_FORMS = frozenset(
    {
        ("everyone",),
        ("members",),
        ("role",),
        ("jurisdiction",),
        ("role", "jurisdiction"),
        ("group",),
        ("party",),
    }
)
"""What an audience may be made of: the forms of the table above, and `audiences_of` finds a viewer's in each."""


class History(StrEnum):
    """What a new member of a group may read of the time before it joined."""

    ALL = "all"
    FROM_JOIN = "from-join"


class Membership(msgspec.Struct, frozen=True):
    """One party's time in one named group."""

    group: str
    since: Instant
    until: Instant | None = None
    """When it left; None while it is in."""
    reads_from: Instant = Instant(0)
    """What was added earlier is not for it; 0: all history. Later than `since` when the group's stream ran ahead of the
    clock, as `added` may."""

    def holds(self, now: Instant) -> bool:
        """Whether it is on the roster at that moment."""
        return self.since <= now and (self.until is None or now < self.until)

    def reads(self, added: Instant) -> bool:
        """Whether what was added at that moment is for this member."""
        return self.reads_from <= added

    @property
    def history(self) -> History:
        """In the words of whoever put it on the roster."""
        return History.FROM_JOIN if self.reads_from else History.ALL


class Audience(msgspec.Struct, frozen=True):
    """A set of parties, by rule and not by list. An empty rule is refused: it would be everyone by mistake."""

    everyone: bool = False
    members: bool = False
    role: Role | None = None
    jurisdiction: str | None = None
    group: str | None = None
    party: str | None = None

    def __post_init__(self) -> None:
        given = tuple(name for name in self.__struct_fields__ if getattr(self, name) not in (None, False))
        if given not in _FORMS:
            raise Malformed(f"An audience is not made of {' and '.join(given) or 'nothing'}.")

    @classmethod
    def parse(cls, text: str) -> "Audience":
        """Read the canonical text; Malformed for anything else."""
        if text == "all":
            return cls(everyone=True)
        if text == "members":
            return cls(members=True)
        parts = dict(part.partition(":")[::2] for part in text.split("+"))
        if not parts.keys() <= {"role", "jurisdiction", "group", "party"}:
            raise Malformed(f"{text[:80]!r} is not an audience: {FORMS}.")
        found = cls(
            role=_role(parts["role"]) if "role" in parts else None,
            jurisdiction=check_jurisdiction(parts["jurisdiction"]) if "jurisdiction" in parts else None,
            group=check_group(parts["group"]) if "group" in parts else None,
            party=check_id(parts["party"], "prt") if "party" in parts else None,
        )
        if str(found) != text:
            raise Malformed(f"{text[:80]!r} is not an audience as it is written here: {FORMS}.")
        return found

    def __str__(self) -> str:
        if self.everyone:
            return "all"
        if self.members:
            return "members"
        named = (
            ("role", self.role),
            ("jurisdiction", self.jurisdiction),
            ("group", self.group),
            ("party", self.party),
        )
        return "+".join(f"{name}:{value}" for name, value in named if value is not None)

    def includes(self, viewer: Party, groups: frozenset[str] = frozenset()) -> bool:
        """Whether an active `viewer`, who is in these named groups, belongs to it."""
        if viewer.standing is not Standing.ACTIVE:
            return False
        return (
            self.includes_role(viewer.role)
            and self.jurisdiction in (None, viewer.jurisdiction)
            and (self.group is None or self.group in groups)
            and self.party in (None, viewer.id)
        )

    def includes_role(self, role: Role) -> bool:
        """Whether a party of that role could belong to it at all."""
        if self.members:
            return role in (Role.BANK, Role.DESK)
        return self.role in (None, role)


MEMBERS = Audience(members=True)
EVERYONE = Audience(everyone=True)


def default_audience(author: Role) -> Audience:
    """Where a report goes when nobody chose: a bank's to the members, an agency's warning to everyone."""
    return MEMBERS if author in (Role.BANK, Role.DESK) else EVERYONE


def audiences_of(viewer: Party, groups: frozenset[str] = frozenset()) -> tuple[Audience, ...]:
    """Every audience that an active viewer belongs to; at most 5 and one per group."""
    candidates = [
        EVERYONE,
        MEMBERS,
        Audience(role=viewer.role),
        Audience(jurisdiction=viewer.jurisdiction),
        Audience(role=viewer.role, jurisdiction=viewer.jurisdiction),
        Audience(party=viewer.id),
        *(Audience(group=name) for name in sorted(groups)),
    ]
    return tuple(audience for audience in candidates if audience.includes(viewer, groups))


def _role(text: str) -> Role:
    if text not in list(Role):
        raise Malformed(f"{text[:20]!r} is not a role: {', '.join(Role)}.")
    return Role(text)


def check_group(text: str) -> str:
    """Return the name of a group; Malformed otherwise."""
    if len(text) > 40 or not (text.isascii() and text.replace("-", "").isalnum()):
        raise Malformed(f"{text[:40]!r} is not a group name: letters, digits and dashes.")
    return text
