"""The part of JSONPath (RFC 9535) that patches need: names, indexes, `*`, `..`, unions and comparing filters.

Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from twinkit.errors import UsageError

_NAME = re.compile(r"[A-Za-z_\u0080-\uffff$][\w\u0080-\uffff$-]*")
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_INDEX = re.compile(r"-?\d+")
_COMPARISON = re.compile(r"^(@[^=!<>~]*?)\s*(==|!=|<=|>=|<|>)\s*(.+)$", re.DOTALL)

Key = str | int
Node = tuple[Any, Any, Key | None]
"""value, the mapping or list that holds it, its key there (None at the root)."""


class Step(NamedTuple):
    """One segment of a path."""

    deep: bool
    pick: Callable[[Any], Iterator[Key]]


def select(root: Any, path: str) -> list[Node]:
    """Every node the path selects, each once, in document order. Raises UsageError on a path that cannot be read."""
    nodes: list[Node] = [(root, None, None)]
    for step in parse(path):
        found: list[Node] = []
        seen: set[tuple[int, Key]] = set()
        for node in nodes:
            for value in _descend(node[0]) if step.deep else (node[0],):
                for key in step.pick(value):
                    if (id(value), key) not in seen:
                        seen.add((id(value), key))
                        found.append((value[key], value, key))
        nodes = found
    return nodes


def _descend(value: Any) -> Iterator[Any]:
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, dict | list):
            yield node
            pending.extend(reversed(list(node.values()) if isinstance(node, dict) else node))


def parse(path: str) -> list[Step]:
    """The steps of a path. Raises UsageError naming the place that cannot be read."""
    text = path.strip()
    if not text.startswith("$"):
        raise UsageError(f"{path!r}: a JSONPath starts with `$`")
    at, steps = 1, []
    while at < len(text):
        deep = text.startswith("..", at)
        at += 2 if deep else 1 if text[at] == "." else 0
        if at < len(text) and text[at] == "[":
            end = _closing(text, at)
            steps.append(Step(deep, _bracket(text[at + 1 : end].strip(), path)))
            at = end + 1
        elif at < len(text) and text[at] == "*":
            steps.append(Step(deep, _every))
            at += 1
        else:
            name = _NAME.match(text, at)
            if name is None or text[at - 1] not in ".":
                raise UsageError(f"{path!r}: cannot be read from {text[max(at - 1, 0) :][:20]!r} on")
            steps.append(Step(deep, _named(name.group())))
            at = name.end()
    return steps


def _closing(text: str, start: int) -> int:
    depth, at = 0, start
    while at < len(text):
        quoted = _STRING.match(text, at)
        if quoted is not None:
            at = quoted.end()
            continue
        depth += {"[": 1, "]": -1}.get(text[at], 0)
        if depth == 0:
            return at
        at += 1
    raise UsageError(f"{text!r}: a bracket is not closed")


def _bracket(inner: str, path: str) -> Callable[[Any], Iterator[Key]]:
    if inner == "*":
        return _every
    if inner.startswith("?"):
        test = _filter(inner[1:].strip(), path)
        return lambda value: (key for key in _every(value) if test(value[key]))
    picks = []
    at = 0
    while at < len(inner):
        quoted, index = _STRING.match(inner, at), _INDEX.match(inner, at)
        if quoted is not None:
            picks.append(_named(_unquote(quoted)))
            at = quoted.end()
        elif index is not None:
            picks.append(_indexed(int(index.group())))
            at = index.end()
        else:
            raise UsageError(f"{path!r}: cannot read [{inner}]")
        rest = inner[at:].lstrip()
        if rest and not rest.startswith(","):
            raise UsageError(f"{path!r}: cannot read [{inner}]")
        at = len(inner) - len(rest[1:].lstrip()) if rest else len(inner)
    return lambda value: (key for pick in picks for key in pick(value))


def _unquote(match: re.Match[str]) -> str:
    inner = match.group(1)
    text = match.group(2) if inner is None else inner.replace("\\'", "'").replace('"', '\\"')
    return str(json.loads(f'"{text}"'))


def _every(value: Any) -> Iterator[Key]:
    if isinstance(value, dict):
        yield from list(value)
    elif isinstance(value, list):
        yield from range(len(value))


def _named(name: str) -> Callable[[Any], Iterator[Key]]:
    return lambda value: iter((name,) if isinstance(value, dict) and name in value else ())


def _indexed(index: int) -> Callable[[Any], Iterator[Key]]:
    def pick(value: Any) -> Iterator[Key]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield index % len(value)

    return pick


def _filter(text: str, path: str) -> Callable[[Any], bool]:
    while text.startswith("(") and text.endswith(")") and _closes_last(text):
        text = text[1:-1].strip()
    for word, fold in (("||", any), ("&&", all)):
        parts = _split(text, word)
        if len(parts) > 1:
            tests = [_filter(part.strip(), path) for part in parts]
            return lambda value, fold=fold, tests=tests: fold(test(value) for test in tests)  # type: ignore[misc]
    if text.startswith("!"):
        inner = _filter(text[1:].strip(), path)
        return lambda value: not inner(value)
    compared = _COMPARISON.match(text)
    if compared is None:
        steps = _relative(text, path)
        return lambda value: bool(select(value, steps))
    steps = _relative(compared.group(1), path)
    wanted = _literal(compared.group(3).strip(), path)
    operator = compared.group(2)
    return lambda value: _compare([node[0] for node in select(value, steps)], operator, wanted)


def _relative(text: str, path: str) -> str:
    if not text.startswith("@"):
        raise UsageError(f"{path!r}: cannot read the filter {text!r}")
    return "$" + text[1:].strip()


def _closes_last(text: str) -> bool:
    depth = 0
    for at, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0:
            return at == len(text) - 1
    return False


def _split(text: str, word: str) -> list[str]:
    parts, depth, at, start = [], 0, 0, 0
    while at < len(text):
        quoted = _STRING.match(text, at)
        if quoted is not None:
            at = quoted.end()
            continue
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[at], 0)
        if depth == 0 and text.startswith(word, at):
            parts.append(text[start:at])
            at += len(word)
            start = at
            continue
        at += 1
    return [*parts, text[start:]]


def _literal(text: str, path: str) -> Any:
    quoted = _STRING.fullmatch(text)
    if quoted is not None:
        return _unquote(quoted)
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"{path!r}: cannot read the value {text!r}") from error


def _compare(found: list[Any], operator: str, wanted: Any) -> bool:
    if operator == "!=":
        return not found or found[0] != wanted
    if not found or (operator == "==" and type(found[0]) is not type(wanted)):
        return False
    value = found[0]
    if operator == "==":
        return bool(value == wanted)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | str)
        or isinstance(value, str) != isinstance(wanted, str)
    ):
        return False
    return bool({"<": value < wanted, ">": value > wanted, "<=": value <= wanted, ">=": value >= wanted}[operator])
