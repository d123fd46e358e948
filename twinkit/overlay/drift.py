"""What a newer contract means for a twin: handlers and lines of its overlay that speak of what changed. Offline.

Imports: contract (changes), cache, compile.
"""

from __future__ import annotations

import ast
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twinkit.contract.changes import Difference
from twinkit.contract.index import Index
from twinkit.errors import AuthorError, TwinkitError
from twinkit.overlay.cache import Sources, folder_sources, patch_of
from twinkit.overlay.compile import Built, compile_sources
from twinkit.overlay.compiled import Compiled, load

GONE = "removed"
NO_RESOURCE = "this resource is inferred no longer"
Places = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Touched:
    """An operation or resource that a twin speaks of and that changed."""

    name: str
    why: list[str]
    places: list[str]
    """`handlers/x.py:12`."""

    @property
    def urgent(self) -> bool:
        """Whether it is gone, or code has been written about it."""
        return self.why[0] in (GONE, NO_RESOURCE) or any(".py:" in place for place in self.places)

    def __str__(self) -> str:
        return f"{self.name}: {', '.join(self.why)}; {', '.join(self.places)}"


@dataclass
class Drift:
    """Everything about one twin."""

    twin: str
    folder: str
    touched: list[Touched] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)
    """What is inferred otherwise from the newer contract."""
    problems: list[str] = field(default_factory=list)
    """Why the twin does not load with the newer contract, a line each."""

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """What a person reads; nothing when the twin is not concerned."""
        told = [each for each in self.touched if each.urgent]
        rest = len(self.touched) - len(told)
        more = [f"and of {rest} operations that changed and that no handler names (--json lists them)"] if rest else []
        for what, listed in (
            ("speaks of what changed", [*told, *more]),
            ("would be another without a line of it changed", self.otherwise),
            ("does not load until this is mended", self.problems),
        ):
            if listed:
                yield f"the twin {self.twin} ({self.folder}) {what}:"
                yield from (f"  {line}" for line in listed)


def drift(folder: Path, contract: Path, text: bytes, difference: Difference) -> Drift:
    """What it means for the twin in `folder` that its `contract` becomes `text`."""
    sources = folder_sources(folder)
    found = Drift(sources.name, str(folder))
    reasons = difference.reasons()
    spoken = mentions(folder, reasons)
    found.touched = [Touched(id, reasons[id], spoken[id]) for id in reasons if id in spoken]
    found.touched.sort(key=lambda each: not each.urgent)
    gone = {id for id, _ in difference.removed}
    orphans = [
        f"{place}: a handler of {id}, which the contract has no longer" for id, place in handled(folder) if id in gone
    ]
    try:
        before = _opened(compile_sources(sources))
        after = _opened(_with(sources, contract, text))
    except TwinkitError as error:
        found.problems = [*str(error).splitlines(), *orphans]
        return found
    found.touched += _resources(folder, before, after)
    found.problems = orphans
    new = {id for id, _ in difference.added}
    found.otherwise = list(_otherwise(before, after, new))
    return found


def _opened(built: Built) -> Compiled:
    return load(Index.open(built.data).extra)


def _with(sources: Sources, contract: Path, text: bytes) -> Built:
    """The twin compiled with another text of one of its contracts. Raises AuthorError that names the real files."""
    assert sources.overlay is not None
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        for file in (Path(sources.contract), *map(Path, sources.more)):
            for each in (file, patch_of(file)):
                if each.is_file():
                    shutil.copy(each, place / each.name)
        (place / contract.name).write_bytes(text)
        shutil.copy(sources.overlay, place / "twin.yaml")
        try:
            return compile_sources(folder_sources(place))
        except AuthorError as error:
            raise AuthorError(str(error).replace(f"{place}/", "")) from None


def _resources(folder: Path, before: Compiled, after: Compiled) -> list[Touched]:
    gone = [name for name in before.resources if name not in after.resources]
    spoken = mentions(folder, gone)
    return [Touched(name, [NO_RESOURCE], spoken[name]) for name in gone if name in spoken]


def _otherwise(before: Compiled, after: Compiled, new: set[str]) -> Iterator[str]:
    for id, binding in after.bindings.items():
        old = before.bindings.get(id)
        if old is None:
            if id in new and binding.fidelity == "shape":
                yield f"{id} is new and keeps nothing ({binding.note or 'an example is answered'})"
            continue
        was, now = ((each.fidelity, f"{each.kind} {each.resource or ''}".strip()) for each in (old, binding))
        if was != now:
            yield f"{id}: {' '.join(was)} → {' '.join(now)}"


def modules(folder: Path) -> Iterator[tuple[str, ast.Module]]:
    """The modules of a twin that can be read: path below the folder, syntax tree."""
    for file in sorted(folder.rglob("*.py")):
        try:
            yield file.relative_to(folder).as_posix(), ast.parse(file.read_text(encoding="utf-8", errors="replace"))
        except (SyntaxError, ValueError):
            continue


def handled(folder: Path) -> Iterator[tuple[str, str]]:
    """(operation, `handlers/x.py:12`) of every `@twin.handler(…)` whose operations are written out."""
    for place, tree in modules(folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "handler":
                for given in node.args:
                    if isinstance(given, ast.Constant) and isinstance(given.value, str):
                        yield given.value, f"{place}:{given.lineno}"


def mentions(folder: Path, names: Iterable[str]) -> Places:
    """Where a twin's package speaks of names: name → `handlers/x.py:12`; those nobody mentions are left out."""
    found: Places = {}
    wanted = set(names)
    for place, tree in modules(folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in wanted:
                found.setdefault(node.value, []).append(f"{place}:{node.lineno}")
    for file in sorted(folder.rglob("*.yaml")):
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            for word in set(re.findall(r'"(?:[^"\\]|\\.)*"|[^\s"\',\[\]{}#]+', line)):
                bare = word.strip('"').removesuffix(":")
                if bare in wanted:
                    found.setdefault(bare, []).append(f"{file.relative_to(folder).as_posix()}:{number}")
    return found
