# SPDX-License-Identifier: Apache-2.0
"""Bytes that were good, bent in the ways that break parsers: cut, doubled, flipped, spliced, and odd JSON values."""

import json
import random

ODD_VALUES = (
    None,
    True,
    -1,
    0,
    2**31,
    2**63,
    2**64,
    10**40,
    -(10**40),
    0.5,
    1e308,
    "",
    "\x00",
    "\u202e",
    "\ud800",
    "é" * 40,
    "A" * 70_000,
    "=",
    "AAAA",
    [],
    [[]],
    {},
    {"kind": "report"},
)
DEEP = 2_000
"""Levels of nesting: more than Python's own recursion allows."""


def mutated(dice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """The bytes with one to three changes."""
    for _ in range(dice.randint(1, 3)):
        data = dice.choice(_CHANGES)(dice, data, others)
    return data


def _flip(dice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    if not data:
        return dice.randbytes(8)
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]


def _cut(dice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    first, last = sorted(dice.randrange(len(data) + 1) for _ in range(2))
    return data[:first] + data[last:] if dice.random() < 0.5 else data[first:last]


def _double(dice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    first, last = sorted(dice.randrange(len(data) + 1) for _ in range(2))
    return data[:last] + data[first:last] * dice.choice([1, 1, 2, 50]) + data[last:]


def _splice(dice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    other = dice.choice(others)
    return data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other) + 1) :]


def _insert(dice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = dice.randrange(len(data) + 1)
    odd = dice.choice(
        [b"\x00", b"\n\n", b"\r", b"\xff", b"\xed\xa0\x80", b"9" * 400, b"[" * DEEP, b" ", b'"', b"="]
    )
    return data[:at] + odd + data[at:]


def _odd_value(dice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """The same JSON with one value, anywhere in it, replaced, renamed or left out."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return _flip(dice, data, others)
    places = list(_places(found))
    if not places:
        return _insert(dice, data, others)
    holder, key = dice.choice(places)
    if dice.random() < 0.2:
        del holder[key]
    else:
        holder[key] = dice.choice(ODD_VALUES)
    return json.dumps(found, separators=(",", ":")).encode()


def _places(found: object) -> list[tuple[dict | list, str | int]]:
    """Every place in nested JSON that holds a value."""
    keys = (
        list(found) if isinstance(found, dict) else list(range(len(found))) if isinstance(found, list) else []
    )
    places = [(found, key) for key in keys]
    return places + [place for key in keys for place in _places(found[key])]


_CHANGES = (_flip, _flip, _cut, _double, _splice, _insert, _odd_value, _odd_value, _odd_value, _odd_value)
