"""The registry of one vault: the built-in library and every `steps/*.py`. Imports: registry, library.

Vault files run in the evaluator's process; the code under test never can put anything on this path.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import linecache
import sys
import types
from collections.abc import Sequence
from pathlib import Path

from twinkit.errors import UsageError
from twinkit.factory.steps.asserting import VAULT, Counter, compile_counting
from twinkit.factory.steps.registry import Registry, collecting

LIBRARY = ("http", "response", "twins", "mail", "commands", "time")


_built_in: Registry | None = None


def library() -> Registry:
    """A registry with the built-in steps only; compiled once per process, copied for every caller."""
    global _built_in
    if _built_in is None:
        _built_in = Registry()
        for name in LIBRARY:
            module = importlib.import_module(f"twinkit.factory.steps.library.{name}")
            module.define(_built_in)
        _built_in.check()
    return _built_in.copy()


class _VaultFiles(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Step files may import each other (`import helpers`): each is run once, compiled to count, and never cached."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: dict[str, types.ModuleType] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        file = self.folder / f"{name}.py"
        return importlib.machinery.ModuleSpec(name, self) if path is None and file.is_file() else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return self.module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """It ran when it was made."""

    def module(self, stem: str) -> types.ModuleType:
        """The module of a step file, run when it is first asked for."""
        if stem not in self.modules:
            path = self.folder / f"{stem}.py"
            made = self.modules[stem] = types.ModuleType(f"{VAULT}{stem}")
            made.__file__ = str(path)
            vars(made).update(Counter.names())
            sys.modules[made.__name__] = made
            linecache.checkcache(str(path))
            exec(compile_counting(path.read_text("utf-8"), str(path)), made.__dict__)
        return self.modules[stem]


def load_steps(root: Path | None) -> Registry:
    """Library and vault steps. Raises UsageError for a file that cannot be imported, naming it."""
    registry = library()
    folder = root / "steps" if root else None
    if folder is None or not folder.is_dir():
        return registry
    files = _VaultFiles(folder)
    before = set(sys.modules)
    sys.meta_path.insert(0, files)
    try:
        with collecting(registry):
            for path in sorted(folder.glob("*.py")):
                _run(path, files)
    finally:
        sys.meta_path.remove(files)
        for name in set(files.modules) - before:
            sys.modules.pop(name, None)
    registry.check()
    return registry


def _run(path: Path, files: _VaultFiles) -> None:
    try:
        files.module(path.stem)
    except UsageError:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise UsageError(f"{path}: correct the step file: {type(error).__name__}: {error}") from error
