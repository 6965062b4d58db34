# SPDX-License-Identifier: Apache-2.0
"""How an anonymous report ends: by a result that only it can open, in the record of its slot or of a later one.

The hub says it to a key that went in the envelope; what it says stands among others' and random ones in a record that
every sender gets. Then token, keys and body are deleted, and a line in the case and in the journal tells how it ended.
"""

from collections.abc import Container
from contextlib import suppress

from tocsin.agent.alarms import sound
from tocsin.agent.anonymous import attendance, reports, tokens
from tocsin.agent.anonymous.attendance import Came
from tocsin.agent.anonymous.epochs import Epoch
from tocsin.agent.anonymous.records import Seen
from tocsin.agent.anonymous.reports import TRIES, Anonymous, State, stripped
from tocsin.agent.cases import ledger
from tocsin.agent.cases.facts import Noted
from tocsin.agent.journal import Decision, write
from tocsin.agent.vault import Vault
from tocsin.clock import Instant
from tocsin.errors import InputError, StateError
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction
from tocsin.wire.envelope import find_result
from tocsin.wire.slot import Fate, read_fate

BY = "agent, by the anonymous path"
_ALL = 1 << 53
"""Above every epoch's number."""
_REMEMBERED = 256
PATIENCE = 4
"""Slots after which a report without a result is sent again: what came too late for a record is in the next ones."""
_ENDED = {State.TAKEN: "was taken in", State.REFUSED: "was refused", State.UNANSWERED: "has no answer"}


def by_record(tx: Transaction, box: Box, epoch: Epoch, seen: Seen, now: Instant) -> None:
    """Settle the `mixed` reports whose results this record has, and those that were sent as often as they may be."""
    shown = {
        sent.slot for sent in attendance.newest(tx, box, epoch.number, _REMEMBERED) if sent.came is Came.SHOWN
    }
    next_built = seen.record.slot + 2
    for one in list(reports.open_ones(tx, box, "mixed")):
        fate = _fate(one, seen.record.results)
        if fate is not None:
            settle(tx, box, one, state_of(fate), fate, now)
        elif _came_often(one, epoch, shown) and not waits_for_result(one, epoch, next_built):
            settle(tx, box, one, State.UNANSWERED, None, now)
            sound(
                tx,
                f"The hub signed for {TRIES} slots that had an anonymous report in them, and told nothing: ask it.",
                now,
            )


def _came_often(one: Anonymous, epoch: Epoch, shown: Container[int]) -> bool:
    """Whether the hub has had it as often as it is sent: those that were lost on the way do not count."""
    came = [attempt for attempt in one.attempts if attempt.epoch == epoch.number and attempt.slot in shown]
    return len(came) >= TRIES


def restored(tx: Transaction, vault: Vault, now: Instant) -> None:
    """This store was put back to an earlier moment: nothing in it may go that perhaps went already.

    A token that is used twice tells the hub that two reports are one sender's. So all tokens go, and what waits ends.
    The seed of those that are asked for goes too: which half of them was opened since it does not know, and a hub that
    chose the other half now would come to know all.
    """
    box = vault.box
    tokens.forget(tx, _ALL)
    vault.forget_token_seed(tx)
    for one in [*reports.open_ones(tx, box, "mixed"), *reports.open_ones(tx, box, "now")]:
        settle(tx, box, one, State.UNANSWERED, None, now)


def waits_for_result(one: Anonymous, epoch: Epoch, slot: int) -> bool:
    """Whether the envelope that it was put into last may still be told of, seen from a slot."""
    if not one.attempts:
        return False
    last = one.attempts[-1]
    if last.epoch < epoch.number:  # what the hub took in late is told in the first records of the next epoch
        return last.epoch == epoch.number - 1 and slot < PATIENCE
    return slot - last.slot < PATIENCE


def state_of(fate: Fate) -> State:
    """What the hub's word means for a report."""
    return State.REFUSED if fate.status == "refused" else State.TAKEN


def settle(
    tx: Transaction, box: Box, one: Anonymous, state: State, fate: Fate | None, now: Instant
) -> Anonymous:
    """It has ended: nothing of it is kept that could show to others whose it was."""
    among = _among(tx, box, one) if state is State.TAKEN and one.way.report_class == "mixed" else 0
    ended = stripped(one, state, fate, among)
    reports.keep(tx, box, ended)
    sentence = told(ended)
    write(tx, box, Decision(now, BY, f"an anonymous report {_ENDED[state]}", one.id, sentence))
    with suppress(StateError, InputError), tx.savepoint():  # the case was closed or erased meanwhile
        ledger.read(tx, box, one.case)
        ledger.write(tx, box, one.case, BY, now, Noted(f"{one.id}: {sentence}", now))
    return ended


def told(one: Anonymous) -> str:
    """How it ended, for a person."""
    slots = ", ".join(f"{attempt.slot} of epoch {attempt.epoch}" for attempt in one.attempts)
    where = (
        f"class {one.way.report_class}, sent in slot {slots}" if slots else f"class {one.way.report_class}"
    )
    among = f", one of {one.among} senders" if one.among else ""
    said = f"; {one.fate.taken} objects; {one.fate.reason}".rstrip("; ") if one.fate else ""
    return f"{_ENDED.get(one.state, one.state)} ({where}{among}){said}"


def _fate(one: Anonymous, results: tuple[bytes, ...]) -> Fate | None:
    for attempt in one.attempts:
        found = find_result(attempt.reply_key, results)
        if found is not None:
            with suppress(InputError):
                return read_fate(found)
    return None


def _among(tx: Transaction, box: Box, one: Anonymous) -> int:
    """Senders of the slot that it was in last: the least of what is signed."""
    if not one.attempts:
        return 0
    last = one.attempts[-1]
    sent = attendance.newest(tx, box, last.epoch, PATIENCE + 2)
    return next((each.among for each in sent if each.slot == last.slot), 0)
