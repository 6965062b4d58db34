# SPDX-License-Identifier: Apache-2.0
"""Products fetch their files with a password of their own, get what stands, and nobody gets what is another's."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.unit.agent.shields.blocks import BOX, all_on, named_in
from tests.unit.agent.shields.test_protection import NOW, Fixed
from tests.unit.hub.asking import BAD, EVIL

from tocsin.agent import journal
from tocsin.agent.shields.protection import Protection
from tocsin.agent.shields.serving import application
from tocsin.agent.shields.subscribers import MOST, subscribe, subscribers, unsubscribe
from tocsin.clock import SECOND, Instant
from tocsin.config.shields import Shields
from tocsin.errors import Conflict, Malformed, Unknown
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Store

SHIELDS = Shields(edl="out/edl", csv="out/block.csv")


class Place:
    def __init__(self, folder: Path, store: Store, http: httpx.AsyncClient) -> None:
        self.folder = folder
        self.store = store
        self.http = http

    def write(self, *values, at: int = 0) -> None:
        protected(self.folder, *values).apply(Instant(NOW + at * SECOND), dry_run=False)

    def let_in(self, name: str, shield: str = "edl") -> tuple[str, str]:
        dice = hashlib.sha256(name.encode()).digest()
        return name, subscribe(self.store, BOX, name, shield, "Jane", NOW, lambda size: dice[:size])

    async def get(self, path: str, auth: tuple[str, str] | None, **headers: str) -> httpx.Response:
        return await self.http.get(
            path, auth=auth, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )


def protected(folder: Path, *values) -> Protection:
    return Protection(Fixed(*values), named_in(folder, SHIELDS), folder, all_on, BOX)  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    store = open_sqlite(tmp_path / "agent.db", "agent")
    transport = httpx.ASGITransport(application(protected(tmp_path), store))
    yield Place(tmp_path, store, httpx.AsyncClient(transport=transport, base_url="https://agent.example"))
    store.close()


async def test_a_product_fetches_what_stands(place: Place) -> None:
    place.write(EVIL)
    auth = place.let_in("edge-firewall")
    answer = await place.get("/shields/edge-firewall/domain.txt", auth)
    assert (answer.status_code, answer.text) == (200, "evil.example\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache, private"
    place.write(at=1)
    answer = await place.get("/shields/edge-firewall/domain.txt", auth)
    assert (answer.status_code, answer.text) == (200, ""), "what was taken back is gone at the next request"


async def test_what_it_has_already_is_not_sent_again_and_what_changed_is(place: Place) -> None:
    place.write(EVIL)
    auth = place.let_in("edge-firewall")
    path = "/shields/edge-firewall/domain.txt"
    tag = (await place.get(path, auth)).headers["etag"]
    for shown in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await place.get(path, auth, if_none_match=shown)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    place.write(EVIL, BAD, at=1)
    answer = await place.get(path, auth, if_none_match=tag)
    assert answer.status_code == 200
    assert answer.headers["etag"] != tag


async def test_without_its_password_nobody_gets_anything(place: Place) -> None:
    place.write(EVIL)
    name, password = place.let_in("edge-firewall")
    other = place.let_in("other")
    path = f"/shields/{name}/domain.txt"
    wrong = [
        None,
        (name, ""),
        (name, password[:-1]),
        ("other", password),
        other,
        ("nobody", password),
        (name, "é"),
    ]
    for auth in wrong:
        answer = await place.get(path, auth)
        assert (answer.status_code, answer.content) == (401, b"")
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert "no-cache" in answer.headers["cache-control"]
    for header in ("Basic", "Basic !!!", "Basic /w==", f"Bearer {password}", "Basic " + "QQ" * 40_000):
        assert (await place.get(path, None, authorization=header)).status_code == 401


async def test_one_that_is_shut_out_gets_nothing_from_its_next_request_on(place: Place) -> None:
    place.write(EVIL)
    auth = place.let_in("edge-firewall")
    unsubscribe(place.store, BOX, "edge-firewall", "Jane", NOW)
    assert (await place.get("/shields/edge-firewall/domain.txt", auth)).status_code == 401
    assert subscribers(place.store) == []


@pytest.mark.parametrize(
    "name",
    ["passwords.txt", "..%2Fblock.csv", "%2Fetc%2Fpasswd", "block.csv", "csv", "domain.txt%00", ".", "edl"],
)
async def test_only_the_files_of_its_shield_are_there(place: Place, name: str) -> None:
    place.write(EVIL)
    auth = place.let_in("edge-firewall")
    assert (await place.get(f"/shields/edge-firewall/{name}", auth)).status_code == 404


async def test_a_shield_of_one_file_is_fetched_by_its_own_name(place: Place) -> None:
    place.write(EVIL)
    auth = place.let_in("siem", "csv")
    assert "evil.example" in (await place.get("/shields/siem/csv", auth)).text


async def test_what_was_never_switched_on_is_not_there(place: Place) -> None:
    auth = place.let_in("edge-firewall")
    answer = await place.get("/shields/edge-firewall/domain.txt", auth)
    assert answer.status_code == 404
    assert "never switched on" in answer.text


def test_a_product_is_named_once_with_a_line_in_the_journal(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "agent.db", "agent")
    give = bytes
    password = subscribe(store, BOX, "edge", "edl", "Jane", NOW, give)
    assert len(password) == 43
    assert password.encode() not in (tmp_path / "agent.db").read_bytes()
    with pytest.raises(Conflict):
        subscribe(store, BOX, "edge", "edl", "Jane", NOW, give)
    for name in ("", "Edge", "a/b", "-a", "a" * 40, "a:b"):
        with pytest.raises(Malformed):
            subscribe(store, BOX, name, "edl", "Jane", NOW, give)
    with pytest.raises(Unknown):
        unsubscribe(store, BOX, "other", "Jane", NOW)
    for number in range(MOST - 1):
        subscribe(store, BOX, f"p{number}", "edl", "Jane", NOW, give)
    with pytest.raises(Conflict):
        subscribe(store, BOX, "one-more", "edl", "Jane", NOW, give)
    with store.reading("journal") as tx:
        assert [(one.by, one.about) for one in journal.read(tx, BOX)][:1] == [("Jane", "edge")]
    store.close()
