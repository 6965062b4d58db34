# SPDX-License-Identifier: Apache-2.0
"""Half of what is asked is opened and made again: one fake is caught with one half, and honest members never."""

import random
from itertools import combinations
from math import comb

import msgspec
import pytest
from tests.accountable import TRUSTEES
from tests.unit.halves.test_epochs import document

from tocsin.errors import BadProof, BadSignature, Malformed
from tocsin.halves.audit import chosen, examine, false_places, opening, others
from tocsin.halves.candidates import Asker, party_bytes
from tocsin.proof.signing import SigningKey
from tocsin.wire.audit import FalseTokens, OpenTokens
from tocsin.wire.messages import encode

CHANCE = random.Random(42).randbytes
DOCUMENT = document(
    token_class="accountable",
    needed=2,
    trustees=tuple(one.trustee for one in TRUSTEES),
)
DATA = encode(DOCUMENT)
PARTY, VICTIM = "prt_" + "1" * 32, "prt_" + "2" * 32
KEY = SigningKey.from_seed(b"m" * 32)
ASKER = Asker(DOCUMENT, DATA, party_bytes(PARTY))
SEEDS = [CHANCE(32) for _ in range(DOCUMENT.asked)]
REQUESTS = [ASKER.candidate(seed).request for seed in SEEDS]
FAKED = [Asker(DOCUMENT, DATA, party_bytes(VICTIM)).candidate(seed).request for seed in SEEDS]


def opened(requests: list[bytes], draw: bytes) -> OpenTokens:
    seeds = [SEEDS[place] for place in chosen(draw, len(requests))]
    return opening(ASKER, requests, draw, seeds, KEY)


def evidence(told: OpenTokens) -> FalseTokens:
    return FalseTokens(document=DATA, party=PARTY, signing_key=KEY.public, opened=encode(told))


def test_a_request_is_made_again_from_its_seed_byte_for_byte():
    assert [Asker(DOCUMENT, DATA, party_bytes(PARTY)).candidate(seed).request for seed in SEEDS] == REQUESTS
    assert set(REQUESTS).isdisjoint(FAKED)
    one, other = ASKER.candidate(SEEDS[0]), ASKER.candidate(SEEDS[1])
    assert len(one.escrow) == DOCUMENT.escrow_bytes == 3 * 96
    assert (one.escrow, one.random, one.one_time_seed) != (other.escrow, other.random, other.one_time_seed)
    assert repr(one) == "Candidate(…)"
    for size in (0, 31, 33):
        with pytest.raises(Malformed, match="32"):
            ASKER.candidate(bytes(size))


def test_tokens_of_class_open_have_no_escrow_and_come_from_other_requests():
    plain = document()
    candidate = Asker(plain, encode(plain), party_bytes(PARTY)).candidate(SEEDS[0])
    assert candidate.escrow == b""
    assert candidate.request != REQUESTS[0]


def test_exactly_half_is_chosen_and_every_half_is_as_likely():
    asked, draws = 6, 4_000
    counts = dict.fromkeys(combinations(range(asked), 3), 0)
    for n in range(draws):
        draw = n.to_bytes(32)
        half = chosen(draw, asked)
        assert sorted(half + others(draw, asked)) == list(range(asked))
        counts[half] += 1
    mean = draws / comb(asked, 3)
    assert (
        sum((count - mean) ** 2 / mean for count in counts.values()) < 50
    )  # chi-squared, 19 degrees: p = 0.0001
    with pytest.raises(Malformed, match="32 bytes"):
        chosen(b"", 6)


@pytest.mark.parametrize("fakes", [1, 2, 3])
def test_fakes_are_caught_as_often_as_the_arithmetic_says(fakes):
    """C(N, f) / C(2N, f) of them pass: for one exactly one half."""
    passed = [half for half in combinations(range(6), 3) if not set(half) & set(range(fakes))]
    assert len(passed) / comb(6, 3) == pytest.approx(comb(3, fakes) / comb(6, fakes))
    requests = [*FAKED[:fakes], *REQUESTS[fakes:]]
    for n in range(12):
        draw = n.to_bytes(32)
        expected = tuple(place for place in chosen(draw, 6) if place < fakes)
        assert false_places(ASKER, opened(requests, draw), KEY.public) == expected


def test_an_honest_member_is_never_caught_and_cannot_be_framed():
    for n in range(3):
        told = opened(REQUESTS, n.to_bytes(32))
        assert false_places(ASKER, told, KEY.public) == ()
        with pytest.raises(BadProof, match="nothing wrong"):
            examine(evidence(told))
    forged = msgspec.structs.replace(told, requests=(*FAKED[:3], *told.requests[3:]))
    for change in (
        evidence(forged),
        msgspec.structs.replace(evidence(told), signing_key=SigningKey.from_seed(b"x" * 32).public),
        msgspec.structs.replace(evidence(told), document=encode(msgspec.structs.replace(DOCUMENT, number=2))),
    ):
        with pytest.raises(BadSignature):
            examine(change)


def test_a_member_that_signed_for_a_fake_is_shown_to_anybody():
    draw = next(n.to_bytes(32) for n in range(99) if 0 in chosen(n.to_bytes(32), 6))
    shown = evidence(opened([FAKED[0], *REQUESTS[1:]], draw))
    assert examine(shown) == (0,)
    other = msgspec.structs.replace(shown, party=VICTIM)
    assert len(examine(other)) >= 2, "the file does not say whose the key is: the directory does"


@pytest.mark.parametrize(
    "how", ["fewer seeds", "fewer requests", "other seeds", "garbage seed", "another draw"]
)
def test_an_opening_of_something_else_is_refused_or_caught(how):
    draw = bytes(32)
    good = [SEEDS[place] for place in chosen(draw, 6)]
    left = [SEEDS[place] for place in others(draw, 6)]
    if how in ("other seeds", "garbage seed"):
        seeds = left if how == "other seeds" else [b"short", *good[1:]]
        told = opening(ASKER, REQUESTS, draw, seeds, KEY)
        assert false_places(ASKER, told, KEY.public) == chosen(draw, 6)[: 3 if how == "other seeds" else 1]
        return
    told, error = {
        "fewer seeds": (opening(ASKER, REQUESTS, draw, good[1:], KEY), Malformed),
        "fewer requests": (opening(ASKER, REQUESTS[1:], draw, good, KEY), Malformed),
        "another draw": (msgspec.structs.replace(opened(REQUESTS, draw), draw=b"\x01" * 32), BadSignature),
    }[how]
    with pytest.raises(error):
        false_places(ASKER, told, KEY.public)


def test_tokens_of_class_open_are_no_evidence():
    with pytest.raises(Malformed, match="not audited"):
        examine(msgspec.structs.replace(evidence(opened(REQUESTS, bytes(32))), document=encode(document())))
