# SPDX-License-Identifier: Apache-2.0
"""Opening an accountable report: what is looked at before a trustee opens its share, and what so many of them tell.

A request is checked by whoever gets it, from the file alone (`check_request`):

(1) Its document is one of class ``accountable``.
(2) The token was issued under the document's key, for its hub, realm, epoch and class.
(3) The token stands for escrow and one-time key, and that key has signed document, token and body: whoever held the
    token wrote this very report. Not even the hub can put another one's token beside it.

Who signed the document is not asked: every share is bound to its very bytes, so under another one nothing opens.

A trustee (`answer`) opens its share only for the requester whose fingerprint it was told by another way than the file.
The requester (`named`) sees for each share that it is the trustee's and the one that lies in the escrow; with fewer
than are needed it learns nothing. What comes out is the identifier that the sender put there. Half of what that one
had asked for was found to be true, so it is a lead, and no proof against a member that denies it.
"""

from collections.abc import Sequence
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tocsin.errors import BadProof, InputError, Malformed, ProofError, Refused
from tocsin.ids import Entropy
from tocsin.privacy import escrow, hybrid
from tocsin.privacy.escrow import Share, Terms
from tocsin.privacy.hybrid import Recipient
from tocsin.privacy.shamir import combine
from tocsin.privacy.tokens import Token, TokenKey, check_token
from tocsin.proof.encoding import framed
from tocsin.proof.signing import Context, SigningKey, verify
from tocsin.wire.envelope import Enclosed, check_enclosed
from tocsin.wire.epoch import ACCOUNTABLE, EpochDocument, read_document
from tocsin.wire.messages import Report, decode
from tocsin.wire.opening import MAX_FILE, KeptEscrow, OpenedShare, OpeningRequest, SharedValue
from tocsin.wire.trustees import Card, Trustee, card

SEED_BYTES = 32
REHEARSED = b"tocsin rehearsal"
"""The 16 bytes that an escrow of a rehearsal holds, in the place of a member's identifier."""


class Asked(msgspec.Struct, frozen=True):
    """A request that was checked."""

    digest: bytes
    """SHA-256 of its bytes: what an answer is to."""
    request: OpeningRequest
    document: EpochDocument
    terms: Terms
    report: Report | None
    """What the sender wrote; None in a rehearsal."""


class Named(msgspec.Struct, frozen=True):
    """What the trustees together read."""

    party: str
    """Whose identifier it is; empty in a rehearsal."""
    trustees: tuple[str, ...]
    """Whose shares they were."""

    refused: tuple[str, ...]
    """What is wrong with shares that were not used."""


class Keys:
    """The keys of a trustee, or of whoever asks them, from one seed of 32 random bytes; Malformed for another length.

    Sealing, signing and answer key are HKDF-SHA256( seed, info = "tocsin/trustee keys/v1" ), 32 bytes each.
    """

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise Malformed(f"The seed of a trustee's keys has {SEED_BYTES} bytes, not {len(seed)}.")
        drawn = HKDF(SHA256(), 3 * SEED_BYTES, None, b"tocsin/trustee keys/v1").derive(seed)
        sealing, signing, answering = (drawn[at : at + SEED_BYTES] for at in range(0, len(drawn), SEED_BYTES))
        self.sealing, self.signing = escrow.Opener(sealing), SigningKey.from_seed(signing)
        self.answering = hybrid.Opener(answering)
        self.trustee = Trustee(name, self.sealing.public, self.signing.public)

    def card(self) -> Card:
        """What its holder hands out."""
        return card(self.trustee, self.answering.public, self.signing)


def rehearsal(document: bytes, requester: Card, made: int, entropy: Entropy) -> OpeningRequest:
    """A request over an escrow that everybody can make: whether trustees and files are as they should be."""
    seed, one_time = entropy(escrow.SEED_BYTES), SigningKey.from_seed(entropy(32)).public
    terms = _accountable(document).escrow(document, one_time)
    kept = KeptEscrow(
        document=document,
        token=b"",
        random=b"",
        one_time_key=one_time,
        signature=b"",
        body=b"",
        escrow=escrow.seal(REHEARSED, terms, seed),
    )
    purpose = "Rehearsal: it names nobody."
    return OpeningRequest(made=made, requester=requester, purpose=purpose, kept=kept, rehearsal=seed)


def check_request(data: bytes) -> Asked:
    """A request, from its file; an InputError or ProofError says what in it does not add up."""
    request = decode(data, OpeningRequest, MAX_FILE)
    kept = request.kept
    document = _accountable(kept.document)  # (1)
    terms = document.escrow(kept.document, kept.one_time_key)
    if request.rehearsal:
        if kept.token or kept.random or kept.signature or kept.body:
            raise Malformed("A rehearsal is about no report.")
        if escrow.seal(REHEARSED, terms, request.rehearsal) != kept.escrow:
            raise BadProof("The escrow of this rehearsal holds something else: it may be a member's.")
        return Asked(sha256(data).digest(), request, document, terms, None)
    token = Token.parse(kept.token)
    check_token(token, TokenKey.parse(document.issuer_key), document.challenge(kept.document))  # (2)
    found = Enclosed(token, kept.random, kept.one_time_key, kept.signature, b"", kept.body, kept.escrow)
    signs = Context("anonymous-report", document.realm, document.hub)
    check_enclosed(found, signs=signs, document=kept.document)  # (3)
    return Asked(sha256(data).digest(), request, document, terms, decode(kept.body, Report))


