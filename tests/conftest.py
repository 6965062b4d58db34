# SPDX-License-Identifier: Apache-2.0
"""What every test has: no network beyond loopback, seeded randomness, a clock that moves by hand, the corpus."""

import asyncio
import inspect
import ipaddress
import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tocsin.clock import Instant, ManualClock, from_text
from tocsin.ids import Entropy

ROOT = Path(__file__).resolve().parent.parent

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it, and lines would be broken where none would be

settings.register_profile("tocsin", deadline=None)  # the cores are shared: a slow moment is no bug
settings.load_profile("tocsin")


@pytest.fixture
def data_dir() -> Path:
    """The real, hostile inputs that stand beside the checkout and are never part of it."""
    place = Path(os.environ.get("TOCSIN_DATA", ROOT.parent / "shared" / "data"))
    if not (place / "MANIFEST.csv").is_file():
        pytest.skip("The corpus is not here: set TOCSIN_DATA to its folder to run this test.")
    return place


@pytest.fixture
def entropy() -> Entropy:
    """Random bytes that are the same in every run."""
    return random.Random(20261121).randbytes


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that stands at 2026-11-21 08:30 UTC until it is moved."""
    return ManualClock(Instant(from_text("2026-11-21T08:30:00Z")))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that is a coroutine has an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Python code in this process can neither connect nor look a name up beyond loopback."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: object) -> None:
        _demand_loopback(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: object) -> int:
        _demand_loopback(self.family, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: object, *rest: object, **named: object) -> object:
        if host not in (None, "", b"") and not _is_loopback(host):
            raise PermissionError(f"A test tried to look up {host!r}; only loopback is allowed.")
        return getaddrinfo(host, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


def _demand_loopback(family: int, address: object) -> None:
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = address[0] if isinstance(address, tuple) else address
    if not _is_loopback(host):
        raise PermissionError(f"A test tried to reach {address!r}; only loopback is allowed.")


def _is_loopback(host: object) -> bool:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if text == "localhost":
        return True
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
