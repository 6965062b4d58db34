# SPDX-License-Identifier: Apache-2.0
"""How these tests ask the hub: with an agent's own requests, or with ones that an agent would not send."""

import httpx
import msgspec
from tests.alliance import URL, Agent, Alliance
from tests.looking import look

from tocsin.agent.verbs import erase as erasing
from tocsin.agent.verbs import sight as sighting
from tocsin.agent.verbs.report import PATH
from tocsin.clock import day_of
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.hub.restoring.steps import reopen
from tocsin.hub.streams import StreamHead
from tocsin.proof.httpsig import NONCE_SIZE, sign_request
from tocsin.proof.merkle import EMPTY, EMPTY_ROOT
from tocsin.proof.signing import SigningKey
from tocsin.storage.store import Params, Transaction
from tocsin.wire.messages import Erase, Outcome, Sight

EVIL = normalise(Kind.DOMAIN, "evil.example")
BAD = normalise(Kind.DOMAIN, "bad.example")


def report_of(agent: Agent) -> bytes:
    """The bytes of a report that the agent has queued and not sent."""
    report = agent.queue_report(EVIL)
    ((box,),) = look(agent.database, "SELECT box FROM outbox WHERE id = :id", {"id": report})
    posted = msgspec.msgpack.decode(agent.house.vault.box.open(bytes(box), f"outbox/{report}"))
    return posted["body"]


def signed(
    agent: Agent, body: bytes, *, path: str = PATH, method: str = "POST", key: SigningKey | None = None
):
    """The headers that the agent would send now."""
    return dict(
        sign_request(
            key or agent.key,
            agent.party,
            method=method,
            authority="hub.example",
            path=path,
            query="",
            body=body,
            now=agent.clock.now(),
            nonce=agent.entropy(NONCE_SIZE),
        )
    )


async def post(agent: Agent, body: bytes, headers: dict[str, str], path: str = PATH) -> httpx.Response:
    return await agent.http.post(URL + path, content=body, headers=headers)


def problem(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()["type"].rpartition("/")[2]


async def sight(agent: Agent, value: Observable = EVIL, audience: str = "members") -> str:
    message = sighted(agent, value, audience)
    await agent.tell(sighting.PATH, message)
    return message.id


def sighted(agent: Agent, value: Observable = EVIL, audience: str = "members") -> Sight:
    day = day_of(agent.clock.now())
    return Sight(id=agent.message_id(), sent=0, audience=audience, observable=value, happened=day)


async def erase(agent: Agent, fact: str) -> tuple[Outcome, ...]:
    return await agent.tell(erasing.PATH, Erase(id=agent.message_id(), sent=0, fact=fact, reason="withdrawn"))


async def close_stream(alliance: Alliance, name: str) -> None:
    """As after a restore of which one reader of the stream was away, though it lacks nothing."""
    nothing: Params = {"size": 0, "root": EMPTY_ROOT}
    unseen: Params = {"witnessed_size": 0, "witnessed_frontier": EMPTY.to_bytes()}

    def work(tx: Transaction) -> None:
        head = tx.one("stream_head", {"name": name}, into=StreamHead)
        assert head is not None
        tx.run("close_stream", {"key": head.key, "size": head.size, "root": head.root})
        tx.run("continue_stream", {"number": head.number, **nothing, **unseen})

    await alliance.hub.commits.run(work)


async def reopen_stream(alliance: Alliance, name: str) -> None:
    """That reader came."""
    await alliance.hub.commits.run(lambda tx: reopen(tx, name))
