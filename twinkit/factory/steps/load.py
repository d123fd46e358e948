"""The registry of one vault: the built-in library and every `steps/*.py`. Imports: registry, library.

Vault files run in the evaluator's process; the code under test never can put anything on this path.
"""

from __future__ import annotations

import importlib
import linecache
import sys
import types
from pathlib import Path

from twinkit.errors import UsageError
from twinkit.factory.steps.asserting import COUNT, Counter, compile_counting
from twinkit.factory.steps.registry import Registry, collecting

LIBRARY = ("http", "response", "twins", "mail", "time")


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


def load_steps(root: Path | None) -> Registry:
    """Library and vault steps. Raises UsageError for a file that cannot be imported, naming it."""
    registry = library()
    folder = root / "steps" if root else None
    if folder is None or not folder.is_dir():
        return registry
    written = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    try:
        for path in sorted(folder.glob("*.py")):
            _run(path, registry)
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = written
    registry.check()
    return registry


def _run(path: Path, registry: Registry) -> None:
    name = f"_vault_steps_{path.stem}"
    module = types.ModuleType(name)
    module.__file__ = str(path)
    setattr(module, COUNT, Counter.count)
    sys.modules[name] = module
    try:
        source = path.read_text("utf-8")
        linecache.checkcache(str(path))
        with collecting(registry):
            exec(compile_counting(source, str(path)), module.__dict__)
    except UsageError:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise UsageError(f"{path}: correct the step file: {type(error).__name__}: {error}") from error