def answer(asked: Asked, keys: Keys, fingerprint: str) -> OpenedShare:
    """A trustee's share for the requester with that fingerprint; Refused for another, Malformed where there is none."""
    requester = asked.request.requester
    if _plain(fingerprint) != _plain(requester.trustee.fingerprint):
        raise Refused(
            f"Its requester is {requester.trustee.name}, with another fingerprint than the one that you were told.",
            next_step="Ask whoever wants it opened for theirs, by another way than this file came.",
        )
    share = keys.sealing.open(asked.request.kept.escrow, asked.terms)
    value = msgspec.msgpack.encode(SharedValue(share.value, share.coins))
    sealed = Recipient(requester.answer_key).seal(value, _answers(asked, share.number))
    signature = keys.signing.sign(_context(asked), _opened(asked, share.number, sealed))
    return OpenedShare(request=asked.digest, number=share.number, sealed=sealed, signature=signature)


def check_answer(asked: Asked, opened: OpenedShare) -> Trustee:
    """Whose answer it is; Malformed or BadSignature unless one of the trustees gave it to this request."""
    if opened.request != asked.digest:
        raise Malformed("This share was opened for another request.")
    if not 0 < opened.number <= len(asked.document.trustees):
        raise Malformed(f"There is no trustee {opened.number}.")
    trustee = asked.document.trustees[opened.number - 1]
    message = _opened(asked, opened.number, opened.sealed)
    verify(trustee.signing_key, _context(asked), message, opened.signature)
    return trustee


def named(asked: Asked, answers: Sequence[OpenedShare], keys: Keys) -> Named:
    """Whose report it is, for its requester; Malformed while fewer good shares are here than are needed, BadProof where
    they are good and of no one secret.

    A share that is another's, here twice, for another request, or not the one that lies in the escrow costs nothing
    but itself.
    """
    if asked.request.requester.trustee != keys.trustee:
        raise Refused(
            f"Only its requester, {asked.request.requester.trustee.name}, can read what was opened."
        )
    good, refused = dict[int, Share](), list[str]()
    for one in answers:
        try:
            if one.number in good:
                raise Malformed(f"Share {one.number} is here twice: each trustee counts once.")
            good[one.number] = _share(asked, one, keys)
        except (InputError, ProofError) as error:
            refused.append(error.detail)
    if len(good) < asked.terms.needed:
        said = " ".join([f"{asked.terms.needed} shares are needed, and {len(good)} are good.", *refused])
        raise Malformed(said, next_step="Ask the other trustees for theirs.")
    try:
        secret = combine({number: share.value for number, share in good.items()}, asked.terms.needed)
    except Malformed:  # each of them lies in the escrow
        raise BadProof(
            "Its sender dealt shares that are of no one secret: it hid its name, and nobody can say whose it is.",
            next_step="Do not act on what fewer of the shares would say.",
        ) from None
    names = tuple(asked.document.trustees[number - 1].name for number in sorted(good))
    return Named("" if asked.request.rehearsal else f"prt_{secret.hex()}", names, tuple(refused))


def _share(asked: Asked, opened: OpenedShare, keys: Keys) -> Share:
    """A trustee's share that lies in the escrow; an InputError or ProofError otherwise."""
    check_answer(asked, opened)
    data = keys.answering.open(opened.sealed, _answers(asked, opened.number))
    try:
        value = msgspec.msgpack.decode(data, type=SharedValue)
    except msgspec.DecodeError:
        raise Malformed("What a trustee sealed is no share.") from None
    share = Share(opened.number, value.value, value.coins)
    escrow.check_share(share, asked.request.kept.escrow, asked.terms)
    return share


def _accountable(data: bytes) -> EpochDocument:
    document = read_document(data)
    if document.token_class != ACCOUNTABLE:
        raise Malformed(f"Tokens of epoch {document.number} name nobody, to trustees either.")
    return document


def _answers(asked: Asked, number: int) -> tuple[bytes, ...]:
    return b"opened-share", asked.digest, bytes([number])


def _opened(asked: Asked, number: int, sealed: bytes) -> bytes:
    return framed(asked.digest, bytes([number]), sha256(sealed).digest())


def _context(asked: Asked) -> Context:
    return Context("opened-share", asked.document.realm, asked.document.hub)


def _plain(fingerprint: str) -> str:
    return "".join(fingerprint.split()).lower()
