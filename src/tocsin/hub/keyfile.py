# SPDX-License-Identifier: Apache-2.0
"""The hub's private keys in their file, for the owner's eyes only; and how they change without ever being lost.

The file holds the seed of the signing key, the cursor key and, once the signing key was rotated, the first public key,
which the hub's name is the hash of. A rotation writes the next file beside it, then the directory's entry, then puts
the file in place. Whoever opens the hub in between finishes what the entry has made true.
"""

from pathlib import Path

from tocsin.errors import ConfigError
from tocsin.files import sync_folder, write_new
from tocsin.hub.assembly import KEYS_BYTES, SEED_BYTES
from tocsin.ids import Entropy
from tocsin.proof.signing import SigningKey


def read_keys(path: Path) -> bytes:
    """The keys as `tocsin.hub.assembly.exchange` takes them; ConfigError when the file is not one."""
    try:
        keys = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.") from None
    if len(keys) not in (KEYS_BYTES, KEYS_BYTES + SEED_BYTES):
        raise ConfigError(f"{path} has {len(keys)} bytes: it is no hub's key file.")
    return keys


def make_keys(path: Path, entropy: Entropy) -> None:
    """The keys of a new hub; never written twice."""
    write_new(path, entropy(KEYS_BYTES))


def stage_next(path: Path, entropy: Entropy) -> SigningKey:
    """The next signing key, durable beside the present file; the same again when a rotation was broken off."""
    keys, beside = read_keys(path), _beside(path)
    first_key = keys[KEYS_BYTES:] or _signing_key(keys).public
    if not beside.exists():
        write_new(beside, entropy(SEED_BYTES) + keys[SEED_BYTES:KEYS_BYTES] + first_key)
    return _signing_key(read_keys(beside))


def staged(path: Path) -> SigningKey | None:
    """The next signing key, if a rotation has begun."""
    return _signing_key(read_keys(_beside(path))) if _beside(path).exists() else None


def put_in_place(path: Path) -> None:
    """The next keys are the keys; harmless when another process was faster."""
    try:
        _beside(path).replace(path)
    except FileNotFoundError:
        return
    sync_folder(path.parent)


def _signing_key(keys: bytes) -> SigningKey:
    return SigningKey.from_seed(keys[:SEED_BYTES])


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.next")
