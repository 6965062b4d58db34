# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI 3.1 document, made from the message types themselves, so that it cannot say anything else."""

from collections.abc import Sequence

import msgspec

from tocsin import __version__
from tocsin.wire.problem import MEDIA_TYPE, Problem


class Parameter(msgspec.Struct, frozen=True):
    """A whole number in an address's query."""

    name: str
    summary: str
    least: int
    most: int
    required: bool = False


class Operation(msgspec.Struct, frozen=True):
    """One address with what it takes and gives."""

    method: str
    path: str
    summary: str
    takes: type[msgspec.Struct] | None = None
    gives: type[msgspec.Struct] | None = None
    media_type: str = "application/json"
    signed: bool = True
    """Whether the request must carry a party's signature (RFC 9421)."""
    query: tuple[Parameter, ...] = ()
    """What may stand behind the question mark; the signature covers it."""


def openapi(title: str, operations: Sequence[Operation]) -> bytes:
    """The whole document as JSON."""
    kinds = {kind for one in operations for kind in (one.takes, one.gives) if kind is not None} | {Problem}
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, object]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    signature = {
        "type": "http",
        "scheme": "signature",
        "description": "HTTP Message Signatures (RFC 9421), Ed25519, tag tocsin; see docs/reference/protocol.md.",
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"signature": signature}},
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _operation(one: Operation) -> dict[str, object]:
    problem = {"description": "A problem document (RFC 9457).", "content": {MEDIA_TYPE: _schema(Problem)}}
    good: dict[str, object] = {"description": "Done."}
    if one.gives is not None:
        good["content"] = {one.media_type: _schema(one.gives)}
    found: dict[str, object] = {
        "summary": one.summary,
        "operationId": f"{one.method.lower()}{one.path.replace('/', '_')}",
        "responses": {"200": good, "default": problem},
        "security": [{"signature": []}] if one.signed else [],
    }
    if one.query:
        found["parameters"] = [
            {
                "name": parameter.name,
                "in": "query",
                "description": parameter.summary,
                "required": parameter.required,
                "schema": {"type": "integer", "minimum": parameter.least, "maximum": parameter.most},
            }
            for parameter in one.query
        ]
    if one.takes is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": _schema(one.takes)}}
    return found


def _schema(kind: type[msgspec.Struct]) -> dict[str, object]:
    return {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}
