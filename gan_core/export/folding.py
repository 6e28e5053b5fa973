"""A function with some of its parameters fixed: what the other values would have needed is left out."""

from __future__ import annotations

import ast
import copy
import operator
from collections.abc import Callable, Mapping
from typing import Any

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le,
}  # fmt: skip


def fold(function: ast.FunctionDef, given: Mapping[str, Any]) -> ast.FunctionDef:
    """The same function without the parameters `given`, for these values of them."""
    function = copy.deepcopy(function)
    arguments = function.args
    defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + list(arguments.defaults)
    left = [(arg, default) for arg, default in zip(arguments.args, defaults, strict=True) if arg.arg not in given]
    arguments.args = [arg for arg, _default in left]
    arguments.defaults = [default for _arg, default in left if default is not None]
    function.body = _until_the_end([part for old in function.body for part in _as_list(_Fold(given).visit(old))])
    return ast.fix_missing_locations(function)


def _as_list(found: Any) -> list[ast.stmt]:
    return found if isinstance(found, list) else [] if found is None else [found]


def _until_the_end(body: list[ast.stmt]) -> list[ast.stmt]:
    """Without what comes after a return that is always reached."""
    for i, part in enumerate(body):
        if isinstance(part, ast.Return):
            return body[: i + 1]
    return body


class _Fold(ast.NodeTransformer):
    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self.given[node.id]) if node.id in self.given and isinstance(node.ctx, ast.Load) else node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        left, right, compare = node.left, node.comparators[0], _COMPARE.get(type(node.ops[0]))
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant) and len(node.ops) == 1 and compare:
            return ast.Constant(compare(left.value, right.value))
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        decides = isinstance(node.op, ast.Or)
        known = [part.value for part in node.values if isinstance(part, ast.Constant)]
        if any(bool(value) is decides for value in known):
            return ast.Constant(decides)
        node.values = [part for part in node.values if not isinstance(part, ast.Constant)] or [
            ast.Constant(not decides)
        ]
        return node.values[0] if len(node.values) == 1 else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node

    def visit_If(self, node: ast.If) -> ast.stmt | list[ast.stmt]:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node
