# SPDX-License-Identifier: Apache-2.0
"""A bank behind what banks stand behind: a proxy that wants a password, its own authority, a box that buffers."""

from pathlib import Path

import msgspec
import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until
from tests.acceptance.proxies import Proxy, private_authority, running
from tests.looking import look

from tocsin.agent import app as agent
from tocsin.config.agent import AgentConfig
from tocsin.config.files import load, save
from tocsin.config.hub import HubConfig
from tocsin.domain.party import Role
from tocsin.hub import app as hub
from tocsin.world.processes import free_port

pytestmark = pytest.mark.processes
PASSWORD = "ayr:hunter2-of-today"


def tls_hub(machine: Machine, folder: Path) -> tuple[str, Path]:
    """A hub under a certificate of a private authority; its address, and that authority."""
    authority, certificate, key = private_authority(folder / "tls")
    port = free_port()
    url = f"https://localhost:{port}"
    hub.init(folder / "hub", "City Alliance", url, port, "hub.db")
    config = load(folder / "hub/hub.toml", HubConfig)
    listen = msgspec.structs.replace(config.listen, tls_certificate=str(certificate), tls_key=str(key))
    save(folder / "hub/hub.toml", msgspec.structs.replace(config, listen=listen))
    machine.start("hub", "hub", "serve", folder / "hub")
    return url, authority


def join(folder: Path, url: str, name: str, *words: str | Path) -> str:
    """What an operator and a bank type; what the second command says when it fails."""
    code = hub.enrol(folder / "hub", f"{name.capitalize()} Bank plc", Role.BANK, "GB").code
    ended = tocsin(
        "agent", "init", folder / name, "--hub", url, "--code", code,
        "--legal-name", f"{name.capitalize()} Bank plc", "--domain", f"{name}.example", *words,
    )  # fmt: skip
    assert (ended.returncode == 0) == (folder / name / "agent.toml").exists()
    return ended.stdout + ended.stderr if ended.returncode else ""


def test_a_bank_joins_and_follows_through_a_proxy_with_a_password_under_its_own_authority(
    tmp_path: Path,
) -> None:
    with running(Proxy(PASSWORD)) as proxy, Machine(tmp_path) as machine:
        url, authority = tls_hub(machine, tmp_path)
        right = f"http://{PASSWORD}@127.0.0.1:{proxy.port}"
        assert "CERTIFICATE_VERIFY_FAILED" in join(tmp_path, url, "ayr", "--proxy", right)
        wrong = f"http://ayr:wrong@127.0.0.1:{proxy.port}"
        refused = join(tmp_path, url, "ayr", "--proxy", wrong, "--authority", authority)
        assert "407" in refused
        assert "wrong" not in refused
        assert join(tmp_path, url, "ayr", "--proxy", right, "--authority", authority) == ""
        machine.serve("ayr")
        assert wait_until(lambda: look(tmp_path / "ayr/agent.db", "SELECT size FROM stream") != [])
        port = url.rpartition(":")[2]
        assert {target for target, _ in proxy.asked} == {f"localhost:{port}"}, "every way out is the proxy's"
        assert {status for _, status in proxy.asked} == {200, 407}
        found = tocsin("agent", "doctor", tmp_path / "ayr")
        assert f"OK       hub         {url} answers" in found.stdout
        assert "OK       signature" in found.stdout
        logs = b"".join(path.read_bytes() for path in tmp_path.glob("ayr.*.log"))
        assert b"hunter2" not in logs
        assert "hunter2" not in found.stdout + found.stderr


def test_a_box_that_holds_answers_back_only_slows_the_stream_down(tmp_path: Path) -> None:
    with running(Proxy()) as box, Machine(tmp_path) as machine:
        machine.raise_hub(witnessed=False)
        for name in ("ayr", "bute", "clyde"):
            machine.join(name)
        settings = tmp_path / "clyde/agent.toml"
        config = load(settings, AgentConfig)
        save(settings, msgspec.structs.replace(config, proxy=f"http://127.0.0.1:{box.port}"))
        for name in ("ayr", "bute", "clyde"):
            machine.serve(name)
        for name in ("ayr", "bute"):
            ended = tocsin("agent", "sight", tmp_path / name, "evil-of-today.example", "--yes")
            assert ended.returncode == 0, ended.stdout + ended.stderr
        blocked = tmp_path / "clyde/block.csv"
        assert wait_until(lambda: blocked.exists() and "evil-of-today.example" in blocked.read_text(), 60)
        assert any(target.endswith("/v1/stream?wait=25") for target, _ in box.asked)
        with agent.opened(tmp_path / "clyde") as house, house.store.reading("alarms") as tx:
            assert tx.all("alarms", {"limit": 9}, into=_Alarm) == []


class _Alarm(msgspec.Struct, frozen=True):
    at: int
    sentence: str
