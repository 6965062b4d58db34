# SPDX-License-Identifier: Apache-2.0
"""A part of a text has the fingerprint that it has alone, wherever it stands, and known ones are told from others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.hunting import fingerprints as module
from tocsin.agent.hunting.fingerprints import MAX_PIECE, Fingerprints, Sums

WORDS = st.text(st.sampled_from("ab.-_019z"), min_size=1, max_size=20)


def prints_of(words: list[str]) -> np.ndarray:
    text = np.frombuffer(f" {' '.join(words)} ".encode(), np.uint8)
    blanks = np.flatnonzero(text == ord(" "))
    return Sums(text).of(blanks[:-1] + 1, blanks[1:])


@given(st.lists(WORDS, min_size=1, max_size=20))
def test_a_word_has_one_fingerprint_wherever_it_stands(words: list[str]) -> None:
    alone = [int(prints_of([word])[0]) for word in words]
    assert prints_of(words).tolist() == alone
    assert len(set(alone)) == len(set(words))


def test_it_is_the_polynomial_that_it_is_said_to_be() -> None:
    expected = sum(byte * module._BASE**place for place, byte in enumerate(b"evil.example")) % 2**64
    assert prints_of(["evil.example"]).tolist() == [expected]
    far = f"{'x' * (MAX_PIECE - 14)} evil.example"
    assert prints_of(far.split())[1] == expected


@given(known=st.lists(WORDS, max_size=30), asked=st.lists(WORDS, min_size=1, max_size=30))
def test_exactly_what_is_known_is_known(known: list[str], asked: list[str]) -> None:
    found = Fingerprints(known).known(prints_of(asked))
    assert found.tolist() == [place for place, word in enumerate(asked) if word in known]


def test_of_many_known_texts_none_is_lost_and_no_other_is_found() -> None:
    known = [f"{number:x}.example" for number in range(20_000)]
    made = Fingerprints(known)
    for start in range(0, len(known), 1_000):
        assert len(made.known(prints_of(known[start : start + 1_000]))) == 1_000
    assert not len(made.known(prints_of([f"{number:x}.other" for number in range(5_000)])))
