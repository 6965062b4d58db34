# SPDX-License-Identifier: Apache-2.0
"""Tells an address of the bank's own, signed so that it knows who asks: the scheme of Standard Webhooks 1.0.

``webhook-signature: v1,<base64>`` is HMAC-SHA256 over ``id.timestamp.body`` under the secret; the receiver checks it,
and refuses an old timestamp or an id that it has seen. The way out is the agent's: its proxy, its authority.
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Literal

import httpx
import msgspec

from tocsin.agent.credential import Credentials
from tocsin.agent.waking.words import headline
from tocsin.clock import SECOND, Clock
from tocsin.config.waking import Webhook
from tocsin.errors import ConfigError, RemoteError, Unreachable
from tocsin.hooks import Notice
from tocsin.ids import Entropy
from tocsin.web.calling import check_url

_SHORTEST = 24
"""Bytes of a secret, as the scheme has it."""
_PREFIX = "whsec_"
HOWTO = "docs/howto/wake-a-human.md"

Client = Callable[[], AbstractAsyncContextManager[httpx.AsyncClient]]
"""Opens the way out."""


class Body(msgspec.Struct, frozen=True, tag="call", tag_field="type"):
    """What is sent, as JSON: the same as people are told, and no code."""

    text: str
    urgent: bool
    refs: tuple[str, ...]
    times: int


class Hook:
    """The address of the settings."""

    def __init__(
        self, settings: Webhook, credentials: Credentials, client: Client, clock: Clock, entropy: Entropy
    ) -> None:
        self._url = check_url(settings.url)
        self._settings = settings
        self._credentials = credentials
        self._client = client
        self._clock = clock
        self._entropy = entropy

    def name(self) -> str:
        """In the log and for the doctor."""
        return "webhook"

    def reaches(self) -> Literal["person", "team", "record"]:
        """Whoever stands behind the address."""
        return "team"

    async def tell(self, notice: Notice) -> None:
        """Send it once; RemoteError unless it is answered by 2xx."""
        body = msgspec.json.encode(Body(headline(notice), notice.urgent, notice.refs, notice.times))
        headers = self._signed(body)
        try:
            async with (
                self._client() as http,
                http.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except httpx.RequestError as error:
            raise Unreachable(f"The webhook: {type(error).__name__}.") from None
        if not 200 <= status < 300:
            raise RemoteError(f"The webhook answers {status}.")

    def _signed(self, body: bytes) -> dict[str, str]:
        secret = self._credentials.read(self._settings.secret_file, "wake.webhook.secret_file", HOWTO)
        number, seconds = f"msg_{self._entropy(16).hex()}", str(self._clock.now() // SECOND)
        content = f"{number}.{seconds}.".encode() + body
        made = base64.b64encode(hmac.digest(_key(secret), content, "sha256")).decode()
        return {
            "Content-Type": "application/json",
            "webhook-id": number,
            "webhook-timestamp": seconds,
            "webhook-signature": f"v1,{made}",
        }


def _key(secret: str) -> bytes:
    """The bytes of a secret as it is handed out, ``whsec_`` and base64; ConfigError for any other."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _SHORTEST:
        raise ConfigError(
            f"The webhook's secret is not base64 of {_SHORTEST} bytes or more.",
            next_step="Make one: openssl rand -base64 32",
        )
    return key
