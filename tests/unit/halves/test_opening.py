# SPDX-License-Identifier: Apache-2.0
"""Trustees open one report for one requester: what each of the four can do wrong, and what it costs."""

import random

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.accountable import POLICE, TRUSTEES
from tests.unit.halves.test_epochs import CHANCE, document

from tocsin.errors import BadProof, BadSignature, InputError, Malformed, ProofError, Refused
from tocsin.halves import opening as half
from tocsin.halves.candidates import Asker, party_bytes
from tocsin.halves.opening import Keys, answer, check_answer, check_request, named, rehearsal
from tocsin.privacy import escrow
from tocsin.privacy.blindrsa import BlindSigner
from tocsin.privacy.hybrid import Recipient
from tocsin.privacy.shamir import deal
from tocsin.privacy.tokens import TokenKey, finish, issue
from tocsin.proof.signing import Context, SigningKey
from tocsin.wire.envelope import enclose
from tocsin.wire.epoch import EpochDocument
from tocsin.wire.messages import Report, encode
from tocsin.wire.opening import KeptEscrow, OpeningRequest, SharedValue
from tocsin.wire.trustees import Trustee

PARTY = "prt_" + "1" * 32
PRINT = POLICE.trustee.fingerprint
STRANGER = Keys("Stranger", bytes(32))
_PRIVATE = rsa.generate_private_key(65537, 2048)
SIGNER = BlindSigner(_PRIVATE, CHANCE)
REPORT = Report(
    id="rpt_" + "a" * 32,
    sent=0,
    audiences=("members",),
    objects=(msgspec.Raw(b'{"type":"indicator","pattern":"[domain-name:value = \'evil.example\']"}'),),
    report_class="mixed",
)


def terms(**other) -> EpochDocument:
    values = {
        "token_class": "accountable",
        "needed": 2,
        "trustees": tuple(one.trustee for one in TRUSTEES),
        "issuer_key": TokenKey(SIGNER.public).to_bytes(),
    }
    return document(**{**values, **other})


def kept(
    found: EpochDocument, party: str = PARTY, body: bytes = encode(REPORT), seed: bytes = b"s" * 32
) -> KeptEscrow:
    """What a hub keeps of one report, from asking for its token on."""
    data = encode(found)
    one = Asker(found, data, party_bytes(party)).candidate(seed)
    token = finish(one.pending, issue(SIGNER, TokenKey(SIGNER.public), one.pending.request))
    one_time = SigningKey.from_seed(one.one_time_seed)
    signs = Context("anonymous-report", found.realm, found.hub)
    inside = enclose(
        body, token, one.random, one_time, bytes(32), signs=signs, document=data, escrow=one.escrow
    )
    return KeptEscrow(
        document=data,
        token=token.to_bytes(),
        random=one.random,
        one_time_key=one_time.public,
        signature=inside.signature,
        body=body,
        escrow=one.escrow,
    )


KEPT = kept(terms())
KEEPS = Asker(terms(), encode(terms()), party_bytes(PARTY)).candidate(b"s" * 32)
OTHER = kept(terms(), seed=b"o" * 32)


def request(one: KeptEscrow = KEPT, requester: Keys = POLICE, **other) -> bytes:
    found = OpeningRequest(made=7, requester=requester.card(), purpose="Case 7", kept=one)
    return encode(msgspec.structs.replace(found, **other))


ASKED = check_request(request())
ANSWERS = [answer(ASKED, one, PRINT) for one in TRUSTEES]


def test_enough_of_them_name_the_sender_whoever_is_lost():
    for lost in range(3):
        some = [one for n, one in enumerate(ANSWERS) if n != lost]
        found = named(ASKED, some, POLICE)
        assert (found.party, len(found.trustees), found.refused) == (PARTY, 2, ())
    assert named(ASKED, ANSWERS, POLICE).trustees == ("Counsel", "Judge", "Ombudsman")


def test_fewer_than_are_needed_say_nothing():
    for some in ([], ANSWERS[:1]):
        with pytest.raises(Malformed, match=f"2 shares are needed, and {len(some)} are good"):
            named(ASKED, some, POLICE)


def test_one_share_is_the_same_whoever_sent_the_report():
    """k − 1 = 1 share of 2: for each member there is a dealing that gives exactly this one."""
    share = TRUSTEES[0].sealing.open(KEPT.escrow, ASKED.terms)
    shifted = bytes(a ^ b for a, b in zip(share.value, party_bytes("prt_" + "2" * 32), strict=True))
    assert deal(party_bytes("prt_" + "2" * 32), 2, 3, shifted)[0] == share.value


