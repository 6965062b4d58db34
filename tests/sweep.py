# SPDX-License-Identifier: Apache-2.0
"""One test over a thousand small things, which names every one that fails it.

A test of its own for each costs several times what looking at it costs: it is collected by every worker, announced and
reported. Where a case takes longer, or needs a fixture, `pytest.mark.parametrize` is right.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def sweep(
    things: Sequence[T], name: Callable[[T], str]
) -> Callable[[Callable[[T], None]], Callable[[], None]]:
    """Make a check of one thing a test of all of these."""

    def decorate(check: Callable[[T], None]) -> Callable[[], None]:
        def test() -> None:
            assert things
            wrong = [f"{name(one)}: {why}" for one in things if (why := _wrong(check, one))]
            assert not wrong, "\n".join(wrong)

        test.__name__ = check.__name__
        test.__doc__ = check.__doc__
        return test

    return decorate


def _wrong(check: Callable[[T], None], thing: T) -> str:
    """Why a thing fails a check; empty when it does not."""
    try:
        check(thing)
    except AssertionError as error:
        return str(error) or "it is not so"
    return ""
