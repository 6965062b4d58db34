# SPDX-License-Identifier: Apache-2.0
"""What is in files that came in: each is read in the reader child and drafted, as if a person had asked to report it.

Only the outcome is kept. What leaves is drafted anew when somebody decides, by what the agent knows then.
"""

from collections.abc import Callable, Sequence
from io import BytesIO

import msgspec

from tocsin.agent.collecting.arrival import Arrival
from tocsin.agent.house import House
from tocsin.agent.readers.documents import documents
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.verbs.report import drafted
from tocsin.domain.marking import Marking
from tocsin.errors import InputError, RemoteError, TooCostly, Unreadable

_LONGEST_TITLE = 200
_MAIL = b"From: a@example.com\r\nTo: b@example.org\r\nSubject: x\r\n\r\nhttps://evil.example/\r\n"


class Look(msgspec.Struct, frozen=True):
    """What was found in one file."""

    title: str = ""
    values: int = 0
    """That would leave, of all documents in it."""
    drafts: int = 0
    """Documents of which something would leave."""
    unread: str = ""
    """Why it, or some of it, could not be read; what was not read within its bounds may be another time."""
    costly: bool = False


def look_at(
    house: House, classifier: Classifier, arrivals: Sequence[Arrival], stopped: Callable[[], bool]
) -> list[Look]:
    """The same for several, with one child; fewer when it was stopped.

    RemoteError when the child cannot read at all: no file is to blame.
    """
    looks = list[Look]()
    with ReaderChild() as reader:
        for arrival in arrivals:
            if stopped():
                return looks
            looks.append(_look(house, classifier, reader, arrival))
        if any(look.unread for look in looks):
            _demand_reading(reader)
    return looks


def _look(house: House, classifier: Classifier, reader: ReaderChild, arrival: Arrival) -> Look:
    title, values, drafts, unread, costly = "", 0, 0, "", False
    try:
        for document in documents(reader, BytesIO(arrival.data), arrival.name):
            if document.reading is None:
                unread = unread or str(document.error)
                continue
            title = title or document.reading.title
            try:
                draft = drafted(house, classifier, document, attack=None, marking=Marking()).draft
            except InputError:
                continue  # read, and nothing in it may or need leave
            drafts += 1
            values += len({one.indicator.observable for one in draft.leaves})
    except InputError as error:
        unread, costly = str(error), isinstance(error, TooCostly)
    return Look(title[:_LONGEST_TITLE], values, drafts, unread, costly)


def _demand_reading(reader: ReaderChild) -> None:
    try:
        reader.read(_MAIL, "a mail of the agent's own")
    except (Unreadable, TooCostly) as error:
        raise RemoteError(
            f"The reader child reads nothing: {error.detail}",
            next_step="Run tocsin agent doctor: its line `reader` says what to do.",
        ) from None
