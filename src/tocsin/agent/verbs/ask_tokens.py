# SPDX-License-Identifier: Apache-2.0
"""Ask for all tokens of the next epoch, in this party's own name: the hub learns that it has some, as all others do.

Asked is at a moment of the window that was drawn before, whether this party will ever report or not: whoever asked only
when it had something to say would be known by it.
"""

import logging
from functools import partial

from tocsin.agent.alarms import sound
from tocsin.agent.anonymous.epochs import SENDERS, Epoch, issuing
from tocsin.agent.anonymous.tokens import choose, finished, give_up, keep, opened, question, seed_for, wanted
from tocsin.agent.house import House
from tocsin.agent.signed import SignedHub
from tocsin.agent.vault import TokenSeed
from tocsin.clock import SECOND, Instant
from tocsin.domain.party import Role
from tocsin.errors import ProofError, TocsinError
from tocsin.follow.follower import Sleep
from tocsin.proof.signing import SigningKey
from tocsin.storage.store import Transaction
from tocsin.wire.audit import ChosenTokens
from tocsin.wire.epoch import ACCOUNTABLE, AskTokens, IssuedTokens
from tocsin.wire.messages import decode, encode

log = logging.getLogger("tocsin.agent")

PATH = "/v1/tokens"
OPENED_PATH = "/v1/tokens/opened"
_LOOK_SECONDS = 2.0
"""How often an agent looks whether tokens are given out."""
_PARTS = 1 << 32


async def ask_tokens(house: House, hub: SignedHub) -> int:
    """Ask now, if tokens are given out and none were here yet; how many came."""
    found = house.store.run("seed of tokens", lambda tx: _wanted(tx, house))
    if found is None:
        return 0
    seed, epoch = found
    party = house.vault.membership().party
    asked = question(seed, epoch, party)
    if epoch.terms.token_class == ACCOUNTABLE:
        seed, issued = await _audited(house, hub, seed, epoch, asked)
    else:
        issued = decode(await hub.post(PATH, encode(asked)), IssuedTokens)
    tickets = finished(seed, epoch, party, issued)
    house.store.run("keep tokens", lambda tx: keep(tx, house.vault, epoch, tickets))
    house.store.scrub()
    return len(tickets)


async def _audited(
    house: House, hub: SignedHub, seed: TokenSeed, epoch: Epoch, asked: AskTokens
) -> tuple[TokenSeed, IssuedTokens]:
    """Ask, open what the hub has chosen, and be given the rest. What it chose is durable before anything is opened."""
    draw = decode(await hub.post(PATH, encode(asked)), ChosenTokens).draw
    try:
        chosen = house.store.run("chosen tokens", lambda tx: choose(tx, house.vault, seed, draw))
    except ProofError as error:
        house.store.run("no tokens", partial(_given_up, house, epoch, str(error)))
        raise
    member = house.vault.membership()
    message = opened(chosen, epoch, member.party, SigningKey.from_seed(member.signing_seed))
    return chosen, decode(await hub.post(OPENED_PATH, encode(message)), IssuedTokens)


def _given_up(house: House, epoch: Epoch, why: str, tx: Transaction) -> None:
    give_up(tx, house.vault, epoch)
    sound(tx, why, house.clock.now())


def moment(house: House) -> Instant | None:
    """When to ask, drawn from what is left of the window; None when there is nothing to ask for."""
    now = house.clock.now()
    with house.store.reading("tokens given out") as tx:
        epoch = issuing(tx, now)
        if epoch is None or not wanted(tx, epoch) or _role(house, tx) not in SENDERS:
            return None
    left = epoch.terms.issue_until - now
    return Instant(now + int.from_bytes(house.entropy(4)) * (left * 3 // 4) // _PARTS)


async def asking(house: House, hub: SignedHub, sleep: Sleep) -> None:
    """Ask in every window, once, at a moment of its own; and again until the hub answers."""
    while True:
        when = moment(house)
        while when is not None and (left := when - house.clock.now()) > 0:
            await sleep(min(left / SECOND, _LOOK_SECONDS))
        try:
            if when is not None:
                await ask_tokens(house, hub)
        except TocsinError as error:
            log.warning("tokens of the anonymous path: %s", error)
        await sleep(_LOOK_SECONDS)


def _wanted(tx: Transaction, house: House) -> tuple[TokenSeed, Epoch] | None:
    if _role(house, tx) not in SENDERS:
        return None
    epoch = issuing(tx, house.clock.now())
    seed = seed_for(tx, house.vault, epoch, house.entropy) if epoch else None
    return (seed, epoch) if seed and epoch else None


def _role(house: House, tx: Transaction) -> Role:
    return Role(house.vault.membership_in(tx).role)
