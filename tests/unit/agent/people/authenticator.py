# SPDX-License-Identifier: Apache-2.0
"""An authenticator in software: it makes keys and signs as WebAuthn has it, and, told to, does each thing wrong."""

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from tocsin.agent.people.passkeys import Begun

FLAG = AuthenticatorData.FLAG


class Authenticator:
    """One key, as somebody's machine holds it."""

    def __init__(self, origin: str, *, counter: int = 1) -> None:
        self.origin, self.relying = origin, origin.partition("://")[2].partition(":")[0]
        self.key = generate_private_key(SECP256R1())
        self.identifier = sha256(self.key.private_numbers().private_value.to_bytes(32)).digest()
        self.counter = counter
        self.flags = FLAG.UP | FLAG.UV
        self.cross_origin = False

    def make(self, begun: Begun) -> dict[str, Any]:
        """A new key's public half, as ``navigator.credentials.create`` gives it."""
        public = ES256.from_cryptography_key(self.key.public_key())
        credential = AttestedCredentialData.create(bytes(16), self.identifier, public)
        data = AuthenticatorData.create(self._relying(), self.flags | FLAG.AT, self.counter, credential)
        made = AttestationObject.create("none", data, {})
        response = {
            "clientDataJSON": _text(self._client("webauthn.create", begun)),
            "attestationObject": _text(made),
        }
        return self._answer(response)

    def sign(self, begun: Begun) -> dict[str, Any]:
        """A signature over the challenge, as ``navigator.credentials.get`` gives it."""
        self.counter += 1 if self.counter else 0
        data = AuthenticatorData.create(self._relying(), self.flags, self.counter)
        client = self._client("webauthn.get", begun)
        signature = self.key.sign(data + sha256(client).digest(), ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": _text(client),
                "authenticatorData": _text(data),
                "signature": _text(signature),
                "userHandle": None,
            }
        )

    def _client(self, kind: str, begun: Begun) -> bytes:
        challenge = json.loads(bytes(begun.options))["challenge"]
        return bytes(CollectedClientData.create(kind, challenge, self.origin, self.cross_origin))

    def _relying(self) -> bytes:
        return sha256(self.relying.encode()).digest()

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        text = _text(self.identifier)
        answer = {"id": text, "rawId": text, "type": "public-key", "response": response}
        # Through JSON, as it comes from a browser.
        return msgspec.json.decode(msgspec.json.encode({**answer, "clientExtensionResults": {}}))  # type: ignore[no-any-return]


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
