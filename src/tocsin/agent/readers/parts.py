# SPDX-License-Identifier: Apache-2.0
"""One MIME part as a mail program shows it: its children, its bytes, its name as a file (RFC 2045, 2183, 2231)."""

import re
from email.message import Message
from functools import lru_cache

from tocsin.agent.readers.headers import decoded

_TOKEN = re.compile(r"[\w-]{1,40}")


def children(part: "Message[str, str]") -> "list[Message[str, str]]":
    """The parts of a multipart; never the payload of another, which `get_payload` would decode as its sender says."""
    inner = part.get_payload() if part.is_multipart() else []
    return [child for child in inner if isinstance(child, Message)]


def transfer_encoding(part: "Message[str, str]") -> str:
    """The encoding's name without what senders append to it to hide it from filters (blanks, comments)."""
    named = _TOKEN.match(str(part.get("content-transfer-encoding", "")).strip().lower())
    return named[0] if named else ""


def payload_of(part: "Message[str, str]") -> bytes:
    """The decoded bytes of a part without parts; broken encodings give what can be had."""
    encoding = transfer_encoding(part)
    if encoding != str(part.get("content-transfer-encoding", "")).lower():
        del part["content-transfer-encoding"]
        part["content-transfer-encoding"] = encoding
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def charset_of(part: "Message[str, str]") -> str | None:
    """The charset that a part names, in lower case."""
    return _charset_in(str(part.get("content-type", "")))


@lru_cache(256)  # a few ways to write it stand in most mails
def _charset_in(content_type: str) -> str | None:
    part: Message[str, str] = Message()
    part["content-type"] = content_type
    return part.get_content_charset()


def filename(part: "Message[str, str]") -> str:
    """What the part is called as a file; empty when it is none."""
    if not any(
        "name" in str(part.get(field, "")).lower() for field in ("content-disposition", "content-type")
    ):
        return ""
    try:
        return decoded(part.get_filename() or "")
    except (ValueError, LookupError, TypeError):  # RFC 2231 with a charset that is none
        return "unnamed"
