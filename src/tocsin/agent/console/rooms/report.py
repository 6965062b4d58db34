# SPDX-License-Identifier: Apache-2.0
"""Report: drop a file or paste what you have. What may be sent of it waits then in `approvals`, and nothing has left.

A file of which nothing may leave as it stands is kept among what was collected (`collected`), where a person who knows
more can choose.
"""

import time
from collections.abc import Collection, Iterable
from io import BytesIO

import msgspec

from tocsin.agent.collecting.queue import About, Queue
from tocsin.agent.console.desk import Desk
from tocsin.agent.drafts import Terms, Waiting
from tocsin.agent.people.person import Person
from tocsin.agent.readers.documents import Document, documents
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.reported import told_to
from tocsin.agent.verbs.decide import ruling, wait, waiting
from tocsin.agent.verbs.report import drafted
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Observable
from tocsin.errors import Conflict, InputError, Malformed, TooCostly
from tocsin.web.pages.page import Answer, Asked, Elsewhere, Page, Upload

PASTED = "pasted text"
MOST_SECONDS = 60.0
"""For everything that is dropped at once: an archive may hold thousands of files, and others wait for the reader."""


class Report(msgspec.Struct, frozen=True):
    """The empty desk."""

    waiting: int
    """Drafts that wait for people."""
    collected: int
    """Files that came in by themselves."""
    rules: tuple[str, ...]
    """Names of the standing rules, by which something leaves without a question."""


def look(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Where to drop it."""
    house = desk.house
    rules = tuple(one.name for one in house.config.standing_rules)
    return Page("report.html", Report(len(waiting(house)), Queue(house).size(), rules))


def uploads(asked: Asked) -> tuple[Upload, ...]:
    """What was dropped or pasted; Malformed when there is nothing."""
    pasted = asked.one("text")
    found = (*asked.files, *((Upload(PASTED, pasted.encode()),) if pasted else ()))
    if not found:
        raise Malformed(
            "Nothing was dropped and nothing pasted.", next_step="Drop a file, or paste its text."
        )
    return found


def read(reader: ReaderChild, files: Iterable[Upload]) -> list[Document]:
    """Every document in the files, each with its reading or why there is none. Needs no store.

    A file that is not through in time is one document, with that as the reason.
    """
    until = time.monotonic() + MOST_SECONDS
    return [document for file in files for document in _read(reader, file, until)]


def _read(reader: ReaderChild, file: Upload, until: float) -> list[Document]:
    found = []
    try:
        for document in documents(reader, BytesIO(file.data), file.name):
            if time.monotonic() > until:
                raise TooCostly(
                    f"Reading it took more than {MOST_SECONDS:.0f} seconds.",
                    next_step="Report it from the command line, which takes its time: tocsin agent report.",
                )
            found.append(document)
    except InputError as error:
        return [Document(file.name, file.data, error=error)]
    return found


def keep(desk: Desk, person: Person, found: Iterable[Document]) -> Answer:
    """A draft for each document, or a place among what was collected; then where to look at it."""
    places = [_kept(desk, person, document) for document in found]
    if len(places) == 1:
        return Elsewhere(places[0])
    set_aside = bool(places) and all(place.startswith("/collected/") for place in places)
    return Elsewhere("/collected" if set_aside else "/approvals")


def _kept(desk: Desk, person: Person, document: Document) -> str:
    try:
        return f"/approvals/{begin(desk, person, document).id}"
    except (InputError, Conflict):  # Conflict: so many drafts wait that this one has to
        return f"/collected/{_set_aside(desk, document)}"


def begin(desk: Desk, person: Person, document: Document, also: Collection[Observable] = ()) -> Waiting:
    """A draft of one document as it stands, to the usual readers; `also` is the attacker's by a person's word.

    InputError says why there is none.
    """
    house, terms = desk.house, Terms(told_to(desk.house, ()))
    prepared = drafted(house, desk.classifier, document, attack=None, marking=Marking(), also=also)
    return wait(house, prepared, terms, person.name, reasons=ruling(house, prepared, terms).reasons)


def _set_aside(desk: Desk, document: Document) -> str:
    about = About("console", document.name, document.reading.title if document.reading else "", 0)
    queue = Queue(desk.house)
    queue.demand_room()
    return desk.house.store.run("keep a dropped file", lambda tx: queue.add(tx, about, document.data))
