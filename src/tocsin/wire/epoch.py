# SPDX-License-Identifier: Apache-2.0
"""The epoch document: every parameter of the anonymous path for one epoch, the same for everybody.

A key, a size or a time that only one member is given marks that member. So agents take what they need from here and
from nowhere else; it stands in the directory, which all read; and relay and partner sign it, each of whom signs one
document for an epoch and never a second. A slot's reply names its hash.

An **epoch** here is the life of these keys and of the tokens issued under them, a week by default; it has **slots** of
equal length, counted from 0 at its beginning. It is not the log's epoch of `tocsin.hub.epochs`.
"""

from functools import lru_cache
from hashlib import sha256

import msgspec

from tocsin.clock import DAY, SECOND, Instant
from tocsin.domain.party import Role
from tocsin.errors import Malformed
from tocsin.privacy.escrow import SEALED_BYTES, Terms
from tocsin.privacy.hybrid import OVERHEAD, PUBLIC_BYTES, Recipient
from tocsin.privacy.ohttp import KeyConfig
from tocsin.privacy.tokens import TokenChallenge, TokenKey, epoch_challenge
from tocsin.proof.encoding import framed
from tocsin.proof.signing import check_public_key
from tocsin.wire.messages import Message, Size, decode
from tocsin.wire.trustees import Trustee, check_trustees

OPEN, ACCOUNTABLE = "open", "accountable"
"""Classes of tokens: ``open`` ones name nobody to anybody; of ``accountable`` ones so many trustees together can say
whose each is. One class in an epoch: two would split the set.
"""
MAX_MEMBERS = 8_192
MAX_SLOTS = 1 << 20
MIN_ENVELOPE, MAX_ENVELOPE = 4_096, 65_536
LEAST_REST = DAY
"""Between the last token that is given out and the first that counts, outside of a rehearsal."""
_TOKEN_BYTES = 354


class Operators(msgspec.Struct, frozen=True):
    """The legal persons behind the three places. Who is two of them sees what no single one may."""

    hub: str
    relay: str
    partner: str

    def __post_init__(self) -> None:
        names = {" ".join(name.casefold().split()) for name in (self.hub, self.relay, self.partner)}
        if len(names - {""}) < 3:
            raise Malformed("Hub, relay and partner are three different legal persons, each with its name.")


