# SPDX-License-Identifier: Apache-2.0
"""“We saw it too”: confirm a value that others reported, as a named source."""

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.clock import day_of
from tocsin.domain.linter import lint_observable
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import Malformed, Refused
from tocsin.ids import new_id
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Sight
from tocsin.wire.registrable import registrable

PATH = "/v1/sightings"


def recognise(text: str) -> Observable:
    """The observable that a person typed or pasted, defanged or not; Malformed when it is none."""
    plain = text.strip().replace("[.]", ".").replace("[@]", "@").replace("hxxp", "http").replace("[:]", ":")
    for kind in _KINDS:
        try:
            return normalise(kind, plain)
        except Malformed:
            continue
    raise Malformed(f"{text[:80]!r} is no URL, address, network, mail address, hash or domain.")


_KINDS = (
    Kind.URL,
    Kind.EMAIL,
    Kind.IPV4,
    Kind.IPV6,
    Kind.CIDR,
    Kind.SHA256,
    Kind.SHA1,
    Kind.MD5,
    Kind.DOMAIN,
)
"""The stricter forms first: a domain is what nothing else is."""


def sight(house: House, observable: Observable, audience: str, by: str) -> str:
    """Queue a sighting; its identifier. Refused when the value may not be named to others."""
    for finding in lint_observable(observable, registrable, "the value"):
        raise Refused(f"{finding.where}: {finding.sentence}")
    now = house.clock.now()
    message = Sight(
        id=new_id("msg", house.entropy),
        sent=now,
        audience=audience,
        observable=observable,
        happened=day_of(now),
    )

    def work(tx: Transaction) -> None:
        write(tx, house.vault.box, Decision(now, by, "confirmed a sighting", str(observable)))
        house.outbox.queue(tx, PATH, message)

    house.store.run("confirm sighting", work)
    return message.id
