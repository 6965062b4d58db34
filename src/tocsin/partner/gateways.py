# SPDX-License-Identifier: Apache-2.0
"""The private keys of the partner's gateway, one for each epoch, let go when it opens nothing any more."""

from tocsin.errors import Unknown
from tocsin.files import NumberedSecrets
from tocsin.ids import Entropy
from tocsin.privacy.ohttp import KEY_BYTES, Gateway


class Gateways:
    """All of them, by the number of the epoch."""

    def __init__(self, keys: NumberedSecrets, entropy: Entropy) -> None:
        self._keys, self._entropy = keys, entropy
        self._open: dict[int, Gateway] = {}

    def config(self, number: int) -> bytes:
        """The key configuration for an epoch, made when it is first asked for."""
        if self._keys.get(number) is None:
            self._keys.keep(number, self._entropy(KEY_BYTES))
        return self.of(number).config.to_bytes()

    def of(self, number: int) -> Gateway:
        """The gateway of an epoch; Unknown when there is no key for it."""
        if number not in self._open:
            private = self._keys.get(number)
            if private is None:
                raise Unknown(f"There is no key for epoch {number}.")
            self._open[number] = Gateway(number & 0xFF, private)
        return self._open[number]

    def drop_below(self, number: int) -> None:
        """What was recorded under keys of a lower number opens no more, not even for us."""
        self._keys.drop_below(number)
        self._open = {one: found for one, found in self._open.items() if one >= number}
