# SPDX-License-Identifier: Apache-2.0
"""What a receiver may do with an indicator. The table is written by hand; the properties hold for every evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.domain.level import Band, Evidence, Level, band_of, judge

W, H, B = Level.WATCH, Level.HOLD, Level.BLOCK
GUARD = ("it is on the warninglist public-dns-v4",)

# named, anonymous, warned, guarded, witnessed, may block → level
TABLE = [
    # nothing, or anonymous reports alone: watch
    (Band.NONE, 0, 0, 0, 1, 1, W),
    (Band.NONE, 1, 0, 0, 1, 1, W),
    (Band.NONE, 1, 0, 0, 0, 1, W),
    (Band.NONE, 1, 0, 0, 1, 0, W),
    # one named source: watch; with anonymous reports a human decides
    (Band.ONE, 0, 0, 0, 1, 1, W),
    (Band.ONE, 0, 0, 0, 0, 1, W),
    (Band.ONE, 0, 0, 0, 1, 0, W),
    (Band.ONE, 1, 0, 0, 1, 1, H),
    (Band.ONE, 1, 0, 0, 0, 1, H),
    (Band.ONE, 1, 0, 0, 1, 0, W),
    (Band.ONE, 1, 0, 0, 0, 0, W),
    # two named sources or more: block, unless the history is unwitnessed or the marking forbids it
    (Band.FEW, 0, 0, 0, 1, 1, B),
    (Band.FEW, 1, 0, 0, 1, 1, B),
    (Band.FEW, 0, 0, 0, 0, 1, H),
    (Band.FEW, 0, 0, 0, 1, 0, W),
    (Band.FEW, 0, 0, 0, 0, 0, W),
    (Band.SEVERAL, 0, 0, 0, 1, 1, B),
    (Band.SEVERAL, 1, 0, 0, 0, 1, H),
    (Band.SEVERAL, 0, 0, 0, 1, 0, W),
    (Band.MANY, 0, 0, 0, 1, 1, B),
    (Band.MANY, 1, 0, 0, 1, 1, B),
    (Band.MANY, 0, 0, 0, 0, 1, H),
    (Band.MANY, 0, 0, 0, 1, 0, W),
    # a warning: as two named sources
    (Band.NONE, 0, 1, 0, 1, 1, B),
    (Band.NONE, 1, 1, 0, 1, 1, B),
    (Band.ONE, 0, 1, 0, 1, 1, B),
    (Band.ONE, 1, 1, 0, 1, 1, B),
    (Band.FEW, 0, 1, 0, 1, 1, B),
    (Band.NONE, 0, 1, 0, 0, 1, H),
    (Band.NONE, 0, 1, 0, 1, 0, W),
    (Band.NONE, 0, 1, 0, 0, 0, W),
    # a guard holds, whatever else there is
    (Band.NONE, 0, 0, 1, 1, 1, H),
    (Band.NONE, 1, 0, 1, 1, 1, H),
    (Band.ONE, 0, 0, 1, 1, 1, H),
    (Band.ONE, 1, 0, 1, 1, 1, H),
    (Band.FEW, 0, 0, 1, 1, 1, H),
    (Band.MANY, 1, 1, 1, 1, 1, H),
    (Band.MANY, 1, 1, 1, 0, 1, H),
    (Band.MANY, 1, 1, 1, 1, 0, H),
    (Band.NONE, 0, 1, 1, 0, 0, H),
]

EVIDENCE = st.builds(
    Evidence,
    named=st.sampled_from(Band),
    anonymous=st.booleans(),
    warned=st.booleans(),
    guards=st.sampled_from([(), GUARD, ("it is your own domain", *GUARD)]),
    witnessed=st.booleans(),
    may_block=st.booleans(),
)


@pytest.mark.parametrize(
    ("named", "anonymous", "warned", "guarded", "witnessed", "may_block", "level"), TABLE
)
def test_the_table(
    named: Band, anonymous: int, warned: int, guarded: int, witnessed: int, may_block: int, level: Level
) -> None:
    evidence = Evidence(
        named=named,
        anonymous=bool(anonymous),
        warned=bool(warned),
        guards=GUARD if guarded else (),
        witnessed=bool(witnessed),
        may_block=bool(may_block),
    )
    assert judge(evidence).level is level


def test_no_row_of_the_table_says_two_things() -> None:
    assert len({row[:-1] for row in TABLE}) == len(TABLE)


def rank(evidence: Evidence) -> int:
    return list(Level).index(judge(evidence).level)


@given(EVIDENCE)
def test_anonymous_reports_never_raise_to_block(evidence: Evidence) -> None:
    without, with_ = replace(evidence, anonymous=False), replace(evidence, anonymous=True)
    assert (judge(with_).level is B) == (judge(without).level is B)


@given(EVIDENCE)
def test_a_guard_always_holds(evidence: Evidence) -> None:
    guarded = replace(evidence, guards=GUARD)
    assert judge(guarded).level is H
    assert judge(guarded).reasons == GUARD


@given(EVIDENCE, st.sampled_from(Band), st.sampled_from(Band))
def test_more_named_sources_never_lower(evidence: Evidence, one: Band, other: Band) -> None:
    fewer, more = sorted((one, other), key=list(Band).index)
    assert rank(replace(evidence, named=fewer)) <= rank(replace(evidence, named=more))


@given(EVIDENCE)
def test_a_warning_never_lowers(evidence: Evidence) -> None:
    assert rank(replace(evidence, warned=False)) <= rank(replace(evidence, warned=True))


@given(EVIDENCE)
def test_an_anonymous_report_never_lowers(evidence: Evidence) -> None:
    assert rank(replace(evidence, anonymous=False)) <= rank(replace(evidence, anonymous=True))


@given(EVIDENCE)
def test_nothing_steps_to_block_while_the_partner_has_not_co_signed(evidence: Evidence) -> None:
    assert judge(replace(evidence, witnessed=False)).level is not B


@given(EVIDENCE)
def test_a_marking_against_active_measures_never_blocks(evidence: Evidence) -> None:
    assert judge(replace(evidence, may_block=False)).level is not B


@given(EVIDENCE)
def test_every_judgement_has_a_reason(evidence: Evidence) -> None:
    reasons = judge(evidence).reasons
    assert reasons
    assert all(reasons)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (Evidence(named=Band.FEW), "2-4 named sources"),
        (Evidence(named=Band.MANY), "20+ named sources"),
        (Evidence(warned=True, named=Band.MANY), "a warning names it"),
        (Evidence(named=Band.ONE), "one named source"),
        (Evidence(anonymous=True), "anonymous reports only"),
        (Evidence(), "no source is left"),
    ],
)
def test_the_reason_names_what_decided(evidence: Evidence, reason: str) -> None:
    assert judge(evidence).reasons == (reason,)


@pytest.mark.parametrize(
    ("count", "band"),
    [
        (-1, "0"),
        (0, "0"),
        (1, "1"),
        (2, "2-4"),
        (4, "2-4"),
        (5, "5-19"),
        (19, "5-19"),
        (20, "20+"),
        (5_000, "20+"),
    ],
)
def test_counts_are_published_as_bands_only(count: int, band: str) -> None:
    assert band_of(count) == band
