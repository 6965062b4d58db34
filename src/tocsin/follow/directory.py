# SPDX-License-Identifier: Apache-2.0
"""What an entry of the directory must prove before its keys are believed: a hub that may write it may not invent it.

Whoever reads the directory asks here, and the hub itself before it writes. Pure; where the newest state is kept is
the caller's.

Other keys of a party count only when

(1) the key that ends has signed the change: its signing key (a rotation, which leaves the recovery key as it is) or
    its recovery key (a recovery, which replaces all three). Either ends by it, so no change can be played again;
(2) the new signing key has signed it too.

A party's role and jurisdiction never change. Another key of the hub needs the signature of the key before it and its
own; another partner needs the endorsement of the partner before it. The first of each is taken as it is.
"""

from collections.abc import Iterable

import msgspec

from tocsin.domain.party import Standing, step
from tocsin.errors import BadSignature, KeySwapped, Malformed, TocsinError, TooLarge
from tocsin.follow.verify import Trust
from tocsin.privacy.sealing import check_sealing_key
from tocsin.proof.note import VerifierKey
from tocsin.proof.signing import Context, SigningKey, check_public_key, verify
from tocsin.proof.succession import check_endorsement
from tocsin.wire.messages import Entry, Header, decode, encode
from tocsin.wire.parties import KeyChange, KeyEvent, PartyEvent, SignedChange

MAX_KEYS = 1_000
"""Changes of the hub's key that are followed at once: one a month for 80 years."""


class Stated(msgspec.Struct, frozen=True):
    """A party as the directory stated it last."""

    name: str
    role: str
    jurisdiction: str
    standing: str
    signing_key: bytes
    sealing_key: bytes
    recovery_key: bytes

    @property
    def keys(self) -> tuple[bytes, bytes, bytes]:
        """Signing, sealing and recovery key."""
        return self.signing_key, self.sealing_key, self.recovery_key


def check_party(known: Stated | None, event: PartyEvent, realm: str, hub: str) -> None:
    """KeySwapped for a change that its party did not prove, Conflict for a step in its life that there is not."""
    if known is None:
        return
    if (known.role, known.jurisdiction) != (event.role, event.jurisdiction):
        raise KeySwapped(
            f"The directory gives {known.name} another role or jurisdiction than it joined with."
        )
    if known.standing != event.standing:
        step(Standing(known.standing), event.standing)
    if known.keys != (event.signing_key, event.sealing_key, event.recovery_key):
        _check_change(known, event, Context("key-change", realm, hub))


def sign_change(
    change: KeyChange, before: SigningKey, after: SigningKey, realm: str, hub: str
) -> SignedChange:
    """The change with both signatures."""
    context, data = Context("key-change", realm, hub), encode(change)
    return SignedChange(data, before.sign(context, data), after.sign(context, data))


def check_three_keys(signing: bytes, sealing: bytes, recovery: bytes) -> None:
    """Malformed when one is no key, or two are one."""
    check_public_key(signing)
    check_sealing_key(sealing)
    check_public_key(recovery)
    if len({signing, sealing, recovery}) != 3:
        raise Malformed("The three keys of a party are three different keys.")


def next_hub_key(known: VerifierKey, event: KeyEvent, realm: str, hub: str) -> VerifierKey:
    """The hub's key after this event; KeySwapped without the signatures of the key before it and of its own."""
    key = VerifierKey.parse(event.key)
    if key == known:
        return known
    context = Context("hub-key", realm, hub)
    if event.before != str(known) or key.name != known.name:
        raise KeySwapped(
            "The directory gives the hub another key, and not as the successor of the one it had."
        )
    try:
        check_endorsement(known, context, known, key, event.by_before)
        check_endorsement(key, context, known, key, event.by_after)
    except BadSignature:
        raise KeySwapped(
            "The directory gives the hub another key, without the old one's signature."
        ) from None
    return key


def follow_hub_key(
    key: VerifierKey, bodies: tuple[bytes, ...]
) -> tuple[VerifierKey, list[tuple[VerifierKey, bytes]]]:
    """The hub's key after its own changes of it, each signed by the key before; those that are news."""
    if len(bodies) > MAX_KEYS:
        raise TooLarge(f"A hub changes its key at most {MAX_KEYS} times.")
    news = []
    hub, _, realm = key.name.partition("/heads/")
    for body in bodies:
        event = decode(body, KeyEvent)
        if event.before == str(key) != event.key:
            key = next_hub_key(key, event, realm, hub)
            news.append((key, body))
    return key, news


def next_partner_key(known: VerifierKey | None, event: KeyEvent, realm: str, hub: str) -> VerifierKey:
    """The partner's key after this event; KeySwapped when the partner before it has not endorsed it.

    A hub that could put another partner in the first one's place could witness itself.
    """
    key = VerifierKey.parse(event.key)
    if known in (None, key):
        return key
    assert known is not None
    try:
        check_endorsement(known, Context("partner-key", realm, hub), known, key, event.by_before)
    except BadSignature:
        raise KeySwapped(
            "The directory names another partner than before, without the first one's agreement."
        ) from None
    return key


def foresee(trust: Trust, entries: Iterable[Entry]) -> Trust:
    """Whose signatures count after these entries of the directory, which no head has proved yet.

    The head that proves a new key of the hub is signed by that key. Each key is believed by the signature of the one
    before it, so it needs no head; what does not prove itself is left out here, and an alarm once it is proved.
    """
    for entry in entries:
        if entry.body is None:
            continue
        try:
            if decode(entry.header, Header).entry == "key":
                trust = _after(trust, decode(entry.body, KeyEvent))
        except TocsinError:
            continue
    return trust


def _after(trust: Trust, event: KeyEvent) -> Trust:
    if event.holder == "hub":
        key = next_hub_key(trust.hub_key, event, trust.realm, trust.hub)
        return msgspec.structs.replace(trust, hub_key=key)
    partner = next_partner_key(trust.partner_key, event, trust.realm, trust.hub)
    return msgspec.structs.replace(trust, partner_key=partner)


def _check_change(known: Stated, event: PartyEvent, context: Context) -> None:
    unproved = f"The directory gives {known.name} other keys than before, without a proof of its own."
    if event.change is None:
        raise KeySwapped(unproved)
    change = decode(event.change.change, KeyChange)
    if (change.signing_key, change.sealing_key, change.recovery_key) != (
        event.signing_key,
        event.sealing_key,
        event.recovery_key,
    ):
        raise KeySwapped(f"The directory gives {known.name} other keys than those that it has signed for.")
    check_three_keys(change.signing_key, change.sealing_key, change.recovery_key)
    rotates = change.by == known.signing_key and change.recovery_key == known.recovery_key
    recovers = change.by == known.recovery_key and change.recovery_key != known.recovery_key
    if not (rotates or recovers) or change.signing_key == known.signing_key:
        raise KeySwapped(f"The keys of {known.name} were changed by a key that may not: {unproved}")
    try:
        verify(change.by, context, event.change.change, event.change.by_before)
        verify(change.signing_key, context, event.change.change, event.change.by_after)
    except BadSignature:
        raise KeySwapped(unproved) from None
