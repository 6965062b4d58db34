# SPDX-License-Identifier: Apache-2.0
"""A party's life: the operator suspends, reinstates or expels it; it accepts the agreement that changed.

Each is one entry of the directory. From a suspension on the party's requests are refused and its connections cut, in
every process of this hub (`tocsin.hub.intake`, `tocsin.hub.reading.following`). Everybody reads the reason, so it is a
word and no text.
"""

import msgspec

from tocsin.domain.party import Party, Standing
from tocsin.errors import Conflict, Malformed, Unknown
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.verbs.enrol import demand_agreement
from tocsin.hub.views.answers import recount
from tocsin.hub.views.directory import agreement, all_parties, party_row, state_agreement, state_party
from tocsin.ids import complete
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Outcome
from tocsin.wire.parties import STANDING_REASONS, Accept


def change_standing(tx: Transaction, hub: Exchange, party: str, wanted: Standing, reason: str) -> Party:
    """Give a party, by identifier or legal name, its next standing; Conflict when that step does not exist."""
    if reason not in STANDING_REASONS:
        raise Malformed(f"{reason[:20]!r} is not a reason: {', '.join(sorted(STANDING_REASONS))}.")
    row = party_row(tx, find_party(tx, party).id)
    if row.standing == wanted:
        raise Conflict(
            f"{row.name} {'has left' if wanted is Standing.LEFT else f'is {wanted}'} already.",
            next_step="Nothing is left to do: tocsin hub status shows how every party stands.",
        )
    event = msgspec.structs.replace(row.event(), standing=wanted, reason=reason)
    state_party(tx, hub, event)
    recount(tx, hub, row.id)
    return party_row(tx, row.id).party()


def accept(tx: Transaction, hub: Exchange, sender: Sender, message: Accept) -> tuple[Outcome, ...]:
    """A party accepts the agreement that the alliance has now; NotAgreed when it is another one."""
    demand_agreement(tx, message.agreement)
    row = party_row(tx, sender.party.id)
    if row.agreement == message.agreement:
        return (Outcome(message.id, "known", "It was accepted before."),)
    state_party(tx, hub, msgspec.structs.replace(row.event(), agreement=message.agreement), sender.origin)
    return (Outcome(message.id, "accepted"),)


def announce_agreement(tx: Transaction, hub: Exchange, digest: str) -> None:
    """The members' agreement is this one from here on; Conflict when it was already."""
    if agreement(tx) == digest:
        raise Conflict("This is the agreement that counts already.")
    state_agreement(tx, hub, digest)


def find_party(tx: Transaction, text: str) -> Party:
    """The party of that legal name, in any case, or of that identifier, which may be shortened; Unknown otherwise."""
    parties, wanted = all_parties(tx), text.strip().casefold()
    found = [one for one in parties if wanted in (one.id, one.name.casefold())]
    if not found and wanted.startswith("prt_"):
        whole = complete(wanted, (one.id for one in parties))
        found = [one for one in parties if one.id == whole]
    if len(found) != 1:
        raise Unknown(f"{len(found)} parties answer to {text[:60]!r}; tocsin hub status lists them.")
    return found[0]
