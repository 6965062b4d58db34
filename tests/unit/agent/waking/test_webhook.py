# SPDX-License-Identifier: Apache-2.0
"""The webhook: signed so that its receiver can check it, and as silent as a mail."""

import asyncio
import base64
import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from tests.acceptance.proxies import Proxy, running

from tocsin.agent.credential import Credentials
from tocsin.agent.waking.webhook import Hook
from tocsin.agent.waking.words import TEST
from tocsin.clock import ManualClock
from tocsin.config.waking import Webhook
from tocsin.errors import ConfigError, RemoteError, Unreachable
from tocsin.ids import Entropy
from tocsin.web.calling import outbound

KEY = bytes(range(32))
TOLD = msgspec.structs.replace(TEST, what="1 urgent warning", refs=("W-7",), urgent=True, code="4F7K-2M9Q")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what was posted, and answers as it was told to."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((dict(self.headers), body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def receiver(status: int = 204) -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.taken, server.status = [], status  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def hook_of(
    port: int, folder: Path, clock: ManualClock, entropy: Entropy, secret: str = "", proxy: str = ""
) -> Hook:
    file = folder / "hook-secret"
    file.write_text(secret or f"whsec_{base64.b64encode(KEY).decode()}\n")
    file.chmod(0o600)
    settings = Webhook(url=f"http://127.0.0.1:{port}/calls", secret_file=str(file))
    return Hook(settings, Credentials(folder, {}), lambda: outbound(proxy, "", 5.0), clock, entropy)


async def test_its_receiver_can_check_it_and_no_code_is_in_it(
    tmp_path: Path, manual_clock: ManualClock, entropy: Entropy
) -> None:
    with receiver() as server:
        await hook_of(server.server_port, tmp_path, manual_clock, entropy).tell(TOLD)
        ((headers, body),) = server.taken  # type: ignore[attr-defined]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    version, _, made = headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert base64.b64decode(made) == hmac.new(KEY, signed, hashlib.sha256).digest()
    assert int(headers["webhook-timestamp"]) == manual_clock.now() // 1_000_000
    assert json.loads(body) == {
        "type": "call",
        "text": "1 urgent warning, open the console, ref W-7",
        "urgent": True,
        "refs": ["W-7"],
        "times": 1,
    }
    assert b"4F7K" not in body


def test_it_goes_out_through_the_agent_s_proxy(
    tmp_path: Path, manual_clock: ManualClock, entropy: Entropy
) -> None:
    with receiver() as server, running(Proxy("ayr:hunter2")) as proxy:
        for password, status in (("hunter2", 200), ("wrong", 407)):
            way = f"http://ayr:{password}@127.0.0.1:{proxy.port}"
            hook = hook_of(server.server_port, tmp_path, manual_clock, entropy, proxy=way)
            if status == 200:
                asyncio.run(hook.tell(TOLD))
            else:
                with pytest.raises(RemoteError, match="407"):
                    asyncio.run(hook.tell(TOLD))
        assert [status for _, status in proxy.asked] == [200, 407]
        assert len(server.taken) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [301, 400, 500])
async def test_any_answer_but_a_good_one_is_a_failure_and_no_redirection_is_followed(
    tmp_path: Path, manual_clock: ManualClock, entropy: Entropy, status: int
) -> None:
    with receiver(status) as server:
        with pytest.raises(RemoteError, match=f"answers {status}"):
            await hook_of(server.server_port, tmp_path, manual_clock, entropy).tell(TOLD)
        assert len(server.taken) == 1  # type: ignore[attr-defined]


async def test_an_address_where_nobody_is_and_a_secret_that_is_none_are_said(
    tmp_path: Path, manual_clock: ManualClock, entropy: Entropy
) -> None:
    with receiver() as server:
        port = server.server_port
        for secret in ("short", "whsec_c2hvcnQ=", "not base64 at all !"):
            with pytest.raises(ConfigError, match="secret is not base64"):
                await hook_of(port, tmp_path, manual_clock, entropy, secret).tell(TOLD)
    with pytest.raises(Unreachable, match="webhook"):
        await hook_of(port, tmp_path, manual_clock, entropy).tell(TOLD)
