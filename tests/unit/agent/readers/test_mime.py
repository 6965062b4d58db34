# SPDX-License-Identifier: Apache-2.0
"""The tree of a mail is the one that the standard library's parser makes, however broken the mail is."""

import time
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers.mime import parsed

HEADER = b"From: a@evil.example\r\nSubject: x\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\n"


def tree(part: Message, *, reported: bool = False) -> Any:
    """What can be told of a part: fields, defects, body. Of a delivery report's blocks the last newline is nobody's."""
    body: Any = part._payload  # type: ignore[attr-defined]  # its bytes, which no public method gives as they are
    if isinstance(body, list):
        reported = reported or part.get_content_type() == "message/delivery-status"
        body = [tree(child, reported=reported) for child in body]
    elif reported:
        body = body.rstrip("\r\n")
    defects = [(type(each), str(each)) for each in part.defects]
    return list(part.raw_items()), part.get_default_type(), part.get_unixfrom(), defects, body


def of_the_library(data: bytes) -> Any:
    return tree(BytesParser(policy=compat32).parsebytes(data))


ODD = [
    b"",
    b"\n",
    b"no header at all",
    HEADER + b"\r\nhello\r\n",
    HEADER + b"no empty line\r\nhello",
    b" begins with a folded line\nSubject: x\n\nhello",
    b":no name\nSubject: x\n folded\n\nhello",
    b"From a@evil.example Mon Nov 30\nSubject: x\n\nhello",
    b"Subject: x\nFrom in the middle\nTo: y\n\nhello",
    b"Subject: x\nFrom at the end\n\nhello\n",
    b"Subject: x\rTo: y\r\rhello\r",
    b"Subject:\n folded\n\t twice\n\n\nhello",
    b"Subject: caf\xe9\nContent-Type: text/plain; charset=latin-1\n\ncaf\xe9",
    MIXED + b"\nbefore\n--b\n\none\n--b\n\ntwo\n\n--b--\nbehind\n--b\n\nthree",
    MIXED + b"\n--b\n\none\n",
    MIXED + b"\n--b\n--b\n--b--\n\none\n--b--",
    MIXED + b"\n--b--\n\none",
    MIXED + b"\nno boundary",
    MIXED + b"\n--b \t\none\n--bc\n--b-\n--b--x\n --b\n--b--",
    MIXED + b"Content-Transfer-Encoding: base64\n\n--b\n\nfoo\n--b--",
    MIXED + b"\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsame mark\n--b--\n",
    MIXED + b"\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nopen\n--b\n\nnext\n--b--\n",
    MIXED + b"\n--b\nContent-Type: multipart/mixed\n\nno mark\n\n--b--\n",
    MIXED + b"\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\nhello\n\n--b--\n",
    b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: inner\n\nhello\n--b--\n",
    b"Content-Type: multipart/mixed\n\n--b\n\nno mark\n--b--",
    b'Content-Type: multipart/mixed; boundary="b\n c"\n\n--b\n c\n\none\n--b\n c--\n',
    b'Content-Type: multipart/mixed; boundary=".*"\n\n--.*\n\none\n--xx--\n--.*--',
    b"Content-Type: message/delivery-status\n\nA: 1\n\nB: 2\nno field\n\n\nC: 3\n",
    b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA==\n",
]


@pytest.mark.parametrize("data", ODD)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_an_odd_mail_is_the_library_s(data: bytes, newline: bytes) -> None:
    data = data.replace(b"\r\n", b"\n").replace(b"\n", newline)
    assert tree(parsed(data)) == of_the_library(data)


@given(
    st.lists(
        st.sampled_from([
            b"Subject: x", b"From: a@b", b"From x", b":", b" folded", b"no field", b"", b"", b"caf\xe9",
            b"--b", b"--b--", b"--c", b"--c--", b"--b ", b"--bc", b"Content-Type: multipart/mixed; boundary=b",
            b'Content-Type: multipart/digest; boundary="c"', b"Content-Type: multipart/mixed",
            b"Content-Type: message/rfc822", b"Content-Type: message/delivery-status",
            b"Content-Type: text/html", b"Content-Transfer-Encoding: base64",
        ]),
        max_size=30,
    ),
    st.lists(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]), min_size=30, max_size=30),
    st.booleans(),
)  # fmt: skip
def test_whatever_lines_a_mail_is_made_of_it_is_the_library_s(
    lines: list[bytes], newlines: list[bytes], starts_as_a_mail: bool
) -> None:
    start = MIXED if starts_as_a_mail else b""
    data = start + b"".join(line + newline for line, newline in zip(lines, newlines, strict=False))
    assert tree(parsed(data)) == of_the_library(data)


@pytest.mark.parametrize(
    "data",
    [
        b"Subject:" + b" x\n" * 1_000_000,
        b"X" * 4_000_000,
        b"X: \n" * 200_000,
        b"\r\n" * 1_000_000,
        MIXED + b"\n" + b"--b" * 1_000_000,
        MIXED + b"\n--b\n\n" + b"--b-\n" * 600_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(200))
        + b"--b" * 20_000,
    ],
    ids=["folds", "one line", "fields", "newlines", "marks in one line", "nearly boundaries", "nested"],
)  # fmt: skip
def test_a_mail_that_is_made_to_be_slow_is_no_slower_than_its_size(data: bytes) -> None:
    started = time.process_time()
    parsed(data)
    assert time.process_time() - started < 1
