"""Writing a new twin: contract, overlay with everything inferred, handlers' place, tests, FIDELITY.md. Offline.

Imports: overlay, contract, lint, testing (the round trips that hold are tried before they are written down).
"""

from __future__ import annotations

import contextlib
import json
import keyword
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from twinkit.behaviour.twin import Twin
from twinkit.contract.load import Document, load
from twinkit.contract.patch import load_patched
from twinkit.contract.sources import FILE as SOURCES
from twinkit.contract.sources import save
from twinkit.errors import UsageError
from twinkit.overlay.cache import open_twin
from twinkit.overlay.coverage import as_markdown, counts, matrix
from twinkit.server.catalogue import declared
from twinkit.templates.overlay_text import overlay_text, plain_title

TEXTS = Path(__file__).parent / "twin"
NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST = 60
PROJECT = "pyproject.toml"


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
    def targets(self) -> list[Path]:
        """Files outside the package's folder that are written; none may be there already."""
        own = self.top / "docs" / "coverage" / f"{self.name}.md"
        return [self.test, *([self.contract, own] if self.in_place else [self.top / PROJECT, self.top / "README.md"])]

    @property
    def edited(self) -> list[Path]:
        """Files outside the package's folder that get a line more."""
        return [self.top / PROJECT, self.contract.parent / SOURCES] if self.in_place else []

    @property
    def folders(self) -> list[Path]:
        """Folders that are made when they are missing, the innermost first."""
        inside = [self.test.parent, *([self.targets[-1].parent] if self.in_place else [])]
        return [*inside, *([] if self.in_place else [self.top])]

    @property
    def test(self) -> Path:
        """The test module."""
        return self.top / "tests" / ("twins" if self.in_place else ".") / f"test_{self.name}.py"


def plan(name: str, document: str, out: Path | None, here: Path) -> Plan:
    """Where to write. In a checkout of the kit the twin goes in place, else into `<name>-twin` or `out`.

    Raises UsageError when the name will not do or something is in the way.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        near = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_").lstrip("0123456789_")[:LONGEST]
        hint = f"; {near!r} would do" if near else ""
        raise UsageError(
            f"{name!r} will not do as a name: lower-case letters, digits and `_`, a letter first, "
            f"at most {LONGEST} of them{hint}"
        )
    if keyword.iskeyword(name):
        raise UsageError(f"{name!r} will not do as a name: it is a word of Python; '{name}_api' would do")
    in_place = out is None and (here / "twins" / "__init__.py").is_file() and (here / "openapi").is_dir()
    top = here if in_place else out or here / f"{name}-twin"
    made = Plan(name, document, top, in_place)
    taken = next((path for path in (made.folder, *made.targets) if path.exists()), None)
    if taken is not None:
        raise UsageError(f"{taken} exists already; choose another name or --out folder, or remove it")
    other = declared(name, sys.path)
    if other not in (None, f"{made.module}:twin"):
        raise UsageError(f"a twin {name!r} is installed already ({other}); choose another name")
    return made


def scaffold(made: Plan) -> Plan:
    """Write the twin, or nothing at all. Raises UsageError for a document that cannot be read, a folder not written."""
    edited = [path for path in made.edited if path.is_file()]
    before = {path: path.read_bytes() for path in edited}
    new = [path for path in (*made.targets, *made.edited, *made.folders) if not path.exists()]
    try:
        return _scaffold(made)
    except BaseException as error:
        shutil.rmtree(made.folder, ignore_errors=True)
        for path in new:
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        for path, content in before.items():
            if path.read_bytes() != content:
                path.write_bytes(content)
        if isinstance(error, OSError):
            raise UsageError(f"{error.filename or made.top}: cannot be written: {error.strerror or error}") from error
        raise


def _scaffold(made: Plan) -> Plan:
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
        _write(made, made.top / PROJECT, "pyproject.toml.txt", values)
        _write(made, made.top / "README.md", "README.md.txt", values)
    return made


def _contract(made: Plan, document: Document) -> None:
    made.contract.parent.mkdir(parents=True, exist_ok=True)
    save(made.contract.parent, made.name, document)


def _values(made: Plan, twin: Twin) -> dict[str, str]:
    rows = matrix(twin.index, twin.compiled)
    findings = [f"- {line}" for line in twin.compiled.findings if "infer.shape" not in line]
    shapes = [f"- `{row.method} {row.path}`: {row.note or 'keeps nothing'}." for row in rows if row.fidelity == "shape"]
    operation, listed = _shown(twin)
    depth = ".parent" * (2 if made.in_place else 1)
    return {
        "name": made.name,
        "module": made.module,
        "title": plain_title(twin.index.title) or made.name,
        "document": Path(made.document).name,
        "operations": str(len(rows)),
        "generic": str(counts(rows)["generic"]),
        "operation": json.dumps(operation),
        "listed": listed,
        "kit_apart": "\n" if made.in_place else "",
        "apart": "" if made.in_place else "\n",
        "shapes": "\n".join([*shapes, ""]) if shapes else "",
        "findings": "\n".join(findings) if findings else "Nothing.",
        "folder": f"{depth} / {' / '.join(json.dumps(part) for part in made.module.split('.'))}",
    }


def _shown(twin: Twin) -> tuple[str, str]:
    """The operation whose handler is shown, best one that makes something, and what else its handler takes."""
    bindings = twin.compiled.bindings
    plain = [name for name in bindings if re.fullmatch(r"[\w./:-]{1,60}", name, re.ASCII)] or list(bindings)
    makers = [name for name in plain if bindings[name].kind == "create"]
    kept = [name for name in plain if bindings[name].fidelity != "shape"]
    found = next(iter([*makers, *kept, *plain]), "anOperation")
    if found in twin.compiled.unimplemented:
        return found, "\nTake its line under `unimplemented:` out of twin.yaml then.\n"
    return found, ""


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
    file = made.top / PROJECT
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
