# SPDX-License-Identifier: Apache-2.0
"""Every error is one problem document (RFC 9457) and comes back as itself; a stranger's answer is never trusted."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import errors
from tocsin.errors import RemoteError, TocsinError
from tocsin.wire.messages import encode
from tocsin.wire.problem import Problem, to_error, to_problem


def family(root: type[TocsinError] = TocsinError) -> list[type[TocsinError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in family(child))]


OURS = [kind for kind in family() if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_an_error_comes_back_as_itself(kind: type[TocsinError]) -> None:
    back = to_error(encode(to_problem(kind("The field x is empty."))), kind.status)
    assert type(back) is kind
    assert back.detail == "The field x is empty."


def test_no_two_errors_have_one_type() -> None:
    assert len({to_problem(kind()).type for kind in OURS}) == len(OURS)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_a_document_says_what_happened_and_what_to_do(kind: type[TocsinError]) -> None:
    document = to_problem(kind("Why."))
    assert document == Problem(
        type=f"tag:tocsin,2026:problem/{kind.problem}",
        title=kind.title(),
        status=kind.status,
        detail="Why.",
        next_step=kind.next_step,
    )


def test_a_type_of_a_later_version_is_a_remote_error() -> None:
    document = Problem("tag:tocsin,2026:problem/from-the-future", "Later.", 400, "It says why.")
    back = to_error(encode(document), 400)
    assert type(back) is RemoteError
    assert back.detail == "It says why."


def test_a_long_detail_is_cut() -> None:
    document = Problem("tag:tocsin,2026:problem/malformed", "Long.", 400, "x" * 100_000)
    assert len(to_error(encode(document), 400).detail) == 500


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>502 Bad Gateway</html>", b"[]", b"{}", b'{"type":1}', b"[" * 100_000, b"\xff", b'"\\ud800"',
     b'{"type":"' + b"x" * 10]
)  # fmt: skip
def test_an_answer_that_is_no_document_names_its_status(data: bytes) -> None:
    back = to_error(data, 502)
    assert type(back) is RemoteError
    assert "502" in back.detail


@given(st.binary() | st.recursive(st.none() | st.text() | st.floats(), st.lists).map(msgspec.json.encode))
def test_no_answer_makes_it_raise(data: bytes) -> None:
    assert isinstance(to_error(data, 500), TocsinError)
