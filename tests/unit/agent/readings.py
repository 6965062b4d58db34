# SPDX-License-Identifier: Apache-2.0
"""Readings and agents made by hand, for the tests of the door."""

import random

from tocsin.agent.readers.reading import Attachment, Found, Reading
from tocsin.agent.redaction.assets import Assets, assets_of
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.redaction.redact import Draft, redact
from tocsin.clock import Instant, from_text
from tocsin.domain.disclosure import Attack
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, normalise

NOW = Instant(from_text("2026-11-21T08:30:00Z"))
NORTH = assets_of(
    "Northmoor Bank plc",
    domains=("northmoor.example",),
    networks=("198.51.100.0/24",),
    addresses=("northmoor.desk@gmail.com",),
    partners=("printer.example",),
)
SOUTH = assets_of("Süd & Söhne Bank AG", domains=("suedsoehne.example",))
JANE = "jane.doe@northmoor.example"


def found(kind: str, raw: str, part: str = "link", where: str = "link 1") -> Found:
    """One value as a reader hands it over."""
    return Found(normalise(Kind(kind), raw), part, where, raw)


def mail(
    *values: Found,
    recipients: tuple[str, ...] = (JANE,),
    passed: tuple[str, ...] = (),
    title: str = "",
    attachments: tuple[Attachment, ...] = (),
    tlp: str | None = None,
    held: bool = False,
    happened: str | None = None,
    external_ids: tuple[str, ...] = (),
) -> Reading:
    """A mail with these values, sent to Jane at Northmoor."""
    return Reading(
        format="mail",
        title=title,
        found=values,
        recipients=recipients,
        attachments=attachments,
        authentication=tuple((method, "pass") for method in passed),
        tlp=tlp,
        held=held,
        happened=Instant(from_text(happened)) if happened else None,
        external_ids=external_ids,
    )


def door(own: Assets = NORTH, members: tuple[Assets, ...] = (SOUTH,)) -> Classifier:
    """Northmoor's agent, which knows one other member."""
    return Classifier(own, members)


def owner_of(value: Found, reading: Reading | None = None) -> Owner:
    """Whose Northmoor's agent takes a value for."""
    return door().classify(reading or mail(value))[0].owner


def draft_of(*values: Found, reading: Reading | None = None, marking: Marking = Marking()) -> Draft:  # noqa: B008
    """What Northmoor's agent would send."""
    return redact(
        reading or mail(*values, passed=("spf",)),
        door(),
        attack=Attack.PHISHING,
        now=NOW,
        entropy=random.Random(1).randbytes,
        marking=marking,
    )


def sent(*values: Found, reading: Reading | None = None) -> list[str]:
    """The values that would leave."""
    return [i.observable.value for i in draft_of(*values, reading=reading).disclosure.indicators]
