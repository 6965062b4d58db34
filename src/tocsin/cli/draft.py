# SPDX-License-Identifier: Apache-2.0
"""A draft for a person at a terminal: exactly what would leave, then what stays and why. No link can be clicked."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from tocsin.agent.readers.reading import Attachment
from tocsin.agent.redaction.door import Leaving
from tocsin.agent.redaction.owner import Owner, Value
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.verbs.report import Prepared
from tocsin.cli import narrative
from tocsin.cli.readers import together
from tocsin.cli.screen import counted, readable, row
from tocsin.domain.disclosure import Disclosure
from tocsin.domain.likeness import Price
from tocsin.domain.mail_features import MailFeatures
from tocsin.domain.observable import Kind, defang

T = TypeVar("T")

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
"""A value in the reason of a defect."""
_MAIL_STAYS = "everything else in the mail: subject, text, recipients and other headers"

MAX_SHOWN = 40
"""Values that stay and are listed for a person; a log mentions thousands."""
_PLACES = 4
"""Places of one value that are named."""
_WIDER = "wider than what was in the file: agree only if all of it is the attacker's, else leave it out by --without"
_BY_HAND = (
    "    what is unclear, and the attacker's all the same, is sent by --also VALUE (a name: file-name:NAME)"
)
_HOLDS = "holds {}: leaves because it is the attacker's own"
_SENDER = {
    "named": "class named: the hub knows that it is you, readers do not",
    "now": "class now: neither hub nor readers know that it is you",
    "mixed": "class mixed: nobody knows which of the senders of its slot it is from",
}
"""Who learns the sender, in one line; `tocsin.cli.anonymous` says what may still tell."""


def lines(prepared: Prepared, readers: Sequence[str], report_class: str) -> Iterator[str]:
    """The whole draft of one file, with the audiences and the class under which it would leave."""
    draft, reading = prepared.draft, prepared.reading
    disclosure = draft.disclosure
    values = _grouped(draft.leaves, lambda leaving: leaving.indicator.observable)
    count = counted(len(values), "value")
    if reading.counts:
        yield f"holds: {', '.join(f'{number:,} {what}' for what, number in reading.counts)}"
    yield f"would leave: {count}, {disclosure.attack} of {disclosure.happened}, {disclosure.marking}"
    yield f"would be told to {together(readers)}; {_SENDER[report_class]}"
    for several in values:
        yield from leaves(several)
    for text in disclosure.external_ids:
        yield f"  + {'catalogue':<12} {text}"
    if draft.narration:
        yield from narrative.lines(draft.narration)
    yield "stays:"
    yield from _stays(draft)
    for attachment in reading.attachments:
        yield from _file(attachment)
    if reading.text or reading.format == "mail":
        yield f"  - {_MAIL_STAYS if reading.format == 'mail' else 'everything else in it: no text of it leaves'}"
    if draft.features:
        yield from featured(draft.features)
    if draft.unread:
        yield "could not be used:"
    for defect in draft.unread:
        yield f"  ! {defect.where}: {_QUOTED.sub(lambda quoted: defang(quoted[0]), defect.reason)}"


def featured(features: MailFeatures) -> Iterator[str]:
    """By what the case knows the mail's campaign again."""
    digests = {"text": features.text[:12], "tags": features.shape[:12], "host": defang(features.sending_host)}
    told = [f"{name} {value}" for name, value in digests.items() if value]
    told += [f"subject {defang(features.subject)!r}"] if features.subject else []
    if told:
        yield from row(
            f"  - {'features':<12} ", ", ".join(told), "(kept in the case, to know its campaign again)"
        )


def priced(found: Price, disclosure: Disclosure) -> str:
    """What it costs to tell it, in one line, with the coarser ways that cost less."""
    one_of = (
        f"1 of {counted(found.parties, 'party', 'parties')} like you"
        if found.parties
        else "the few it is told to"
    )
    when = f"{disclosure.attack}, {found.grain} {disclosure.happened}"
    said = [f"price: {one_of}; {counted(found.reports, 'report')} alike ({when})"]
    if found.named:
        said.append(
            f"{counted(found.named, 'value')} with your name: no count helps, --without leaves it out"
        )
    said += [
        f"--happened {one.grain}: {one.reports:,}"
        if one.grain
        else f"--audience {one.audience}: 1 of {one.parties:,}"
        for one in found.offers
    ]
    return "; ".join(said)


def leaves(several: Sequence[Leaving]) -> list[str]:
    """One value that leaves, wherever it stood: what was cut off, and what a person must know before agreeing."""
    first = several[0].indicator
    parts = [leaving.indicator.part for leaving in several if leaving.indicator.part != first.part]
    notes = [
        f"also {', '.join(dict.fromkeys(parts))}" if parts else "",
        _places([leaving.value.where for leaving in several]) if len(several) > 1 else "",
        *(cut for leaving in several for cut in leaving.cut.split("; ")),
        _WIDER if any(map(_is_wider, several)) else "",
        _HOLDS.format(several[0].holds) if several[0].holds else "",
    ]
    note = "; ".join(dict.fromkeys(filter(None, notes)))
    return row(f"  + {first.part:<12} ", readable(first.observable), f"({note})" if note else "")


def unclear(found: Iterable[Value]) -> Iterator[str]:
    """The first values that nobody's rule decides, for a person to choose the attacker's from; no other."""
    every = _grouped(
        (value for value in found if value.owner is Owner.UNCLEAR), lambda value: value.observable
    )
    if every:
        yield "found, and not known to be the attacker's:"
    for several in every[:MAX_SHOWN]:
        note = f"({_places([one.where for one in several])})"
        yield from row("  ? ", readable(several[0].observable), note)
    if len(every) > MAX_SHOWN:
        yield f"  and {len(every) - MAX_SHOWN:,} more; --json shows all."


def _is_wider(leaving: Leaving) -> bool:
    """Whether more is named than stood there: a domain for a name below it, or for one mailbox of it."""
    cut = leaving.value.observable.kind is Kind.EMAIL and leaving.indicator.observable.kind is not Kind.EMAIL
    return leaving.wider or cut


def _stays(draft: Draft) -> Iterator[str]:
    every = _grouped(draft.stays, lambda value: (value.owner, value.observable, value.reason))
    for several in every[:MAX_SHOWN]:
        value = several[0]
        note = f"({_places([one.where for one in several])}: {value.reason})"
        yield from row(f"  - {value.owner:<12} ", readable(value.observable), note)
    if any(several[0].owner is Owner.UNCLEAR for several in every):
        yield _BY_HAND
    if len(every) > MAX_SHOWN:
        rest = Counter(several[0].owner for several in every[MAX_SHOWN:])
        yield f"  - and {', '.join(f'{number:,} {owner}' for owner, number in rest.items())}; --json shows all"


def _grouped(every: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """What is equal together, in the order in which it was first met."""
    found: dict[Hashable, list[T]] = {}
    for one in every:
        found.setdefault(key(one), []).append(one)
    return list(found.values())


def _places(where: Sequence[str]) -> str:
    """Where something stood, each place once, and not all of many."""
    places = list(dict.fromkeys(where))
    more = [f"{len(places) - _PLACES} more"] if len(places) > _PLACES else []
    return ", ".join(places[:_PLACES] + more)


def _file(attachment: Attachment) -> list[str]:
    shown = "".join(letter if letter.isprintable() else "?" for letter in attachment.name) or "no name"
    return row(f"  - {'name of file':<12} ", shown)
