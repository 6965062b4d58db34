# SPDX-License-Identifier: Apache-2.0
"""A trustee's folder: one key file, and nothing else. No agent, no store and no network is needed beside it.

So it can be a folder on a machine that is switched off between two openings. Whoever asks trustees to open a report
has one too: what they open is sealed to its keys. What is looked at is in `tocsin.halves.opening`.
"""

from pathlib import Path

import msgspec

from tocsin.errors import ConfigError, Malformed, Missing, Taken
from tocsin.files import write_new
from tocsin.halves.opening import SEED_BYTES, Keys
from tocsin.ids import Entropy
from tocsin.wire.messages import decode
from tocsin.wire.opening import MAX_FILE, OpenedShare
from tocsin.wire.trustees import Card

KEY_FILE, CARD_FILE = "trustee.key", "card.json"


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    seed: bytes


def make_keys(folder: Path, name: str, entropy: Entropy) -> Keys:
    """New keys in a folder, readable by their owner only; Taken where there are some, which are never overwritten."""
    seed = entropy(SEED_BYTES)
    keys = Keys(name, seed)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        write_new(folder / KEY_FILE, msgspec.json.encode(_Kept(name, seed)))
    except FileExistsError:
        raise Taken(f"{folder} holds a trustee's keys already, and they are never overwritten.") from None
    return keys


def read_keys(folder: Path) -> Keys:
    """The keys of a folder; Missing where there are none, ConfigError where the file is damaged."""
    try:
        kept = msgspec.json.decode((folder / KEY_FILE).read_bytes(), type=_Kept)
        return Keys(kept.name, kept.seed)
    except FileNotFoundError:
        raise Missing(f"{folder} holds no trustee's keys: tocsin agent trustee {folder} init.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, Malformed) as error:
        raise ConfigError(f"{folder / KEY_FILE} is damaged: {error}.") from None


def read_file(path: Path) -> bytes:
    """A request's bytes, bounded; Missing when there are none, Malformed when there are too many."""
    if not path.is_file():
        raise Missing(f"{path} is no file that can be read.")
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise Malformed(f"{path} has more than {MAX_FILE} bytes.")
    return data


def read_card(path: Path) -> Card:
    """Somebody's card; Malformed or BadSignature when it is none."""
    return decode(read_file(path), Card)


def read_share(path: Path) -> OpenedShare:
    """A trustee's answer; Malformed when it is none."""
    return decode(read_file(path), OpenedShare)