def test_a_trustee_that_is_here_twice_counts_once():
    with pytest.raises(Malformed, match="Share 1 is here twice"):
        named(ASKED, [ANSWERS[0], ANSWERS[0]], POLICE)
    again = answer(ASKED, TRUSTEES[0], PRINT)
    assert again.sealed != ANSWERS[0].sealed
    with pytest.raises(Malformed, match="here twice"):
        named(ASKED, [ANSWERS[0], again], POLICE)
    assert named(ASKED, [ANSWERS[0], again, ANSWERS[2]], POLICE).party == PARTY


def lying(value: bytes, coins: bytes, number: int = 1, keys: Keys = TRUSTEES[0]):
    """What a trustee hands in that opened its share and says something else, under its own signature."""
    sealed = Recipient(POLICE.answering.public).seal(
        msgspec.msgpack.encode(SharedValue(value, coins)), half._answers(ASKED, number)
    )
    told = half._opened(ASKED, number, sealed)
    signature = keys.signing.sign(half._context(ASKED), told)
    return msgspec.structs.replace(ANSWERS[0], number=number, sealed=sealed, signature=signature)


@pytest.mark.parametrize(
    "what", ["another value", "another's share", "no share", "another's number", "no trustee"]
)
def test_a_wrong_share_is_named_and_costs_nothing_but_itself(what):
    own = TRUSTEES[0].sealing.open(KEPT.escrow, ASKED.terms)
    other = TRUSTEES[1].sealing.open(KEPT.escrow, ASKED.terms)
    wrong, said = {
        "another value": (lying(bytes(16), own.coins), "Share 1 is not the one"),
        "another's share": (lying(other.value, other.coins), "Share 1 is not the one"),
        "no share": (lying(b"", b""), "A share has 48 bytes"),
        "another's number": (lying(own.value, own.coins, 2), ""),
        "no trustee": (msgspec.structs.replace(ANSWERS[0], number=4), "no trustee 4"),
    }[what]
    found = named(ASKED, [wrong, ANSWERS[1], ANSWERS[2]], POLICE)
    assert found.party == PARTY
    assert len(found.refused) == 1
    assert said in found.refused[0]
    with pytest.raises(Malformed, match="1 are good"):
        named(ASKED, [wrong, ANSWERS[1]], POLICE)


def test_an_answer_to_another_request_is_none_to_this():
    other = check_request(request(OTHER))
    strange = answer(other, TRUSTEES[0], PRINT)
    with pytest.raises(Malformed, match="another request"):
        check_answer(ASKED, strange)
    with pytest.raises(BadSignature):
        check_answer(ASKED, msgspec.structs.replace(strange, request=ASKED.digest))


def test_only_the_requester_reads_it():
    with pytest.raises(Refused, match="Only its requester, City Police"):
        named(ASKED, ANSWERS, STRANGER)
    posing = Keys("City Police", bytes(32))
    with pytest.raises(Refused, match="Only its requester"):
        named(ASKED, ANSWERS, posing)
    stolen = check_request(request(requester=posing))
    moved = [msgspec.structs.replace(one, request=stolen.digest) for one in ANSWERS]
    with pytest.raises(Malformed, match="0 are good"):
        named(stolen, moved, posing)


def test_a_trustee_opens_for_the_fingerprint_that_it_was_told_and_no_other():
    posing = check_request(request(requester=Keys("City Police", bytes(32))))
    for asked, told in ((posing, PRINT), (ASKED, STRANGER.trustee.fingerprint), (ASKED, "")):
        with pytest.raises(Refused, match="another fingerprint"):
            answer(asked, TRUSTEES[0], told)
    assert answer(ASKED, TRUSTEES[0], PRINT.upper().replace(" ", "")).number == 1
    with pytest.raises(Malformed, match="none of the trustees"):
        answer(ASKED, STRANGER, PRINT)


@pytest.mark.parametrize(
    "change",
    [
        {"escrow": OTHER.escrow},
        {"one_time_key": OTHER.one_time_key},
        {"random": OTHER.random},
        {"token": OTHER.token},
        {"signature": OTHER.signature},
        {"body": encode(msgspec.structs.replace(REPORT, id="rpt_" + "b" * 32))},
        {"document": encode(terms(quota=4))},
        {"document": encode(document())},
        {"escrow": KEPT.escrow[:-1]},
        {"token": b""},
    ],
    ids=["escrow", "key", "random", "token", "signature", "body", "document", "open", "short", "none"],
)
def test_what_does_not_belong_together_is_opened_by_nobody(change):
    with pytest.raises((InputError, ProofError)):
        check_request(request(msgspec.structs.replace(KEPT, **change)))


