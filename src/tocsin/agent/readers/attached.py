# SPDX-License-Identifier: Apache-2.0
"""PDFs and Office files inside a mail: each read by itself, with a verdict of its own, and told beside the mail.

A file by itself is mostly a report, and nothing in it says whose its links are. In a mail it is the lure: its links are
to be followed as the mail's own are, and whoever it greets is whom the mail was sent to.

The child hands them to the agent, which hands each back as a question of its own (`process.py`). So each has its own
second of processor time, and one that ends the child, or is refused, is a defect of the mail and costs nothing else.
"""

from collections.abc import Iterable

import msgspec

from tocsin.agent.readers.addressees import MAX_NAMES, MAX_NUMBERS, Addressees
from tocsin.agent.readers.gather import MAX_DEFECTS, MAX_FOUND, Gathering
from tocsin.agent.readers.office import is_office, show_office
from tocsin.agent.readers.pdf import is_pdf, show_pdf
from tocsin.agent.readers.reading import Defect, Found, Reading
from tocsin.agent.readers.text import reading_of
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import InputError

MAX_ATTACHED = 20
"""Files of one mail that are read."""
_ZIP = b"PK\x03\x04"


def is_attached(data: bytes) -> bool:
    """Whether a file in a mail is one that is read."""
    return is_pdf(data[:1_024].lstrip()) or (data.startswith(_ZIP) and is_office(data))


def read_attached(data: bytes) -> Reading:
    """What one of them says and links to; the refusals of `read_pdf` and `read_office`."""
    gathering, addressees = Gathering(), Addressees()
    office = data.startswith(_ZIP)
    shown = show_office(data) if office else show_pdf(data)
    for place, url in shown.links:
        _link(gathering, url, place)
    for place, reason in shown.defects:
        gathering.defect(place, reason)
    gathering.text(shown.text, "text")
    addressees.body(shown.text)
    return msgspec.structs.replace(
        reading_of(gathering, "text" if office else "pdf", shown.text),
        recipient_names=addressees.names(),
        recipient_numbers=addressees.numbers(),
    )


def together(mail: Reading, parts: Iterable[tuple[str, Reading | InputError]]) -> Reading:
    """A mail's reading with what was read of the files in it, each by the place where it stood; pure."""
    found: dict[tuple[Observable, str], Found] = {(one.observable, one.part): one for one in mail.found}
    names, numbers = dict.fromkeys(mail.recipient_names), dict.fromkeys(mail.recipient_numbers)
    defects = list(mail.defects)
    for where, part in parts:
        if isinstance(part, InputError):
            defects.append(Defect(where, part.detail.removeprefix(f"{where}: ").removeprefix(f"{where} ")))
            continue
        for one in part.found[: MAX_FOUND - len(found)]:
            placed = msgspec.structs.replace(one, where=f"{where}: {one.where}")
            found.setdefault((one.observable, one.part), placed)
        defects += (Defect(f"{where}: {one.where}", one.reason) for one in part.defects)
        names.update(dict.fromkeys(part.recipient_names))
        numbers.update(dict.fromkeys(part.recipient_numbers))
    return msgspec.structs.replace(
        mail,
        found=tuple(found.values()),
        defects=tuple(defects[:MAX_DEFECTS]),
        recipient_names=tuple(names)[: 2 * MAX_NAMES],
        recipient_numbers=tuple(numbers)[: 2 * MAX_NUMBERS],
    )


def _link(gathering: Gathering, url: str, place: str) -> None:
    """What somebody can follow, or write to; nothing for a place inside of the file."""
    scheme = url.lstrip()[:8].lower()
    if scheme.startswith(("http:", "https:", "ftp:", "file:")):
        gathering.link(url, place)
    elif scheme.startswith("www."):
        gathering.link(f"http://{url.lstrip()}", place)
    elif scheme.startswith("mailto:"):
        gathering.mention(Kind.EMAIL, url.lstrip()[7:].partition("?")[0], place)
