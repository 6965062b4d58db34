# SPDX-License-Identifier: Apache-2.0
"""Posts what is blocked to a system of the bank's own, signed, whenever it changes (Standard Webhooks 1.0).

The body is the whole file of another shield, so that whoever missed some bodies needs only the next: what waits is
never more than one. ``webhook-signature`` is HMAC-SHA256 over ``id.timestamp.body`` under the key of a file; the same
body keeps its ``webhook-id``, by which a receiver knows a repetition. A body that is not taken is sent again, later and
later, up to a quarter of an hour. Redirects are not followed: the signature was for the address in the settings.

The address is the bank's own word and may be inside its house. It must be https, or http on this machine, and must not
lead to a link-local, multicast or unspecified address, where clouds keep credentials of machines (RFC 3927 §2.7).
"""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from tocsin.clock import SECOND, Clock, Instant
from tocsin.config.shields import Post
from tocsin.domain.observable import Observable
from tocsin.errors import ConfigError, Refused, RemoteError, TocsinError, Unreachable
from tocsin.hooks import Blocked, Files, Protect
from tocsin.storage.store import Store
from tocsin.web.calling import check_url
from tocsin.web.checkup import private

log = logging.getLogger("tocsin.agent")

BODY = "webhook.body"
"""In the agent's folder: what is to be posted."""
SHORTEST_KEY = 32
LOOK_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 900.0
_ANSWER_SECONDS = 30.0
_MARK = "webhook"


class WebhookShield:
    """The file of another shield, which is posted instead of read."""

    def __init__(self, other: Protect) -> None:
        self._other = other

    def name(self) -> str:
        """``webhook``"""
        return "webhook"

    def holds(self, observable: Observable) -> bool:
        """What the other holds."""
        return self._other.holds(observable)

    def limits(self) -> str:
        """What the other leaves out."""
        return self._other.limits()

    def most(self) -> int:
        """What the other takes."""
        return self._other.most()

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """The other's file."""
        return self._other.render(blocked, now)


class _Mark(msgspec.Struct, frozen=True):
    value: str


class Hook:
    """Brings one receiver up to date."""

    def __init__(self, config: Post, folder: Path, store: Store, clock: Clock) -> None:
        """ConfigError for an address that cannot be trusted with it, or a key that others read or that is short."""
        self._url = check_url(config.url)
        if urlsplit(config.url).username is not None:
            raise ConfigError("post.url: no credentials in an address; the body is signed.")
        self._key = _read_key(folder / config.key_file)
        self._body = folder / BODY
        self._store = store
        self._clock = clock
        self.failures = 0

    async def run(self, http: httpx.AsyncClient, sleep: Callable[[float], Awaitable[None]]) -> None:
        """For ever: post what has changed, and after a failure wait longer each time."""
        while True:
            await self.once(http)
            await sleep(min(LOOK_SECONDS * 2.0**self.failures, LONGEST_WAIT_SECONDS))

    async def once(self, http: httpx.AsyncClient) -> bool:
        """Post the body if the receiver does not have it; whether something was delivered."""
        try:
            body = self._body.read_bytes()
        except FileNotFoundError:
            return False
        digest = hashlib.sha256(body).hexdigest()
        if self._delivered() == digest:
            return False
        try:
            await self._post(http, body, f"msg_{digest[:32]}")
        except TocsinError as error:
            self.failures = min(self.failures + 1, 12)
            log.warning("webhook: %s", error)
            return False
        self.failures = 0
        with self._store.transaction("webhook delivered") as tx:
            tx.run("save_mark", {"name": _MARK, "value": digest})
        return True

    async def _post(self, http: httpx.AsyncClient, body: bytes, name: str) -> None:
        for address in await _addresses(self._url):
            check_address(address)
        stamp = str(self._clock.now() // SECOND)
        headers = {
            "Content-Type": "application/octet-stream",
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": sign(self._key, name, stamp, body),
        }
        try:
            request = http.build_request("POST", self._url, content=body, headers=headers)
            answer = await http.send(request, stream=True, follow_redirects=False)
            await answer.aclose()
        except httpx.HTTPError as error:
            raise Unreachable(f"{self._url}: {str(error) or type(error).__name__}.") from None
        if not answer.is_success:
            raise RemoteError(f"{self._url} answered {answer.status_code}.")

    def _delivered(self) -> str:
        with self._store.reading("webhook mark") as tx:
            row = tx.one("mark", {"name": _MARK}, into=_Mark)
        return row.value if row else ""


def sign(key: bytes, name: str, stamp: str, body: bytes) -> str:
    """The value of ``webhook-signature``: version 1, base64."""
    mac = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def check_address(text: str) -> None:
    """Refused for an address at which nothing of the bank's can be."""
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = getattr(address, "ipv4_mapped", None) or address
    if inner.is_link_local or inner.is_multicast or inner.is_unspecified:
        raise Refused(f"post.url leads to {inner}, where no system of yours can be.")


async def _addresses(url: str) -> list[str]:
    """Where a host leads, now; Unreachable when it leads nowhere."""
    parts = urlsplit(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            parts.hostname, parts.port or 443, type=socket.SOCK_STREAM
        )
    except OSError as error:
        raise Unreachable(f"{url}: {error.strerror or error}.") from None
    return [str(place[0]) for *_, place in found]


def _read_key(path: Path) -> bytes:
    private(path.parent, path.name)
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.", next_step="Make it: openssl rand -hex 32") from None
    if len(key) < SHORTEST_KEY:
        raise ConfigError(
            f"{path}: at least {SHORTEST_KEY} characters.", next_step="Make it: openssl rand -hex 32"
        )
    return key
