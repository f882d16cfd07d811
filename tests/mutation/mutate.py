"""Mutants of source code: one small change each, of the kinds of DeMillo, Lipton and Sayward ("Hints on Test Data Selection", 1978)."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}  # fmt: skip
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Mutant(NamedTuple):
    """The whole source with one change, and what that is: its line and column (both from 1), the old text and the new one."""

    source: str
    line: int
    column: int
    before: str
    after: str


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module's `source`, in the order of its lines."""
    tree = ast.parse(source)
    told = {part for node in ast.walk(tree) if _is_told(node) for part in ast.walk(node)}
    found = [(node, new) for node in ast.walk(tree) if node not in told for new in _changed(node)]
    for node, new in sorted(found, key=lambda pair: (pair[0].lineno, pair[0].col_offset)):  # type: ignore[attr-defined]
        (before, old, after), text = _cut(source, node), ast.unparse(new)
        whole = text if isinstance(node, ast.stmt) else f"({text})"
        changed = before.decode() + whole + after.decode()
        yield Mutant(changed, node.lineno, node.col_offset + 1, old.decode(), text)  # type: ignore[attr-defined]


def _is_told(node: ast.AST) -> bool:
    """Tell whether a statement only tells somebody something, or starts the program: no test need notice what it does."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name("logger")) | ast.Name("print"))) | ast.Assert():
            return True
        case ast.If(test=ast.Compare(left=ast.Name("__name__"))):
            return True
    return False


def _changed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand instead of `node`."""
    new = copy.copy(node)
    match new:
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARED:
            new.ops = [_COMPARED[type(operator)]()]
            yield new
        case ast.BoolOp():
            new.op = ast.Or() if isinstance(new.op, ast.And) else ast.And()
            yield new
        case ast.BinOp() if type(new.op) in _CALCULATED and not _is_type(new):
            new.op = _CALCULATED[type(new.op)]()
            yield new
        case ast.UnaryOp(op=ast.Not()):
            yield new.operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value + 1)
        case ast.Call(func=ast.Name(id=name)) if name in _CALLED:
            new.func = ast.Name(_CALLED[name])
            yield new
        case ast.Return(value=ast.expr() as value) if (
            not isinstance(value, ast.Constant) or value.value
        ):  # else it is false, too
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign():
            yield ast.Pass()
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()


def _is_type(node: ast.BinOp) -> bool:
    """Tell whether it is a union of types rather than of numbers."""
    sides = (node.left, node.right)
    return any(isinstance(side, ast.Constant) and side.value is None for side in sides) or any(
        isinstance(side, ast.Name) and (side.id[:1].isupper() or side.id in ("str", "int", "bytes", "float"))
        for side in sides
    )


def _cut(source: str, node: ast.AST) -> tuple[bytes, bytes, bytes]:
    """Return what is before `node` in its module, its own text, and what is after it, in UTF-8: so columns count."""
    lines = source.encode().splitlines(keepends=True)
    first, last = node.lineno - 1, node.end_lineno - 1  # type: ignore[attr-defined]
    begin = sum(map(len, lines[:first])) + node.col_offset  # type: ignore[attr-defined]
    end = sum(map(len, lines[:last])) + node.end_col_offset  # type: ignore[attr-defined]
    whole = b"".join(lines)
    return whole[:begin], whole[begin:end], whole[end:]
