# SPDX-License-Identifier: Apache-2.0
"""A person says whose a value is, and later drafts obey; or takes that back. Both are lines in the journal.

What a correction covers is `tocsin.agent.redaction.corrections`. None can release a value of the bank's own, because
the bank's assets are asked first; one that would try is refused here, so that nobody believes that it did.
"""

import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.readers.reading import Found, Reading
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.corrections import OWNERS, Correction
from tocsin.agent.redaction.owner import Owner
from tocsin.domain.observable import Observable, defang
from tocsin.errors import Conflict, Malformed, Refused, Unknown, VaultLocked
from tocsin.ids import new_id
from tocsin.storage.store import Transaction

MOST = 10_000
"""Corrections that one bank keeps; each is a person's single word."""
MAX_WHY = 500


class _Row(msgspec.Struct, frozen=True):
    id: str
    box: bytes


def correct(
    house: House, classifier: Classifier, observable: Observable, owner: Owner, by: str, why: str
) -> Correction:
    """Keep what a person says of a value. Refused when no word can make it the attacker's; Conflict when one stands."""
    made = Correction(
        new_id("cor", house.entropy), observable, owner, by.strip(), house.clock.now(), why.strip()
    )
    _check(made, classifier)

    def work(tx: Transaction) -> None:
        """Against what stands at this moment; at most one of a value."""
        standing = _every(tx, house)
        for other in standing:
            if other.observable == observable:
                raise Conflict(
                    f"{other.by} said already that it is the {other.owner}'s: {other.why}",
                    next_step=f"Delete that first: tocsin agent corrections DIR delete {other.id}",
                )
        if len(standing) >= MOST:
            raise Conflict(f"{MOST:,} corrections stand.", next_step="Delete what no longer holds.")
        box = house.vault.box.seal(msgspec.json.encode(made), _place(made.id))
        tx.run("keep_correction", {"id": made.id, "box": box})
        about = f"{made.id}: {observable} is {owner}"
        write(tx, house.vault.box, Decision(made.at, made.by, "kept a correction", about, made.why))

    house.store.run("keep correction", work)
    return made


def take_back(house: House, correction: str, by: str) -> Correction:
    """Delete a correction; Unknown when there is none."""

    def work(tx: Transaction) -> Correction:
        """The one that is deleted."""
        found = next((one for one in _every(tx, house) if one.id == correction), None)
        if found is None:
            raise Unknown(f"There is no correction {correction[:60]!r}.")
        tx.run("drop_correction", {"id": correction})
        about = f"{found.id}: {found.observable} is {found.owner}"
        write(tx, house.vault.box, Decision(house.clock.now(), by, "deleted a correction", about))
        return found

    return house.store.run("delete correction", work)


def corrections(house: House) -> list[Correction]:
    """Every correction that stands, the oldest first."""
    with house.store.reading("corrections") as tx:
        return sorted(_every(tx, house), key=lambda one: (one.at, one.id))


def _check(made: Correction, classifier: Classifier) -> None:
    if made.owner not in OWNERS:
        raise Malformed(f"A value is {', '.join(OWNERS[:-1])} or {OWNERS[-1]}.")
    if not made.by or len(made.by) > 200 or not made.why or len(made.why) > MAX_WHY:
        raise Malformed(f"A correction says who and why, in at most 200 and {MAX_WHY} characters.")
    if made.owner is not Owner.ATTACKER:
        return
    shown = defang(made.observable.value)
    reading = Reading("text", found=(Found(made.observable, "text", "what you gave", made.observable.value),))
    (value,) = classifier.classify(reading)
    if value.owner not in (Owner.UNCLEAR, Owner.ATTACKER):
        raise Refused(f"{shown} cannot be made the attacker's ({value.owner}): {value.reason.rstrip('.')}.")


def _every(tx: Transaction, house: House) -> list[Correction]:
    try:
        return [
            msgspec.json.decode(house.vault.box.open(row.box, _place(row.id)), type=Correction)
            for row in tx.all("corrections", {}, into=_Row)
        ]
    except msgspec.DecodeError as error:
        raise VaultLocked(f"The record was not written by this version: {error}.") from None


def _place(correction: str) -> str:
    return f"correction/{correction}"
