# SPDX-License-Identifier: Apache-2.0
"""Whether the path would hide this party now, from signatures that it has checked itself.

How many a `mixed` report would be among is the least that the last slots had: senders by the relay's word, envelopes by
the partner's, and members with tokens by the hub's: one that gave tokens to few can say that it gave them to all. Who
is honest nobody can count.
"""

import msgspec

from tocsin.agent.anonymous import attendance, tokens
from tocsin.agent.anonymous.attendance import MISSED, Came
from tocsin.agent.anonymous.epochs import SENDERS, Epoch, newest, present
from tocsin.agent.anonymous.reports import Namers, Way
from tocsin.agent.vault import Vault
from tocsin.clock import Instant
from tocsin.config.cover import Anonymous
from tocsin.domain.party import Role
from tocsin.errors import NotAnonymous
from tocsin.storage.store import Transaction
from tocsin.wire.epoch import Operators

HOLD = "slots-held"
"""The mark with the number of slots in which no report goes yet."""
_FRESH = 4
"""A record of so many slots ago still says something of the next one."""
_LAST = 5
"""In so many slots before its end an epoch carries no report: its result would come when nobody can ask for it."""
_RECENT = 3
"""Slots whose least is taken."""


class Standing(msgspec.Struct, frozen=True):
    """The anonymous path as this party stands on it."""

    role: Role
    cover: bool
    epoch: int = 0
    """The present one; 0 when there is none."""
    begins: Instant = Instant(0)
    """Of the present epoch, or of the next one that is known."""
    ends: Instant = Instant(0)
    slot_seconds: int = 0
    rehearsal: bool = False
    """The epoch is one to try the path out in: its tokens rest for less than a day."""
    operators: Operators | None = None
    ending: bool = False
    """It has only a few slots left."""
    closed: bool = False
    """The hub takes no token of this epoch any more."""
    tokens: int = 0
    quota: int = 0
    told: int = 0
    """Of the last envelopes, those that can be judged."""
    missing: int = 0
    """Of these, in no record of their slot."""
    silent: int = 0
    """Of these, whose slot had no record that partner and hub have signed."""
    stopped: bool = False
    """So many are too many: no real report goes."""
    hold: int = 0
    """Slots in which none goes yet, after an outage."""
    senders: int = 0
    """Of the last slot that told, as the relay has signed; 0 when none has lately."""
    blobs: int = 0
    """The same, as the partner has."""
    issued: int = 0
    """The same: members with tokens."""
    among: int = 0
    """How many a `mixed` report would be among; 0: not known."""
    floor: int = 0
    namers: Namers = Namers()
    """Who can name the sender of a report in this epoch."""


class _Mark(msgspec.Struct, frozen=True):
    value: str


def standing(tx: Transaction, vault: Vault, config: Anonymous, now: Instant) -> Standing:
    """How it stands at this moment."""
    role = Role(vault.membership_in(tx).role)
    epoch = present(tx, now)
    if epoch is None:
        last = newest(tx)
        begins = last.terms.begins if last and last.terms.begins > now else Instant(0)
        return Standing(role, config.cover, begins=Instant(begins))
    terms = epoch.terms
    mark = tx.one("mark", {"name": HOLD}, into=_Mark)
    found = Standing(
        role,
        config.cover,
        epoch=epoch.number,
        begins=Instant(terms.begins),
        ends=Instant(terms.ends),
        slot_seconds=terms.slot_seconds,
        rehearsal=terms.rehearsal,
        operators=terms.operators,
        ending=terms.slot_at(now) >= terms.slots - _LAST,
        closed=epoch.closed,
        tokens=tokens.held(tx, epoch.number),
        quota=terms.quota,
        hold=int(mark.value) if mark else 0,
        floor=max(terms.floor, config.floor),
        namers=Namers(
            terms.needed,
            tuple(one.name for one in terms.trustees),
            tuple(one.fingerprint for one in terms.trustees),
        ),
    )
    return _counted(tx, vault, config, epoch, found, now)


