# SPDX-License-Identifier: Apache-2.0
"""What a browser asks of a room, and what the room answers: both plain data, so that rooms know no HTTP."""

from collections.abc import Mapping

import msgspec


class Upload(msgspec.Struct, frozen=True):
    """One file that somebody dropped, with the name that the browser gave it."""

    name: str
    data: bytes


class Asked(msgspec.Struct, frozen=True):
    """One request: what stands in its address, and what a form said."""

    path: Mapping[str, str] = {}
    """The parts of the address that the route names."""
    query: Mapping[str, str] = {}
    fields: tuple[tuple[str, str], ...] = ()
    """Of a form, in its order; a name may stand there again."""
    files: tuple[Upload, ...] = ()

    def one(self, name: str, default: str = "") -> str:
        """The first value of a field, without white space around it."""
        return next((value.strip() for field, value in self.fields if field == name), default)

    def exact(self, name: str) -> str:
        """The same as it was typed, spaces and all: a password."""
        return next((value for field, value in self.fields if field == name), "")

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field that are not empty."""
        return tuple(value.strip() for field, value in self.fields if field == name and value.strip())

    def has(self, name: str) -> bool:
        """Whether a form holds the field: a ticked box, a button that was pressed."""
        return any(field == name for field, _ in self.fields)


class Page(msgspec.Struct, frozen=True):
    """A page to show."""

    template: str
    """Its file under `templates`."""
    view: msgspec.Struct
    """Everything that the template shows; it asks for nothing else."""
    status: int = 200


class Elsewhere(msgspec.Struct, frozen=True):
    """Something was done: look there (303, RFC 9110 §15.4.4), so that reloading does not do it again."""

    to: str
    """A path of this server."""


class File(msgspec.Struct, frozen=True):
    """Bytes to keep, never to show."""

    name: str
    data: bytes
    media_type: str = "application/octet-stream"


Answer = Page | Elsewhere | File
