"""Which twins there are: installed ones by entry point, and any OpenAPI document. Imports: behaviour, overlay."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from twinkit import paths
from twinkit.behaviour.twin import Twin
from twinkit.errors import AuthorError, UsageError, nearest

GROUP = "twinkit.twins"


def _points() -> dict[str, Any]:
    """Every entry point of the group, found by the standard library, whose import is a tenth of a cold start."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def declared(name: str, folders: Iterable[str]) -> str | None:
    """The `module:attribute` that a distribution unpacked in one of the folders declares for a twin, else None."""
    heading = f"[{GROUP}]"
    for text in _entry_point_files(folders):
        if heading in text:
            lines = text.partition(heading)[2].partition("\n[")[0].splitlines()
            pairs = (line.partition("=") for line in lines)
            found = next((value.strip() for key, _, value in pairs if key.strip() == name), None)
            if found:
                return found
    return None


def _entry_point_files(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        try:
            with os.scandir(folder or ".") as entries:
                infos = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
        for info in infos:
            try:
                yield Path(info, "entry_points.txt").read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue


def names() -> list[str]:
    """Names of the installed twins."""
    return sorted(_points())


def installed_twin(name: str) -> Twin:
    """The installed twin of this name. Raises UsageError with the nearest name, AuthorError when it does not load."""
    found = declared(name, sys.path)
    if found is None:
        points = _points()
        if name not in points:
            known = ", ".join(sorted(points)) or "none"
            raise UsageError(f"no twin {name!r} is installed{nearest(name, points)} (installed: {known})")
        found = points[name].value
    module, _, attribute = found.partition(":")
    loaded: Any = importlib.import_module(module)
    for part in attribute.split("."):
        loaded = getattr(loaded, part, None)
    if not isinstance(loaded, Twin):
        raise AuthorError(f"entry point {name} of {GROUP}, {found}, is no Twin but {type(loaded).__name__}")
    return loaded


def document_twin(source: str) -> Twin:
    """A twin of a document, by generic behaviour alone. Raises UsageError when it cannot be read."""
    from twinkit.overlay.cache import open_twin

    if not source:
        raise UsageError("--openapi takes a file or a URL")
    return Twin(*open_twin(source))


def contract_file(name: str, folder: Path | None) -> Path:
    """The contract of this name: in `folder`, else among the project's, else that of an installed twin.

    Raises UsageError naming the nearest one.
    """
    from twinkit.contract.sources import row_of
    from twinkit.overlay.cache import package_sources

    home = folder or paths.data("openapi")
    file = home / f"{name}.json"
    if file.is_file() and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        return file
    found = declared(name, sys.path) if folder is None else None
    if found is not None:
        return Path(package_sources(found.partition(":")[0]).contract)
    row_of(home, name)
    raise UsageError(f"{file}: no such file")


def twins_of(contract: Path) -> list[Path]:
    """Folders of the twins that stand on a contract: beside it, in `twins/` beside its folder, and installed ones."""
    from importlib.util import find_spec

    from twinkit.overlay.cache import folder_sources

    beside = contract.parent.parent / "twins"
    folders = [contract.parent, *(sorted(beside.iterdir()) if beside.is_dir() else ())]
    for point in _points().values():
        with contextlib.suppress(ImportError, ValueError):
            spec = find_spec(point.value.partition(":")[0])
            folders += [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    found: dict[Path, Path] = {}
    for folder in folders:
        with contextlib.suppress(AuthorError):  # a twin put together wrongly stands on no contract
            sources = folder_sources(folder)
            if any(Path(file).resolve() == contract.resolve() for file in (sources.contract, *sources.more)):
                found.setdefault(folder.resolve(), folder)
    return list(found.values())
