# SPDX-License-Identifier: Apache-2.0
"""“We saw it too”: confirm a value that others reported, as a named source.

`look` is the same door that a report goes through: what is the bank's own, somebody else's or everybody's is refused,
and what tells of the victim is cut off. `sight` queues what `look` gave, after a person has seen it.
"""

from tocsin.agent.anonymous.reports import require_unlinked
from tocsin.agent.cases import ledger
from tocsin.agent.cases.facts import Sent
from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.readers.reading import Found, Reading
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.door import Leaving
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.redaction.redact import redact
from tocsin.agent.shields.guard import guard_for
from tocsin.clock import day_of
from tocsin.domain.disclosure import Attack
from tocsin.domain.linter import lint_observable
from tocsin.domain.observable import Kind, Observable, defang, normalise
from tocsin.errors import Malformed, Refused
from tocsin.ids import new_id
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Sight
from tocsin.wire.registrable import registrable

PATH = "/v1/sightings"


def recognise(text: str) -> Observable:
    """The observable that a person typed or pasted, defanged or not; Malformed when it is none.

    Codes of banks and issuers of cards are none: nobody may tell them.
    """
    plain = text.strip().replace("[.]", ".").replace("[@]", "@").replace("hxxp", "http").replace("[:]", ":")
    if plain.startswith(_NAME):
        return normalise(Kind.FILE_NAME, plain.removeprefix(_NAME))
    if plain[:2].upper() == "AS" and plain[2:].isdecimal():
        return normalise(Kind.SYSTEM, plain)
    for kind in _KINDS:
        try:
            return normalise(kind, plain)
        except Malformed:
            continue
    raise Malformed(f"{text[:80]!r} is no URL, address, network, mail address, hash, account or domain.")


_KINDS = (
    Kind.URL,
    Kind.EMAIL,
    Kind.IPV4,
    Kind.IPV6,
    Kind.CIDR,
    Kind.SHA512,
    Kind.SHA256,
    Kind.SHA1,
    Kind.MD5,
    Kind.IBAN,
    Kind.WALLET,
    Kind.DOMAIN,
)
"""The stricter forms first: a domain is what nothing else is."""
_NAME = f"{Kind.FILE_NAME}:"
"""Stands before the name of a file, which looks like a domain: ``file-name:invoice.zip``."""


def look(house: House, classifier: Classifier, observable: Observable, *, by_name: bool = False) -> Leaving:
    """What would be told of a value that a person saw; Refused or NothingToShare when it may not be named to others.

    Refused also when this party has named it anonymously, unless a person knows that (`by_name`).
    """
    if not by_name:
        with house.store.reading("named anonymously") as tx:
            require_unlinked(tx, house.vault.box, [str(observable)])
    shown = defang(observable.value)
    for reason in guard_for(house.config.own, classifier)(observable):
        raise Refused(f"{shown} may not be named to others: {reason.rstrip('.')}.")
    part = "link" if observable.kind is Kind.URL else "named"
    reading = Reading("mail", found=(Found(observable, part, "what you gave", observable.value),))
    for value in classifier.classify(reading):
        if value.owner is not Owner.ATTACKER:
            raise Refused(f"{shown} is not the attacker's ({value.owner}): {value.reason.rstrip('.')}.")
    draft = redact(reading, classifier, attack=Attack.OTHER, now=house.clock.now(), entropy=house.entropy)
    leaving = draft.leaves[0]
    if leaving.wider:
        above = defang(leaving.indicator.observable.value)
        raise Refused(
            f"{shown} tells who was attacked, and {above} is wider than what you saw. "
            f"Give {above} itself if all of it is the attacker's."
        )
    return leaving


def sight(house: House, leaving: Leaving, audience: str, by: str, case: str = "") -> str:
    """Queue a sighting of what `look` gave, and tie it to `case`; its identifier.

    Refused when the value may not be named to others.
    """
    observable = leaving.indicator.observable
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
        """The sighting with its line in the case and in the journal."""
        if case:
            sent = Sent("sighting", message.id, message.id)
            ledger.write(tx, house.vault.box, case, by, now, sent)
        write(tx, house.vault.box, Decision(now, by, "confirmed a sighting", str(observable)))
        house.outbox.queue(tx, PATH, message)

    house.store.run("confirm sighting", work)
    return message.id
