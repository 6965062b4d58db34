# SPDX-License-Identifier: Apache-2.0
"""Hunts in one's own mail for the campaign of a case: mails that a feature joins to one of the case's mails.

Features stay home (docs/adr/0043), so no one else's can be hunted, and nothing that is found here can be told by its
features: a mail that was found is reported as any mail is, and what leaves of it leaves by the door.

Looked at are the files of all other cases, what was collected and waits, and files that somebody names: mails,
mailboxes, archives and folders of them. All are read anew in the reader child, those of cases too: digests of an
earlier definition would meet none of today's. Nothing is kept of what was looked at.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from tocsin.agent.cases import ledger
from tocsin.agent.cases.record import Case
from tocsin.agent.collecting.files import open_file
from tocsin.agent.collecting.queue import Queue
from tocsin.agent.house import House
from tocsin.agent.hunting.past import MAX_PROBLEMS, logs_in
from tocsin.agent.readers.documents import Document, documents
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.redaction.assets import own_assets
from tocsin.agent.redaction.features import features_of
from tocsin.domain.mail_features import JOINING, MailFeatures, are_joined, shared
from tocsin.errors import InputError, ProofError, Unknown, Unreadable


class Place(msgspec.Struct, frozen=True):
    """A file that may be a mail, or hold some."""

    name: str
    """Its path, ``col_…``, or its case and its name there."""
    open: Callable[[], BinaryIO]


class Alike(msgspec.Struct, frozen=True):
    """A mail of the campaign."""

    where: str
    title: str
    """Its subject."""
    digest: str
    """SHA-256 of its bytes."""
    by: tuple[str, ...]
    """Features that it shares with mails of the case, as `MailFeatures` names them."""


class Campaign:
    """What a case's mails have in common with others, and which were found to be alike."""

    def __init__(self, house: House, reader: ReaderChild, case: Case) -> None:
        """Unreadable when nothing in the case is a mail with words or tags enough."""
        self._reader = reader
        self._own = own_assets(house.config.own)
        self._met: set[str] = set()
        self.mails = 0
        """That were looked at, each once wherever it lies."""
        self.found: list[Alike] = []
        self.unread = 0
        self.problems: list[str] = []
        """Why files could not be read, the first of them."""
        kept = (features for place in exhibits(house, case) for _, features in self._mails(place))
        self.known = tuple(dict.fromkeys(one for one in kept if any(getattr(one, name) for name in JOINING)))
        if not self.known:
            raise Unreadable(
                f"No mail in {case.id} has words or tags enough to know others by.",
                next_step="Put one in: tocsin agent case DIR attach CASE FILE",
            )

    def look(self, place: Place) -> None:
        """Hold each mail in a file against the case's; why it could not be read is in `problems`."""
        for document, features in self._mails(place):
            self.mails += 1
            alike = [one for one in self.known if are_joined(one, features)]
            if alike and document.reading is not None:
                by = {name for one in alike for name in shared(one, features)}
                ordered = tuple(name for name in MailFeatures.__struct_fields__ if name in by)
                digest = ledger.digest_of(document.data)
                self.found.append(Alike(document.name, document.reading.title, digest, ordered))

    def _mails(self, place: Place) -> Iterator[tuple[Document, MailFeatures]]:
        """Every mail in a file that was not met before."""
        try:
            with place.open() as file:
                for document in documents(self._reader, file, place.name):
                    if document.reading is None:
                        self._refuse(document.name, document.error)
                    elif (found := features_of(document.reading, self._own)) and self._is_new(document.data):
                        yield document, found
        except (OSError, InputError, ProofError, Unknown) as error:
            self._refuse(place.name, error)

    def _is_new(self, data: bytes) -> bool:
        digest = ledger.digest_of(data)
        is_new = digest not in self._met
        self._met.add(digest)
        return is_new

    def _refuse(self, name: str, error: Exception | None) -> None:
        self.unread += 1
        if len(self.problems) < MAX_PROBLEMS:
            reason = f"{error.strerror}." if isinstance(error, OSError) else str(error)
            self.problems.append((reason if name in reason else f"{name}: {reason}")[:500])


def exhibits(house: House, case: Case) -> Iterator[Place]:
    """The files in a case's custody."""

    def taken(digest: str) -> BinaryIO:
        """Its bytes out of the vault; Rewritten when they are not what was put in."""
        with house.store.reading("evidence") as tx:
            return BytesIO(ledger.take(tx, house.vault.box, case.id, digest))

    for one in case.evidence:
        yield Place(f"{case.id} > {one.file.name}", partial(taken, one.file.digest))


def places(house: House, others: Iterable[Case], through: Sequence[Path]) -> list[Place]:
    """Everywhere that is looked: other cases, what waits, and these files and folders, the newest of them first.

    UsageError as `logs_in`.
    """
    queue = Queue(house)
    return [
        *(place for case in others for place in exhibits(house, case)),
        *(Place(item.id, partial(_waiting, queue, item.id)) for item in queue.waiting()),
        *(Place(log.path, partial(open_file, Path(log.path), follow=log.follow)) for log in logs_in(through)),
    ]


def _waiting(queue: Queue, item: str) -> BinaryIO:
    return BytesIO(queue.file(item))
