# SPDX-License-Identifier: Apache-2.0
"""Hold a note from elsewhere against what the hub showed here: another member's, or the partner's own newest.

The note comes by a way that the hub does not control: a file, a phone call's paste, the partner's address.
"""

import httpx
import msgspec

from tocsin.agent.history.doubt import accuse, newest_note, note_of_size, remember_elsewhere
from tocsin.agent.history.replica import Replica
from tocsin.agent.house import House
from tocsin.agent.signed import SignedHub
from tocsin.errors import (
    BadSignature,
    Forked,
    InputError,
    Malformed,
    RemoteError,
    StateError,
    Unreachable,
)
from tocsin.follow.compare import Seen, refuse_no_extension, refuse_two_histories, see
from tocsin.proof.note import MAX_NOTE
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Consistency, decode

ASK_AGAIN = "Ask for the note again, whole and as tocsin agent note prints it."


class Compared(msgspec.Struct, frozen=True):
    """Two notes that belong to one history."""

    here: int
    """Heads in the log as this agent was shown it."""
    elsewhere: int
    witnessed_here: bool
    witnessed_elsewhere: bool


async def compare(house: House, replica: Replica, hub: SignedHub, text: str) -> Compared:
    """Prove that both notes are of one history; Forked keeps the evidence and ends this agent's trust in the hub.

    Malformed for what is no note of this hub: it accuses nobody.
    """
    trust = replica.trust()
    try:
        theirs = see(trust, text)
    except (BadSignature, InputError):
        raise Malformed(
            "This note is not one of this hub's, or it was damaged on the way. It says nothing against anybody.",
            next_step=ASK_AGAIN,
        ) from None
    with house.store.reading("notes") as tx:
        newest = newest_note(tx)
        same = note_of_size(tx, trust, theirs.checkpoint.size)
    if not newest:
        raise StateError("This agent has not been shown any head yet.")
    mine = see(trust, newest)
    try:
        if same is not None:
            refuse_two_histories(same, theirs)
        else:
            shorter, longer = sorted((mine, theirs), key=lambda seen: seen.checkpoint.size)
            refuse_no_extension(shorter, longer, await _path(hub, shorter, longer))
    except Forked as error:
        proof = error  # the name of an except clause ends with it
        house.store.run("accuse hub", lambda tx: _accuse(tx, proof, text, house))
        raise
    if theirs.witnessed:  # without a partner a restored hub may go on from a shorter log
        house.store.run(
            "remember comparison",
            lambda tx: remember_elsewhere(tx, theirs.checkpoint.size, house.clock.now()),
        )
    return Compared(mine.checkpoint.size, theirs.checkpoint.size, mine.witnessed, theirs.witnessed)


async def newest_of(http: httpx.AsyncClient, partner_url: str) -> str:
    """The partner's own newest note, from its own address."""
    url = f"{partner_url.rstrip('/')}/v1/note"
    try:
        answer = await http.get(url)
    except httpx.TransportError as error:
        raise Unreachable(f"{url}: {str(error) or type(error).__name__}.") from None
    if answer.status_code != 200 or len(answer.content) > MAX_NOTE:
        raise RemoteError(f"{url} gave no note.")
    return answer.text


async def _path(hub: SignedHub, shorter: Seen, longer: Seen) -> tuple[bytes, ...]:
    query = f"old={shorter.checkpoint.size}&new={longer.checkpoint.size}"
    return decode(await hub.get("/v1/consistency", query), Consistency).path


def _accuse(tx: Transaction, error: Forked, text: str, house: House) -> None:
    accuse(tx, error, text, house.clock.now())
    tx.run("raise_alarm", {"at": house.clock.now(), "sentence": str(error)})
