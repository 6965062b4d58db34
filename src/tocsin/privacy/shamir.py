# SPDX-License-Identifier: Apache-2.0
"""Shamir's secret sharing (CACM 22:11, 1979) of 16 bytes: any k of n shares give the secret, k − 1 say nothing of it.

The secret is the constant term of a polynomial of degree k − 1 over GF(2^128), and share x its value at x, for x from
1 to n. A field element is 16 bytes, big-endian, the highest bit the coefficient of the highest power; the modulus is
x^128 + x^7 + x^2 + x + 1. So every string of 16 bytes is an element, shares are as long as the secret, and random bytes
are random coefficients without a bias. `Crypto.Protocol.SecretSharing` (PyCryptodome) uses the same field and puts our
shares together; it cannot make them, for it draws the coefficients itself, and ours must be drawn again by an auditor.

That fewer than k say nothing holds whatever computer they have. Nothing here says whether a share is the right one:
whoever hands in a wrong one makes a wrong secret (`tocsin.privacy.escrow` binds each). Time depends on the values;
both dealing and combining are done by somebody who has the secret, or is about to.
"""

from collections.abc import Mapping

from tocsin.errors import Malformed

ELEMENT_BYTES = 16
MAX_SHARES = 15
"""Of one secret: people who are each asked in person."""
_BITS = 128
_MODULUS = 1 << _BITS | 0b1000_0111


def deal(secret: bytes, needed: int, shares: int, random: bytes) -> tuple[bytes, ...]:
    """The shares 1 … `shares`, of which `needed` give the secret. `random`: 16 bytes for each coefficient but the
    constant one, the highest power first; Malformed for another length, or for numbers that share nothing.
    """
    if not 2 <= needed <= shares <= MAX_SHARES:
        raise Malformed(f"A secret has 2 to {MAX_SHARES} shares, and 2 to all of them are needed.")
    if len(secret) != ELEMENT_BYTES or len(random) != ELEMENT_BYTES * (needed - 1):
        raise Malformed(f"A secret has {ELEMENT_BYTES} bytes, and so has each random coefficient.")
    whole = random + secret
    powers = [_element(whole[at : at + ELEMENT_BYTES]) for at in range(0, len(whole), ELEMENT_BYTES)]
    return tuple(_value(powers, x).to_bytes(ELEMENT_BYTES) for x in range(1, shares + 1))


def combine(shares: Mapping[int, bytes], needed: int) -> bytes:
    """The secret, from the values at so many places or more; Malformed for fewer, or when more do not agree.

    With exactly as many as are needed nothing can disagree: any of them gives some secret.
    """
    if not needed <= len(shares) <= MAX_SHARES or not all(0 < x <= MAX_SHARES for x in shares):
        raise Malformed(f"{needed} shares are needed, and {len(shares)} are here.")
    points = {x: _element(value) for x, value in sorted(shares.items())}
    first = dict(list(points.items())[:needed])
    if any(_interpolated(first, x) != points[x] for x in points.keys() - first.keys()):
        raise Malformed("These shares are not of one secret.")
    return _interpolated(first, 0).to_bytes(ELEMENT_BYTES)


def _value(powers: list[int], x: int) -> int:
    """The polynomial at a place, by Horner's rule."""
    total = 0
    for coefficient in powers:
        total = _times(total, x) ^ coefficient
    return total


def _interpolated(points: Mapping[int, int], at: int) -> int:
    """The one polynomial of least degree through these points, at another place (Lagrange)."""
    total = 0
    for x, value in points.items():
        above, below = value, 1
        for other in points:
            if other != x:
                above, below = _times(above, at ^ other), _times(below, x ^ other)
        total ^= _times(above, _inverse(below))
    return total


def _times(one: int, other: int) -> int:
    product = 0
    while other:
        if other & 1:
            product ^= one
        one <<= 1
        if one >> _BITS:
            one ^= _MODULUS
        other >>= 1
    return product


def _inverse(element: int) -> int:
    """Of any element but 0, by the extended Euclidean algorithm."""
    one, other = element, _MODULUS
    factor, others_factor = 1, 0
    while one != 1:
        if one < other:
            one, other = other, one
            factor, others_factor = others_factor, factor
        shift = one.bit_length() - other.bit_length()
        one ^= other << shift
        factor ^= others_factor << shift
    return factor


def _element(data: bytes) -> int:
    if len(data) != ELEMENT_BYTES:
        raise Malformed(f"A share has {ELEMENT_BYTES} bytes, not {len(data)}.")
    return int.from_bytes(data)
