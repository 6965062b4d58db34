# SPDX-License-Identifier: Apache-2.0
"""Every error explains itself: to a person by title and next step, to a machine by a type of its own."""

import re

import pytest

from tocsin import errors
from tocsin.errors import Malformed, TocsinError, Unreachable


def family(root: type[TocsinError] = TocsinError) -> list[type[TocsinError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in family(child))]


OURS = [kind for kind in family() if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_an_error_says_what_happened_and_what_to_do_next(kind: type[TocsinError]) -> None:
    assert kind.title().endswith("."), "the first line of the docstring is the sentence a person reads"
    assert kind.next_step.endswith(".")
    assert kind("The field x is empty.").diagnostics() == (
        f"{kind.title()} The field x is empty.\n  → {kind.next_step}"
    )


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_an_error_has_a_type_and_a_status_for_machines(kind: type[TocsinError]) -> None:
    assert "problem" in vars(kind), "each class names its own type; an inherited one would be ambiguous"
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.problem)
    assert 400 <= kind.status <= 599


def test_no_two_errors_share_a_type() -> None:
    assert len({kind.problem for kind in OURS}) == len(OURS)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert _drawn(errors.__doc__ or "") == {
        kind.__name__: base.__name__ for kind in OURS for base in kind.__bases__ if base in OURS
    }


def test_an_error_without_detail_is_its_title() -> None:
    assert str(Unreachable()) == "The other side cannot be reached."


def test_an_error_is_raised_and_caught_as_its_family() -> None:
    with pytest.raises(errors.InputError, match="It is empty"):
        raise Malformed("It is empty.")


def _drawn(text: str) -> dict[str, str]:
    """Child → parent as the branches of the drawing say, by depth of indentation."""
    parents: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for line in text.splitlines():
        found = re.match(r"^    ([ │├└─]*)([A-Z]\w+)\b", line)
        if found is None:
            continue
        depth, name = len(found[1]), found[2]
        while stack and stack[-1][0] >= depth:
            stack.pop()
        if stack:
            parents[name] = stack[-1][1]
        stack.append((depth, name))
    return parents
