# SPDX-License-Identifier: Apache-2.0
"""The mutants are the wrongs that are meant, each in its place and one at a time; and a seeded few are noticed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tests.mutation.mutants import mutants_of
from tests.mutation.run import ROOT, SOURCE, TESTS

SAMPLE = 24
"""So many of the 1,300 in CI, in less than a minute; all of them by ``make mutation``."""


def mutated(folder: Path, source: str) -> set[str]:
    """Every mutant of one piece of source, as source."""
    path = folder / "source.py"
    path.write_text(source, encoding="utf-8")
    return {ast.unparse(mutant.tree()) for mutant in mutants_of(path)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", {"a <= b"}),
        ("a >= b", {"a > b"}),
        ("a == b", {"a != b"}),
        ("a in b", {"a not in b"}),
        ("a is None", {"a is not None"}),
        ("a < b <= c", {"a <= b <= c", "a < b < c"}),
        ("a and b", {"a or b", "a", "b"}),
        ("a or b or c", {"a and b and c", "b or c", "a or c", "a or b"}),
        ("not a", {"a"}),
        ("a + b", {"a - b"}),
        ("a << b", {"a >> b"}),
        ("a & b", {"a | b"}),
        ("x = 7", {"x = 8"}),
        ("x = True", {"x = False"}),
        ("x = 'word'", {"x = 'wordx'"}),
        ("x = b'ab'", {"x = b'abx'"}),
        ("(A(), B())", {"(A(),)", "(B(),)"}),
        ("[a, b]", {"[a]", "[b]"}),
        ("{a, b}", {"{a}", "{b}"}),
        ("{a: b, c: d}", {"{a: b}", "{c: d}"}),
        ("[a for a in b if c]", {"[a for a in b]"}),
        ("if a:\n    b", {"if not a:\n    b"}),
        ("a if b else c", {"a if not b else c"}),
        ("raise a", {"pass"}),
        ("check(a)", {"pass"}),
        ("def f():\n    return a", {"def f():\n    pass"}),
    ],
)
def test_each_wrong_is_done_alone(tmp_path: Path, source: str, expected: set[str]) -> None:
    assert mutated(tmp_path, source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring of many words."""',
        "assert a < 7",
        "import a",
        "x: 'word'",
        "def f(a: list[7]) -> '7':\n    a",
        "class A(B, frozen=True):\n    pass",
        "@dataclass(7)\nclass A:\n    pass",
        "x = 'a sentence for a person'",
        "x = f'{a < 7}'",
        "def f():\n    a\n    return None",
        "x = Callable[[A], B]",
    ],
)
def test_what_says_nothing_that_a_test_could_notice_is_left_alone(tmp_path: Path, source: str) -> None:
    assert mutated(tmp_path, source) == set()


def test_a_mutant_says_where_it_is_and_what_was_done(tmp_path: Path) -> None:
    path = tmp_path / "source.py"
    path.write_text("a\nb < 1\n", encoding="utf-8")
    assert [(one.line, one.what) for one in mutants_of(path)] == [(2, "Lt is LtE"), (2, "1 is 2")]


def test_there_are_tests_for_every_file_that_is_changed() -> None:
    for key, tests in TESTS.items():
        assert (SOURCE / "tocsin" / key).exists()
        assert any(path.exists() for path in tests), key


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.mutation.run", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.processes
def test_a_seeded_few_are_noticed() -> None:
    ended = run("--sample", str(SAMPLE))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"of {SAMPLE:>4} killed" in ended.stdout
