# SPDX-License-Identifier: Apache-2.0
"""The one mapping between our errors and problem documents (RFC 9457), in both directions."""

import msgspec

from tocsin import errors
from tocsin.errors import RemoteError, TocsinError

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True):
    """A problem document. `type` is a tag URI, so that nobody is sent to an address that may rot."""

    type: str
    title: str
    status: int
    detail: str = ""
    next_step: str = ""


def _family(root: type[TocsinError]) -> list[type[TocsinError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _family(child))]


_BY_TYPE = {f"tag:tocsin,2026:problem/{kind.problem}": kind for kind in _family(errors.TocsinError)}


def to_problem(error: TocsinError) -> Problem:
    """The document that tells a machine and a person what went wrong."""
    return Problem(
        type=f"tag:tocsin,2026:problem/{error.problem}",
        title=error.title(),
        status=error.status,
        detail=error.detail,
        next_step=error.next_step,
    )


def to_error(data: bytes, status: int) -> TocsinError:
    """The error that a problem document stands for; RemoteError when the answer is none of ours."""
    try:
        problem = msgspec.json.decode(data, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return RemoteError(f"It answered with status {status} and no explanation.")
    kind = _BY_TYPE.get(problem.type, RemoteError)
    return kind(problem.detail[:500])
