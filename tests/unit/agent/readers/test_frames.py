# SPDX-License-Identifier: Apache-2.0
"""Neither a reader that takes nothing nor one that says half of what it announced keeps the agent waiting."""

import os
import threading
import time
from collections.abc import Iterator

import pytest

from tocsin.agent.readers.frames import receive_by, send_by
from tocsin.errors import Malformed

SOON = 0.05


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    taking, giving = os.pipe()
    os.set_blocking(giving, False)
    yield taking, giving
    for end in (taking, giving):
        try:
            os.close(end)
        except OSError:
            continue


def test_a_frame_comes_as_it_was_sent(pipe: tuple[int, int]) -> None:
    taking, giving = pipe
    send_by(giving, b"hello", time.monotonic() + 1)
    assert receive_by(taking, 5, time.monotonic() + 1) == b"hello"


def test_a_frame_that_nobody_takes_is_given_up(pipe: tuple[int, int]) -> None:
    with pytest.raises(TimeoutError):
        send_by(pipe[1], bytes(2**20), time.monotonic() + SOON)


@pytest.mark.parametrize("begun", [b"", b"\0", b"\0\0\0\5hel"])
def test_a_frame_that_does_not_come_whole_is_given_up(pipe: tuple[int, int], begun: bytes) -> None:
    taking, giving = pipe
    os.write(giving, begun)
    with pytest.raises(TimeoutError):
        receive_by(taking, 5, time.monotonic() + SOON)
    os.close(giving)
    assert receive_by(taking, 5, time.monotonic() + 1) is None


def test_a_frame_that_is_longer_than_its_bound_is_not_waited_for(pipe: tuple[int, int]) -> None:
    taking, giving = pipe
    os.write(giving, b"\0\0\1\0")
    with pytest.raises(Malformed):
        receive_by(taking, 255, time.monotonic() + SOON)


def test_a_frame_that_says_more_than_it_announced_is_no_frame(pipe: tuple[int, int]) -> None:
    taking, giving = pipe
    os.write(giving, b"\0\0\0\1ab")
    with pytest.raises(Malformed):
        receive_by(taking, 255, time.monotonic() + SOON)


def test_a_frame_comes_in_any_number_of_pieces(pipe: tuple[int, int]) -> None:
    taking, giving = pipe
    body = bytes(range(256)) * 100
    thread = threading.Thread(target=_drip, args=(giving, len(body).to_bytes(4, "big") + body))
    thread.start()
    assert receive_by(taking, len(body), time.monotonic() + 5) == body
    thread.join()


def _drip(pipe: int, data: bytes) -> None:
    for at in (range(8), range(8, len(data), 7_000)):
        for start in at:
            os.write(pipe, data[start : start + at.step])
