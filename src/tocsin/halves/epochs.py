# SPDX-License-Identifier: Apache-2.0
"""What relay and partner each look at before they sign an epoch document: pure; what they keep is their caller's.

(1) It is this hub's and this realm's, and names three legal persons, this one by its own name.
(2) What it says is this operator's is: its signing key, and the partner's gateway key.
(3) It follows the one signed last: the next number, a later beginning, and no far future. It may begin before
    that one's end: after a restore of the hub an epoch is closed, and the later one counts.
(4) No key of it was in an earlier one, and the issuer's has no small factor.
(5) The roster that comes with it is the one that it speaks of.

Whoever signed a document signs it again, and never another one of its number: two of them would mark the members who
were given the second. Documents that come late are signed: they do no harm, and a number that one of the two has signed
could otherwise never be used.
"""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from tocsin.clock import DAY, Instant
from tocsin.errors import Conflict, Refused
from tocsin.privacy.tokens import TokenKey
from tocsin.proof.signing import Context, SigningKey, verify
from tocsin.wire.epoch import EpochDocument, Roster, read_document
from tocsin.wire.messages import decode

_FARTHEST = 400 * DAY
_SMALL_PRIMES = math.prod(
    p for p in range(3, 10_000, 2) if all(p % q for q in range(3, math.isqrt(p) + 1, 2))
)
"""The product of the odd primes below 10,000."""
KEPT = 8
"""Documents that an operator keeps, the newest."""

Place = Literal["relay", "partner"]


class Signed(msgspec.Struct, frozen=True):
    """A document that was signed, as it is kept."""

    number: int
    document: bytes
    roster: bytes


class Operator(msgspec.Struct, frozen=True):
    """Who is asked to sign: relay or partner of one hub."""

    place: Place
    name: str
    """Its legal name."""
    hub: str
    realm: str
    key: SigningKey

    @property
    def context(self) -> Context:
        """What its signature is for."""
        return context_of(self.place, self.hub, self.realm)


def context_of(place: Place, hub: str, realm: str) -> Context:
    """What the signature of relay or partner under a document is for."""
    return Context(f"epoch-{place}", realm, hub)


def check_signed(document: bytes, by_relay: bytes, by_partner: bytes) -> EpochDocument:
    """The document, if the relay that it names and its partner have signed it; BadSignature or Malformed otherwise.

    Whether that partner is the declared one is the caller's to look at.
    """
    found = read_document(document)
    verify(found.relay_key, context_of("relay", found.hub, found.realm), document, by_relay)
    verify(found.partner_key, context_of("partner", found.hub, found.realm), document, by_partner)
    return found


def sign_document(
    document: bytes,
    roster: bytes,
    operator: Operator,
    gateway: bytes,
    earlier: Sequence[Signed],
    now: Instant,
) -> bytes:
    """The signature. `earlier`: those that were signed, in their order; `gateway`: the partner's key configuration for
    this number, empty from the relay. Refused or Conflict says why not.
    """
    found = read_document(document)
    same = [one for one in earlier if one.number == found.number]
    if same and same[0].document != document:
        raise Conflict(f"Another document was signed for epoch {found.number}.")
    _check_own(found, operator, found.mix_gateway if same else gateway)  # its own may have gone by time
    if not same:
        _check_next(found, earlier, now)
    members = decode(roster, Roster)
    if (members.digest(), len(members.members)) != (found.members_root, found.members):
        raise Refused("The roster is not the one that the document speaks of.")
    return operator.key.sign(operator.context, document)


def _check_own(found: EpochDocument, operator: Operator, gateway: bytes) -> None:
    if (found.hub, found.realm) != (operator.hub, operator.realm):
        raise Refused("The document is another hub's.")
    relay = operator.place == "relay"
    if (found.operators.relay if relay else found.operators.partner) != operator.name:
        raise Refused(f"The {operator.place} is {operator.name}, and the document names another.")
    if (found.relay_key if relay else found.partner_key) != operator.key.public:
        raise Refused(f"The document has another key of the {operator.place} than its own.")
    if not relay and found.mix_gateway != gateway:
        raise Refused("The document has another key of the partner's gateway than the one that it proposed.")


def _check_next(found: EpochDocument, earlier: Sequence[Signed], now: Instant) -> None:
    before = [read_document(one.document) for one in earlier]
    if before and (found.number != before[-1].number + 1 or found.begins <= before[-1].begins):
        raise Refused(f"After epoch {before[-1].number} comes the next number, and a later beginning.")
    if found.ends > now + _FARTHEST:
        raise Refused("Its end is too far away.")
    if _own_keys(found) & {key for one in before for key in _own_keys(one)}:
        raise Refused("A key of it was in an earlier document.")
    if math.gcd(TokenKey.parse(found.issuer_key).rsa.modulus, _SMALL_PRIMES) != 1:
        raise Refused("The issuer's key has a small factor.")


def _own_keys(found: EpochDocument) -> set[bytes]:
    """The keys that are an epoch's alone."""
    return {found.issuer_key, found.hub_key, found.intake_key, found.mix_gateway, found.now_gateway}
