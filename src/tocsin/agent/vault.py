# SPDX-License-Identifier: Apache-2.0
"""The agent's encrypted memory: its secrets here, its cases in `tocsin.agent.cases`. Nothing of it ever leaves.

The master key lies in a file outside the agent's folder, mode 0600, and is never in a backup of that folder. Every
record is sealed for its own place (`tocsin.privacy.box`). The replica of the streams is not in the vault: every
member of an audience holds the same bytes.
"""

import stat
from pathlib import Path
from typing import TypeVar

import msgspec

from tocsin.errors import ConfigError, Taken, VaultLocked
from tocsin.files import write_new
from tocsin.ids import Entropy
from tocsin.privacy.box import KEY_BYTES, Box
from tocsin.storage.store import Store, Transaction

S = TypeVar("S", bound=msgspec.Struct)


class Membership(msgspec.Struct, frozen=True):
    """Who this agent is, and whose signatures it demands."""

    party: str
    name: str
    role: str
    jurisdiction: str
    realm: str
    hub: str
    """The hub's name: the hash of its first key."""
    hub_key: str
    partner_key: str | None
    alliance: str
    alliance_identity: str
    signing_seed: bytes
    sealing_seed: bytes
    recovery_key: bytes
    """Public; the private half is on paper."""
    old_sealing_seeds: tuple[bytes, ...] = ()
    """What was sealed to an earlier key can still be opened."""


class NextKeys(msgspec.Struct, frozen=True):
    """Keys that are about to replace this party's, and the signed message that says so."""

    signing_seed: bytes
    sealing_seed: bytes
    message: bytes
    sheet: str = ""
    """Path of the next recovery key, when the recovery key is replaced too."""


class TokenSeed(msgspec.Struct, frozen=True):
    """From what the tokens of one epoch are drawn, until they are here (`tocsin.agent.anonymous.tokens`)."""

    epoch: int
    seed: bytes
    draw: bytes = b""
    """What the issuer has drawn to choose those that are opened, of class ``accountable``; empty until it has."""


class _SecretRow(msgspec.Struct, frozen=True):
    box: bytes


class Vault:
    """Seals on the way in, opens on the way out."""

    def __init__(self, store: Store, box: Box) -> None:
        self._store = store
        self.box = box

    def membership(self) -> Membership:
        """Who this agent is; ConfigError before it joined an alliance."""
        with self._store.reading("who am I") as tx:
            return self.membership_in(tx)

    def membership_in(self, tx: Transaction) -> Membership:
        """The same within a transaction."""
        membership = self._secret(tx, "membership", Membership)
        if membership is None:
            raise ConfigError("This agent has not joined an alliance: tocsin agent init.")
        return membership

    def joined(self) -> bool:
        """Whether this agent belongs to an alliance."""
        with self._store.reading("who am I") as tx:
            return self._secret(tx, "membership", Membership) is not None

    def join(self, membership: Membership) -> None:
        """Remember who this agent is."""
        with self._store.transaction("join alliance") as tx:
            self._keep_secret(tx, "membership", membership)

    def next_keys(self) -> NextKeys | None:
        """Keys that were made and are not this party's yet, or None."""
        with self._store.reading("next keys") as tx:
            return self.next_keys_in(tx)

    def next_keys_in(self, tx: Transaction) -> NextKeys | None:
        """The same within a transaction."""
        return self._secret(tx, "next-keys", NextKeys)

    def keep_next_keys(self, tx: Transaction, keys: NextKeys) -> None:
        """Keep them before anybody hears of them."""
        self._keep_secret(tx, "next-keys", keys)

    def take_next_keys(self, tx: Transaction, membership: Membership) -> None:
        """They are this party's keys."""
        self._keep_secret(tx, "membership", membership)
        self.forget_next_keys(tx)

    def forget_next_keys(self, tx: Transaction) -> None:
        """They are nobody's keys any more."""
        tx.run("drop_secret", {"name": "next-keys"})

    def token_seed(self, tx: Transaction) -> TokenSeed | None:
        """What tokens that were asked for are drawn from, or None."""
        return self._secret(tx, "token-seed", TokenSeed)

    def keep_token_seed(self, tx: Transaction, seed: TokenSeed) -> None:
        """Keep it before anybody is asked."""
        self._keep_secret(tx, "token-seed", seed)

    def forget_token_seed(self, tx: Transaction) -> None:
        """The tokens are here."""
        tx.run("drop_secret", {"name": "token-seed"})

    def _secret(self, tx: Transaction, name: str, into: type[S]) -> S | None:
        row = tx.one("secret", {"name": name}, into=_SecretRow)
        return _decode(self.box.open(row.box, f"secret/{name}"), into) if row else None

    def _keep_secret(self, tx: Transaction, name: str, value: msgspec.Struct) -> None:
        box = self.box.seal(msgspec.json.encode(value), f"secret/{name}")
        tx.run("keep_secret", {"name": name, "box": box})


def create_master_key(path: Path, folder: Path, entropy: Entropy) -> None:
    """Make a new key file, readable by its owner only; ConfigError when it exists or lies inside `folder`."""
    if path.resolve().is_relative_to(folder.resolve()):
        raise ConfigError("The master key must lie outside the agent's folder, or a backup would hold both.")
    try:
        write_new(path, entropy(KEY_BYTES))
    except FileExistsError:
        raise Taken(f"{path} exists already; a key is never overwritten.") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.") from None


def read_master_key(path: Path) -> bytes:
    """The key from its file; VaultLocked when it is missing, short, or readable by others."""
    try:
        mode = path.stat().st_mode
        key = path.read_bytes()
    except OSError as error:
        raise VaultLocked(f"{path}: {error.strerror}.") from None
    if stat.S_IMODE(mode) & 0o077:
        raise VaultLocked(f"{path} can be read by others: chmod 600.")
    if len(key) != KEY_BYTES:
        raise VaultLocked(f"{path} has {len(key)} bytes instead of {KEY_BYTES}.")
    return key


def _decode(data: bytes, into: type[S]) -> S:
    """What we sealed ourselves: anything else than our own struct is a vault of another version."""
    try:
        return msgspec.json.decode(data, type=into)
    except msgspec.DecodeError as error:
        raise VaultLocked(f"The record was not written by this version: {error}.") from None
