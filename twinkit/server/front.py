"""uvicorn's server without its command line, which is a third of what importing uvicorn costs at a cold start.

`uvicorn/__init__.py` imports `uvicorn.main` and with it click, the reloaders and multiprocessing. This module lets the
parts load that serve, and runs the rest of `uvicorn` when somebody asks the package itself for a name. Imports:
connection; nothing of it may be imported before.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

PARTS = {"Config": "uvicorn.config", "Server": "uvicorn.server"}
"""Names of the package that its own modules ask it for, and where they are."""


def put_off(name: str, parts: dict[str, str]) -> ModuleType:
    """The package `name`, its submodules importable, its own code not run until a name outside `parts` is asked for."""
    present = sys.modules.get(name)
    if present is not None:
        return present
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    package = importlib.util.module_from_spec(spec)
    run = spec.loader.exec_module

    def ask(wanted: str) -> Any:
        if wanted in parts:
            return getattr(importlib.import_module(parts[wanted]), wanted)
        if wanted == "__path__" or package.__dict__.pop("__getattr__", None) is None:
            raise AttributeError(f"module {name!r} has no attribute {wanted!r}")
        run(package)
        return getattr(package, wanted)

    package.__dict__["__getattr__"] = ask
    sys.modules[name] = package
    return package


put_off("uvicorn", PARTS)

from uvicorn.config import Config  # noqa: E402
from uvicorn.server import Server as UvicornServer  # noqa: E402

from twinkit.server.connection import Connection  # noqa: E402

__all__ = ["Config", "Connection", "UvicornServer", "put_off"]
