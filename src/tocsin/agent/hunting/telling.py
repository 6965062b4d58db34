# SPDX-License-Identifier: Apache-2.0
"""What others hear of what was found here: that a value was seen, as a named source, on a day. Never a line of a log.

`[hunt] sightings` in agent.toml says who decides: ``off`` nobody is told, ``ask`` a person tells (`agent hunts`),
``automatic`` the agent does for what cannot mislead anybody.

**An automatic sighting never raises a level.** That a value stands in a log says that it was met, and not that it is
bad: if agents confirmed by themselves whatever one member names, one poisoned report of a popular host would become a
quorum within the hour. So the agent tells by itself only of values that are at block already, by a warning or two named
sources, and that were met as themselves. Everything else waits for a person. And nobody tells all members of a value
that was named to fewer: the sighting itself would tell it.
"""

from collections.abc import Iterable, Mapping

import msgspec

from tocsin.agent.house import House
from tocsin.agent.hunting import ledger
from tocsin.agent.hunting.found import Found
from tocsin.agent.hunting.ledger import Here, Told
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.door import Leaving
from tocsin.agent.shields.levels import KnownValue
from tocsin.agent.verbs.sight import look, sight
from tocsin.domain.level import Level
from tocsin.domain.observable import Observable, defang
from tocsin.errors import InputError, Refused

AUDIENCE = "members"
WIDE = frozenset({AUDIENCE, "all"})
"""Who has been told a value of which all members may hear again."""
BY = "agent, by [hunt] in agent.toml"


class Hit(msgspec.Struct, frozen=True):
    """One known value as it was found in all logs of this party."""

    found: Found
    logs: tuple[str, ...]
    level: str
    """Empty when the alliance no longer names it."""
    why: tuple[str, ...]
    reference: str
    told: Told | None


class _Stream(msgspec.Struct, frozen=True):
    stream: str


def hits(house: House, known: Mapping[Observable, KnownValue]) -> list[Hit]:
    """What was found here, what can be blocked first, then by how often it was met."""
    with house.store.reading("found here") as tx:
        here = ledger.found_here(tx, house.vault.box)
        decided = ledger.told(tx, house.vault.box)
    by_value: dict[Observable, list[Here]] = {}
    for one in here:
        by_value.setdefault(one.found.observable, []).append(one)
    found = [_hit(value, parts, known.get(value), decided.get(value)) for value, parts in by_value.items()]
    ranks = {str(level): rank for rank, level in enumerate(reversed(Level))}
    return sorted(
        found, key=lambda hit: (ranks.get(hit.level, len(ranks)), -hit.found.lines, hit.found.observable)
    )


def look_at(house: House, classifier: Classifier, observable: Observable) -> Leaving:
    """What would be told to members of a value that was found here; Refused when it may not be named to them."""
    with house.store.reading("to whom it was named") as tx:
        streams = [row.stream for row in tx.all("streams_of_value", {"value": str(observable)}, into=_Stream)]
    if not WIDE.intersection(streams):
        named = f"was named to {', '.join(streams)} only" if streams else "is named by nobody any more"
        raise Refused(
            f"{defang(observable.value)} {named}: a sighting would tell it to all members.",
            next_step="To tell exactly those: tocsin agent sight DIR VALUE --audience AUDIENCE.",
        )
    return look(house, classifier, observable)


def tell(house: House, leaving: Leaving, observable: Observable, by: str) -> str:
    """Queue the sighting of a value that was found here, and remember it; the message's identifier."""
    message = sight(house, leaving, AUDIENCE, by)
    _decide(house, Told(observable, by, message))
    return message


def keep_silent(house: House, observable: Observable, by: str, why: str) -> None:
    """Remember that nobody is told of a value."""
    _decide(house, Told(observable, by, why=why))


def tell_by_itself(house: House, classifier: Classifier, found: Iterable[Hit]) -> int:
    """Tell of what the policy lets the agent tell; how many values that were."""
    if house.config.hunt.sightings != "automatic":
        return 0
    count = 0
    for hit in found:
        if hit.told is not None or not may_tell_by_itself(hit):
            continue
        observable = hit.found.observable
        try:
            tell(house, look_at(house, classifier, observable), observable, BY)
            count += 1
        except InputError as error:
            keep_silent(house, observable, BY, error.detail)
    return count


def may_tell_by_itself(hit: Hit) -> bool:
    """Whether a sighting of it can raise no level: it is at block, and was met as itself."""
    return hit.level == Level.BLOCK and hit.found.exact


def _hit(value: Observable, parts: list[Here], known: KnownValue | None, decided: Told | None) -> Hit:
    return Hit(
        ledger.joined(one.found for one in parts),
        tuple(sorted({one.log for one in parts}))[:100],
        str(known.judgement.level) if known else "",
        known.judgement.reasons if known else (),
        known.reference if known else "",
        decided,
    )


def _decide(house: House, decided: Told) -> None:
    now = house.clock.now()
    house.store.run("who hears of it", lambda tx: ledger.keep_told(tx, house.vault.box, decided, now))
