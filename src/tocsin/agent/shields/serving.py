# SPDX-License-Identifier: Apache-2.0
"""Gives the files of shields to the products that fetch them: ``/shields/PRODUCT/FILE``, with a password each.

What is given is the file as it stands, so that a shield which only monitors gives nothing, and whoever undid a change
finds the earlier bytes here too. A file that a product has already is not sent again (``ETag``, RFC 9110 §13.1.2), and
nobody between may keep it for somebody else, or past a withdrawal (``no-cache, private``, RFC 9111 §5.2.2).
"""

import asyncio
import base64
import binascii
import hashlib

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.agent.shields.protection import Protection
from tocsin.agent.shields.subscribers import Subscriber, admitted
from tocsin.errors import Unauthenticated, Unknown
from tocsin.storage.store import Store
from tocsin.web.answers import EXCEPTION_HANDLERS

_TYPES = {"txt": "text/plain; charset=utf-8", "json": "application/json", "csv": "text/csv; charset=utf-8"}
_HEADERS = {
    "Cache-Control": "no-cache, private",
    "Vary": "Authorization",
    "X-Content-Type-Options": "nosniff",
}
CHALLENGE = {"WWW-Authenticate": 'Basic realm="tocsin shields", charset="UTF-8"'}


def application(protection: Protection, store: Store) -> Starlette:
    """The one address, for GET and HEAD."""

    async def give(request: Request) -> Response:
        """The file as it stands, or 304 to whoever has it; Unauthenticated and Unknown as everywhere."""
        product = _product(request, store)
        if product is None:
            return Response(status_code=Unauthenticated.status, headers={**_HEADERS, **CHALLENGE})
        name = request.path_params["file"]
        data = await asyncio.to_thread(_stands, protection, product, name)
        if data is None:
            raise Unknown("There is no such file, or its shield was never switched on.")
        tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        headers = {**_HEADERS, "ETag": tag}
        if _has(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        return Response(data, headers={**headers, "Content-Type": kind})

    route = Route("/shields/{product}/{file}", give, methods=["GET"])
    return Starlette(routes=[route], exception_handlers=EXCEPTION_HANDLERS)


def _product(request: Request, store: Store) -> Subscriber | None:
    """Who asks, by HTTP Basic (RFC 7617), and only at its own address."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if scheme.lower() != "basic" or name != request.path_params["product"]:
        return None
    return admitted(store, name, password)


def _stands(protection: Protection, product: Subscriber, name: str) -> bytes | None:
    """One file of the product's shield: by its name, or by the shield's own when there is only one."""
    return protection.stands(product.shield, "" if name == product.shield else name)


def _has(condition: str, tag: str) -> bool:
    """Whether an If-None-Match names the tag, weakly compared as it must be (RFC 9110 §13.1.2)."""
    return condition.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in condition.split(","))
