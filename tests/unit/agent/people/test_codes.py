# SPDX-License-Identifier: Apache-2.0
"""One-time codes against RFC 6238's own vectors, recovery codes, and passwords at the product's cost."""

import random
from base64 import b32decode
from urllib.parse import parse_qs, urlsplit

import pytest

from tocsin.agent.people import passwords, recovery_codes, totp
from tocsin.clock import SECOND, Instant
from tocsin.errors import Malformed

SEED = b"12345678901234567890"
RFC_6238 = {
    59: "94287082",
    1_111_111_109: "07081804",
    1_111_111_111: "14050471",
    1_234_567_890: "89005924",
    2_000_000_000: "69279037",
    20_000_000_000: "65353130",
}
"""Appendix B, SHA-1: seconds and eight digits, of which a telephone shows the last six."""


def at(seconds: int) -> Instant:
    return Instant(seconds * SECOND)


@pytest.mark.parametrize("seconds", RFC_6238)
def test_codes_are_those_of_the_rfc(seconds: int) -> None:
    assert totp.code_at(SEED, totp.step_of(at(seconds))) == RFC_6238[seconds][2:]


@pytest.mark.parametrize(("late", "counts"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_clocks_may_differ_by_one_step(late: int, counts: bool) -> None:
    code = totp.code_at(SEED, totp.step_of(at(1_000_000 + late)))
    assert (totp.matching(SEED, code, at(1_000_000), 0) is not None) is counts


def test_a_code_counts_once_and_no_earlier_one_after_it() -> None:
    now = at(1_000_000)
    before, here = (totp.code_at(SEED, totp.step_of(now) - back) for back in (1, 0))
    step = totp.matching(SEED, here, now, 0)
    assert step == totp.step_of(now)
    assert totp.matching(SEED, here, now, step) is None
    assert totp.matching(SEED, before, now, step) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "٠١٢٣٤٥", "abcdef", " 000000", "0" * 10_000])
def test_what_is_no_code_is_none(code: str) -> None:
    assert totp.matching(SEED, code, at(1_000_000), 0) is None


def test_a_telephone_is_told_the_seed_in_two_ways() -> None:
    assert b32decode(totp.spelled(SEED).replace(" ", "")) == SEED
    address = urlsplit(totp.address(SEED, "Tocsin", "Zoë & Co"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query)["secret"] == [totp.spelled(SEED).replace(" ", "")]
    assert "&" not in address.path


def test_a_recovery_code_is_used_once_however_it_is_typed() -> None:
    codes = recovery_codes.new_codes(random.Random(1).randbytes)
    kept = tuple(map(recovery_codes.digest, codes))
    assert len(set(codes)) == recovery_codes.COUNT
    left = recovery_codes.without(kept, codes[3].lower().replace("-", " "))
    assert left == kept[:3] + kept[4:]
    assert recovery_codes.without(left, codes[3]) is None
    assert recovery_codes.without(kept, "") is None
    assert recovery_codes.without((), codes[0]) is None


@pytest.mark.parametrize(
    "password",
    ["short words", "a" * 40, "abababababab", "adaexample-ada example", "x1y2z3" * 50],
    ids=["short", "one letter", "two letters", "own name", "long"],
)
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(Malformed):
        passwords.check_password(password, "Ada Example")


def test_a_password_is_right_in_either_form_of_its_letters() -> None:
    kept = passwords.hashed("bell\u00eb over the river", random.Random(1).randbytes)
    assert passwords.is_right("belle\u0308 over the river", kept)
    assert not passwords.is_right("belle over the river", kept)
    assert not passwords.is_right("belle over the river", "")
    assert not passwords.is_right("\ud800", kept)


def test_two_that_chose_alike_are_kept_unlike() -> None:
    draw = random.Random(1).randbytes
    assert passwords.hashed("quiet bell over the river", draw) != passwords.hashed(
        "quiet bell over the river", draw
    )
