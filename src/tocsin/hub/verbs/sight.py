# SPDX-License-Identifier: Apache-2.0
"""A named party confirms that it really saw an observable; members learn the day and a band, never who."""

from tocsin.clock import DAY, Instant, day_of
from tocsin.domain.linter import lint_observable
from tocsin.domain.observable import Observable
from tocsin.domain.party import MAY_REPORT
from tocsin.domain.sighting import Sighting, check_sighting
from tocsin.errors import Forbidden, Refused
from tocsin.hub.batches import new_batch
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.streams import Draft
from tocsin.hub.verbs.report import resolve_audiences
from tocsin.hub.views.sources import Said, vouch
from tocsin.ids import check_id
from tocsin.storage.store import Transaction
from tocsin.wire.events import SightingEvent
from tocsin.wire.messages import Outcome, Sight, encode


def check(hub: Exchange, sender: Sender, sight: Sight) -> Observable:
    """What was seen, as far as it can be judged without a store."""
    if sender.party.role not in MAY_REPORT:
        raise Forbidden(f"A {sender.party.role} does not report sightings.")
    check_id(sight.id, "msg")
    # Tomorrow is allowed: it has begun in some time zone, and the agent's clock may be ahead.
    tomorrow = day_of(Instant(hub.clock.now() + DAY))
    observable = check_sighting(Sighting(sight.observable, sight.happened), tomorrow).observable
    for finding in lint_observable(observable, hub.registrable, "observable"):
        raise Refused(f"{finding.where}: {finding.sentence}")
    return observable


def accept(
    tx: Transaction, hub: Exchange, sender: Sender, sight: Sight, checked: Observable | None = None
) -> tuple[Outcome, ...]:
    """Append the sighting and count the party as a named source; `checked` is what `check` gave before."""
    observable = checked or check(hub, sender, sight)
    (audience,) = resolve_audiences(tx, (sight.audience,), sender)
    body = encode(SightingEvent(observable=observable, happened=sight.happened))
    batch = new_batch(hub.identity, hub.entropy, sender.party.id, sight.id)
    draft = Draft("sighting", sight.id, body, batch=batch)
    (place,) = hub.streams.append(tx, str(audience), [draft], sender.origin)
    vouch(tx, hub, sender.party.id, [Said(place, observable, attended=True)])
    return (Outcome(sight.id, "accepted", "", place.stream, place.seq),)
