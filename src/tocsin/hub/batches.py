# SPDX-License-Identifier: Apache-2.0
"""A batch is what one request added; it tells the hub, and nobody else, whose request that was.

Who sent an entry is served to nobody, so no reader can hand it back to a restored hub. Its header comes back, and the
batch in it is a random salt with an HMAC of it, the sender and the message, under a key that the hub has had since it
began. So an entry is known again as its sender's, and never as that of another who used the same identifier. Readers
see random digits: the salt makes even two batches of one party under one identifier differ in all of them.
"""

import hmac

from tocsin.hub.exchange import HubIdentity
from tocsin.ids import Entropy, new_id
from tocsin.proof.encoding import framed

_LABEL = b"tocsin/batch/v1"
_SALT_BYTES = 6
"""The other ten bytes of an identifier are the HMAC's; all but 6 bits of these count."""


def new_batch(identity: HubIdentity, entropy: Entropy, party: str, message: str) -> str:
    """The batch of one request of a party, by its message's identifier."""
    return _batch(identity, entropy(_SALT_BYTES), party, message)


def is_batch_of(identity: HubIdentity, batch: str, party: str, message: str) -> bool:
    """Whether this hub made that batch for that message of that party."""
    salt = bytes.fromhex(batch.partition("_")[2][: 2 * _SALT_BYTES])
    return hmac.compare_digest(batch, _batch(identity, salt, party, message))


def _batch(identity: HubIdentity, salt: bytes, party: str, message: str) -> str:
    about = framed(salt, party.encode(), message.encode())
    tag = hmac.digest(identity.cursor_key, _LABEL + about, "sha256")
    return new_id("bat", lambda size: (salt + tag)[:size])