class EpochDocument(Message, frozen=True, kw_only=True, tag="epoch-document"):
    """One epoch's parameters. Malformed when they cannot be any epoch's."""

    hub: str
    realm: str
    number: Size
    """1 for the first; no number is left out and none comes twice."""
    operators: Operators
    issue_from: Size
    """Members ask for their tokens from here on, microseconds …"""
    issue_until: Size
    """… until here, and not later: who asks and sends at once is known by it."""
    begins: Size
    """Of slot 0; tokens count from here on, microseconds …"""
    ends: Size
    """… until here, without grace."""
    slot_seconds: Size
    quota: Size
    """Tokens that each member is given: all of them, at once."""
    token_class: str = OPEN
    trustees: tuple[Trustee, ...] = ()
    """Of class ``accountable``, in the order of their shares; of class ``open`` there are none."""
    needed: Size = 0
    """So many of them together name a sender."""
    issuer_key: bytes
    """`TokenKey`: SubjectPublicKeyInfo of the key under which this epoch's tokens are issued."""
    hub_key: bytes
    """Ed25519 public key: the hub signs which envelopes of a slot it was given."""
    intake_key: bytes
    """Hybrid key of the hub, 1,216 bytes: envelopes of both anonymous classes are sealed to it."""
    mix_gateway: bytes
    """`KeyConfig` of the partner's gateway for class ``mixed``."""
    now_gateway: bytes
    """`KeyConfig` of the hub's gateway for class ``now``."""
    relay_url: str
    relay_key: bytes
    """Ed25519 public key: the relay signs how many senders a slot had."""
    partner_key: bytes
    """Ed25519 public key: the partner signs which envelopes a slot had."""
    envelope_bytes: Size
    """Of every envelope before it is sealed, cover and report alike."""
    results: Size
    """Sealed results in every slot record, most of them nobody's."""
    floor: Size
    """Below so many honest senders class ``mixed`` is refused, or called pseudonymous."""
    members: Size
    members_root: bytes
    """SHA-256 over the roster, `Roster.digest`."""
    rehearsal: bool = False
    """An epoch to try the path out in: its tokens rest for less than `LEAST_REST`, and agents say so."""

    def __post_init__(self) -> None:
        times = (0, self.issue_from, self.issue_until, self.begins, self.ends)
        slot = self.slot_seconds * SECOND
        if sorted(times) != list(times) or not slot or (self.ends - self.begins) % slot or not self.slots:
            raise Malformed("Its times follow each other, and it has whole slots.")
        if self.begins - self.issue_until < LEAST_REST and not self.rehearsal:
            raise Malformed("Tokens rest for a day at least before they count, or it is called a rehearsal.")
        if self.slots > MAX_SLOTS or not self.number > 0 or not 0 < self.quota <= self.slots:
            raise Malformed(
                f"An epoch has at most {MAX_SLOTS} slots, and no more tokens for a member than slots."
            )
        if not MIN_ENVELOPE <= self.envelope_bytes <= MAX_ENVELOPE or not 0 < self.results <= 64:
            raise Malformed(
                f"An envelope has {MIN_ENVELOPE} to {MAX_ENVELOPE} bytes, a record 1 to 64 results."
            )
        if not 0 < self.members <= MAX_MEMBERS or len(self.members_root) != sha256().digest_size:
            raise Malformed(f"An epoch has 1 to {MAX_MEMBERS} members and the hash of their list.")
        self._check_class()
        self._check_keys()

    def _check_class(self) -> None:
        if self.token_class == ACCOUNTABLE:
            names = (self.operators.hub, self.operators.relay, self.operators.partner)
            check_trustees(self.trustees, self.needed, names)
        elif self.token_class != OPEN:
            raise Malformed(f"Of token_class this version knows {OPEN!r} and {ACCOUNTABLE!r}.")
        elif self.trustees or self.needed:
            raise Malformed(f"A token of class {OPEN!r} has no trustees.")

    def _check_keys(self) -> None:
        TokenKey.parse(self.issuer_key)
        if len(self.intake_key) != PUBLIC_BYTES:
            raise Malformed(f"The intake's key has {PUBLIC_BYTES} bytes.")
        Recipient(self.intake_key)
        gateways = {KeyConfig.parse(self.mix_gateway), KeyConfig.parse(self.now_gateway)}
        signers = {check_public_key(one) for one in (self.hub_key, self.relay_key, self.partner_key)}
        if len(gateways) + len(signers) < 5:
            raise Malformed("Two places of this document have the same key.")

    @property
    def slots(self) -> int:
        """How many slots it has."""
        return (self.ends - self.begins) // (self.slot_seconds * SECOND) if self.slot_seconds else 0

    @property
    def blob_bytes(self) -> int:
        """Of every envelope when it is sealed to the intake's key."""
        return self.envelope_bytes + OVERHEAD

    @property
    def asked(self) -> int:
        """How many requests a member makes for its tokens: of class ``accountable`` as many more are opened."""
        return self.quota * (2 if self.token_class == ACCOUNTABLE else 1)

    @property
    def escrow_bytes(self) -> int:
        """Of the escrow that a report carries; 0 of class ``open``."""
        return SEALED_BYTES * len(self.trustees)

    @property
    def room(self) -> int:
        """Of an envelope, what is left beside the escrow."""
        return self.envelope_bytes - self.escrow_bytes

    def escrow(self, document: bytes, one_time_key: bytes) -> Terms:
        """What the escrow of one token is sealed for; `document` are the very bytes that were signed."""
        keys = tuple(one.sealing_key for one in self.trustees)
        place = (self.realm.encode(), self.hub.encode(), sha256(document).digest(), one_time_key)
        return Terms(keys, self.needed, place)

    def slot_at(self, now: Instant) -> int:
        """The slot that a moment lies in; below 0 before the epoch, `slots` or more after it."""
        return (now - self.begins) // (self.slot_seconds * SECOND)

    def holds(self, now: Instant) -> bool:
        """Whether tokens of this epoch count at that moment."""
        return self.begins <= now < self.ends

    def slot_begins(self, slot: int) -> Instant:
        """When a slot begins; its end is the next one's beginning."""
        return Instant(self.begins + slot * self.slot_seconds * SECOND)

    def challenge(self, document: bytes) -> TokenChallenge:
        """What this epoch's tokens answer; `document` are the very bytes that were signed."""
        return epoch_challenge(
            self.hub, realm=self.realm, token_class=self.token_class, epoch_document=document
        )


