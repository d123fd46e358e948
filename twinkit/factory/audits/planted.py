"""Does the suite reject what it must? `broken.toml` (lies) and generated mutants, as commits on head.

Imports: run, git.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from twinkit import seeds
from twinkit.errors import UsageError
from twinkit.factory import git
from twinkit.factory.run.controller import Executor, executor, run
from twinkit.factory.run.options import Options

SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault: which file becomes what, and which scenarios must fail (any, when empty)."""

    name: str
    file: str
    content: str
    rejected_by: tuple[str, ...] = ()


def lies(options: Options) -> list[Planted]:
    """The faults of the vault's broken.toml, applied to head. Raises UsageError when one does not fit."""
    path = options.vault / "broken.toml"
    if not path.is_file():
        raise UsageError(f"{options.vault} has no broken.toml with planted faults")
    head = git.commit(options.project, options.head)
    found: list[Planted] = []
    for item in tomllib.loads(path.read_text("utf-8")).get("broken", []):
        source = (git.read(options.project, head, item["file"]) or b"").decode()
        if source.count(item["find"]) != 1:
            raise UsageError(
                f"broken.toml: the text to replace for {item['name']!r} is not exactly once in {item['file']}"
            )
        content = source.replace(item["find"], item["replace"])
        found.append(Planted(item["name"], item["file"], content, tuple(item.get("rejected_by", ()))))
    return found


def mutants(options: Options, limit: int) -> list[Planted]:
    """Up to `limit` small changes of head's Python files, chosen by the run's seed."""
    head = git.commit(options.project, options.head)
    found: list[Planted] = []
    for entry in git.entries(options.project, head):
        if entry.path.endswith(".py") and not entry.path.rsplit("/", 1)[-1].startswith("test_"):
            source = (git.read(options.project, head, entry.path) or b"").decode("utf-8", "replace")
            found.extend(_mutate(entry.path, source))
    order = sorted(range(len(found)), key=lambda index: seeds.draw(options.seed, "mutants", index))
    return [found[index] for index in sorted(order[:limit])]


def _mutate(path: str, source: str) -> Iterator[Planted]:
    try:
        count = sum(_changes(node) for node in ast.walk(ast.parse(source)))
    except SyntaxError:
        return
    for position in range(count):
        tree = ast.parse(source)
        at = -1
        for node in ast.walk(tree):
            at += _changes(node)
            if at == position and _changes(node):
                what = _change(node)
                line = getattr(node, "lineno", 0)
                yield Planted(f"{path}:{line} {what}", path, ast.unparse(ast.fix_missing_locations(tree)) + "\n")
                break


def _changes(node: ast.AST) -> int:
    if isinstance(node, ast.Compare):
        return int(type(node.ops[0]) in SWAPS)
    if isinstance(node, ast.Constant):
        return int(isinstance(node.value, (bool, int)) and not isinstance(node.value, str))
    return int(isinstance(node, ast.BoolOp))


def _change(node: ast.AST) -> str:
    if isinstance(node, ast.Compare):
        old = type(node.ops[0])
        node.ops[0] = SWAPS[old]()
        return f"{old.__name__} → {SWAPS[old].__name__}"
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return f"{'and' if isinstance(node.op, ast.Or) else 'or'} → {'or' if isinstance(node.op, ast.Or) else 'and'}"
    assert isinstance(node, ast.Constant)
    old_value = node.value
    node.value = (not old_value) if isinstance(old_value, bool) else int(old_value) + 1  # type: ignore[arg-type]
    return f"{old_value!r} → {node.value!r}"


def audit_planted(
    options: Options, planted: list[Planted], tell: Callable[[str], None], worker: Executor | None = None
) -> dict[str, Any]:
    """Evaluate each; `missed` lists those that were not rejected, or not by the scenarios named."""
    head = git.commit(options.project, options.head)
    rows: list[dict[str, Any]] = []
    own = worker or executor(options)
    for each in planted:
        commit = git.with_files(options.project, head, {each.file: each.content.encode()}, f"Planted: {each.name}")
        report = run(replace(options, head=commit, base=options.base or head), worker=own)
        failed = sorted(row["id"] for row in report["scenarios"] if row["outcome"] == "fail")
        decision = report["gate"]["decision"]
        right = decision == "not eligible" and set(each.rejected_by) <= set(failed)
        rows.append(
            {
                "name": each.name,
                "decision": decision,
                "rejected_by": failed,
                "expected": list(each.rejected_by),
                "ok": right,
            }
        )
        tell(f"{'rejected' if right else 'MISSED':9} {each.name}: {', '.join(failed) or decision}")
    if worker is None:
        own.close()
    missed = [row["name"] for row in rows if not row["ok"]]
    return {"planted": len(rows), "missed": missed, "rows": rows, "ok": bool(rows) and not missed}
