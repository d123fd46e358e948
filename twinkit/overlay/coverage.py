"""The coverage matrix: what each operation of a twin does and how true it is to the service.

Imports: contract, compiled.
Made from the compiled overlay and the handlers' names, never typed, so that documents can be checked against it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from twinkit.contract.index import Index
from twinkit.overlay.compiled import Compiled

FIDELITIES = ("behaviour", "generic", "shape")
MEANING = {
    "behaviour": "a handler models what the service does",
    "generic": "records are kept; what the operation does was inferred from the contract",
    "shape": "the documented answer, nothing is kept",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One operation in the matrix."""

    operation: str
    method: str
    path: str
    does: str
    """The binding's kind, with the verb of an action: `create`, `action: capture`."""
    resource: str
    fidelity: str
    note: str


def matrix(index: Index, compiled: Compiled, handled: Collection[str] = ()) -> list[Row]:
    """A row for each operation, in the order of the contract. `handled`: operations with a handler."""
    rows = []
    for name, binding in compiled.bindings.items():
        operation = index.operation(name)
        does = f"action: {binding.action}" if binding.kind == "action" else binding.kind.replace("_", " ")
        fidelity = "behaviour" if name in handled else binding.fidelity
        note = compiled.unimplemented.get(name, "" if fidelity == "behaviour" else binding.note)
        path = index.base_path + operation.path
        rows.append(Row(name, operation.method.upper(), path, does, binding.resource or "", fidelity, note))
    return rows


def counts(rows: Sequence[Row]) -> dict[str, int]:
    """How many operations there are of each fidelity."""
    return {fidelity: sum(row.fidelity == fidelity for row in rows) for fidelity in FIDELITIES}


def as_json(twin: str, rows: Sequence[Row]) -> dict[str, Any]:
    """The matrix as plain data."""
    return {"twin": twin, "counts": counts(rows), "operations": [asdict(row) for row in rows]}


def as_text(rows: Sequence[Row]) -> str:
    """The matrix for a terminal: a line for each operation, then the counts."""
    width = min(max((len(row.path) for row in rows), default=0), 70)
    lines = []
    for row in rows:
        what = f"{row.does} {row.resource}".strip()
        note = f"  ({row.note})" if row.note else ""
        lines.append(f"{row.fidelity:9}  {row.method:6} {row.path:{width}}  {what}{note}")
    return "\n".join([*lines, "", summary(rows)]) + "\n"


def summary(rows: Sequence[Row]) -> str:
    """`594 operations: 61 behaviour, 530 generic, 3 shape`."""
    parts = ", ".join(f"{count} {fidelity}" for fidelity, count in counts(rows).items())
    return f"{len(rows)} operations: {parts}"


def as_markdown(twin: str, title: str, rows: Sequence[Row]) -> str:
    """The matrix as a page of documentation."""
    lines = [
        f"# Coverage of the {title} twin",
        "",
        f"Made by `twin coverage {twin} --write`. {summary(rows)}.",
        "",
        *(f"- **{fidelity}**: {MEANING[fidelity]}" for fidelity in FIDELITIES),
        "",
        "| operation | does | record | fidelity | note |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (f"`{row.method} {row.path}`", row.does, row.resource, row.fidelity, row.note)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"
