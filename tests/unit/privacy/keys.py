# SPDX-License-Identifier: Apache-2.0
"""The RSA keys that the tests of this folder sign with, and vectors: ours, and those beside the checkout."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


@cache
def key_2048() -> rsa.RSAPrivateKey:
    """One of 2048 bits, made anew in every process."""
    return rsa.generate_private_key(65537, 2048)


def key_of(vector: dict[str, str]) -> rsa.RSAPrivateKey:
    """The private key of a vector of RFC 9474."""
    p, q, d = (int(vector[name], 16) for name in "pqd")
    public = rsa.RSAPublicNumbers(int(vector["e"], 16), int(vector["n"], 16))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    )
    return numbers.private_key(
        unsafe_skip_rsa_key_validation=True
    )  # it takes seconds, and the keys are published


def vectors(file: Path) -> Any:
    """What a file of vectors holds."""
    return json.loads(file.read_text(encoding="utf-8"))


def of(vector: dict[str, str], name: str) -> bytes:
    """A value of a vector."""
    return bytes.fromhex(vector[name].removeprefix("0x"))
