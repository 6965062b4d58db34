# SPDX-License-Identifier: Apache-2.0
"""Relay and partner sign one document for a number, and none that could mark a member."""

import random

import msgspec
import pytest

from tocsin.clock import DAY, SECOND, Instant
from tocsin.domain.party import Role
from tocsin.errors import BadSignature, Conflict, InputError, Malformed, Refused
from tocsin.halves.epochs import Operator, Signed, check_signed, sign_document
from tocsin.hub.anonymous.keys import EpochKeys, new_keys
from tocsin.privacy.blindrsa import PublicKey
from tocsin.privacy.ohttp import Gateway
from tocsin.privacy.tokens import TokenKey
from tocsin.proof.signing import SigningKey
from tocsin.wire.epoch import EpochDocument, Member, Operators, Roster
from tocsin.wire.messages import encode

NOW = Instant(1_795_249_800_000_000)
CHANCE = random.Random(7).randbytes
RELAY, PARTNER = SigningKey.from_seed(b"r" * 32), SigningKey.from_seed(b"p" * 32)
KEYS = [EpochKeys(number, new_keys(CHANCE), CHANCE) for number in (1, 2)]
MIXES = [Gateway(number, CHANCE(32)).config.to_bytes() for number in (1, 2)]
ROSTER = Roster(members=(Member("prt_" + "1" * 32, Role.BANK, b"k" * 32),))


def document(number: int = 1, **other) -> EpochDocument:
    keys, begins = KEYS[number - 1], NOW + number * 10 * DAY
    values = {
        "hub": "hub_1",
        "realm": "live",
        "number": number,
        "operators": Operators("City", "Post Office", "Vault Trust"),
        "issue_from": begins - 3 * DAY,
        "issue_until": begins - DAY,
        "begins": begins,
        "ends": begins + 12 * 300 * SECOND,
        "slot_seconds": 300,
        "quota": 3,
        "issuer_key": keys.token_key.to_bytes(),
        "hub_key": keys.signing.public,
        "intake_key": keys.intake.public,
        "mix_gateway": MIXES[number - 1],
        "now_gateway": keys.gateway.config.to_bytes(),
        "relay_url": "https://relay.example",
        "relay_key": RELAY.public,
        "partner_key": PARTNER.public,
        "envelope_bytes": 16_384,
        "results": 4,
        "floor": 20,
        "members": 1,
        "members_root": ROSTER.digest(),
    }
    return EpochDocument(**{**values, **other})


def operator(place: str = "relay", **other) -> Operator:
    name, key = ("Post Office", RELAY) if place == "relay" else ("Vault Trust", PARTNER)
    return msgspec.structs.replace(Operator(place, name, "hub_1", "live", key), **other)


def sign(found: EpochDocument, earlier=(), roster: Roster = ROSTER, who: Operator | None = None) -> bytes:
    who = who or operator()
    gateway = b"" if who.place == "relay" else MIXES[found.number - 1]
    return sign_document(encode(found), encode(roster), who, gateway, earlier, NOW)


def signed(found: EpochDocument) -> Signed:
    return Signed(found.number, encode(found), encode(ROSTER))


def test_both_signatures_make_a_document_believed():
    data = encode(document())
    by_relay, by_partner = sign(document()), sign(document(), who=operator("partner"))
    assert check_signed(data, by_relay, by_partner) == document()
    for wrong in ((by_partner, by_relay), (by_relay, by_relay), (bytes(64), by_partner)):
        with pytest.raises(BadSignature):
            check_signed(data, *wrong)


def test_the_same_document_is_signed_again_and_another_of_its_number_never():
    first = document()
    assert sign(first, [signed(first)]) == sign(first)
    for other in (
        {"quota": 4},
        {"intake_key": KEYS[1].intake.public},
        {"relay_url": "https://relay.example/one"},
    ):
        with pytest.raises(Conflict, match="Another document"):
            sign(document(**other), [signed(first)])


def test_a_document_is_signed_again_when_the_gateways_key_has_gone():
    first, partner = encode(document()), operator("partner")
    again = sign_document(first, encode(ROSTER), partner, MIXES[1], [signed(document())], NOW)
    assert again == sign(document(), who=partner)


def test_the_next_number_follows_with_new_keys():
    assert sign(document(2), [signed(document())])
    assert sign(document(2))  # a relay that is new
    for other in (
        {"number": 3},
        {"issuer_key": document().issuer_key},
        {"hub_key": document().hub_key},
        {"intake_key": document().intake_key},
        {"now_gateway": document().now_gateway},
    ):
        with pytest.raises(Refused):
            sign(msgspec.structs.replace(document(2), **other), [signed(document())])


@pytest.mark.parametrize(
    "other",
    [
        {"hub": "hub_2"},
        {"realm": "drill"},
        {"operators": Operators("City", "Another Post", "Vault Trust")},
        {"relay_key": SigningKey.from_seed(b"x" * 32).public},
        {"members": 2},
        {"members_root": bytes(32)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_is_not_so_is_not_signed(other):
    with pytest.raises(Refused):
        sign(document(**other))


def test_a_far_future_is_not_signed():
    far = 500 * DAY
    moved = {
        name: getattr(document(), name) + far for name in ("issue_from", "issue_until", "begins", "ends")
    }
    with pytest.raises(Refused, match="far"):
        sign(document(**moved))


def test_an_issuer_whose_key_has_a_small_factor_is_not_signed_for():
    broken = TokenKey(PublicKey(9_973 * ((1 << 2047) // 9_973 + 2) | 1))
    while broken.rsa.modulus % 9_973:
        broken = TokenKey(PublicKey(broken.rsa.modulus + 2))
    with pytest.raises(Refused, match="small factor"):
        sign(document(issuer_key=broken.to_bytes()))


def test_the_partner_signs_for_the_gateway_that_it_proposed_only():
    with pytest.raises(Refused, match="gateway"):
        sign(document(mix_gateway=MIXES[1]), who=operator("partner"))


@pytest.mark.parametrize(
    "names", [("City", "City", "Vault"), ("City", "Post", " post "), ("", "Post", "Vault")], ids="-".join
)
def test_hub_relay_and_partner_are_three_legal_persons(names):
    with pytest.raises(Malformed, match="three different"):
        Operators(*names)


@pytest.mark.parametrize(
    "other",
    [
        {"ends": document().begins},
        {"quota": 13},
        {"issue_until": document().begins - DAY + 1},
        {"slot_seconds": 299},
        {"envelope_bytes": 100},
        {"results": 0},
        {"members": 0},
        {"token_class": "accountable"},
        {"issue_until": document().begins + 1},
        {"relay_key": PARTNER.public},
        {"now_gateway": MIXES[0]},
        {"issuer_key": b"none"},
        {"intake_key": bytes(1216)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_document_that_can_be_no_epochs_is_malformed(other):
    with pytest.raises(InputError):
        document(**other)


def test_tokens_rest_for_less_than_a_day_in_a_rehearsal_only():
    short = {"issue_until": document().begins - SECOND}
    with pytest.raises(Malformed, match="rest for a day"):
        document(**short)
    assert document(**short, rehearsal=True).rehearsal
