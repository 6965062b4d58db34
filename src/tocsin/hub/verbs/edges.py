# SPDX-License-Identifier: Apache-2.0
"""The operator lets a process follow everything and serve readers, and takes that back.

An edge reads every stream, so it is the alliance's own machine or one that the alliance trusts as it trusts the hub
with contents. It can write and sign nothing. A code is like a party's (`tocsin.hub.verbs.enrol`).
"""

import re

import msgspec

from tocsin.clock import DAY
from tocsin.errors import CodeSpent, Conflict, Malformed, Unknown
from tocsin.hub.epochs import restarts
from tocsin.hub.exchange import Exchange
from tocsin.hub.verbs.enrol import CODE_DAYS, code_hash, new_secret
from tocsin.hub.views.directory import declared_keys
from tocsin.ids import new_id
from tocsin.proof.signing import check_public_key
from tocsin.storage.store import Params, Transaction
from tocsin.wire.edges import AdmitEdge, EdgeAdmitted, Epoch

MAX_EDGES = 32
"""Each is sent every entry once: what a hub's line and its reader thread carry beside its own readers."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


class EdgeRow(msgspec.Struct, frozen=True):
    """One edge, admitted or still awaited."""

    id: str
    name: str
    expires: int
    signing_key: bytes | None


class EdgeCode(msgspec.Struct, frozen=True):
    """A one-time code for an edge."""

    name: str
    code: str
    days: int


class KnownEdge(msgspec.Struct, frozen=True):
    """One edge, as its operator sees it."""

    name: str
    admitted: bool
    """Its code was redeemed."""


class Edges(msgspec.Struct, frozen=True):
    """Every edge of the hub."""

    edges: tuple[KnownEdge, ...]


class _Admitted(msgspec.Struct, frozen=True):
    id: str
    name: str


def invite_edge(tx: Transaction, hub: Exchange, name: str) -> EdgeCode:
    """Make a one-time code for an edge of that name, good for `CODE_DAYS` days; Conflict when there is one."""
    if not _NAME.fullmatch(name):
        raise Malformed(f"{name[:40]!r} is not the name of an edge: letters, digits and dashes.")
    if len(edge_rows(tx)) >= MAX_EDGES:
        raise Conflict(f"This hub has {MAX_EDGES} edges, and no more are served.")
    secret = new_secret(hub.entropy)
    made = tx.run(
        "insert_edge",
        {
            "id": new_id("edg", hub.entropy),
            "name": name,
            "code_hash": code_hash(secret),
            "expires": hub.clock.now() + CODE_DAYS * DAY,
        },
    )
    if made != 1:
        raise Conflict(
            f"There is an edge {name!r} already.",
            next_step="Name another, or revoke that one first: --revoke.",
        )
    return EdgeCode(name, f"{secret}.{hub.identity.id}", CODE_DAYS)


def admit_edge(tx: Transaction, hub: Exchange, ask: AdmitEdge) -> EdgeAdmitted:
    """Spend the code; from now on what that key signs is the edge's. CodeSpent when the code is not good."""
    check_public_key(ask.signing_key)
    secret, _, named = ask.code.strip().partition(".")
    spent: Params = {"code_hash": code_hash(secret), "signing_key": ask.signing_key, "now": hub.clock.now()}
    row = tx.one("admit_edge", spent, into=_Admitted)
    if row is None or named != hub.identity.id:
        raise CodeSpent("", next_step="Ask the hub's operator for a new code: tocsin hub edge.")
    identity, partners = hub.identity, declared_keys(tx, "partner")
    return EdgeAdmitted(
        edge=row.id,
        name=row.name,
        realm=identity.realm,
        hub_key=str(identity.verifier(identity.first_key)),
        partner_key=partners[0].key if partners else None,
        cursor_key=identity.cursor_key,
        epochs=tuple(Epoch(one.epoch, one.sizes) for one in restarts(tx)),
    )


def revoke_edge(tx: Transaction, name: str) -> None:
    """It follows no more, within a second; Unknown when there is none of that name."""
    if tx.run("drop_edge", {"name": name}) != 1:
        raise Unknown(
            f"This hub has no edge {name[:40]!r}.", next_step="See which there are: tocsin hub edge."
        )


def edges_after(tx: Transaction, revoke: str | None) -> Edges:
    """Every edge, by name, after the named one was revoked; None: none is."""
    if revoke is not None:
        revoke_edge(tx, revoke)
    return Edges(tuple(KnownEdge(row.name, row.signing_key is not None) for row in edge_rows(tx)))


def edge_rows(tx: Transaction) -> list[EdgeRow]:
    """Every edge, admitted or awaited, by name."""
    return tx.all("edges", {}, into=EdgeRow)


def edge_by_id(tx: Transaction, edge: str) -> EdgeRow | None:
    """One edge that was admitted, or None."""
    return tx.one("edge_by_id", {"id": edge}, into=EdgeRow)
