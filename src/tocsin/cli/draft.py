# SPDX-License-Identifier: Apache-2.0
"""A draft for a person at a terminal: exactly what would leave, then what stays and why. No link can be clicked."""

import re
from collections.abc import Iterator, Sequence

from tocsin.agent.readers.reading import Attachment
from tocsin.agent.redaction.door import Leaving
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.verbs.report import Prepared
from tocsin.cli.readers import together
from tocsin.cli.screen import readable, row
from tocsin.domain.observable import defang

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
"""A value in the reason of a defect."""
_MAIL_STAYS = "everything else in the mail: subject, text, recipients and other headers"

_SENDER = {"named": "class named: the hub knows that it is you, readers do not"}
"""Who learns the sender, by class; the classes that are not built are refused before anything is shown."""


def lines(prepared: Prepared, readers: Sequence[str], report_class: str) -> Iterator[str]:
    """The whole draft of one file, with the audiences and the class under which it would leave."""
    draft, reading = prepared.draft, prepared.reading
    disclosure = draft.disclosure
    yield f"would leave: {disclosure.attack} of {disclosure.happened}, {disclosure.marking}"
    yield f"would be told to {together(readers)}; {_SENDER[report_class]}"
    for leaving in draft.leaves:
        yield from leaves(leaving)
    for text in disclosure.external_ids:
        yield f"  + {'catalogue':<12} {text}"
    yield "stays:"
    yield from _stays(draft)
    for attachment in reading.attachments:
        yield from _file(attachment)
    if reading.format == "mail":
        yield f"  - {_MAIL_STAYS}"
    if draft.unread:
        yield "could not be used:"
    for defect in draft.unread:
        yield f"  ! {defect.where}: {_QUOTED.sub(lambda quoted: defang(quoted[0]), defect.reason)}"


def leaves(leaving: Leaving) -> list[str]:
    """One value that leaves, with what was cut off."""
    note = f"({leaving.cut})" if leaving.cut else ""
    return row(f"  + {leaving.indicator.part:<12} ", readable(leaving.indicator.observable), note)


def _stays(draft: Draft) -> Iterator[str]:
    for value in draft.stays:
        note = f"({value.where}: {value.reason})"
        yield from row(f"  - {value.owner:<12} ", readable(value.observable), note)


def _file(attachment: Attachment) -> list[str]:
    shown = "".join(letter if letter.isprintable() else "?" for letter in attachment.name) or "no name"
    return row(f"  - {'name of file':<12} ", shown)
