# SPDX-License-Identifier: Apache-2.0
"""A check is OK, a note or a problem with what to do, and one that breaks costs no other."""

from collections import namedtuple
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from tocsin.clock import SECOND, Instant, ManualClock, from_text
from tocsin.config.listen import Listen
from tocsin.errors import ClockSkew, ConfigError, StorageError, Unknown, Unreachable
from tocsin.web import checkup
from tocsin.web.checkup import Finding, Grade, Note, answers, door, examine, private, room, versions

NOW = Instant(from_text("2026-11-21T08:30:00Z"))
TODAY = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
Usage = namedtuple("Usage", "total used free")


def fails(error: Exception):
    def check() -> str:
        raise error

    return check


def test_every_check_has_its_finding_whatever_becomes_of_the_others() -> None:
    found = examine(
        [
            ("good", lambda: "all is well"),
            ("known", lambda: Note("so so", "do this")),
            ("ours", fails(Unknown("a thing", next_step="find it"))),
            ("system", fails(FileNotFoundError(2, "No such file", "/x"))),
            ("last", lambda: "still looked at"),
        ]
    )
    assert found.findings == (
        Finding("good", Grade.OK, "all is well"),
        Finding("known", Grade.NOTE, "so so", "do this"),
        Finding("ours", Grade.PROBLEM, f"{Unknown.title()} a thing", "find it"),
        Finding("system", Grade.PROBLEM, "/x: No such file.", "Check that it is there, and who may read and write it."),
        Finding("last", Grade.OK, "still looked at"),
    )  # fmt: skip
    assert [found.count(grade) for grade in Grade] == [2, 1, 2]


@pytest.mark.parametrize(("mode", "fits"), [(0o600, True), (0o640, False), (0o604, False), (0o400, True)])
def test_a_secret_file_is_its_owner_s_alone(tmp_path: Path, mode: int, fits: bool) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "hub.keys").write_bytes(b"k")
    (tmp_path / "hub.keys").chmod(mode)
    if fits:
        assert private(tmp_path, "hub.keys", "absent") == "for its owner only"
    else:
        with pytest.raises(ConfigError) as caught:
            private(tmp_path, "hub.keys")
        assert caught.value.next_step == f"chmod 600 {tmp_path / 'hub.keys'}"


def test_a_folder_that_others_may_write_into_is_a_problem(tmp_path: Path) -> None:
    tmp_path.chmod(0o770)
    with pytest.raises(ConfigError, match="Others may write"):
        private(tmp_path)


@pytest.mark.parametrize(("free", "kind"), [(3 * 2**30, str), (2**30, Note)])
def test_a_narrow_disk_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, kind: type
) -> None:
    monkeypatch.setattr(checkup.shutil, "disk_usage", lambda _: Usage(10 * 2**30, 0, free))
    assert isinstance(room(tmp_path), kind)


def test_a_full_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup.shutil, "disk_usage", lambda _: Usage(10 * 2**30, 0, 2**20))
    with pytest.raises(StorageError, match="GiB free"):
        room(tmp_path)


def test_versions_are_named() -> None:
    assert "tocsin 0." in versions()
    assert "OpenSSL" in versions()


def certificate(folder: Path, days: int) -> Listen:
    """A certificate for itself that ends so many days from today."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub.example")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(TODAY - timedelta(400)).not_valid_after(TODAY + timedelta(days))
        .sign(key, SHA256())
    )  # fmt: skip
    folder.chmod(0o700)
    (folder / "hub.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "hub.key").write_bytes(secret)
    (folder / "hub.key").chmod(0o600)
    return Listen("0.0.0.0", 443, tls_certificate=f"{folder}/hub.pem", tls_key=f"{folder}/hub.key")


def test_a_door_says_until_when_its_certificate_is_good(tmp_path: Path) -> None:
    assert door(certificate(tmp_path, 90), ManualClock(NOW)) == "0.0.0.0:443, certificate good for 90 days"
    assert isinstance(door(certificate(tmp_path, 20), ManualClock(NOW)), Note)


def test_an_expired_certificate_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has expired"):
        door(certificate(tmp_path, -2), ManualClock(NOW))


def test_a_certificate_s_key_that_others_can_read_is_a_problem(tmp_path: Path) -> None:
    listen = certificate(tmp_path, 90)
    Path(listen.tls_key).chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others"):
        door(listen, ManualClock(NOW))


def test_a_file_that_is_no_certificate_is_a_problem(tmp_path: Path) -> None:
    listen = certificate(tmp_path, 90)
    Path(listen.tls_certificate).write_text("no certificate")
    with pytest.raises(ConfigError, match="holds no certificate"):
        door(listen, ManualClock(NOW))


def test_doors_without_a_certificate(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    assert door(Listen(), clock) == "127.0.0.1:8710, this machine only"
    assert (
        door(Listen("10.0.0.1", behind_tls_proxy=True), clock)
        == "10.0.0.1:8710, TLS by a proxy on this machine"
    )
    with pytest.raises(ConfigError, match="not loopback"):
        door(Listen("10.0.0.1"), clock)


async def asked(handler) -> str | Note:
    async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http:
        return await answers(http, "http://hub.example/", ManualClock(NOW))


def at(seconds: int, status: int = 200):
    date = format_datetime(TODAY + timedelta(seconds=seconds), usegmt=True)
    return lambda request: httpx.Response(status, headers={"Date": date})


async def test_how_far_clocks_are_apart() -> None:
    assert await asked(at(3)) == "http://hub.example/ answers; clocks 3 s apart"
    assert isinstance(await asked(at(-100)), Note)
    with pytest.raises(ClockSkew, match="400 s away"):
        await asked(at(400))
    assert await asked(lambda request: httpx.Response(200)) == "http://hub.example/ answers"
    assert (
        await asked(lambda request: httpx.Response(200, headers={"Date": "soon"}))
        == "http://hub.example/ answers"
    )


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (httpx.ProxyError("407"), "`proxy`"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), "`authority_file`"),
        (httpx.ConnectTimeout(""), "firewall"),
    ],
)
async def test_a_closed_way_says_what_most_often_opens_it(error: Exception, step: str) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(Unreachable) as caught:
        await asked(refuse)
    assert step in caught.value.next_step


async def test_another_server_is_not_ours() -> None:
    with pytest.raises(Unreachable, match="status 404"):
        await asked(at(0, 404))
    assert SECOND == 1_000_000