class Member(msgspec.Struct, frozen=True):
    """Who may put an envelope into a slot."""

    party: str
    role: Role
    signing_key: bytes


class Roster(Message, frozen=True, kw_only=True, tag="roster"):
    """The members of an epoch, in the order of their identifiers. They join at its edge, all at once."""

    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        names = [one.party for one in self.members]
        if names != sorted(set(names)) or not 0 < len(names) <= MAX_MEMBERS:
            raise Malformed(f"A roster names 1 to {MAX_MEMBERS} members in their order, each once.")

    def digest(self) -> bytes:
        """What the document says of it: a member whose key changes stays the same member."""
        names = [framed(b"", one.party.encode(), one.role.encode()) for one in self.members]
        return sha256(framed(b"tocsin/roster/v1", *names)).digest()


class SignEpoch(Message, frozen=True, kw_only=True, tag="sign-epoch"):
    """The hub asks relay or partner to stand by a document. Asked again with the same bytes, they sign again."""

    document: bytes
    """Encoded `EpochDocument`: the very bytes that are signed and hashed."""
    roster: bytes
    """Encoded `Roster`. The relay also takes it anew within an epoch: keys of members change, members do not."""


class EpochSigned(Message, frozen=True, kw_only=True, tag="epoch-signed"):
    """Their word. Context ``epoch-relay`` or ``epoch-partner``, over the document."""

    signature: bytes


class ProposeKeys(Message, frozen=True, kw_only=True, tag="propose-keys"):
    """The hub asks relay and partner for what of theirs stands in the next document."""

    number: Size
    keys: tuple[bytes, ...] = ()
    """Every change of the hub's own key, as the directory has it: from these on it signs with the newest."""


class ProposedKeys(Message, frozen=True, kw_only=True, tag="proposed-keys"):
    """A signing key, and from the partner a new gateway key for this epoch."""

    operator: str
    signing_key: bytes
    gateway: bytes = b""
    url: str = ""
    """Where agents reach it, from the relay."""


class EpochEvent(Message, frozen=True, kw_only=True, tag="epoch"):
    """An entry of the directory: a document with the signatures that make agents believe it."""

    document: bytes
    by_relay: bytes
    by_partner: bytes


class EpochClosed(Message, frozen=True, kw_only=True, tag="epoch-closed"):
    """An entry of the directory: the hub takes no token of this epoch any more, because it may have lost which of them
    were spent or given out. What waits is sent in a later epoch.
    """

    number: Size


class AskTokens(Message, frozen=True, kw_only=True, tag="ask-tokens"):
    """A member asks, in its own name, for all of its tokens of an epoch at once: exactly as many as all others.

    Asked again with the same requests it is answered the same; with others it is refused. Of class ``accountable`` the
    answer is which of them to open (`tocsin.wire.audit`).
    """

    number: Size
    requests: tuple[bytes, ...]
    """`TokenRequest`, 259 bytes each."""


class IssuedTokens(Message, frozen=True, kw_only=True, tag="issued-tokens"):
    """The issuer's answers in the order of the requests, 256 bytes each."""

    answers: tuple[bytes, ...]


@lru_cache(32)  # looked up all day, and its keys are checked each time that it is read
def read_document(data: bytes) -> EpochDocument:
    """A document from the bytes that were signed; Malformed otherwise."""
    return decode(data, EpochDocument)
