# SPDX-License-Identifier: Apache-2.0
"""Forms: bounded, whole, in memory, and only our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tocsin.errors import Forbidden, Malformed, TooLarge
from tocsin.web.pages.forms import MAX_FIELDS, asked_of, demand_ours, demand_token, token_of
from tocsin.web.pages.page import Asked, Upload

HOSTS = {"localhost", "tocsin.bank.example"}


def request(body: bytes = b"", kind: str = "", method: str = "POST", **headers: str) -> Request:
    """As the server hands it over."""
    sent = {"host": "localhost:8720", **headers, **({"content-type": kind} if kind else {})}
    scope = {
        "type": "http",
        "method": method,
        "path": "/report",
        "query_string": b"q=hxxp%3A%2F%2Fx",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "path_params": {"draft": "drf_1"},
    }
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, object]:
        return parts.pop(0)

    return Request(scope, receive)


def multipart(*parts: bytes, boundary: bytes = b"b0und") -> tuple[bytes, str]:
    body = (
        b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"
    )
    return body, f"multipart/form-data; boundary={boundary.decode()}"


def part(name: str, data: bytes, file: str | None = None) -> bytes:
    named = f'; filename="{file}"' if file is not None else ""
    return f'Content-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + data


async def test_a_form_is_its_fields_in_their_order() -> None:
    asked = await asked_of(request(b"a=1&b=%20two%20&a=3&e=", "application/x-www-form-urlencoded"), 1_000)
    assert asked.fields == (("a", "1"), ("b", " two "), ("a", "3"), ("e", ""))
    assert (asked.one("b"), asked.every("a"), asked.every("e"), asked.has("e")) == (
        "two",
        ("1", "3"),
        (),
        True,
    )
    assert asked.path == {"draft": "drf_1"}
    assert asked.query == {"q": "hxxp://x"}


@given(data=st.binary(max_size=3_000))
def test_a_file_comes_byte_for_byte(data: bytes) -> None:
    import asyncio

    body, kind = multipart(part("files", data, "phish \u00e4.eml"), part("text", b"hello"))
    asked = asyncio.run(asked_of(request(body, kind), 10_000))
    assert asked.files == (Upload("phish \u00e4.eml", data),)
    assert asked.one("text") == "hello"


async def test_a_file_that_nobody_chose_is_none() -> None:
    body, kind = multipart(part("files", b"", ""), part("text", b"x"))
    assert (await asked_of(request(body, kind), 10_000)).files == ()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--b0und\r\nContent-Disposition", "multipart/form-data"),
        (b"x", "text/plain"),
        (b"a=%ff", "application/x-www-form-urlencoded"),
        (b"&".join([b"a=1"] * (MAX_FIELDS + 1)), "application/x-www-form-urlencoded"),
        (b"not a part at all", "multipart/form-data; boundary=b0und"),
        (multipart(b"X: " + b"y" * 5_000 + b"\r\n\r\n")[0], "multipart/form-data; boundary=b0und"),
        (multipart(*[part("f", b"", "a")] * 101)[0], "multipart/form-data; boundary=b0und"),
    ],
    ids=["no boundary", "no form", "not utf-8", "too many fields", "no parts", "long head", "too many files"],
)
async def test_what_is_no_form_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(Malformed):
        await asked_of(request(body, kind), 1_000_000)


async def test_a_form_has_a_bound_whatever_it_claims() -> None:
    with pytest.raises(TooLarge):
        await asked_of(request(b"a=" + b"x" * 100, "application/x-www-form-urlencoded"), 50)


def test_a_page_that_was_opened_here_may_send() -> None:
    demand_ours(request(origin="http://localhost:8720"), HOSTS)
    demand_ours(request(method="GET"), HOSTS)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8721"},
        {"origin": "http://localhost:8720.evil.example"},
    ],
)
def test_a_form_of_another_site_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        demand_ours(request(**headers), HOSTS)


@pytest.mark.parametrize(
    "host", ["[", "[::1", "evil.example", "evil.example:8720", "", "localhost.evil.example"]
)
def test_a_strangers_name_for_this_server_is_refused(host: str) -> None:
    """DNS rebinding: the browser believes that it speaks with a stranger's own server."""
    with pytest.raises(Forbidden):
        demand_ours(request(method="GET", host=host), HOSTS)


def test_a_form_bears_the_token_of_its_session() -> None:
    demand_token(Asked(fields=(("form", token_of("session")),)), "session")
    for wrong in ("", "\u00e9", token_of("another")):
        with pytest.raises(Forbidden):
            demand_token(Asked(fields=(("form", wrong),)), "session")
    assert "session" not in token_of("session")
