# SPDX-License-Identifier: Apache-2.0
"""schemathesis over every operation of the hub's own OpenAPI document: whatever is sent, signed or not, no fault.

Valid and invalid requests are made from the document; a party that is enrolled signs them, so that they get past the
door. Half of the bodies are given the kind, version and identifier that a message needs, so that they get past the
reader too. `make schema` sends fifty times as many.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from tests.acceptance.machine import Machine

from tocsin.agent import app as agent
from tocsin.agent.vault import Membership
from tocsin.clock import Instant
from tocsin.domain.party import Role
from tocsin.hub.routes import OPERATIONS
from tocsin.ids import new_id
from tocsin.proof.httpsig import authority_of, sign_request
from tocsin.proof.signing import SigningKey
from tocsin.web.openapi import openapi
from tocsin.wire.problem import MEDIA_TYPE

pytestmark = pytest.mark.processes

EXAMPLES = int(os.environ.get("TOCSIN_SCHEMA_EXAMPLES", "12"))
DOCUMENT = json.loads(openapi("Tocsin hub", OPERATIONS))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
WAYS = {
    f"{one.method.upper()} {one.path}": one for one in (each.ok() for each in SCHEMA.get_all_operations())
}
PREFIXES = {"/v1/reports": "rpt", "/v1/warnings": "wrn"}
QUIET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Door:
    """One hub, as an enrolled party and as a stranger reach it."""

    def __init__(self, url: str, members: list[Membership]) -> None:
        self.url = url
        self.members = members
        self.statuses: Counter[int] = Counter()
        self.http = httpx.Client(trust_env=False, timeout=30)

    def send(
        self, method: str, path: str, query: str, body: bytes, signer: Membership | None
    ) -> httpx.Response:
        """One request; its answer, however long it streams."""
        headers = {"Content-Type": "application/json"} if body else {}
        if signer is not None:
            key = SigningKey.from_seed(signer.signing_seed)
            now = Instant(time.time_ns() // 1_000)  # a real hub compares it with the real time
            headers |= dict(
                sign_request(
                    key, signer.party, method=method, authority=authority_of(self.url), path=path, query=query,
                    body=body, now=now, nonce=os.urandom(16),
                )
            )  # fmt: skip
        answer = self.http.request(
            method, f"{self.url}{path}" + (f"?{query}" if query else ""), content=body, headers=headers
        )
        self.statuses[answer.status_code] += 1
        return answer


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("schema")
    with Machine(folder) as machine:
        machine.raise_hub(witnessed=False)
        members = []
        for name, role in (("ayr", Role.BANK), ("interpol", Role.AGENCY)):
            machine.join(name, role)
            with agent.opened(folder / name) as house:
                members.append(house.vault.membership())
        made = Door(machine.url, members)
        yield made
        made.http.close()
        log = b"".join(path.read_bytes() for path in folder.glob("hub.*.log"))
        assert b"unforeseen" not in log, log.decode()


def body_of(case: schemathesis.Case, data: st.DataObject) -> bytes:
    """The case's body as bytes, half of the time with what every message needs."""
    body: Any = case.body
    if isinstance(body, bytes | str):
        return body if isinstance(body, bytes) else body.encode("utf-8", "replace")
    if isinstance(body, type(schemathesis.core.NOT_SET)):
        return b""
    if isinstance(body, dict) and data.draw(st.booleans()):
        kind = next(one.takes for one in OPERATIONS if one.path == case.path).__struct_config__.tag
        identifier = new_id(PREFIXES.get(case.path, "msg"), os.urandom)
        body = {**body, "v": 1, "kind": kind, "id": identifier, "sent": time.time_ns() // 1_000}
    return json.dumps(body).encode()


def query_of(case: schemathesis.Case) -> str:
    """The case's query as it travels; a stream that would not end is asked to."""
    asked = dict(case.query or {})
    if case.path == "/v1/stream":
        asked["wait"] = 1 if str(asked.get("wait", "1")).isdigit() else asked["wait"]
    return str(httpx.QueryParams({name: str(value) for name, value in asked.items()}))


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value
)
@pytest.mark.parametrize("way", sorted(WAYS))
def test_no_request_makes_a_fault(door: Door, way: str, mode: GenerationMode) -> None:
    operation = WAYS[way]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
        mode = GenerationMode.POSITIVE  # nothing of it can be wrong

    @given(data=st.data())
    @QUIET
    def ask(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        signer = data.draw(st.sampled_from([*door.members, None]))
        answer = door.send(operation.method.upper(), case.path, query_of(case), body_of(case, data), signer)
        assert answer.status_code != 500, answer.text
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == MEDIA_TYPE
            assert set(answer.json()) >= {"type", "title", "status", "next_step"}

    ask()


def test_the_requests_got_past_the_door(door: Door) -> None:
    """After all of them: what was taken, what was refused for its content, and what at the door."""
    if sum(door.statuses.values()) < len(WAYS):
        pytest.skip("The tests above did not run.")
    assert door.statuses[200] > 0
    assert door.statuses[400] + door.statuses[422] > door.statuses[401] / 2
