"""The public surface is closed: `__all__` is true wherever it stands, and importing the package costs nothing."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

import twinkit

HEAVY = {
    "sqlmodel",
    "sqlalchemy",
    "pydantic",
    "openapi_core",
    "prance",
    "faker",
    "httpx",
    "rich",
    "typer",
    "respx",
    "requests",
}


def modules() -> list[str]:
    found = pkgutil.walk_packages(twinkit.__path__, "twinkit.")
    return ["twinkit", *(m.name for m in found if ".templates" not in m.name and ".data" not in m.name)]


@pytest.mark.parametrize("name", modules())
def test_all_is_true(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("twinkit", "twins"):
            raise
        pytest.skip(f"needs an extra that is not installed: {error.name}")
    declared = getattr(module, "__all__", None)
    if declared is None:
        return
    assert len(set(declared)) == len(declared), "a name stands in __all__ twice"
    missing = [n for n in declared if not hasattr(module, n)]
    assert not missing, f"{name}.__all__ names what is not there: {missing}"
    private = [n for n in declared if n.startswith("_") and not n.startswith("__")]
    assert not private, f"{name}.__all__ names private things: {private}"


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in out.stdout.split()}


def test_importing_the_package_costs_nothing() -> None:
    assert not loaded_by("import twinkit") & (HEAVY | {"starlette", "uvicorn", "sqlite3", "orjson"})
