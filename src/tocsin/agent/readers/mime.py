# SPDX-License-Identifier: Apache-2.0
"""A mail → the tree of `email.message.Message` that the standard library's parser makes of it, several times faster.

The library's parser looks at every line of a mail in Python, and most lines are a body's. Here a field is one match, a
body is one slice, and where a part ends is found by a search for its boundary (RFC 2046 §5.1). An odd header is read by
the library itself. Fields, nesting, bodies and defects are the library's, of broken mail too: tests hold both side by
side. What stands before the first part and behind the last is not kept: no program shows it.
"""

import re
from collections.abc import Iterator
from email import errors
from email.message import Message
from email.parser import HeaderParser, Parser
from email.policy import compat32
from typing import Any, NamedTuple

_FIELD = re.compile(r"([!-9;-~]++):[ \t]*+(.*+(?:\n[ \t].*+)*+)(?:\n|\Z)")
"""A dot is the fastest way to the end of a line; it takes carriage returns along."""
_ENVELOPE = re.compile(r"(From [^\r\n]*+)(?:\r\n?|\n|\Z)")
_ODD_LINE = re.compile(r"From |:|[ \t]")
_HEADER = re.compile(r"(?:(?:From |[!-9;-~]*+:|[\t ])[^\r\n]*+(?:\r\n?|\n|\Z))*+")
_NEWLINE = re.compile(r"\r\n?|\n")
_DASHES = re.compile(r"--(?<![^\r\n]--)")
"""Where a line begins with them: found by its letters, which is the fastest search."""
_BEHIND_MARK = re.compile(r"(--)?[ \t]*+(?:\r\n?|\n|\Z)")
_LAST_LINE = re.compile(r"(?<![^\r\n])[^\r\n]+(?:\r\n?|\n)?\Z")
_UNENCODED = frozenset({"7bit", "8bit", "binary"})


class _Part(Message):
    """A part whose fields stay as they are once one of them was asked for, but for such as are set or deleted by name.

    The library looks through all of them each time: some twenty times, and a mail has some fifty fields.
    """

    def __init__(self) -> None:
        super().__init__(policy=compat32)
        self._asked: dict[str, Any] = {}

    def get(self, name: str, failobj: Any = None) -> Any:
        """As the library's."""
        if name not in self._asked:
            self._asked[name] = super().get(name)
        found = self._asked[name]
        return failobj if found is None else found

    def __setitem__(self, name: str, value: str) -> None:
        self._asked.clear()
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        self._asked.clear()
        super().__delitem__(name)


class _Bound(NamedTuple):
    """A line between two parts of a multipart, or behind the last one."""

    start: int
    end: int
    is_last: bool


def parsed(data: bytes) -> "Message[str, str]":
    """The mail and its parts; RecursionError where they are nested some hundreds deep."""
    text = data.decode("ascii", "surrogateescape")
    mail = _part(text, 0, len(text))
    if not mail.is_multipart() and mail.get_content_maintype() == "multipart":
        mail.defects.append(errors.MultipartInvariantViolationDefect())
    return mail


def _part(
    text: str, start: int, end: int, *, default: str = "text/plain", bounded: bool = False
) -> "Message[str, str]":
    """The part that stands in a text from `start` to `end`: its header, then what the header says that its body is.

    `bounded` says that a boundary follows, to which the newline before it belongs (RFC 2046 §5.1.1).
    """
    part, begin, stray = _header(text, start, end)
    part.set_default_type(default)
    kind = part.get_content_type()
    if kind == "message/delivery-status":  # as rare as its form is odd
        part = Parser(policy=compat32).parsestr(text[start:end])
        part.set_default_type(default)
        return part
    if separator := _NEWLINE.match(text, begin, end):
        begin = separator.end()
    elif begin < end:
        part.defects.insert(0, errors.MissingHeaderBodySeparatorDefect())
    if stray:
        text = stray + text[begin:end]
        begin, end = 0, len(text)
    if kind.startswith("multipart/"):
        part.set_payload(_parts(part, text, begin, end))
    elif kind.startswith("message/"):
        part.set_payload([_part(text, begin, end, bounded=bounded)])
    else:
        part.set_payload(text[begin : _before_newline(text, begin, end) if bounded else end])
    return part


def _header(text: str, start: int, end: int) -> "tuple[Message[str, str], int, str]":
    """A part with its fields alone, where its header ends, and a line of it that the library gives to the body."""
    part: Message[str, str] = _Part()
    begin = start
    if envelope := _ENVELOPE.match(text, start, end):
        part.set_unixfrom(envelope[1])
        begin = envelope.end()
    while field := _FIELD.match(text, begin, end):
        value = field[2].removesuffix("\r")
        if "\r" in value and value.count("\r") > value.count("\r\n"):  # it ends a line alone
            break
        part.set_raw(field[1], value)
        begin = field.end()
    else:
        if not _ODD_LINE.match(text, begin, end):
            return part, begin, ""
    header = _HEADER.match(text, start, end)
    assert header is not None, "it may match nothing"
    part = HeaderParser(policy=compat32).parsestr(header[0])
    last = _LAST_LINE.search(header[0]) if part.get_payload() else None
    return part, header.end(), last[0] if last else ""


def _parts(
    outer: "Message[str, str]", text: str, start: int, end: int
) -> "list[Message[str, str] | str] | str":
    """The parts of a multipart; all of it as one text where no boundary can be found."""
    boundary = outer.get_boundary()
    if boundary is None:
        outer.defects.append(errors.NoBoundaryInMultipartDefect())
        return text[start:end]
    if str(outer.get("content-transfer-encoding", "8bit")).lower() not in _UNENCODED:
        outer.defects.append(errors.InvalidMultipartContentTransferEncodingDefect())
    bounds = _bounds(boundary, text, start, end)
    first = next(bounds, None)
    if first is None or first.is_last:
        outer.defects.append(errors.StartBoundaryNotFoundDefect())
        return text[start : first.start if first else end]
    default = "message/rfc822" if outer.get_content_type() == "multipart/digest" else "text/plain"
    found: list[Message[str, str] | str] = []
    begin = first.end
    for bound in bounds:
        is_part = bound.start > begin  # there is none between two boundaries that follow each other
        if is_part:
            found.append(_part(text, begin, bound.start, default=default, bounded=True))
        begin = bound.end
        if is_part and bound.is_last:
            return found
    outer.defects.append(errors.CloseBoundaryNotFoundDefect())
    return [*found, _part(text, begin, end, default=default, bounded=True)]


def _bounds(boundary: str, text: str, start: int, end: int) -> "Iterator[_Bound]":
    """Every line that is a boundary, or the last one, without an expression of its own to compile for each mail."""
    if _NEWLINE.search(boundary):
        return
    mark = f"--{boundary}"
    for dashes in _DASHES.finditer(text, start, end):
        if text.startswith(mark, dashes.start(), end) and (
            rest := _BEHIND_MARK.match(text, dashes.start() + len(mark), end)
        ):
            yield _Bound(dashes.start(), rest.end(), is_last=rest[1] is not None)


def _before_newline(text: str, start: int, end: int) -> int:
    """Where a text ends without its last newline."""
    return next((end - len(one) for one in ("\r\n", "\r", "\n") if text.endswith(one, start, end)), end)
