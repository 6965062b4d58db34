# SPDX-License-Identifier: Apache-2.0
"""A new key is believed by the one before it, and by nothing else that a hub could write."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.party import Role, Standing
from tocsin.errors import Conflict, KeySwapped, Malformed
from tocsin.follow.directory import (
    Stated,
    check_party,
    foresee,
    next_hub_key,
    next_partner_key,
    sign_change,
)
from tocsin.follow.verify import Trust
from tocsin.proof.note import KeyKind, VerifierKey, log_origin
from tocsin.proof.signing import Context, SigningKey
from tocsin.proof.succession import endorse
from tocsin.wire.messages import Entry, Header, encode
from tocsin.wire.parties import KeyChange, KeyEvent, PartyEvent

REALM, HUB = "live", "hub_1"
OLD, NEW, SPARE, NEXT_SPARE, THIEF = (
    SigningKey.from_seed(letter * 32) for letter in (b"o", b"n", b"s", b"t", b"m")
)
SEALING, NEXT_SEALING = (bytes([number]) * 32 for number in (9, 11))
ORIGIN = log_origin(HUB, REALM)
KNOWN = Stated("Ayr Bank plc", "bank", "GB", "active", OLD.public, SEALING, SPARE.public)


def hub_key(key: SigningKey) -> VerifierKey:
    return VerifierKey(ORIGIN, KeyKind.NOTE, key.public)


def partner_key(key: SigningKey, name: str = "partner") -> VerifierKey:
    return VerifierKey(name, KeyKind.COSIGNATURE, key.public)


def stated(
    signing: SigningKey = NEW,
    recovery: SigningKey = SPARE,
    *,
    by: SigningKey = OLD,
    before: SigningKey | None = None,
    after: SigningKey | None = None,
    realm: str = REALM,
) -> PartyEvent:
    """The party with other keys and a change that is signed as asked; without more, an honest rotation."""
    change = KeyChange(
        by=by.public, signing_key=signing.public, sealing_key=NEXT_SEALING, recovery_key=recovery.public
    )
    signed = sign_change(change, before or by, after or signing, realm, HUB)
    return PartyEvent(
        party="prt_1",
        name="Ayr Bank plc",
        role=Role.BANK,
        jurisdiction="GB",
        standing=Standing.ACTIVE,
        signing_key=signing.public,
        sealing_key=NEXT_SEALING,
        recovery_key=recovery.public,
        agreement="",
        change=signed,
    )


def check(event: PartyEvent, known: Stated | None = KNOWN) -> None:
    check_party(known, event, REALM, HUB)


def test_a_rotation_and_a_recovery_are_believed():
    check(stated())
    check(stated(recovery=NEXT_SPARE, by=SPARE))


def test_the_first_keys_are_taken_as_they_are():
    check(msgspec.structs.replace(stated(), change=None), None)


@pytest.mark.parametrize(
    "event",
    [
        msgspec.structs.replace(stated(), change=None),
        stated(before=THIEF),
        stated(after=THIEF),
        stated(by=THIEF),
        stated(by=NEW),
        stated(recovery=NEXT_SPARE),
        stated(by=SPARE),
        stated(signing=OLD, recovery=NEXT_SPARE, by=SPARE),
        stated(realm="drill-7"),
        msgspec.structs.replace(stated(), signing_key=THIEF.public),
        msgspec.structs.replace(stated(), sealing_key=SEALING),
        msgspec.structs.replace(stated(), recovery_key=NEXT_SPARE.public),
    ],
    ids=[
        "no proof",
        "not signed by the old key",
        "not signed by the new key",
        "a key that was never the party's",
        "signed by the new key alone",
        "a signing key that replaces the recovery key",
        "a recovery key that stays",
        "a recovery that leaves the stolen key",
        "signed for another realm",
        "another signing key than was signed",
        "another sealing key than was signed",
        "another recovery key than was signed",
    ],
)
def test_nothing_else_is_believed(event):
    with pytest.raises(KeySwapped):
        check(event)


def test_a_change_is_never_played_again():
    """Whatever authorised it has ended by it."""
    for event in (stated(), stated(recovery=NEXT_SPARE, by=SPARE)):
        check(event)
        now = msgspec.structs.replace(
            KNOWN, signing_key=THIEF.public, sealing_key=event.sealing_key, recovery_key=event.recovery_key
        )
        if event.recovery_key == SPARE.public:
            now = msgspec.structs.replace(now, signing_key=SigningKey.from_seed(b"l" * 32).public)
        with pytest.raises(KeySwapped):
            check(event, now)


def test_keys_that_are_none_are_refused():
    small = msgspec.structs.replace(stated(recovery=NEW), recovery_key=NEW.public)
    with pytest.raises(Malformed):
        check(small)


@given(st.sampled_from(list(Standing)), st.sampled_from(list(Standing)))
def test_a_standing_takes_only_the_steps_there_are(one, other):
    known = msgspec.structs.replace(KNOWN, standing=one)
    event = PartyEvent(
        party="prt_1",
        name="Ayr Bank plc",
        role=Role.BANK,
        jurisdiction="GB",
        standing=other,
        signing_key=OLD.public,
        sealing_key=SEALING,
        recovery_key=SPARE.public,
        agreement="",
    )
    allowed = one == other or (one, other) in {
        (Standing.PENDING, Standing.ACTIVE),
        (Standing.PENDING, Standing.LEFT),
        (Standing.ACTIVE, Standing.SUSPENDED),
        (Standing.ACTIVE, Standing.LEFT),
        (Standing.SUSPENDED, Standing.ACTIVE),
        (Standing.SUSPENDED, Standing.LEFT),
    }
    if allowed:
        check(event, known)
    else:
        with pytest.raises(Conflict):
            check(event, known)


@pytest.mark.parametrize("changes", [{"role": Role.AGENCY}, {"jurisdiction": "FR"}])
def test_a_party_keeps_the_role_and_the_country_that_it_joined_with(changes):
    with pytest.raises(KeySwapped, match="role or jurisdiction"):
        check(msgspec.structs.replace(stated(), **changes))


def succession(before: SigningKey, after: SigningKey, by: SigningKey, *, holder: str = "hub") -> KeyEvent:
    make = hub_key if holder == "hub" else partner_key
    context = Context(f"{holder}-key", REALM, HUB)
    old, new = make(before), make(after)
    return KeyEvent(
        holder=holder,
        key=str(new),
        before=str(old),
        by_before=endorse(by, context, old, new),
        by_after=endorse(after, context, old, new),
    )


def test_the_hubs_next_key_is_signed_by_both():
    event = succession(OLD, NEW, OLD)
    assert next_hub_key(hub_key(OLD), event, REALM, HUB) == hub_key(NEW)
    assert next_hub_key(hub_key(NEW), event, REALM, HUB) == hub_key(NEW), "told again, it is no change"


@pytest.mark.parametrize(
    "event",
    [
        succession(OLD, NEW, THIEF),
        msgspec.structs.replace(succession(OLD, NEW, OLD), by_after=bytes(64)),
        msgspec.structs.replace(succession(OLD, NEW, OLD), before=""),
        succession(THIEF, NEW, THIEF),
        KeyEvent(holder="hub", key=str(hub_key(NEW))),
        KeyEvent(
            holder="hub",
            key=str(VerifierKey("hub_2/heads/live", KeyKind.NOTE, NEW.public)),
            before=str(hub_key(OLD)),
        ),
    ],
    ids=["by another key", "not by itself", "of nothing", "of another key", "unsigned", "another hub's"],
)
def test_no_other_key_of_the_hub_is_believed(event):
    with pytest.raises(KeySwapped):
        next_hub_key(hub_key(OLD), event, REALM, HUB)


def test_another_partner_needs_the_agreement_of_the_one_before():
    first = KeyEvent(holder="partner", key=str(partner_key(OLD)))
    assert next_partner_key(None, first, REALM, HUB) == partner_key(OLD)
    assert next_partner_key(partner_key(OLD), first, REALM, HUB) == partner_key(OLD)
    agreed = succession(OLD, NEW, OLD, holder="partner")
    assert next_partner_key(partner_key(OLD), agreed, REALM, HUB) == partner_key(NEW)
    for swapped in (
        KeyEvent(holder="partner", key=str(partner_key(NEW))),
        succession(OLD, NEW, THIEF, holder="partner"),
        succession(OLD, NEW, NEW, holder="partner"),
        KeyEvent(holder="partner", key=str(hub_key(NEW))),
    ):
        with pytest.raises(KeySwapped):
            next_partner_key(partner_key(OLD), swapped, REALM, HUB)


def entry(seq: int, event: KeyEvent | None, kind: str = "key") -> Entry:
    header = Header(entry=kind, added=seq, fact="fct_1", directory=seq)
    body = encode(event) if event else None
    salt = bytes(32)
    return Entry(
        stream="directory",
        seq=seq,
        header=encode(header),
        salt_h=salt,
        origin_c=salt,
        body_c=salt,
        body=body,
        salt_b=salt if body else None,
    )


def test_keys_are_followed_through_entries_that_nothing_proves_yet():
    trust = Trust(HUB, REALM, hub_key(OLD), None)
    third = SigningKey.from_seed(b"3" * 32)
    entries = [
        entry(0, KeyEvent(holder="hub", key=str(hub_key(OLD)))),
        entry(1, None),
        entry(2, succession(OLD, NEW, OLD)),
        entry(3, KeyEvent(holder="partner", key=str(partner_key(OLD)))),
        entry(4, succession(OLD, THIEF, THIEF, holder="partner")),
        entry(5, succession(NEW, third, NEW)),
        entry(6, succession(OLD, THIEF, OLD)),
    ]
    seen = foresee(trust, entries)
    assert (seen.hub_key, seen.partner_key) == (hub_key(third), partner_key(OLD))
    assert foresee(trust, []) == trust


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_of_a_hub_stop_the_reader_from_looking_further(header, body):
    trust = Trust(HUB, REALM, hub_key(OLD), None)
    noise = msgspec.structs.replace(entry(0, None), header=header, body=body, salt_b=bytes(32))
    assert foresee(trust, [noise, entry(1, succession(OLD, NEW, OLD))]).hub_key == hub_key(NEW)


KEYS = [SigningKey.from_seed(bytes([number + 1]) * 32) for number in range(4)]
NUMBERS = st.sampled_from(range(4))


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=8))
def test_a_chain_is_followed_as_far_as_it_holds(links):
    """Each link counts when it begins at the present key and that key has signed it; any other changes nothing."""
    present, entries = 0, []
    for place, (before, after, by) in enumerate(links):
        entries.append(entry(place, succession(KEYS[before], KEYS[after], KEYS[by])))
        if before == by == present:
            present = after
    trust = Trust(HUB, REALM, hub_key(KEYS[0]), None)
    assert foresee(trust, entries).hub_key == hub_key(KEYS[present])
