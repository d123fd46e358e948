"""The reference of twin.yaml, made from the model: `python -m twinkit.overlay.reference > docs/overlay.md`.

Imports: model, compiled; sources are read for the text beside each field.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType

from pydantic import BaseModel

from twinkit.overlay import compiled, model

HEAD = """# twin.yaml

Made by `python -m twinkit.overlay.reference`. Everything may be left out but `twin` and `contract`: it is inferred from
the contract's structure (`twin coverage NAME` shows what was), and what is said here goes before it. A mistake is told
with its line and the nearest name there is.
"""
PARTS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("The file", model.Overlay, ""),
    ("auth", model.AuthPart, ""),
    ("resources: NAME", model.ResourcePart, "Resource"),
    ("operations: OPERATION", model.OperationPart, "Binding"),
    ("errors: NAME", model.ErrorPart, ""),
    ("webhooks", model.WebhooksPart, ""),
)


def texts(module: ModuleType) -> dict[tuple[str, str], str]:
    """(class, field) → the text written under the field."""
    found: dict[tuple[str, str], str] = {}
    for cls in ast.parse(inspect.getsource(module)).body:
        if not isinstance(cls, ast.ClassDef):
            continue
        names: list[str] = []
        for node in cls.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.append(node.target.id)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and names:
                found[cls.name, names[-1]] = inspect.cleandoc(str(node.value.value))
    return found


def markdown() -> str:
    """The page."""
    return "\n".join([HEAD, *_lines()]) + "\n"


def _lines() -> Iterator[str]:
    own, below = texts(model), texts(compiled)
    for title, part, same in PARTS:
        yield f"## {title}\n"
        yield f"{inspect.cleandoc(part.__doc__ or '')}\n"
        for name, field in part.model_fields.items():
            text = own.get((part.__name__, name)) or below.get((same, name.rstrip("_"))) or ""
            yield f"- `{field.alias or name}`" + (f": {' '.join(text.split())}" if text else "")
        yield ""
    yield "## What an operation can do\n"
    yield f"```\n{below['Binding', 'kind']}\n```"


if __name__ == "__main__":
    sys.stdout.write(markdown())
