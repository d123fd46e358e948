"""Does a step function assert anything? Told from its source, and counted while it runs. Imports nothing of the kit.

Vault files are compiled with a count in front of every `assert`, of every `if … raise` and around calls of assertion
libraries, so an assertion in a branch not taken counts nothing, and one whose failure was swallowed is noticed.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

WORDS = ("assert", "expect", "check", "ensure", "verify", "raises", "should", "must", "eventually", "patiently")
COUNT, HELD, CALLED = "__count_assertion__", "__assertion_held__", "__asserting__"
VAULT = "_vault_steps_"
"""What the names of modules made of vault files start with."""


class Counter:
    """What became of the assertions of vault files in this process."""

    evaluated = 0
    unheld = ""
    """Where the assertion stands that was evaluated last, when it did not hold; empty when it held."""

    @classmethod
    def count(cls, place: str = "") -> None:
        """One more is evaluated; it counts as not held until `held` says so."""
        cls.evaluated += 1
        cls.unheld = place

    @classmethod
    def held(cls) -> None:
        """The one that was counted last held."""
        cls.unheld = ""

    @classmethod
    def called(cls, function: Callable[..., Any]) -> Callable[..., Any]:
        """Count a call of an assertion library; functions of the vault itself must assert something inside."""
        if not str(getattr(function, "__module__", "")).startswith(VAULT):
            cls.evaluated += 1
        return function

    @classmethod
    def names(cls) -> dict[str, Any]:
        """What code from `compile_counting` needs among its globals."""
        return {COUNT: cls.count, HELD: cls.held, CALLED: cls.called}


def _call(name: str, *arguments: ast.expr) -> ast.Expr:
    return ast.Expr(ast.Call(ast.Name(name, ast.Load()), list(arguments), []))


class _Counting(ast.NodeTransformer):
    def __init__(self, path: str) -> None:
        self.path = path

    def _around(self, node: ast.stmt) -> list[ast.stmt]:
        place = ast.Constant(f"{self.path}:{node.lineno}")
        around = (_call(COUNT, place), node, _call(HELD))
        return [ast.fix_missing_locations(ast.copy_location(each, node)) for each in around]

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        if _constant_true(node.test) or (isinstance(node.test, ast.Tuple) and node.test.elts):
            return [node]
        return self._around(node)

    def visit_If(self, node: ast.If) -> Any:
        self.generic_visit(node)
        raising = any(isinstance(each, ast.Raise) for each in (*node.body, *node.orelse))
        return self._around(node) if raising and not isinstance(node.test, ast.Constant) else node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if _name(node.func).lower().startswith("assert"):
            node.func = ast.copy_location(ast.Call(ast.Name(CALLED, ast.Load()), [node.func], []), node.func)
            ast.fix_missing_locations(node)
        return node


def compile_counting(source: str, path: str) -> Any:
    """Code of a vault file that counts; run it with `Counter.names()` among its globals. Raises SyntaxError."""
    return compile(_Counting(path).visit(ast.parse(source, path)), path, "exec", dont_inherit=True)


def _body(function: Callable[..., Any]) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None


def asserts(function: Callable[..., Any]) -> bool:
    """True when the body has an `assert`, a `raise`, or a call whose name speaks of asserting."""
    for node in ast.walk(_body(function) or ast.Pass()):
        if isinstance(node, ast.Assert) and not _constant_true(node.test):
            return True
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.Call) and any(word in _name(node.func).lower() for word in WORDS):
            return True
    return False


def tautologies(function: Callable[..., Any]) -> list[int]:
    """Lines of the body (the first is 1) with `expect` of a constant, `expect_equal` of a thing with itself."""
    found: list[int] = []
    for node in ast.walk(_body(function) or ast.Pass()):
        if isinstance(node, ast.Assert) and _constant_true(node.test):
            found.append(node.lineno)
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = _name(node.func)
        equal = len(node.args) > 1 and ast.dump(node.args[0]) == ast.dump(node.args[1])
        if (name == "expect" and _constant_true(node.args[0])) or (name == "expect_equal" and equal):
            found.append(node.lineno)
    return found


def _constant_true(test: ast.expr) -> bool:
    return isinstance(test, ast.Constant) and bool(test.value)


def _name(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
