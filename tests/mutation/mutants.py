# SPDX-License-Identifier: Apache-2.0
"""The small wrongs that a person could do to a file of source, one at a time.

Each mutant is the file's syntax tree with one change: a condition turned round or dropped, a comparison moved by a
hair, a number one too big, a rule left out of a list, a `raise`, `return` or call left out, an `and` for an `or`.

Not changed: annotations, docstrings, sentences for people (a text with a space), class headers, and what an `assert`
says, which states what cannot happen. Why not mutmut or cosmic-ray: the first changes no module-level rule lists, the
second edits the tree that others work in; see `tests/mutation/run.py`.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_LEFT_ALONE = frozenset({"annotation", "returns", "decorator_list", "bases"})
"""Fields of syntax whose inside is not changed."""

Change = Callable[[ast.AST], ast.AST]


class Mutant(msgspec.Struct, frozen=True):
    """One change to one file."""

    path: Path
    line: int
    what: str
    """What was done, in a few words."""
    node: int
    """Which node, in the order in which `_places` walks."""
    variant: int

    def tree(self) -> ast.Module:
        """The changed syntax tree."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        places = list(_places(tree))
        parent, field, index, node = places[self.node]
        _what, changed = list(_changes(node))[self.variant]
        _put(parent, field, index, changed)
        return ast.fix_missing_locations(tree)


def mutants_of(path: Path) -> list[Mutant]:
    """Every mutant of a file, from top to bottom."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        Mutant(path, getattr(node, "lineno", 0), what, number, variant)
        for number, (_, _, _, node) in enumerate(_places(tree))
        for variant, (what, _) in enumerate(_changes(node))
    ]


def _places(parent: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Every node that may change, with where it stands."""
    for field, value in ast.iter_fields(parent):
        if field in _LEFT_ALONE or (isinstance(parent, ast.ClassDef) and field == "keywords"):
            continue
        for index, node in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(node, ast.AST) or _is_left_alone(node) or _says_nothing(parent, node):
                continue
            yield parent, field, index if isinstance(value, list) else None, node
            yield from _places(node)


def _is_left_alone(node: ast.AST) -> bool:
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_docstring or isinstance(node, ast.Assert | ast.JoinedStr | ast.Import | ast.ImportFrom)


def _says_nothing(parent: ast.AST, node: ast.AST) -> bool:
    """A last `return None` or `return False`: who comes to the end without one gives as little. And types."""
    last = isinstance(parent, ast.FunctionDef) and parent.body[-1] is node
    match node:
        case ast.Return(value=None | ast.Constant(value=None | False)):
            return last
        case ast.Subscript(value=ast.Name(id="Callable")):
            return True
    return False


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What one node may become."""
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                other = _COMPARED[type(operator)]
                ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
                yield f"{type(operator).__name__} is {other.__name__}", _with(node, ops=ops)
        case ast.BoolOp():
            other_word = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield f"{type(node.op).__name__} is {other_word.__name__}", _with(node, op=other_word())
            for index in range(len(node.values)):
                rest = _without(node.values, index)
                left = rest[0] if len(rest) == 1 else _with(node, values=rest)
                yield f"condition {index + 1} dropped", copy.deepcopy(left)
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped", copy.deepcopy(node.operand)
        case ast.BinOp() if type(node.op) in _COMPUTED:
            other_sign = _COMPUTED[type(node.op)]
            yield f"{type(node.op).__name__} is {other_sign.__name__}", _with(node, op=other_sign())
        case ast.If() | ast.IfExp() | ast.While():
            yield "condition turned round", _with(node, test=ast.UnaryOp(ast.Not(), node.test))
        case ast.comprehension():
            for index in range(len(node.ifs)):
                yield f"condition {index + 1} dropped", _with(node, ifs=_without(node.ifs, index))
        case ast.Tuple(ctx=ast.Load()) | ast.List(ctx=ast.Load()) | ast.Set():
            for index in range(len(node.elts)):
                yield f"element {index + 1} left out", _with(node, elts=_without(node.elts, index))
        case ast.Dict():
            for index in range(len(node.keys)):
                rest_of = {"keys": _without(node.keys, index), "values": _without(node.values, index)}
                yield f"entry {index + 1} left out", _with(node, **rest_of)
        case ast.Constant():
            yield from _other_constant(node)
        case ast.Raise() | ast.Return() | ast.Expr(value=ast.Call()):
            yield f"{type(node).__name__.lower()} left out", ast.Pass()


def _other_constant(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    match node.value:
        case bool():
            yield f"{node.value} is {not node.value}", ast.Constant(not node.value)
        case int():
            yield f"{node.value} is {node.value + 1}", ast.Constant(node.value + 1)
        case bytes():
            yield "other bytes", ast.Constant(node.value + b"x")
        case str() if " " not in node.value:
            yield f"{node.value!r} is another word", ast.Constant(node.value + "x")


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.deepcopy(node)
    for name, value in fields.items():
        setattr(changed, name, copy.deepcopy(value))
    return changed


def _without(values: list[ast.expr] | list[ast.expr | None], index: int) -> list[object]:
    return [*values[:index], *values[index + 1 :]]


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node
