# SPDX-License-Identifier: Apache-2.0
"""House rules that a machine can check: sizes, docstrings, licences, and nothing unfinished or of one machine."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sweep import sweep

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "tocsin").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LONGEST_FILE = 600
LONGEST_SOURCE = 400
"""A source file above this is reviewed: split it, or argue here."""
ARGUED = {ROOT / "src/tocsin/errors.py"}
"""One list of every error, each in a few lines: it is looked up and not read."""
LONGEST_FUNCTION = 60
LICENCE = "# SPDX-License-Identifier: Apache-2.0"
VAGUE = {"utils", "util", "common", "base", "manager", "helpers", "misc"}

UNFINISHED = re.compile(r"\bTO[D]O\b|\bFIX[M]E\b|\bX[X]X\b|NotImplemented[E]rror")
ONE_MACHINE = re.compile(r"(?<![\w.])/(?:work|tmp|home|root|Users|opt/(?:pypi|wheels))/")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.|npmjs\.|crates\.io|pkg\.dev|jfrog\.|artif[a]ctory|deb\.debian\.|anaconda\.org",
    re.IGNORECASE,
)

each_source = sweep(SOURCES, lambda path: str(path.relative_to(ROOT / "src")))
each_file = sweep(SOURCES + TESTS, lambda path: str(path.relative_to(ROOT)))

Function = ast.FunctionDef | ast.AsyncFunctionDef


@each_file
def test_a_file_begins_with_its_licence(path: Path) -> None:
    assert path.read_text().splitlines()[:1] == [LICENCE]


@each_file
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= (LONGEST_SOURCE if path in SOURCES and path not in ARGUED else LONGEST_FILE)


@each_source
def test_a_function_is_short_enough_to_read(path: Path) -> None:
    tree = ast.parse(path.read_text())
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, Function) and node.end_lineno is not None
        if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == {}


@each_source
def test_everything_public_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "the module says what it is, its rules, and what is not in it"
    assert [name for name, node in _public(tree) if not ast.get_docstring(node)] == []


@each_source
def test_a_module_has_a_name_that_says_something(path: Path) -> None:
    assert path.stem not in VAGUE


@each_source
def test_public_functions_take_no_bag_of_options(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert [name for name, node in _public(tree) if isinstance(node, Function) and node.args.kwarg] == []


def _public(
    tree: ast.Module | ast.ClassDef, within: str = ""
) -> Iterator[tuple[str, ast.ClassDef | Function]]:
    """Classes, functions and methods that others may name; what is inside a function is its own affair."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield f"{within}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _public(node, f"{node.name}.")


@pytest.fixture(scope="module")
def tracked() -> dict[str, str]:
    """Every text that is in the repository, by its path."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("This is not a git checkout, so nobody knows which files are the product's.")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return {str(path.relative_to(ROOT)): path.read_text(errors="replace") for path in paths if path.is_file()}


@pytest.mark.parametrize(
    "pattern",
    [UNFINISHED, ONE_MACHINE, REGISTRY],
    ids=["unfinished work", "a path of one machine", "a registry host"],
)
def test_the_repository_holds_no(pattern: re.Pattern[str], tracked: dict[str, str]) -> None:
    found = [f"{path}: {match[0]}" for path, text in tracked.items() for match in pattern.finditer(text)]
    assert found == []


def test_the_patterns_find_what_they_are_for() -> None:
    assert UNFINISHED.search("# {}: later".format("todo".upper()))
    assert ONE_MACHINE.search("open('{}tmp/x')".format("/"))
    assert REGISTRY.search("https://pypi{}org/simple".format("."))
    assert not ONE_MACHINE.search("https://a.example/home/x")
