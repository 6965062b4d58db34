# SPDX-License-Identifier: Apache-2.0
"""Collected: what came in by itself, or was dropped and holds nothing that may leave as it stands; a person chooses."""

import msgspec

from tocsin.agent.collecting.queue import Item, Queue
from tocsin.agent.console.desk import Desk
from tocsin.agent.console.rooms.report import begin
from tocsin.agent.console.values import Line, observable, staying
from tocsin.agent.drafts import Waiting
from tocsin.agent.people.person import Person
from tocsin.agent.readers.documents import Document
from tocsin.agent.verbs.report import drafted
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Observable
from tocsin.errors import InputError, NothingToShare, Unknown
from tocsin.web.pages.page import Answer, Asked, Elsewhere, Page


class Collected(msgspec.Struct, frozen=True):
    """Everything that waits to be looked at, the oldest first."""

    items: tuple[Item, ...]


class One(msgspec.Struct, frozen=True):
    """One file, as far as it can be read."""

    item: Item
    documents: tuple["Inside", ...]


class Inside(msgspec.Struct, frozen=True):
    """One document in it."""

    name: str
    title: str
    refused: str
    """Why nothing of it leaves as it stands; empty: something would."""
    values: tuple[Line, ...]
    text: str


def every(desk: Desk, person: Person, asked: Asked) -> Answer:
    """The list."""
    return Page("collected.html", Collected(tuple(Queue(desk.house).waiting())))


def file(desk: Desk, item: str) -> tuple[str, bytes]:
    """Name and bytes of one, to be read; Unknown when it does not wait."""
    queue = Queue(desk.house)
    return _item(desk, item).about.name, queue.file(item)


def one(desk: Desk, person: Person, asked: Asked, found: list[Document]) -> Answer:
    """One file, after it was read."""
    return Page(
        "collected-one.html",
        One(_item(desk, asked.path["item"]), tuple(_inside(desk, document) for document in found)),
    )


def draft(desk: Desk, person: Person, asked: Asked, found: list[Document]) -> Answer:
    """What a person chose of each document becomes a draft, with what would leave of it as it stands.

    The file waits on while a part of it became none: it may be the only copy, and somebody may read it yet.
    """
    item, chosen = asked.path["item"], frozenset(observable(key) for key in asked.every("names"))
    made: list[Waiting] = []
    refused: list[InputError] = []
    for document in found:
        try:
            made.append(_drafted(desk, person, document, chosen))
        except InputError as error:
            refused.append(error)
    if not made:
        raise refused[0] if refused else NothingToShare("It holds no document.")
    if not refused:
        Queue(desk.house).settle(item)
    return Elsewhere(f"/approvals/{made[0].id}" if len(made) == 1 else "/approvals")


def drop(desk: Desk, person: Person, asked: Asked) -> Answer:
    """It is not reported; the journal says who decided so."""
    Queue(desk.house).drop([asked.path["item"]], person.name)
    return Elsewhere("/collected")


def _drafted(desk: Desk, person: Person, document: Document, chosen: frozenset[Observable]) -> Waiting:
    reading = document.reading
    values = desk.classifier.classify(reading) if reading and chosen else ()
    return begin(desk, person, document, sorted(chosen.intersection(value.observable for value in values)))


def _item(desk: Desk, item: str) -> Item:
    found = next((one for one in Queue(desk.house).waiting() if one.id == item), None)
    if found is None:
        raise Unknown(f"{item[:60]} does not wait here: it was reported or dropped.")
    return found


def _inside(desk: Desk, document: Document) -> Inside:
    reading = document.reading
    if reading is None:
        return Inside(document.name, "", str(document.error or "It was not read."), (), "")
    refused = ""
    try:
        drafted(desk.house, desk.classifier, document, attack=None, marking=Marking())
    except InputError as error:
        refused = str(error)
    values = staying(desk.classifier.classify(reading))
    return Inside(document.name, reading.title, refused, values, reading.text)
