"""Which twins there are: installed ones by entry point, and any OpenAPI document. Imports: behaviour, overlay."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from twinkit.behaviour.twin import Twin
from twinkit.errors import AuthorError, UsageError, nearest

GROUP = "twinkit.twins"


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def names() -> list[str]:
    """Names of the installed twins."""
    return sorted(_points())


def installed_twin(name: str) -> Twin:
    """The installed twin of this name. Raises UsageError with the nearest name, AuthorError when it does not load."""
    points = _points()
    if name not in points:
        known = ", ".join(sorted(points)) or "none"
        raise UsageError(f"no twin {name!r} is installed{nearest(name, points)} (installed: {known})")
    loaded = points[name].load()
    if not isinstance(loaded, Twin):
        raise AuthorError(f"entry point {name} of {GROUP} is no Twin but {type(loaded).__name__}")
    return loaded


def document_twin(source: str) -> Twin:
    """A twin of a document, by generic behaviour alone. Raises UsageError when it cannot be read."""
    from twinkit.overlay.cache import open_twin

    return Twin(*open_twin(source))
