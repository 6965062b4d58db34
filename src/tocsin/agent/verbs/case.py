# SPDX-License-Identifier: Apache-2.0
"""People keep a case: open it, write in it, put files into custody and take copies out, hold it and let it go.

Nothing here queues a message. What was told because of a case is tied to it by the verb that tells it.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from tocsin.agent.anonymous import reports
from tocsin.agent.cases import ledger
from tocsin.agent.cases.facts import Attached, Fact, Opened, Sent, TakenOut
from tocsin.agent.cases.record import Case, Exhibit
from tocsin.agent.house import House
from tocsin.agent.reported import erased
from tocsin.errors import ConfigError, Conflict, Missing, ProofError, Taken, Unknown
from tocsin.files import write_new
from tocsin.ids import complete, new_id
from tocsin.storage.store import Transaction


class Told(msgspec.Struct, frozen=True):
    """What was sent because of a case, and what has become of it."""

    sent: Sent
    state: str
    """As in the outbox, of an anonymous report its own, or ``taken back``."""


def open_case(house: House, title: str, by: str, *facts: Fact) -> Case:
    """Begin a case with its first facts."""
    return write(house, new_id("cas", house.entropy), by, Opened(title), *facts)


def write(house: House, case_id: str, by: str, *facts: Fact) -> Case:
    """Add lines; Conflict, Malformed or Unknown when one may not come next, and nothing is written then."""
    now = house.clock.now()
    return house.store.run(
        "write in a case", lambda tx: ledger.write(tx, house.vault.box, case_id, by, now, *facts)
    )


def attach(house: House, case_id: str, paths: Sequence[Path], by: str) -> Case:
    """Take files into custody, each whole; one that the case holds already changes nothing."""
    files = [(path.name, _bytes_of(path)) for path in paths]
    facts = [ledger.attached(name, data) for name, data in files]
    now, box = house.clock.now(), house.vault.box

    def work(tx: Transaction) -> Case:
        """The lines with the bytes that they name."""
        found = ledger.write(tx, box, case_id, by, now, *facts)
        for _, data in files:
            ledger.keep(tx, box, case_id, now, data)
        return found

    return house.store.run("attach to a case", work)


def extract(house: House, case_id: str, begun: str, place: Path, by: str) -> Attached:
    """Write a copy of a file to where none is, and that it was taken; Rewritten when it is not what was put in."""
    if place.resolve().is_relative_to(house.folder.resolve()):
        raise ConfigError(
            "Evidence is not taken out into the agent's folder, where only what is sealed lies."
        )
    box = house.vault.box
    with house.store.transaction("take evidence out") as tx:
        file = _exhibit(ledger.read(tx, box, case_id), begun).file
        ledger.write(tx, box, case_id, by, house.clock.now(), TakenOut(file.digest))
        data = ledger.take(tx, box, case_id, file.digest)
        try:
            write_new(place, data)
        except FileExistsError:
            raise Taken(
                f"{place} exists, and no copy is written over it.", next_step="Name another file."
            ) from None
    return file


def find(house: House, begun: str) -> str:
    """The identifier of the one case that begins so."""
    with house.store.reading("cases") as tx:
        return complete(begun, ledger.identifiers(tx))


def find_open(house: House, begun: str) -> str:
    """The same of a case that something can be tied to; Conflict when it is closed."""
    found = read(house, find(house, begun))
    if found.closed:
        raise Conflict(
            f"{found.id} is closed.", next_step="Reopen it first: tocsin agent case DIR reopen CASE --why …"
        )
    return found.id


def read(house: House, case_id: str) -> Case:
    """One case; Rewritten when it is not what was written."""
    with house.store.reading("case") as tx:
        return ledger.read(tx, house.vault.box, case_id)


def listed(house: House) -> tuple[list[Case], list[ProofError]]:
    """Every case, the newest first, and what is wrong with those that were tampered with."""
    cases, wrong = [], []
    with house.store.reading("cases") as tx:
        for case_id in ledger.identifiers(tx):
            try:
                cases.append(ledger.read(tx, house.vault.box, case_id))
            except ProofError as error:
                wrong.append(error)
    return cases, wrong


def told(house: House, found: Case) -> tuple[Told, ...]:
    """What was sent because of a case, with its fate."""
    return tuple(Told(sent, _state(house, sent)) for sent in found.sent)


def _state(house: House, sent: Sent) -> str:
    with house.store.reading("anonymous report") as tx:
        hidden = reports.find(tx, house.vault.box, sent.fact)
    if hidden is not None:
        return str(hidden.state)
    if erased(house, sent.fact):
        return "taken back"
    state = house.outbox.state(sent.message)
    return state.state if state else "unknown"


def _exhibit(found: Case, begun: str) -> Exhibit:
    """The one file of that name, or whose SHA-256 begins so."""
    fitting = [one for one in found.evidence if begun == one.file.name or one.file.digest.startswith(begun)]
    if len(fitting) != 1:
        count = "No file" if not fitting else f"{len(fitting)} files"
        raise Unknown(f"{count} of {found.id} fits {begun[:60]!r}.", next_step="Give more of its SHA-256.")
    return fitting[0]


def _bytes_of(path: Path) -> bytes:
    """A file, but never more of it than may be kept and one byte."""
    if not path.is_file():
        raise Missing(f"{path} is no file that can be read.")
    with path.open("rb") as file:
        return file.read(ledger.MAX_EVIDENCE + 1)
