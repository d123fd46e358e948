"""Does a step function assert anything? Told from its source, and counted while it runs. Imports nothing of the kit.

Vault files are compiled with a count in front of every `assert`, so an assertion in a branch not taken counts nothing.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

WORDS = ("assert", "expect", "check", "ensure", "verify", "raises", "should", "must")


COUNT = "__count_assertion__"


class Counter:
    """How many plain `assert` statements of vault files were evaluated in this process."""

    evaluated = 0

    @classmethod
    def count(cls) -> None:
        """One more."""
        cls.evaluated += 1


class _Counting(ast.NodeTransformer):
    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        if _constant_true(node.test) or (isinstance(node.test, ast.Tuple) and node.test.elts):
            return [node]
        call = ast.Expr(ast.Call(ast.Name(COUNT, ast.Load()), [], []))
        return [ast.fix_missing_locations(ast.copy_location(call, node)), node]


def compile_counting(source: str, path: str) -> Any:
    """Code of a vault file that counts its assertions; run it with `COUNT` among its globals. Raises SyntaxError."""
    return compile(_Counting().visit(ast.parse(source, path)), path, "exec", dont_inherit=True)


def asserts(function: Callable[..., Any]) -> bool:
    """True when the body has an `assert`, a `raise`, or a call whose name speaks of asserting."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and not _constant_true(node.test):
            return True
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.Call) and _speaks(node.func):
            return True
    return False


def raises(function: Callable[..., Any]) -> bool:
    """True when the body raises by itself or calls something whose name speaks of asserting."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return False
    return any(
        isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _speaks(node.func)) for node in ast.walk(tree)
    )


def _constant_true(test: ast.expr) -> bool:
    return isinstance(test, ast.Constant) and bool(test.value)


def _speaks(function: ast.expr) -> bool:
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    return any(word in name.lower() for word in WORDS)
