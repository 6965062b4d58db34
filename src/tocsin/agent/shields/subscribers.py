# SPDX-License-Identifier: Apache-2.0
"""Products that fetch the files of a shield over HTTPS, each at an address and with a password of its own.

A password is 256 random bits, shown once. Only its hash is kept, and a fast one is enough: nobody guesses such a
number, and a slow hash, which is for what people choose, would let anybody who asks keep the agent busy.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

import msgspec

from tocsin.agent.journal import Decision, write
from tocsin.clock import Instant
from tocsin.errors import Conflict, Malformed, Unknown
from tocsin.ids import Entropy
from tocsin.privacy.box import Box
from tocsin.storage.store import Store, Transaction

MOST = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")
_PASSWORD_BYTES = 32


class Subscriber(msgspec.Struct, frozen=True):
    """One product."""

    name: str
    """Its user name, and its part of the address."""
    shield: str
    digest: bytes
    since: int


def subscribers(store: Store) -> list[Subscriber]:
    """Every product, by its name."""
    with store.reading("subscribers") as tx:
        return tx.all("subscribers", {}, into=Subscriber)


def subscribe(store: Store, box: Box, name: str, shield: str, by: str, now: Instant, entropy: Entropy) -> str:
    """Let a product in; its password. Malformed for a name that is none, Conflict when it is taken or too many are."""
    if not _NAME.fullmatch(name):
        raise Malformed("A product is named by at most 39 of a-z, 0-9 and -, such as edge-firewall.")
    password = urlsafe_b64encode(entropy(_PASSWORD_BYTES)).rstrip(b"=").decode()

    def work(tx: Transaction) -> None:
        """Look, keep and write down: two people at once get one name."""
        standing = tx.all("subscribers", {}, into=Subscriber)
        if len(standing) >= MOST or any(one.name == name for one in standing):
            raise Conflict(f"There is a product {name} already, or there are {MOST}.")
        digest = sha256(password.encode()).digest()
        tx.run("keep_subscriber", {"name": name, "shield": shield, "digest": digest, "since": now})
        write(tx, box, Decision(now, by, f"let a product fetch {shield}", name))

    store.run("keep subscriber", work)
    return password


def unsubscribe(store: Store, box: Box, name: str, by: str, now: Instant) -> None:
    """Shut a product out, from its next request on; Unknown when there is none of that name."""

    def work(tx: Transaction) -> None:
        """Look, drop and write down, together."""
        if not any(one.name == name for one in tx.all("subscribers", {}, into=Subscriber)):
            raise Unknown(f"There is no product {name[:40]!r}.")
        tx.run("drop_subscriber", {"name": name})
        write(tx, box, Decision(now, by, "shut a product out", name))

    store.run("drop subscriber", work)


def admitted(store: Store, name: str, password: str) -> Subscriber | None:
    """The product that this name and password stand for; None for any other, in about the same time."""
    shown = sha256(password.encode()).digest()
    known = next((one for one in subscribers(store) if one.name == name), None)
    right = hmac.compare_digest(shown, known.digest if known else bytes(32))
    return known if known and right else None
