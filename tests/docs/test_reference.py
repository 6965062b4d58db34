# SPDX-License-Identifier: Apache-2.0
"""The reference says of errors and extension points exactly what the source says."""

import ast
import inspect
import re
from pathlib import Path

from tocsin import errors, hooks
from tocsin.errors import TocsinError
from tocsin.wire.problem import to_problem

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def family(root: type[TocsinError] = TocsinError) -> list[type[TocsinError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in family(child))]


def test_every_error_is_in_the_reference_and_no_other() -> None:
    rows = re.findall(r"^\| `[\w-]+` \|.*$", (REFERENCE / "errors.md").read_text(), flags=re.MULTILINE)
    expected = [
        f"| `{kind.problem}` | {kind.status} | {kind.title()} | {kind.next_step} |"
        for kind in family()
        if kind.__module__ == errors.__name__
    ]
    assert sorted(rows) == sorted(expected)


def test_the_reference_gives_the_type_as_it_is_sent() -> None:
    prefix = to_problem(TocsinError()).type.removesuffix("failed")
    assert f"`{prefix}`" in (REFERENCE / "errors.md").read_text()


def test_every_extension_point_is_in_the_reference_as_it_is_called() -> None:
    text = (REFERENCE / "hooks.md").read_text()
    for one in ast.parse(inspect.getsource(hooks)).body:
        if isinstance(one, ast.ClassDef):
            part = text.partition(f"\n## {one.name}\n")[2].partition("\n## ")[0]
            assert [line for line in _rows(one) if line not in part] == []


def _rows(kind: ast.ClassDef) -> list[str]:
    """How the table of a class must begin its rows: its fields, and its methods as they are called."""
    rows = []
    for part in kind.body:
        if isinstance(part, ast.AnnAssign):
            rows.append(f"| `{ast.unparse(part.target)}` |")
        elif isinstance(part, ast.FunctionDef) and part.returns is not None:
            arguments = ast.unparse(part.args).removeprefix("self").removeprefix(", ")
            rows.append(f"| `{part.name}({arguments}) -> {ast.unparse(part.returns)}` |")
    return rows
