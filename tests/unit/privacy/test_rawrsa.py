# SPDX-License-Identifier: Apache-2.0
"""The raw RSA private operation: two backends, one result, and none at all rather than an unsafe one."""

import ctypes
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from tests.unit.privacy.keys import key_2048

from tocsin.errors import ConfigError
from tocsin.privacy import rawrsa
from tocsin.privacy.rawrsa import first_backend, gmp, openssl, private_operation

SIZE = 256


def values() -> list[bytes]:
    n = key_2048().public_key().public_numbers().n
    dice = random.Random(9474)
    return [number.to_bytes(SIZE) for number in (0, 1, 2, n - 1, *(dice.randrange(n) for _ in range(8)))]


def undone(value: bytes) -> bytes:
    n = key_2048().public_key().public_numbers().n
    return pow(int.from_bytes(value), 65537, n).to_bytes(SIZE)


@pytest.mark.parametrize("backend", [openssl, gmp])
def test_the_public_operation_undoes_it(backend, entropy):
    operate = backend(key_2048(), entropy)
    for value in values():
        assert undone(operate(value)) == value


def test_both_backends_agree(entropy):
    one, other = openssl(key_2048(), entropy), gmp(key_2048(), entropy)
    assert [one(value) for value in values()] == [other(value) for value in values()]


def test_threads_share_a_key(entropy):
    operate = openssl(key_2048(), entropy)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(operate, values() * 16))
    assert [undone(result) for result in results] == values() * 16


def test_gmp_blinds_every_operation_anew():
    drawn: list[bytes] = []

    def entropy(size: int) -> bytes:
        drawn.append(random.Random(len(drawn)).randbytes(size))
        return drawn[-1]

    operate = gmp(key_2048(), entropy)
    assert operate(values()[4]) == operate(values()[4])
    assert len(set(drawn)) == 2


def test_the_first_backend_that_works_is_taken(entropy):
    def absent(*_):
        raise ConfigError("Not here.")

    operate = first_backend(key_2048(), entropy, (absent, gmp))
    assert undone(operate(values()[5])) == values()[5]


def test_without_a_safe_backend_there_is_none(entropy, monkeypatch):
    monkeypatch.setattr(rawrsa, "_library", no_library)
    monkeypatch.setitem(sys.modules, "gmpy2", None)
    with pytest.raises(ConfigError, match="constant time") as refused:
        private_operation(key_2048(), entropy)
    assert "gmpy2" in refused.value.next_step


def test_a_machine_without_openssl_falls_back(entropy, monkeypatch):
    def missing(name, *_):
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(ConfigError, match="No OpenSSL"):
        openssl(key_2048(), entropy)
    assert undone(private_operation(key_2048(), entropy)(values()[6])) == values()[6]


@pytest.mark.parametrize(
    "module", [None, SimpleNamespace()], ids=["without OpenSSL", "with OpenSSL built in"]
)
def test_a_python_that_is_linked_to_none_looks_for_the_systems(entropy, monkeypatch, module):
    linked = rawrsa._linked()
    monkeypatch.setitem(sys.modules, "_hashlib", module)
    monkeypatch.setattr(rawrsa, "_LIBRARIES", ("libcrypto.so.none",))
    with pytest.raises(ConfigError, match="No OpenSSL"):
        openssl(key_2048(), entropy)
    monkeypatch.setattr(rawrsa, "_LIBRARIES", ("libcrypto.so.none", *linked))
    assert undone(openssl(key_2048(), entropy)(values()[7])) == values()[7]


def test_a_library_without_the_calls_is_passed_over(entropy, monkeypatch):
    monkeypatch.setattr(rawrsa, "_CALLS", {**rawrsa._CALLS, "EVP_PKEY_no_such_call": (None, [])})
    with pytest.raises(ConfigError, match="No OpenSSL"):
        openssl(key_2048(), entropy)


def test_a_number_above_the_modulus_is_not_operated_on(entropy):
    with pytest.raises(ConfigError, match="refused"):
        openssl(key_2048(), entropy)(b"\xff" * SIZE)


def no_library():
    raise ConfigError("No OpenSSL 3 was found.")
