# SPDX-License-Identifier: Apache-2.0
"""Style, script and pictures of the pages, each at an address that holds its digest, so that a browser may keep it."""

import hashlib
from collections.abc import Mapping
from importlib import resources

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.errors import Unknown

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_KEEP = {"Cache-Control": "public, max-age=31536000, immutable"}


class Asset(msgspec.Struct, frozen=True):
    """One file as it is served."""

    path: str
    data: bytes
    media_type: str


class Assets:
    """The files of a package's ``static`` folder, read once."""

    def __init__(self, package: str) -> None:
        files = resources.files(package) / "static"
        self._by_name = {
            one.name: _asset(one.name, one.read_bytes()) for one in files.iterdir() if one.is_file()
        }
        self._by_path: Mapping[str, Asset] = {one.path: one for one in self._by_name.values()}

    def path(self, name: str) -> str:
        """Where a file is served."""
        return self._by_name[name].path

    def route(self) -> Route:
        """The address of all of them."""
        return Route("/static/{file}", self._give, methods=["GET"])

    async def _give(self, request: Request) -> Response:
        found = self._by_path.get(f"/static/{request.path_params['file']}")
        if found is None:
            raise Unknown("There is no such file.")
        return Response(found.data, headers=_KEEP, media_type=found.media_type)


def _asset(name: str, data: bytes) -> Asset:
    stem, _, ending = name.rpartition(".")
    return Asset(f"/static/{stem}.{hashlib.sha256(data).hexdigest()[:16]}.{ending}", data, _TYPES[ending])
