# SPDX-License-Identifier: Apache-2.0
"""PDFs and Office files inside a mail: each read by itself, with a verdict of its own, and told beside the mail.

A file by itself is mostly a report, and nothing in it says whose its links are. In a mail it is the lure: its links are
to be followed as the mail's own are, and whoever it greets is whom the mail was sent to.

The child hands them to the agent, which hands each back as a question of its own (`process.py`). So each has its own
second of processor time, and one that ends the child, or is refused, is a defect of the mail and costs nothing else.
"""

import msgspec

from tocsin.agent.readers.addressees import Addressees
from tocsin.agent.readers.gather import Gathering
from tocsin.agent.readers.office import is_office, show_office
from tocsin.agent.readers.pdf import is_pdf, show_pdf
from tocsin.agent.readers.reading import Reading
from tocsin.agent.readers.text import reading_of
from tocsin.domain.observable import Kind

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


def _link(gathering: Gathering, url: str, place: str) -> None:
    """What somebody can follow, or write to; nothing for a place inside of the file."""
    scheme = url.lstrip()[:8].lower()
    if scheme.startswith(("http:", "https:", "ftp:", "file:")):
        gathering.link(url, place)
    elif scheme.startswith("www."):
        gathering.link(f"http://{url.lstrip()}", place)
    elif scheme.startswith("mailto:"):
        gathering.mention(Kind.EMAIL, url.lstrip()[7:].partition("?")[0], place)
