# SPDX-License-Identifier: Apache-2.0
"""Cut and choose: a member that asks for accountable tokens opens half of them, which half it cannot foresee.

1. It asks for 2 · quota. The issuer records what was asked, and draws what is to be opened: `chosen`.
2. The member gives the seeds of those, under its signature: `opening`. It never uses them.
3. The issuer makes each again, byte for byte: `false_places`. Where all are right it issues the other half.

With f fakes among 2 · quota, none is opened with a chance of C(quota, f) / C(2 · quota, f): one half for one, below a
quarter for two. So one fake is caught with 1/2, and not with certainty. Who is caught has signed for seeds that do not
give what it asked for, which anybody can check (`examine`). Who sees that its fake was chosen and says nothing gets no
token in that epoch; that it fell silent is the issuer's word alone.

The member's other half stays blind: an opened seed says nothing of another. It opens for one draw only: for two it
would open more than half.
"""

from collections.abc import Sequence
from hashlib import sha256

from tocsin.errors import BadProof, Malformed
from tocsin.halves.candidates import Asker, party_bytes
from tocsin.proof.encoding import framed
from tocsin.proof.signing import Context, SigningKey, verify
from tocsin.wire.audit import FalseTokens, OpenTokens
from tocsin.wire.epoch import ACCOUNTABLE, read_document
from tocsin.wire.messages import decode

DRAW_BYTES = 32


def chosen(draw: bytes, asked: int) -> tuple[int, ...]:
    """Which half of so many requests is to be opened: those that the draw puts first, in their order."""
    if len(draw) != DRAW_BYTES:
        raise Malformed(f"A draw has {DRAW_BYTES} bytes, not {len(draw)}.")
    ranked = sorted(range(asked), key=lambda place: sha256(draw + place.to_bytes(8)).digest())
    return tuple(sorted(ranked[: asked // 2]))


def others(draw: bytes, asked: int) -> tuple[int, ...]:
    """The other half, in their order: what is issued."""
    return tuple(sorted(set(range(asked)) - set(chosen(draw, asked))))


def opening(
    asker: Asker, requests: Sequence[bytes], draw: bytes, seeds: Sequence[bytes], key: SigningKey
) -> OpenTokens:
    """The chosen half, opened under the member's signature."""
    number, context = asker.terms.number, _context(asker)
    signature = key.sign(context, _signed(asker.document, requests, draw, seeds))
    return OpenTokens(
        number=number, requests=tuple(requests), draw=draw, seeds=tuple(seeds), signature=signature
    )


def false_places(asker: Asker, opened: OpenTokens, public: bytes) -> tuple[int, ...]:
    """Which of the opened requests are not what their seeds give; none is as it should be.

    BadSignature or Malformed when the member with that key has not signed for so many: that proves nothing.
    """
    if len(opened.requests) != asker.terms.asked or len(opened.seeds) != asker.terms.asked // 2:
        raise Malformed("It opens another number of requests than were chosen.")
    message = _signed(asker.document, opened.requests, opened.draw, opened.seeds)
    verify(public, _context(asker), message, opened.signature)
    places = chosen(opened.draw, len(opened.requests))
    pairs = zip(places, opened.seeds, strict=True)
    return tuple(place for place, seed in pairs if not _gives(asker, seed, opened.requests[place]))


def examine(evidence: FalseTokens) -> tuple[int, ...]:
    """Which requests of a member were false, by its own signature; a ProofError or Malformed when none is shown.

    That document and key are the epoch's and the member's is to be looked up in the directory.
    """
    terms = read_document(evidence.document)
    if terms.token_class != ACCOUNTABLE:
        raise Malformed("Tokens of this epoch are not audited.")
    asker = Asker(terms, evidence.document, party_bytes(evidence.party))
    found = false_places(asker, decode(evidence.opened, OpenTokens), evidence.signing_key)
    if not found:
        raise BadProof("Every opened request is what its seed gives: the member did nothing wrong.")
    return found


def _gives(asker: Asker, seed: bytes, request: bytes) -> bool:
    try:
        return asker.candidate(seed).request == request
    except Malformed:
        return False


def _context(asker: Asker) -> Context:
    return Context("open-tokens", asker.terms.realm, asker.terms.hub)


def _signed(document: bytes, requests: Sequence[bytes], draw: bytes, seeds: Sequence[bytes]) -> bytes:
    digest = sha256(document).digest()
    return framed(b"tocsin/open tokens/v1", digest, draw, framed(*requests), framed(*seeds))
