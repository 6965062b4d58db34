# SPDX-License-Identifier: Apache-2.0
"""An alliance of class ``accountable`` with its trustees, over `tests.anonymous`.

::

    async with AnonymousAlliance(tmp_path, **TRUSTED) as alliance:     # two of three trustees can name a sender
        bank = await alliance.join("one")
        await alliance.first_epoch()
        sender = Accountable(alliance, bank)
        await sender.ask()                                              # opens half, is given the other half
        sent = sender.report(EVIL)                                      # its escrow rides in the blob
"""

import random

import msgspec
from tests.anonymous import AnonymousAlliance, Sender

from tocsin.config.anonymous import TrusteeKeys
from tocsin.halves.audit import chosen, opening, others
from tocsin.halves.candidates import Asker, Candidate, party_bytes
from tocsin.halves.opening import Keys
from tocsin.privacy.tokens import finish
from tocsin.proof.encoding import to_base64
from tocsin.proof.signing import SigningKey
from tocsin.wire.audit import ChosenTokens, OpenTokens
from tocsin.wire.epoch import AskTokens, IssuedTokens
from tocsin.wire.messages import decode, encode

NAMES = ("Counsel", "Judge", "Ombudsman")
TRUSTEES = tuple(Keys(name, random.Random(name).randbytes(32)) for name in NAMES)
POLICE = Keys("City Police", random.Random("police").randbytes(32))
"""Whoever asks trustees."""
TRUSTED: dict[str, object] = {
    "token_class": "accountable",
    "needed": 2,
    "trustees": tuple(
        TrusteeKeys(one.trustee.name, to_base64(one.trustee.sealing_key), to_base64(one.trustee.signing_key))
        for one in TRUSTEES
    ),
}


class Accountable(Sender):
    """A member that asks for accountable tokens; in some tests it cheats."""

    def candidates(self, fakes: dict[int, str] | None = None) -> list[tuple[bytes, Candidate]]:
        """Everything that it asks for, with the seeds; at some places another member's name in its escrow."""
        return [
            (seed, self.asker((fakes or {}).get(place, self.agent.party)).candidate(seed))
            for place, seed in enumerate(self.entropy(32) for _ in range(self.document.asked))
        ]

    def asker(self, party: str) -> Asker:
        return Asker(self.document, self.data, party_bytes(party))

    async def ask(self, asked=None) -> None:
        """All tokens of the epoch; the error of the hub else."""
        asked = asked or self.candidates()
        draw = await self.choose(asked)
        answers = await self.open(asked, draw)
        left = [asked[place][1] for place in others(draw, len(asked))]
        self.tokens = []
        for one, answer in zip(left, answers, strict=True):
            one_time = SigningKey.from_seed(one.one_time_seed)
            self.tokens.append((finish(one.pending, answer), one.random, one_time))
            self.escrows[one_time.public] = one.escrow

    async def choose(self, asked: list[tuple[bytes, Candidate]]) -> bytes:
        """What the hub draws for these requests."""
        message = AskTokens(number=self.number, requests=tuple(one.request for _, one in asked))
        return decode(await self.agent.hub().post("/v1/tokens", encode(message)), ChosenTokens).draw

    async def open(
        self, asked: list[tuple[bytes, Candidate]], draw: bytes, **changes: object
    ) -> tuple[bytes, ...]:
        """The hub's answers to the half that was not opened."""
        message = msgspec.structs.replace(self.opened(asked, draw), **changes)
        return decode(await self.agent.hub().post("/v1/tokens/opened", encode(message)), IssuedTokens).answers

    def opened(self, asked: list[tuple[bytes, Candidate]], draw: bytes) -> OpenTokens:
        """The chosen half under its signature."""
        seeds = [asked[place][0] for place in chosen(draw, len(asked))]
        requests = [one.request for _, one in asked]
        return opening(self.asker(self.agent.party), requests, draw, seeds, self.agent.key)


__all__ = ["POLICE", "TRUSTED", "TRUSTEES", "Accountable", "AnonymousAlliance"]
