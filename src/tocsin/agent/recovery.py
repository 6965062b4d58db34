# SPDX-License-Identifier: Apache-2.0
"""The offline recovery key on its sheet: written once, printed or put away, and never in the vault.

Whoever has the sheet can put other keys in place of the party's own, and nothing else. The sheet is TOML, short enough
to be typed again; `check` tells a slip from the real thing.
"""

from pathlib import Path

import msgspec

from tocsin.errors import ConfigError, Malformed, Taken
from tocsin.files import write_new
from tocsin.proof.signing import KEY_SIZE, SigningKey

_TITLE = """\
# Tocsin: recovery key. Print this page, keep it off every computer, then delete the file.
# Whoever holds it can put new keys in place of this party's: tocsin agent recover DIR --recovery-file FILE
"""
_GROUP = 8


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written on it."""

    hub: str
    """The hub's name, the hash of its first key."""
    url: str
    """Where the hub served when it was written."""
    seed: str
    """The key's seed, in groups of hex digits."""
    check: str
    """The first digits of the public key."""


def recovery_path(folder: Path) -> Path:
    """Where an agent's sheet is written: beside its folder, as its key file is."""
    return folder.parent / f"{folder.name}.recovery"


def write_sheet(path: Path, hub: str, url: str, seed: bytes) -> None:
    """Write it, readable by its owner only; Taken when there is one: a key is never overwritten."""
    digits = seed.hex()
    groups = " ".join(digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP))
    sheet = Sheet(hub, url, groups, _check(seed))
    try:
        write_new(path, _TITLE.encode() + msgspec.toml.encode(sheet))
    except FileExistsError:
        raise Taken(
            f"{path} exists already, and a recovery key is never overwritten: put it away first."
        ) from None


def read_sheet(path: Path) -> tuple[Sheet, bytes]:
    """The sheet and its seed; Malformed when it was cut or mistyped."""
    try:
        sheet = msgspec.toml.decode(path.read_bytes(), type=Sheet)
        seed = bytes.fromhex(sheet.seed)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise Malformed(f"{path} is no recovery key: {error}.") from None
    if len(seed) != KEY_SIZE or _check(seed) != sheet.check:
        raise Malformed(f"{path}: the digits do not fit together; was one mistyped?")
    return sheet, seed


def _check(seed: bytes) -> str:
    return SigningKey.from_seed(seed).public.hex()[:_GROUP]
