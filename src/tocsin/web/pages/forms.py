# SPDX-License-Identifier: Apache-2.0
"""Forms that people send: read whole and bounded, in memory only, and only from our own pages.

A form is ours when its Origin is the host that was asked (RFC 6454; Fetch has every browser send it with a POST) and
it bears the token of its session. Either would do against a stranger's page; two survive a mistake in one. Files go
through memory: a framework that spools them would leave a victim's mail in a temporary folder.
"""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from urllib.parse import SplitResult, parse_qsl, urlsplit

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from tocsin.errors import Forbidden, Malformed
from tocsin.web.answers import bounded_body
from tocsin.web.pages.page import Asked, Upload

TOKEN = "form"  # noqa: S105 the name of a field
"""The field that bears a form's token."""
MAX_FIELDS = 5_000
"""A draft has at most 1,000 values, with a few boxes each."""
MAX_FILES = 100
MAX_HEAD = 4_096
"""Bytes of the head of one part."""
_SAFE = ("GET", "HEAD")


def token_of(session: str) -> str:
    """The token that the forms of a session bear; it tells nothing of the session."""
    return hmac.digest(session.encode(), b"tocsin/form/v1", hashlib.sha256)[:16].hex()


def demand_ours(request: Request, hosts: Collection[str]) -> None:
    """Forbidden for a host by which this server is not called, and for what another site makes a browser send.

    The first stops a stranger's name that points at this address (DNS rebinding), the second cross-site forms.
    """
    host = request.headers.get("host", "")
    if parted(f"//{host}").hostname not in hosts:
        raise Forbidden(
            "This server is not called by that name.",
            next_step="Add the name to console.names in agent.toml, if it is yours.",
        )
    if request.method in _SAFE:
        return
    if parted(request.headers.get("origin", "")).netloc != host:
        raise Forbidden(
            "The form came from another site.", next_step="Open the page again, and send it from there."
        )


def parted(address: str) -> SplitResult:
    """The parts of an address that a client wrote; of one that is none, nothing."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def demand_token(asked: Asked, session: str) -> None:
    """Forbidden unless the form bears the token of this session."""
    if not hmac.compare_digest(asked.one(TOKEN).encode(errors="replace"), token_of(session).encode()):
        raise Forbidden(
            "The form is from another session.", next_step="Open the page again, and send it from there."
        )


async def asked_of(request: Request, limit: int) -> Asked:
    """Everything that a request says; TooLarge beyond `limit` bytes, Malformed for a form that is none."""
    path = {name: str(value) for name, value in request.path_params.items()}
    query = dict(request.query_params)
    if request.method in _SAFE:
        return Asked(path, query)
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    body = await bounded_body(request, limit)
    if kind == b"multipart/form-data":
        parts = _Parts(options.get(b"boundary", b""))
        fields, files = parts.read(body)
        return Asked(path, query, fields, files)
    if kind != b"application/x-www-form-urlencoded":
        raise Malformed("A form is sent as multipart/form-data, or as application/x-www-form-urlencoded.")
    return Asked(path, query, _plain(body))


def _plain(body: bytes) -> tuple[tuple[str, str], ...]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Malformed(f"The form cannot be read: {error}.") from None
    return tuple(pairs)


class _Parts:
    """The parts of one multipart body (RFC 7578), collected from the parser's calls."""

    def __init__(self, boundary: bytes) -> None:
        if not boundary:
            raise Malformed("The form does not say what separates its parts.")
        self._boundary = boundary
        self._fields: list[tuple[str, str]] = []
        self._files: list[Upload] = []
        self._head: dict[bytes, bytes] = {}
        self._name, self._value, self._data = bytearray(), bytearray(), bytearray()

    def read(self, body: bytes) -> tuple[tuple[tuple[str, str], ...], tuple[Upload, ...]]:
        """All fields, all files; Malformed when there are too many, or the body is cut off."""
        parser = MultipartParser(
            self._boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._keep(self._name, data[start:end]),
                "on_header_value": lambda data, start, end: self._keep(self._value, data[start:end]),
                "on_header_end": self._header,
                "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
                "on_part_end": self._end,
            },
        )
        try:
            parser.write(body)
            parser.finalize()
        except MultipartParseError as error:
            raise Malformed(f"The form cannot be read: {error}.") from None
        return tuple(self._fields), tuple(self._files)

    def _begin(self) -> None:
        self._head, self._data = {}, bytearray()

    @staticmethod
    def _keep(part: bytearray, data: bytes) -> None:
        part.extend(data)
        if len(part) > MAX_HEAD:
            raise Malformed(f"The head of a part has at most {MAX_HEAD} bytes.")

    def _header(self) -> None:
        self._head[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def _end(self) -> None:
        disposition = parse_options_header(self._head.get(b"content-disposition", b""))[1]
        name = _text(disposition, b"name")
        if b"filename" in disposition:
            if file := _text(disposition, b"filename"):  # an empty one: nothing was chosen
                self._files.append(Upload(file[:400], bytes(self._data)))
        else:
            self._fields.append((name, bytes(self._data).decode(errors="replace")))
        if len(self._fields) > MAX_FIELDS or len(self._files) > MAX_FILES:
            raise Malformed(f"A form has at most {MAX_FIELDS:,} fields and {MAX_FILES} files.")


def _text(options: Mapping[bytes, bytes], name: bytes) -> str:
    return options.get(name, b"").decode(errors="replace")
