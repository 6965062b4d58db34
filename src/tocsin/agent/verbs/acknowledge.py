# SPDX-License-Identifier: Apache-2.0
"""Answer a warning: received, acted or not affected. The hub learns who; everybody else learns bands for each role."""

import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.waking.calls import close_about, warning_subject
from tocsin.clock import Instant
from tocsin.domain.acknowledgement import Answer, says_more
from tocsin.domain.call import Cause
from tocsin.errors import Conflict, Unknown
from tocsin.ids import new_id
from tocsin.storage.store import Params, Transaction
from tocsin.wire.answering import Acknowledge

PATH = "/v1/acknowledgements"
BY_ITSELF = "standing rule acknowledge"
AT_ONCE = 50
"""Warnings that one look answers."""


class _Standing(msgspec.Struct, frozen=True):
    id: str
    author: str
    chain: str
    version: int
    withdrawn: int
    body: bytes


class _Own(msgspec.Struct, frozen=True):
    answer: str


class _Unanswered(msgspec.Struct, frozen=True):
    id: str
    chain: str
    version: int


def acknowledge(house: House, warning_id: str, answer: Answer, by: str) -> str:
    """Queue an answer to the version that stands; the message's identifier.

    Unknown when no such warning stands here; Conflict when it was withdrawn, is one's own, or nothing new is said.
    """
    party, now = house.vault.membership().party, house.clock.now()

    def work(tx: Transaction) -> str:
        """Against what stands at this moment: a newer version may have come since it was read."""
        found = [row for row in tx.all("warnings", {"now": now}, into=_Standing) if row.id == warning_id]
        if not found:
            raise Unknown(
                f"No warning {warning_id[:60]!r} stands here: it never came, was erased, or has expired."
            )
        if found[0].author == party:
            raise Conflict("This party wrote the warning itself: others answer it.")
        if found[0].withdrawn:
            raise Conflict("The warning was withdrawn: there is nothing to answer any more.")
        about = _Unanswered(warning_id, found[0].chain, found[0].version)
        own = tx.one("own_answer", {"chain": about.chain, "version": about.version}, into=_Own)
        if not says_more(Answer(own.answer) if own else None, answer):
            raise Conflict(f"This party has already answered {own.answer if own else answer}.")
        close_about(tx, Cause.WARNING, warning_subject(about.chain, about.version), now)
        return _answer(tx, house, about, answer, by, now)

    return house.store.run("acknowledge warning", work)


def acknowledge_new(house: House) -> int:
    """Say *received* to every warning that stands and has no answer yet; how many there were."""
    party, now = house.vault.membership().party, house.clock.now()
    asked: Params = {"now": now, "party": party, "limit": AT_ONCE}

    def look(tx: Transaction) -> list[_Unanswered]:
        """Those without an answer now."""
        return tx.all("unanswered_warnings", asked, into=_Unanswered)

    def work(tx: Transaction) -> int:
        """Look again and answer, together; how many there were."""
        new = look(tx)
        for one in new:
            _answer(tx, house, one, Answer.RECEIVED, BY_ITSELF, now)
        return len(new)

    with house.store.reading("new warnings") as tx:
        nothing_new = not look(tx)
    return 0 if nothing_new else house.store.run("acknowledge new warnings", work)


def _answer(tx: Transaction, house: House, about: _Unanswered, answer: Answer, by: str, now: Instant) -> str:
    message = Acknowledge(
        id=new_id("msg", house.entropy), sent=now, chain=about.chain, version=about.version, answer=answer
    )
    tx.run(
        "save_own_answer",
        {"chain": about.chain, "version": about.version, "answer": answer, "message": message.id},
    )
    write(tx, house.vault.box, Decision(now, by, f"answered a warning: {answer}", about.id))
    house.outbox.queue(tx, PATH, message)
    return message.id