def test_a_share_of_another_epoch_does_not_open():
    """A document of the attacker's, under its own issuer key, with a true escrow of another epoch in it."""
    later = terms(number=2)
    moved = kept(later)
    with pytest.raises(Malformed, match="another key"):
        check_request(request(msgspec.structs.replace(moved, escrow=KEPT.escrow)))
    asked = check_request(request(moved))
    with pytest.raises(Malformed, match="does not open"):
        TRUSTEES[0].sealing.open(KEPT.escrow, asked.terms)


def test_a_member_that_faked_its_name_is_shown_as_who_it_said():
    faked = check_request(request(kept(terms(), party="prt_" + "f" * 32, seed=b"f" * 32)))
    found = named(faked, [answer(faked, one, PRINT) for one in TRUSTEES[:2]], POLICE)
    assert found.party == "prt_" + "f" * 32


def test_shares_that_were_never_of_one_secret_name_nobody():
    found, seed = terms(), b"s" * 32
    one_time = SigningKey.from_seed(KEEPS.one_time_seed).public
    place = found.escrow(encode(found), one_time)
    first, second = (escrow.seal(party_bytes(party), place, seed) for party in (PARTY, "prt_" + "2" * 32))
    patched = msgspec.structs.replace(
        ASKED.request.kept, escrow=first[:96] + second[96:], one_time_key=one_time
    )
    asked = msgspec.structs.replace(
        ASKED, request=msgspec.structs.replace(ASKED.request, kept=patched), terms=place
    )
    answers = [answer(asked, one, PRINT) for one in TRUSTEES]
    with pytest.raises(BadProof, match="of no one secret"):
        named(asked, answers, POLICE)
    assert named(asked, answers[:2], POLICE).party not in (PARTY, "prt_" + "2" * 32)
    assert named(asked, answers[1:], POLICE).party == "prt_" + "2" * 32


def test_a_rehearsal_names_nobody_and_hides_no_report():
    data = encode(rehearsal(KEPT.document, POLICE.card(), 7, random.Random(7).randbytes))
    asked = check_request(data)
    assert asked.report is None
    assert named(asked, [answer(asked, one, PRINT) for one in TRUSTEES[:2]], POLICE).party == ""
    posing = msgspec.structs.replace(asked.request.kept, escrow=KEPT.escrow, one_time_key=KEPT.one_time_key)
    with pytest.raises(BadProof, match="may be a member's"):
        check_request(encode(msgspec.structs.replace(asked.request, kept=posing)))
    mixed = msgspec.structs.replace(
        asked.request, kept=msgspec.structs.replace(asked.request.kept, body=b"x")
    )
    with pytest.raises(Malformed, match="no report"):
        check_request(encode(mixed))
    with pytest.raises(Malformed, match="name nobody"):
        rehearsal(encode(document()), POLICE.card(), 7, CHANCE)


def test_a_request_says_why():
    for purpose in ("", "  ", "x" * 1_001):
        with pytest.raises(Malformed, match="says why"):
            request(purpose=purpose)


def test_keys_come_from_one_seed_and_a_card_is_its_holders():
    assert Keys("Judge", b"k" * 32).trustee == Keys("Judge", b"k" * 32).trustee
    card = POLICE.card()
    for change in ({"answer_key": STRANGER.answering.public}, {"trustee": STRANGER.trustee}):
        with pytest.raises(BadSignature):
            msgspec.structs.replace(card, **change)
    with pytest.raises(Malformed, match="answer key"):
        msgspec.structs.replace(card, answer_key=b"")
    for seed in (b"", bytes(31), bytes(33)):
        with pytest.raises(Malformed, match="32"):
            Keys("Judge", seed)
    assert len(PRINT.split()) == 8
    assert Trustee("Other", POLICE.trustee.sealing_key, POLICE.trustee.signing_key).fingerprint != PRINT


@pytest.mark.parametrize(
    "other",
    [
        {"needed": 0},
        {"needed": 1},
        {"needed": 4},
        {"trustees": ()},
        {"trustees": tuple(one.trustee for one in (*TRUSTEES[:2], TRUSTEES[0]))},
        {"trustees": (TRUSTEES[0].trustee, Keys("counsel ", bytes(32)).trustee)},
        {"trustees": (TRUSTEES[0].trustee, Keys("post  office", bytes(32)).trustee)},
        {"trustees": tuple(Keys(str(n), n.to_bytes(32)).trustee for n in range(16))},
        {"token_class": "open"},
        {"token_class": "other"},
    ],
    ids=["none", "one", "too many", "nobody", "twice", "namesake", "the relay", "sixteen", "open", "other"],
)
def test_trustees_that_can_be_none_make_no_epoch(other):
    with pytest.raises(Malformed):
        terms(**other)
