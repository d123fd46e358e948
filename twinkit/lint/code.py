"""Rules about a twin's code: names it uses that nothing declares, ambient time and randomness, sizes.

Imports: behaviour.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from twinkit.behaviour.problems import STATUSES
from twinkit.contract.finding import Finding
from twinkit.errors import nearest

if TYPE_CHECKING:
    from twinkit.lint.run import Subject

Rule = Callable[["Subject"], Iterator[Finding]]
MODULE_LINES = 500
FUNCTION_LINES = 60
AMBIENT = {
    "random": "draw from the instance: ctx.draw(stream, bound)",
    "secrets": "draw from the instance: ctx.token(kind, length)",
    "uuid": "make ids with ctx.new_id(resource or pattern)",
    "time": "ask the instance's clock: ctx.now",
    "httpx": "a twin opens no connections; deliver with ctx.emit",
    "requests": "a twin opens no connections; deliver with ctx.emit",
    "socket": "a twin opens no connections; deliver with ctx.emit",
    "urllib.request": "a twin opens no connections; deliver with ctx.emit",
}
CLOCKS = {"now", "utcnow", "today"}


def _calls(tree: ast.Module, name: str) -> Iterator[tuple[ast.Call, str]]:
    """Calls `ctx.<name>("literal", …)` with their literal."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == name
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in ("ctx", "self")
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            yield node, node.args[0].value


def errors(subject: Subject) -> Iterator[Finding]:
    """`unknown-error`: `ctx.error("…")` names an error that neither the overlay nor the kit knows."""
    known = {*subject.twin.compiled.errors, *STATUSES}
    for place, tree in subject.modules.items():
        for node, name in _calls(tree, "error"):
            if name not in known:
                hint = nearest(name, known)
                yield Finding("unknown-error", f"{place}:{node.lineno}", f"no error {name!r} under `errors:`{hint}")


def events(subject: Subject) -> Iterator[Finding]:
    """`unknown-event`: `ctx.emit("…")` sends an event type that the overlay's closed set lacks."""
    known = subject.twin.compiled.events
    for place, tree in subject.modules.items() if known else ():
        for node, name in _calls(tree, "emit"):
            if name not in known:
                hint = nearest(name, known)
                yield Finding("unknown-event", f"{place}:{node.lineno}", f"no event {name!r} under `events:`{hint}")


def resources(subject: Subject) -> Iterator[Finding]:
    """`unknown-resource`: `ctx.create("…")` and its like name a resource that is none."""
    known = subject.twin.compiled.resources
    for place, tree in subject.modules.items():
        for method in ("create", "update", "delete", "show", "draft"):
            for node, name in _calls(tree, method):
                if name not in known:
                    hint = nearest(name, known)
                    yield Finding("unknown-resource", f"{place}:{node.lineno}", f"there is no resource {name!r}{hint}")


def ambient(subject: Subject) -> Iterator[Finding]:
    """`ambient`: time, randomness or the network come from outside the instance, so a run cannot be repeated."""
    for place, tree in subject.modules.items():
        for node in ast.walk(tree):
            for name in _imported(node):
                if name in AMBIENT:
                    yield Finding("ambient", f"{place}:{getattr(node, 'lineno', 0)}", f"import {name}: {AMBIENT[name]}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
                owner = node.func.value
                named = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                if named in ("datetime", "date"):
                    where = f"{place}:{node.lineno}"
                    yield Finding("ambient", where, f"{named}.{node.func.attr}(): {AMBIENT['time']}")


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module


def sizes(subject: Subject) -> Iterator[Finding]:
    """`too-long`: a module over 500 lines, a function over 60."""
    for place, tree in subject.modules.items():
        lines = max((getattr(node, "end_lineno", 0) or 0 for node in tree.body), default=0)
        if lines > MODULE_LINES:
            yield Finding("too-long", place, f"{lines} lines; split it by resource (at most {MODULE_LINES})")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    where = f"{place}:{node.lineno}"
                    yield Finding("too-long", where, f"{node.name}: {length} lines; at most {FUNCTION_LINES}")


RULES: tuple[Rule, ...] = (errors, events, resources, ambient, sizes)
