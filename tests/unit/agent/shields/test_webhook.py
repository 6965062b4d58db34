# SPDX-License-Identifier: Apache-2.0
"""The webhook: signed, whole, repeated until it is taken, and never to another address than the one in the settings."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from tests.unit.agent.shields.blocks import BOX, all_on
from tests.unit.agent.shields.test_protection import NOW, Fixed
from tests.unit.hub.asking import BAD, EVIL

from tocsin.agent.shields.formats import named
from tocsin.agent.shields.protection import Protection
from tocsin.agent.shields.webhook import LONGEST_WAIT_SECONDS, Hook, check_address
from tocsin.clock import SECOND, Instant, ManualClock
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.shields import Post, ShieldCap, Shields
from tocsin.errors import ConfigError, Refused
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Store

KEY = b"k" * 64
URL = "http://127.0.0.1:9/tocsin"
CONFIG = AgentConfig(
    "https://hub.example",
    "",
    OwnAssets(legal_name="Example Bank plc"),
    post=Post(URL, "webhook.key", "csv"),
)


class Receiver(httpx.AsyncBaseTransport):
    """A system of the bank's own; answers with these codes, then with 204."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.taken: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.taken.append(request)
        code = self.codes.pop(0) if self.codes else 204
        if code == 0:
            raise httpx.ConnectError("gone")
        return httpx.Response(code, headers={"Location": "http://127.0.0.1:9/elsewhere"})


class Place:
    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self.receiver = Receiver()
        self.http = httpx.AsyncClient(transport=self.receiver)
        assert CONFIG.post is not None
        self.hook = Hook(CONFIG.post, folder, store, ManualClock(NOW))

    def write(self, *values, at: int = 0) -> None:
        shields = tuple(named(CONFIG, self.folder))
        protection = Protection(Fixed(*values), shields, self.folder, all_on, BOX)  # type: ignore[arg-type]
        protection.apply(Instant(NOW + at * SECOND), dry_run=False)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    key = tmp_path / "webhook.key"
    key.write_bytes(KEY + b"\n")
    key.chmod(0o600)
    tmp_path.chmod(0o700)
    store = open_sqlite(tmp_path / "agent.db", "agent")
    yield Place(tmp_path, store)
    store.close()


async def test_the_whole_file_is_posted_under_a_signature_that_the_receiver_can_check(place: Place) -> None:
    place.write(EVIL)
    assert await place.hook.once(place.http)
    (request,) = place.receiver.taken
    assert b"evil.example" in request.content
    name, stamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    mac = hmac.new(KEY, f"{name}.{stamp}.".encode() + request.content, hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    assert stamp == str(NOW // SECOND)


async def test_it_is_posted_once_and_again_when_it_changed(place: Place) -> None:
    assert not await place.hook.once(place.http), "nothing was written yet"
    place.write(EVIL)
    assert [await place.hook.once(place.http) for _ in range(3)] == [True, False, False]
    place.write(at=1)
    assert await place.hook.once(place.http)
    assert b"evil.example" not in place.receiver.taken[-1].content, "a withdrawal is told as well"


async def test_what_was_not_taken_is_sent_again_under_the_same_name_and_only_the_newest(place: Place) -> None:
    place.write(EVIL)
    place.receiver.codes = [500, 0, 429]
    for _ in range(3):
        assert not await place.hook.once(place.http)
    assert len({request.headers["webhook-id"] for request in place.receiver.taken}) == 1
    place.write(EVIL, BAD, at=1)
    assert await place.hook.once(place.http)
    assert b"bad.example" in place.receiver.taken[-1].content
    assert not await place.hook.once(place.http)


async def test_it_waits_longer_after_each_failure_and_not_for_ever(place: Place) -> None:
    place.write(EVIL)
    place.receiver.codes = [503] * 20
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 15:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await place.hook.run(place.http, sleep)
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_SECONDS


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_a_redirect_is_a_refusal(place: Place, code: int) -> None:
    place.write(EVIL)
    place.receiver.codes = [code]
    assert not await place.hook.once(place.http)
    assert [str(request.url) for request in place.receiver.taken] == [URL]


@pytest.mark.parametrize(
    "url",
    [
        "http://soar.bank.example/",
        "ftp://127.0.0.1/",
        "https://jane:secret@soar.bank.example/",
        "soar.bank.example",
    ],
)
def test_an_address_that_cannot_be_trusted_with_it_is_refused(place: Place, url: str) -> None:
    config = Post(url, "webhook.key")
    with pytest.raises(ConfigError):
        Hook(config, place.folder, None, ManualClock(NOW))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "fe80::1%eth0", "::ffff:169.254.169.254", "0.0.0.0", "224.0.0.1", "ff02::1"],
)
def test_an_address_where_clouds_keep_credentials_is_refused(address: str) -> None:
    with pytest.raises(Refused):
        check_address(address)


@pytest.mark.parametrize("address", ["10.0.0.5", "127.0.0.1", "fd00::5", "203.0.113.9"])
def test_an_address_inside_the_house_is_the_banks_own_business(address: str) -> None:
    check_address(address)


async def test_a_name_that_leads_nowhere_is_tried_again(place: Place) -> None:
    place.write(EVIL)
    nowhere = Hook(
        Post("https://nowhere.invalid/", "webhook.key"), place.folder, place.store, ManualClock(NOW)
    )
    assert not await nowhere.once(place.http)
    assert (nowhere.failures, place.receiver.taken) == (1, [])


@pytest.mark.parametrize("what", ["absent", "short", "readable"])
def test_a_key_that_does_not_protect_is_refused(place: Place, what: str) -> None:
    key = place.folder / "webhook.key"
    if what == "absent":
        key.unlink()
    elif what == "short":
        key.write_bytes(b"short")
    else:
        key.chmod(0o644)
    with pytest.raises(ConfigError, match=r"webhook\.key"):
        Hook(CONFIG.post, place.folder, None, ManualClock(NOW))  # type: ignore[arg-type]


def test_what_is_posted_is_the_one_file_of_another_shield(tmp_path: Path) -> None:
    for form in ("edl", "nothing", "webhook"):
        wrong = msgspec.structs.replace(CONFIG, post=Post(URL, "webhook.key", form))
        with pytest.raises(ConfigError, match=form):
            list(named(wrong, tmp_path))


def test_a_cap_of_a_shield_that_there_is_not_is_refused(tmp_path: Path) -> None:
    wrong = msgspec.structs.replace(CONFIG, shield_caps=(ShieldCap("edll", 5),))
    with pytest.raises(ConfigError, match="edll"):
        list(named(wrong, tmp_path))


def test_a_cap_of_its_own_holds_and_never_more_than_the_product_takes(tmp_path: Path) -> None:
    shields = Shields(csv="block.csv", defender="defender", edl="edl", cap=1_000_000)
    config = msgspec.structs.replace(
        CONFIG, post=None, shields=shields, shield_caps=(ShieldCap("edl", 50_000),)
    )
    caps = {one.shield.name(): one.cap for one in named(config, tmp_path)}
    assert caps == {"csv": 1_000_000, "defender": 15_000, "edl": 50_000}
