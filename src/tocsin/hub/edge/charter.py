# SPDX-License-Identifier: Apache-2.0
"""What an edge was given when it was admitted, and its own key, in one file for its owner's eyes only.

Of the hub's secrets it holds the cursor key alone: with it one can say where a reader is, and nothing else.
"""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from tocsin.clock import Clock
from tocsin.errors import BadSignature, ConfigError, Missing, Taken
from tocsin.hub.epochs import Restart
from tocsin.proof.note import VerifierKey, log_origin
from tocsin.proof.signing import SigningKey
from tocsin.wire.edges import EdgeAdmitted


class Charter(msgspec.Struct, frozen=True):
    """One edge of one hub."""

    hub: str
    """The hub's name: the hash of its first key."""
    seed: bytes
    """Of the edge's signing key."""
    admitted: EdgeAdmitted

    @property
    def key(self) -> SigningKey:
        """Signs what the edge asks of its hub."""
        return SigningKey.from_seed(self.seed)

    @property
    def restarts(self) -> list[Restart]:
        """Every restart of the hub, for cursors of earlier epochs."""
        return [Restart(one.epoch, one.sizes) for one in self.admitted.epochs]


class Identity(msgspec.Struct, frozen=True):
    """Whose streams an edge serves."""

    id: str
    cursor_key: bytes


class Side(msgspec.Struct, frozen=True):
    """The edge, as the parts see it that hub and edge have in common."""

    identity: Identity
    clock: Clock


def side_of(charter: Charter, clock: Clock) -> Side:
    """What the parts need that serve readers."""
    return Side(Identity(charter.hub, charter.admitted.cursor_key), clock)


def demand_hub(hub: str, admitted: EdgeAdmitted) -> None:
    """BadSignature when another hub answered than the one whose name the code carries."""
    key = VerifierKey.parse(admitted.hub_key)
    digest = sha256(b"tocsin/hub/v1" + key.public).digest()
    if f"hub_{digest[:16].hex()}" != hub or key.name != log_origin(hub, admitted.realm):
        raise BadSignature("The hub that answered is not the one that the code names.")
    if admitted.partner_key is not None:
        VerifierKey.parse(admitted.partner_key)


def write_charter(path: Path, make: Callable[[], Charter]) -> Charter:
    """Reserve the file, make the charter and keep it: a code is not spent where nothing could be written."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Taken(f"{path} is there already.") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.") from None
    with os.fdopen(handle, "wb") as file:
        try:
            charter = make()
        except BaseException:
            path.unlink()
            raise
        file.write(msgspec.json.encode(charter))
        file.flush()
        os.fsync(file.fileno())
    return charter


def read_charter(path: Path) -> Charter:
    """What `write_charter` kept; ConfigError when it is no edge's."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Charter)
    except FileNotFoundError:
        raise Missing(f"{path} is not there: this folder holds no edge.") from None
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path}: {error}.") from None
