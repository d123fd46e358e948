"""Writing a new twin: contract, overlay with everything inferred, handlers' place, tests, FIDELITY.md. Offline.

Imports: overlay, contract, lint, testing (the round trips that hold are tried before they are written down).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from twinkit.behaviour.twin import Twin
from twinkit.contract.load import Document, load
from twinkit.contract.patch import load_patched
from twinkit.contract.sources import save
from twinkit.contract.strip import dumps, strip
from twinkit.errors import UsageError
from twinkit.overlay.cache import open_twin
from twinkit.overlay.coverage import as_markdown, counts, matrix
from twinkit.templates.overlay_text import overlay_text

TEXTS = Path(__file__).parent / "twin"
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(slots=True)
class Plan:
    """Where a new twin goes."""

    name: str
    document: str
    top: Path
    """The project: a checkout of twinkit (in place), or the new package's own folder."""
    in_place: bool
    written: list[Path] = field(default_factory=list)

    @property
    def module(self) -> str:
        """Import name of the package; not the service's own, which is the SDK's."""
        return f"twins.{self.name}" if self.in_place else f"{self.name}_twin"

    @property
    def folder(self) -> Path:
        """Folder of the package."""
        return self.top.joinpath(*self.module.split("."))

    @property
    def contract(self) -> Path:
        """Where the contract is written."""
        return self.top / "openapi" / f"{self.name}.json" if self.in_place else self.folder / f"{self.name}.json"

    @property
    def test(self) -> Path:
        """The test module."""
        return self.top / "tests" / ("twins" if self.in_place else ".") / f"test_{self.name}.py"


def plan(name: str, document: str, out: Path | None, here: Path) -> Plan:
    """Where to write. In a checkout of the kit the twin goes in place, else into `<name>-twin` or `out`.

    Raises UsageError when the name will not do or something is in the way.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} will not do as a name: lower-case letters, digits and `_`, a letter first")
    in_place = out is None and (here / "twins" / "__init__.py").is_file() and (here / "openapi").is_dir()
    top = here if in_place else out or here / f"{name}-twin"
    made = Plan(name, document, top, in_place)
    if made.folder.exists():
        raise UsageError(f"{made.folder} exists already; choose another name, or remove it")
    return made


def scaffold(made: Plan) -> Plan:
    """Write the twin. Raises UsageError for a document that cannot be read."""
    document = load_patched(made.document) if Path(made.document).is_file() else load(made.document)
    index, compiled = open_twin(made.document, made.name)
    made.folder.mkdir(parents=True)
    _contract(made, document)
    (made.folder / "twin.yaml").write_text(overlay_text(made.name, f"{made.name}.json", index, compiled), "utf-8")
    made.written += [made.contract, made.folder / "twin.yaml"]
    twin = Twin.load(made.folder)
    values = _values(made, twin)
    _write(made, made.folder / "__init__.py", "__init__.py.txt", values)
    _write(made, made.folder / "handlers" / "__init__.py", "handlers_init.py.txt", values)
    _write(made, made.folder / "handlers" / "example.py", "example.py.txt", values)
    _write(made, made.folder / "FIDELITY.md", "FIDELITY.md.txt", values)
    _write(made, made.test, "test_twin.py.txt", {**values, "gaps": _gaps(twin)})
    if made.in_place:
        _entry_point(made)
        _page(made, twin)
    else:
        _write(made, made.top / "pyproject.toml", "pyproject.toml.txt", values)
        _write(made, made.top / "README.md", "README.md.txt", values)
    return made


def _contract(made: Plan, document: Document) -> None:
    made.contract.parent.mkdir(parents=True, exist_ok=True)
    if made.in_place:
        save(made.contract.parent, made.name, document)
    else:
        made.contract.write_bytes(dumps(strip(document.data)))


def _values(made: Plan, twin: Twin) -> dict[str, str]:
    rows = matrix(twin.index, twin.compiled)
    findings = [f"- {line}" for line in twin.compiled.findings if "infer.shape" not in line]
    shapes = [f"- `{row.method} {row.path}`: {row.note or 'keeps nothing'}." for row in rows if row.fidelity == "shape"]
    creates = [name for name, binding in twin.compiled.bindings.items() if binding.kind == "create"]
    depth = ".parent" * (2 if made.in_place else 1)
    return {
        "name": made.name,
        "module": made.module,
        "title": (twin.index.title or made.name).replace('"', "'").replace("\n", " ").strip(),
        "document": Path(made.document).name,
        "operations": str(len(rows)),
        "generic": str(counts(rows)["generic"]),
        "operation": creates[0] if creates else next(iter(twin.compiled.bindings), "anOperation"),
        "shapes": "\n".join([*shapes, ""]) if shapes else "",
        "findings": "\n".join(findings) if findings else "Nothing.",
        "folder": f"{depth} / {' / '.join(json.dumps(part) for part in made.module.split('.'))}",
    }


def _write(made: Plan, path: Path, template: str, values: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = Template((TEXTS / template).read_text(encoding="utf-8")).substitute(values)
    path.write_text(text, encoding="utf-8")
    made.written.append(path)


def _gaps(twin: Twin) -> str:
    """Round trips that do not hold, as the elements of a set."""
    from twinkit.testing import TwinServer
    from twinkit.testing.trips import travel, trips_of

    failed: list[str] = []
    with TwinServer(twin) as server:
        for trip in trips_of(twin):
            instance = server.instance(seed=7)
            try:
                travel(instance, twin, trip)
            except (AssertionError, ValueError):
                failed.append(str(trip))
            server.remove(instance)
    return "".join(f"\n    {json.dumps(name)}," for name in failed) + ("\n" if failed else "")


def _entry_point(made: Plan) -> None:
    """The one line outside the twin's own files."""
    file = made.top / "pyproject.toml"
    text = file.read_text(encoding="utf-8")
    mark = '[project.entry-points."twinkit.twins"]\n'
    line = f'{made.name} = "{made.module}:twin"\n'
    if mark in text and line not in text:
        start = text.index(mark) + len(mark)
        end = re.search(r"\n(?=\n|\[)|\Z", text[start:])
        at = start + (end.start() + 1 if end else 0)
        file.write_text(text[:at] + line + text[at:], encoding="utf-8")
        made.written.append(file)


def _page(made: Plan, twin: Twin) -> None:
    file = made.top / "docs" / "coverage" / f"{made.name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = matrix(twin.index, twin.compiled)
    title = twin.compiled.options.get("title") or twin.index.title or twin.name
    file.write_text(as_markdown(twin.name, title, rows), encoding="utf-8")
    made.written.append(file)