def _counted(
    tx: Transaction, vault: Vault, config: Anonymous, epoch: Epoch, found: Standing, now: Instant
) -> Standing:
    """The same with what became of this agent's envelopes."""
    sent = attendance.newest(tx, vault.box, epoch.number, config.of_last + _FRESH)
    judged = [one for one in sent if one.came is not Came.OPEN][: config.of_last]
    oldest = epoch.terms.slot_at(now) - _FRESH
    away = bool(judged) and judged[0].came is Came.SILENT
    told = [one for one in judged if one.came is not Came.SILENT and one.slot >= oldest]
    fresh = [] if away else told[:_RECENT]
    newest_one = fresh[0] if fresh else None
    return msgspec.structs.replace(
        found,
        told=len(judged),
        missing=sum(one.came is Came.MISSING for one in judged),
        silent=sum(one.came in (Came.SILENT, Came.UNSIGNED) for one in judged),
        stopped=sum(one.came in MISSED for one in judged) >= config.misses,
        senders=newest_one.senders if newest_one else 0,
        blobs=newest_one.blobs if newest_one else 0,
        issued=newest_one.issued if newest_one else 0,
        among=min((one.among for one in fresh), default=0),
    )


def require(found: Standing, way: Way) -> None:
    """NotAnonymous when a report must not even wait for its class: it would wait for ever, or hide nobody."""
    if reason := _never(found, way) or (_exposed(found, way) if found.among else ""):
        raise NotAnonymous(reason)


def obstacle(found: Standing, way: Way, *, holds_token: bool = False) -> str:
    """Why a report does not go now; empty when it does. `holds_token`: it has taken one of this epoch already."""
    never = _never(msgspec.structs.replace(found, tokens=found.tokens + holds_token), way)
    if never or way.report_class == "now":
        return never
    if not found.among:
        return "no record of the last slots has come: relay or partner is away, or this agent has just begun"
    if exposed := _exposed(found, way):
        return exposed
    if found.ending:
        return f"epoch {found.epoch} has only a few slots left: it goes in the next one"
    if found.hold and way.hold:
        return (
            f"it is held for {found.hold} more slots after an outage, because whoever was hit comes back then"
        )
    return ""


def _never(found: Standing, way: Way) -> str:
    """What does not pass by itself, or not soon."""
    if not found.epoch:
        later = " yet" if found.begins else ": the alliance has no relay, or its hub has not said so"
        return f"no epoch of the anonymous path has begun{later}"
    if found.role not in SENDERS:
        return "the anonymous path is for banks and the desk: no other party sends cover"
    if found.closed:
        return f"the hub was restored, and epoch {found.epoch} is closed: it goes on with the next one"
    if not found.tokens:
        return (
            f"no token of epoch {found.epoch} is left here: they are given out once, before an epoch begins"
        )
    if way.report_class == "mixed" and not found.cover:
        return "this agent sends no cover (cover = false in agent.toml), and a lone envelope hides nobody"
    return _named_otherwise(found, way)


def _named_otherwise(found: Standing, way: Way) -> str:
    """Why it does not go where others could name its sender than the person knew who let it go."""
    if not found.namers.needed or way.namers in (None, found.namers):
        return ""
    return (
        "trustees can name its sender in this epoch, and that was not so, or they were others, when it was approved: "
        "take it back, and approve it anew"
    )


def _exposed(found: Standing, way: Way) -> str:
    """Why a `mixed` report would hide too little."""
    if way.report_class == "now":
        return ""
    if found.stopped:
        return (
            f"{found.missing + found.silent} of the last {found.told} envelopes are in no record of their slot: "
            "somebody on the path drops them, or is away"
        )
    if found.among < found.floor and not way.pseudonymous:
        return f"it would be one of {found.among} senders, and the floor is {found.floor}"
    return ""
